# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""The logs of processes in a failure that Ansible prints: their end, not megabytes."""

from __future__ import annotations

from typing import Any

from ansible_collections.mops.maintenance.plugins.plugin_utils._progress import ActionWithProgress

LINES = 40
"""How many lines of a log a failure shows."""


class ActionWithLogs(ActionWithProgress):
    """Runs a module that returns logs of processes. In a failure it leaves the end of each to be printed."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        # Where the task has failed_when, that decides later whether this is a failure.
        if result.get("failed") and not self._task.failed_when:
            shorten(result)
        return result


def shorten(result: dict[str, Any]) -> None:
    """Move long logs to ``diff``, and leave their last lines where they were.

    Of the parts of a failure, ``diff`` is the only one that every ansible-core registers and none prints (below -vvv):
    ``invocation`` is printed no more, but not registered either.
    """
    many = isinstance(result.get("invocations"), list)
    entries = result["invocations"] if many else [result]
    logs = [entry.get("log_output") for entry in entries]
    ends = [
        log and end_of(log, f"diff.log_outputs[{at}]" if many else "diff.log_output") for at, log in enumerate(logs)
    ]
    if ends == logs:
        return
    result["diff"] = {"log_outputs": logs} if many else {"log_output": logs[0]}
    for entry, end in zip(entries, ends):
        if end is not None:
            entry["log_output"] = end


def end_of(log: str, whole: str) -> str:
    """The last lines of a log, below a line that says where the ``whole`` is; a short log as it is."""
    lines = log.splitlines(keepends=True)
    left_out = len(lines) - LINES
    if left_out <= 0:
        return log
    return "".join([f"[... {left_out} lines are left out here: {whole} has all ...]\r\n", *lines[left_out:]])
