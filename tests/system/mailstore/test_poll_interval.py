# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often Ansible's main process looks for results, once a task that may take hours has begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import play

CALLBACK = """
from ansible import constants as C
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "seen"

    def v2_playbook_on_stats(self, stats):
        self._display.display(f"looked every {C.DEFAULT_INTERNAL_POLL_INTERVAL} s")
"""

WITHOUT_US = """
- ansible.builtin.command: "true"
"""

FOLLOWED = """
- mops.maintenance.mailstore_invoke:
    function: GetInstances
    arguments: {instanceFilter: "*"}
"""


@pytest.mark.parametrize(
    ("tasks", "configured", "seen"),
    [
        pytest.param(FOLLOWED, "", "0.02", id="rarely-while-a-process-is-followed"),
        pytest.param(FOLLOWED, "internal_poll_interval = 0.002", "0.002", id="as-configured"),
        pytest.param(WITHOUT_US, "", "0.001", id="as-always-in-a-play-without-us"),
    ],
)
def test_ansible_looks_for_results(tmp_path: Path, simulators, tasks: str, configured: str, seen: str) -> None:
    (tmp_path / "callback_plugins").mkdir()
    (tmp_path / "callback_plugins" / "seen.py").write_text(CALLBACK)
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\n{configured}\n")
    run = play(tmp_path, tasks, simulators.environment("session"))
    assert run.returncode == 0, run.everything
    assert f"looked every {seen} s" in run.stdout
