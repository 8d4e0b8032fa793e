# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the simulator of AWX by itself, and ends it: no playbook of the collection needs it but `awx_setup`."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from ..launch import ControlError, configure_child, end_children, ports_of_child, spawn_child
from .service import Login


@dataclass(frozen=True)
class Awx:
    """A running simulator: where it is, who may log in, and its control paths.

    It has no TLS: a client that makes a connection for each of a hundred requests would do little else.
    """

    port: int
    login: Login

    def environment(self) -> dict[str, str]:
        """What awx.awx's modules read: a token, since AWX takes about a second to check a password."""
        return {"CONTROLLER_HOST": f"http://127.0.0.1:{self.port}", "CONTROLLER_OAUTH_TOKEN": self.login.token}

    def control(self, method: str, name: str, data: Any = None) -> Any:
        """One call of a control path. Raises ControlError where it is refused."""
        return self.request(method, f"/_simulator/{name}", data)

    def request(self, method: str, path: str, data: Any = None) -> Any:
        """One request, as a person at the API makes it. Raises ControlError where it is refused."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.login.token}"}
            connection.request(method, path, None if data is None else json.dumps(data), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 400:
            raise ControlError(f"{method} {path}: {text}")
        return json.loads(text) if text else None

    def state(self) -> dict[str, Any]:
        result: dict[str, Any] = self.control("GET", "state")
        return result


@contextmanager
def running(playbooks: Sequence[str]) -> Iterator[Awx]:
    """Starts it, with projects that have these playbooks; yields where it is, and ends it."""
    login = Login("admin", secrets.token_urlsafe(15), secrets.token_urlsafe(22))
    child = spawn_child("awx")
    try:
        configure_child(child, {"credentials": asdict(login), "settings": {"playbooks": list(playbooks)}})
        yield Awx(ports_of_child("awx", child)[0], login)
    finally:
        end_children([child])
