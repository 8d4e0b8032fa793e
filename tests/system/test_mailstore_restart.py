# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that restarts, for some seconds here and one or two minutes in the field, is waited for."""

from __future__ import annotations

import socket
import threading

import pytest
from runs import Run, finish, play, start

DOWN_SECONDS = 10.0
READS = "- mops.maintenance.mailstore_info: {gather_subset: [instances]}\n"
WRITES = "- mops.maintenance.mailstore_store: {instance: alpha, name: '2024', requested_state: normal}\n"


class Restarting:
    """A port that leads to a service that goes down: from the first connection on, for `DOWN_SECONDS`."""

    def __init__(self, port: int) -> None:
        self._service = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ended = threading.Event()
        self._server = threading.Thread(target=self._serve)

    def __enter__(self) -> Restarting:
        self._server.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._server.join()

    def _serve(self) -> None:
        with self._listener:
            broken_off = self._accept()
            if broken_off is not None:
                broken_off.close()
        if self._ended.wait(DOWN_SECONDS):
            return
        with socket.create_server(("127.0.0.1", self.port)) as self._listener:
            while (near := self._accept()) is not None:
                far = socket.create_connection(("127.0.0.1", self._service))
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=forward, args=(source, target), daemon=True).start()

    def _accept(self) -> socket.socket | None:
        """The next connection, or None where it is over."""
        self._listener.settimeout(0.2)
        while not self._ended.is_set():
            try:
                return self._listener.accept()[0]
            except TimeoutError:
                pass
        return None


def forward(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of the two has gone


def run_of(what: str, folder, environment) -> Run:
    if what != "inventory":
        return play(folder, what, environment)
    path = folder / "mailstore_instances.yml"
    path.write_text("plugin: mops.maintenance.mailstore_instances\n")
    return finish(start(["ansible-inventory", "-i", str(path), "--list"], folder, environment))


@pytest.mark.parametrize("what", [READS, WRITES, "inventory"], ids=["reads", "writes", "inventory"])
@pytest.mark.parametrize("seconds", ["120", "0"])
def test_a_task_that_begins_while_the_service_restarts(simulators, tmp_path, what, seconds):
    with Restarting(simulators.mailstore.session_port) as server:
        environment = {
            **simulators.environment(),
            "MAILSTORE_PORT": str(server.port),
            "MAILSTORE_RETRY_TIMEOUT": seconds,
        }
        run = run_of(what, tmp_path, environment)
    waited = seconds != "0"
    assert simulators.state("mailstore")["logins"] == int(waited)
    if what == "inventory":
        assert ('"alpha"' in run.stdout) == waited, run.everything
        assert ("It is retried for up to 120 s." in " ".join(run.stderr.split())) == waited
    else:
        assert (run.returncode == 0) == waited, run.everything
