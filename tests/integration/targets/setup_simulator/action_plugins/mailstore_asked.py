# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What MailStore was asked since the last time: to be registered as ``asked``, which is how the next time knows.

``functions`` in their order, ``invocations`` the same with arguments; ``logins`` so far, and ``open_sessions`` now.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        state = self._state(task_vars or {})
        before = (task_vars or {}).get("asked", {"so_far": 0})["so_far"]
        new = state["invocations"][before:]
        return {
            **super().run(tmp, task_vars),
            "functions": [invocation["function"] for invocation in new],
            "invocations": new,
            "so_far": len(state["invocations"]),
            "logins": state["logins"],
            # What was lost together with the answer that told of it cannot be closed.
            "open_sessions": state["sessions"] - state["orphaned_sessions"],
        }

    def _state(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        task = self._task.copy()
        task.args = {"service": "mailstore", "get": "state"}
        action = self._shared_loader_obj.action_loader.get(
            "simulator",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        state: dict[str, Any] = action.run(task_vars=task_vars)["json"]
        return state
