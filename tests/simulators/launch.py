# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the three simulators and ends them: `running()` for tests and benches, `python -m simulators` for people."""

from __future__ import annotations

import dataclasses
import http.client
import json
import selectors
import shlex
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from . import tls
from .credentials import Credentials

NAMES = ("mimecast", "mashery", "mailstore")
START_SECONDS = 120.0
# The channel of the vendor's samples comes first, so that these run unchanged.
SAMPLE_CHANNEL = "B8Y43U-GYVS-WHAU6M"


class StartError(RuntimeError):
    """A simulator did not come up."""


class ControlError(RuntimeError):
    """A simulator did not do what its control path was asked for."""


@dataclass(frozen=True)
class Options:
    """How to start. `given` replaces random secrets; its shape is that of the sections of simulators.json."""

    mimecast_channels: int = 3
    fleet: int = 0
    seed: int = 1
    mailstore_session_seconds: float = 600.0
    mailstore_process_seconds: float = 3.0
    mashery_sink: bool = False
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mimecast:
    base_url: str
    access_key: str
    secret_key: str
    app_id: str
    app_key: str
    client_id: str
    client_secret: str
    channel_ids: list[str]


@dataclass(frozen=True)
class Mashery:
    url: str
    api_key: str
    secret: str


@dataclass(frozen=True)
class MailStore:
    host: str
    session_port: int
    basic_port: int
    server_port: int
    username: str
    password: str
    api_password: str


@dataclass(frozen=True)
class Simulators:
    """Three running services: where they are, their keys, and helpers for their control paths."""

    ca_path: str
    mimecast: Mimecast
    mashery: Mashery
    mailstore: MailStore
    pids: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """The content of simulators.json."""
        return asdict(self)

    def environment(self, auth_method: str = "session") -> dict[str, str]:
        """The variables from which the collection's modules take their connection options: version 8, or later."""
        port = self.mailstore.session_port if auth_method == "session" else self.mailstore.basic_port
        return {
            "MIMECAST_BASE_URL": self.mimecast.base_url,
            "MIMECAST_ACCESS_KEY": self.mimecast.access_key,
            "MIMECAST_SECRET_KEY": self.mimecast.secret_key,
            "MIMECAST_APP_ID": self.mimecast.app_id,
            "MIMECAST_APP_KEY": self.mimecast.app_key,
            "MIMECAST_CLIENT_ID": self.mimecast.client_id,
            "MIMECAST_CLIENT_SECRET": self.mimecast.client_secret,
            "MIMECAST_CA_PATH": self.ca_path,
            "MASHERY_URL": self.mashery.url,
            "MASHERY_API_KEY": self.mashery.api_key,
            "MASHERY_SECRET": self.mashery.secret,
            "MASHERY_CA_PATH": self.ca_path,
            "MAILSTORE_HOST": self.mailstore.host,
            "MAILSTORE_PORT": str(port),
            "MAILSTORE_USERNAME": self.mailstore.username,
            "MAILSTORE_PASSWORD": self.mailstore.password,
            "MAILSTORE_AUTH_METHOD": auth_method,
            "MAILSTORE_CA_PATH": self.ca_path,
        }

    def export_line(self) -> str:
        """One shell line that exports `environment()`."""
        return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environment().items())

    def secrets(self) -> list[str]:
        """Everything that must appear nowhere: what a test of secrecy searches for."""
        mimecast, mailstore = self.mimecast, self.mailstore
        return [
            *(mimecast.access_key, mimecast.secret_key, mimecast.app_key, mimecast.client_secret),
            *(self.mashery.secret, mailstore.password, mailstore.api_password),
        ]

    def state(self, service: str) -> dict[str, Any]:
        result: dict[str, Any] = self.control(service, "GET", "state")
        return result

    def faults(self, service: str, faults: Sequence[Mapping[str, Any]]) -> None:
        """Adds faults for the next requests; README.md has the list."""
        self.control(service, "POST", "faults", list(faults))

    def clear_faults(self, service: str) -> None:
        self.control(service, "DELETE", "faults")

    def reset(self, service: str | None = None) -> None:
        """Puts one service, or all, back to how they started."""
        for name in (service,) if service else NAMES:
            self.control(name, "POST", "reset")

    def settings(self, service: str, **changes: Any) -> dict[str, Any]:
        """Changes settings of a service while it runs; returns all of them."""
        result: dict[str, Any] = self.control(service, "POST", "settings", changes)
        return result

    def processes(self, *controls: Mapping[str, Any]) -> None:
        """How the next long-running processes of MailStore go; README.md has the keys."""
        self.control("mailstore", "POST", "processes", list(controls))

    def step(self, count: int | None = None) -> None:
        """Takes MailStore's running processes so many steps further at once, or to their end."""
        self.control("mailstore", "POST", "steps", count)

    def clock(self, service: str, *, advance: float = 0.0, stop: bool | None = None) -> None:
        """Sets the clock forward by which a service counts seconds, and stops it or lets it go on."""
        self.control(service, "POST", "clock", {"advance": advance, "stop": stop})

    def control(self, service: str, method: str, name: str, data: Any = None) -> Any:
        """One call of a control path. Raises ControlError where it is refused."""
        port = urlsplit(self._root(service)).port
        context = ssl.create_default_context(cafile=self.ca_path)
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
        try:
            connection.request(method, f"/_simulator/{name}", body=None if data is None else json.dumps(data))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlError(f"{service}, {method} {name}: {text}")
        return json.loads(text)

    def _root(self, service: str) -> str:
        if service == "mimecast":
            return self.mimecast.base_url
        if service == "mashery":
            return self.mashery.url.rsplit("/", 1)[0]
        return f"https://{self.mailstore.host}:{self.mailstore.session_port}"


@contextmanager
def running(options: Options | None = None, ca_path: str | Path | None = None) -> Iterator[Simulators]:
    """Starts the three, yields their configuration, and ends them. Raises StartError where one does not come up.

    The authority's certificate is written to `ca_path`, or else lives in a temporary folder for as long as they run.
    """
    options = options or Options()
    credentials = Credentials.random(options.given)
    with tempfile.TemporaryDirectory(prefix="simulators-") as folder:
        children = {name: spawn_child(name) for name in NAMES}
        try:
            certificate = tls.issue()
            authority = Path(ca_path or Path(folder) / "ca.pem").absolute()
            authority.write_text(certificate.authority, encoding="ascii")
            for name, child in children.items():
                configure_child(
                    child, {"certificate": certificate.server, **_configuration(name, options, credentials)}
                )
            ports = {name: ports_of_child(name, child) for name, child in children.items()}
            pids = {name: child.pid for name, child in children.items()}
            yield _simulators(options, credentials, str(authority), ports, pids)
        finally:
            end_children(children.values())


def spawn_child(name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulators.child", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )


def _configuration(name: str, options: Options, credentials: Credentials) -> dict[str, Any]:
    settings: dict[str, dict[str, Any]] = {
        "mimecast": {},
        "mashery": {"sink": options.mashery_sink},
        "mailstore": {
            "session_seconds": options.mailstore_session_seconds,
            "process_seconds": options.mailstore_process_seconds,
        },
    }
    return {
        "credentials": asdict(getattr(credentials, name)),
        "settings": {**settings[name], **options.settings.get(name, {})},
        "channel_ids": _channels(options.mimecast_channels),
        "fleet": options.fleet,
        "seed": options.seed,
    }


def _channels(count: int) -> list[str]:
    return [SAMPLE_CHANNEL, *(f"CH{number:04d}-SIMU-LATED{number % 10}" for number in range(2, count + 1))][:count]


def configure_child(child: subprocess.Popen[bytes], configuration: Mapping[str, Any]) -> None:
    assert child.stdin is not None
    child.stdin.write(json.dumps(configuration).encode("utf-8") + b"\n")
    child.stdin.flush()


def ports_of_child(name: str, child: subprocess.Popen[bytes]) -> list[int]:
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        if not selector.select(START_SECONDS):
            raise StartError(f"the {name} simulator did not start within {START_SECONDS:.0f} s")
    line = child.stdout.readline()
    if not line:
        raise StartError(f"the {name} simulator ended with code {child.wait(5)} while starting")
    ports: list[int] = json.loads(line)["ports"]
    return ports


def _simulators(
    options: Options, credentials: Credentials, ca_path: str, ports: Mapping[str, Sequence[int]], pids: dict[str, int]
) -> Simulators:
    mimecast, mashery, mailstore = credentials.mimecast, credentials.mashery, credentials.mailstore
    return Simulators(
        ca_path=ca_path,
        mimecast=Mimecast(
            base_url=f"https://127.0.0.1:{ports['mimecast'][0]}",
            channel_ids=_channels(options.mimecast_channels),
            **dataclasses.asdict(mimecast),
        ),
        mashery=Mashery(url=f"https://127.0.0.1:{ports['mashery'][0]}/reporting", **dataclasses.asdict(mashery)),
        mailstore=MailStore(
            host="127.0.0.1",
            session_port=ports["mailstore"][0],
            basic_port=ports["mailstore"][1],
            server_port=ports["mailstore"][2],
            **dataclasses.asdict(mailstore),
        ),
        pids=pids,
    )


def end_children(children: Collection[subprocess.Popen[bytes]]) -> None:
    for child in children:
        _close(child.stdin)
        _close(child.stdout)
    for child in children:
        _wait(child)


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:  # what was still buffered for a child that is gone
        pass


def _wait(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
