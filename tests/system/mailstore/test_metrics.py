# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics for Prometheus: in a file, at a push gateway, and while the server is down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from runs import Run, finish, start

from simulators.launch import Simulators

DOWN = {"MAILSTORE_PORT": "1", "MAILSTORE_RETRY_TIMEOUT": "0.1"}


class Gateway(ThreadingHTTPServer):
    """Takes what is pushed: path, credentials, text."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pushed: list[tuple[str, str | None, str]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert isinstance(self.server, Gateway)
        self.server.pushed.append((self.path, self.headers["Authorization"], text))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def write(simulators: Simulators, folder: Path, *options: str, down: bool = False, **variables: Any) -> Run:
    given = {f"mailstore_metrics_{name}": value for name, value in variables.items()}
    words = ["ansible-playbook", "mops.maintenance.mailstore_metrics", *options, "-e", json.dumps(given)]
    return finish(start(words, folder, {**simulators.environment(), **(DOWN if down else {})}))


def test_a_file_is_written_for_everybody_and_says_so_when_the_server_is_down(
    simulators: Simulators, tmp_path: Path
) -> None:
    dest = tmp_path / "mailstore.prom"
    checked = write(simulators, tmp_path, "--check", "--diff", dest=str(dest))
    assert "changed=1" in checked.stdout, checked.everything
    assert "+mailstore_up{" in checked.stdout
    assert not dest.exists()
    assert "changed=1" in write(simulators, tmp_path, dest=str(dest)).stdout
    assert dest.stat().st_mode & 0o777 == 0o644
    text = dest.read_text()
    assert 'mailstore_up{server="127.0.0.1"} 1\n' in text
    assert 'mailstore_instance_up{server="127.0.0.1",instance_id="gamma"} 0\n' in text
    assert simulators.environment()["MAILSTORE_PASSWORD"] not in text
    first = dest.stat().st_mtime_ns
    assert "changed=0" in write(simulators, tmp_path, dest=str(dest)).stdout
    assert dest.stat().st_mtime_ns > first
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".prom"] == [dest.name]
    run = write(simulators, tmp_path, down=True, dest=str(dest))
    assert run.returncode != 0
    assert "no connection: connection refused" in run.everything
    assert [line for line in dest.read_text().splitlines() if line[0] != "#"] == ['mailstore_up{server="127.0.0.1"} 0']


def test_a_push_gateway_gets_them_whether_the_server_is_up_or_down(
    simulators: Simulators, tmp_path: Path, gateway: Gateway
) -> None:
    url = f"http://127.0.0.1:{gateway.server_port}/"
    login: dict[str, Any] = {"pushgateway_username": "push", "pushgateway_password": "Sesam-0pen"}
    run = write(simulators, tmp_path, "-vvv", dest="", pushgateway_url=url, **login)
    assert run.returncode == 0, run.everything
    assert "Sesam-0pen" not in run.everything
    assert write(simulators, tmp_path, down=True, dest="", pushgateway_url=url).returncode != 0
    (path, authorization, text), (_path, _none, silence) = gateway.pushed
    assert path == "/metrics/job/mailstore/server/127.0.0.1"
    assert authorization is not None
    assert authorization.startswith("Basic ")
    assert 'mailstore_up{server="127.0.0.1"} 1\n' in text
    assert silence.endswith('mailstore_up{server="127.0.0.1"} 0\n')


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"dest": ""}, "Nobody would get the metrics"),
        ({"dest": "mailstore.prom"}, "must be an absolute path on the host, not mailstore.prom"),
    ],
)
def test_what_cannot_be_is_refused_before_the_server_is_asked(
    simulators: Simulators, tmp_path: Path, variables: dict[str, Any], said: str
) -> None:
    run = write(simulators, tmp_path, **variables)
    assert run.returncode != 0
    assert said in " ".join(run.everything.split())
    assert simulators.state("mailstore")["requests"] == {}
