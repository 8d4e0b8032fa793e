# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running simulators, and containers of the built image that reach them."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from image.__main__ import TAG
from image.podman import environment, podman
from simulators.launch import Simulators, running


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: as in tests/system, of which some of these tests are made")


NOBODY = "123456:0"
"""As OpenShift chooses one: a user without a name and a home, in the group of root."""

PATIENCE_SECONDS = 240.0
"""How long anything may take on a machine that is busy, before a test gives up."""

HARDENED = ("--user", NOBODY, "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")


@pytest.fixture(scope="session")
def started() -> Iterator[Simulators]:
    with running() as simulators:
        yield simulators


@pytest.fixture
def simulators(started: Simulators) -> Simulators:
    """The three simulators, each as it was when it started."""
    started.reset()
    return started


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume: a folder that is in a container by the same name, and that everybody may write."""
    folder = tmp_path_factory.mktemp("volume")
    for parent in (folder, folder.parent):
        parent.chmod(0o777)
    return folder


class Container:
    """A container of the image, as ``podman run`` makes it."""

    def __init__(
        self,
        simulators: Simulators,
        folder: Path,
        words: Sequence[str],
        options: Sequence[str],
        stdin: IO[bytes] | int = subprocess.DEVNULL,
    ) -> None:
        self.name = f"mops-{uuid.uuid4().hex[:12]}"
        ca = folder / "ca.pem"
        shutil.copy(simulators.ca_path, ca)
        ca.chmod(0o644)
        variables = {**simulators.environment(), "XDG_STATE_HOME": str(folder / "state")}
        variables.update({name: str(ca) for name in variables if name.endswith("_CA_PATH")})
        variables["MOPS_END_LAST_SECONDS"] = f"{PATIENCE_SECONDS:.0f}"
        command = ["podman", "run", "--rm", "--name", self.name, "--network", "host", *HARDENED]
        command += ["--volume", f"{folder}:{folder}", "--workdir", str(folder)]
        for name in variables:
            command += ["--env", name]
        command += options
        self.process = subprocess.Popen(
            [*command, TAG, *words],
            env={**environment(), **variables},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self, timeout: float = PATIENCE_SECONDS) -> tuple[int, str]:
        """Its exit status and what it has printed, when it has ended."""
        try:
            output, _none = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self.process.returncode, output

    def stop(self) -> None:
        """SIGTERM, as ``podman stop`` and Kubernetes send it, without the SIGKILL that follows where it takes long."""
        podman("stop", "--time", f"{PATIENCE_SECONDS:.0f}", self.name, check=False)

    def kill(self) -> None:
        """SIGKILL to all that is in it, as AWX does it on an execution node."""
        podman("kill", "--signal", "KILL", self.name, check=False)
        self.process.communicate()


class Containers:
    """Starts containers, and leaves none behind."""

    def __init__(self, simulators: Simulators, folder: Path) -> None:
        self._simulators = simulators
        self._folder = folder
        self._started: list[Container] = []

    def start(self, *words: str, options: Sequence[str] = (), stdin: IO[bytes] | int = subprocess.DEVNULL) -> Container:
        container = Container(self._simulators, self._folder, words, options, stdin)
        self._started.append(container)
        return container

    def play(
        self, name: str, extra_vars: Mapping[str, str] | None = None, *more: str, options: Sequence[str] = ()
    ) -> Container:
        """A container that runs a shipped playbook."""
        variables = [word for pair in (extra_vars or {}).items() for word in ("--extra-vars", "=".join(pair))]
        return self.start("ansible-playbook", f"mops.maintenance.{name}", *variables, *more, options=options)

    def end(self) -> None:
        for container in self._started:
            if container.process.poll() is None:
                container.kill()


@pytest.fixture
def containers(simulators: Simulators, folder: Path) -> Iterator[Containers]:
    containers = Containers(simulators, folder)
    try:
        yield containers
    finally:
        containers.end()
