# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a simulator what it saw, or tell it how to behave: by its control paths, of which its README tells.

A task names the ``service``, a path to ``get``, ``post`` or ``delete``, and a ``body`` to post; ``json`` is the answer.
It runs no module, as ansible.builtin.uri would: the targets do this at every other task.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin

from ansible.module_utils.urls import open_url
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        simulators = (task_vars or {})["simulators"]
        asked = dict(self._task.args)
        base = address(simulators, asked.pop("service"))
        body = asked.pop("body", None)
        ((method, path),) = asked.items()
        answer = open_url(
            urljoin(base, f"/_simulator/{path}"),
            method=method.upper(),
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json"},
            ca_path=simulators["ca_path"],
        )
        text = answer.read()
        return {**super().run(tmp, task_vars), "json": json.loads(text) if text else None}


def address(simulators: dict[str, Any], service: str) -> str:
    """The root of a service's addresses."""
    service_simulator = simulators[service]
    if service == "mailstore":
        return f"https://{service_simulator['host']}:{service_simulator['session_port']}/"
    return str(service_simulator["base_url"] if service == "mimecast" else service_simulator["url"])
