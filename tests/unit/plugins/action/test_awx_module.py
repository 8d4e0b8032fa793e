# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module of the collection that is there runs with the options it would have in a task of its own."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.mops.maintenance.plugins.action.awx_module import ActionModule


def test_the_module_gets_its_arguments_and_the_defaults_of_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "ansible_collections.ansible.controller.plugins.module_utils.controller_api"
    module: Any = ModuleType(path)
    module.ControllerAPIModule = type("Client", (), {"_COLLECTION_VERSION": "4.6.1"})
    monkeypatch.setitem(sys.modules, path, module)
    task = MagicMock(async_val=0, check_mode=False, diff=False, delegate_to=None)
    task.args = {"module": "project", "arguments": {"name": "playbooks", "scm_type": "svn"}}
    task.module_defaults = [
        {"group/ansible.controller.controller": {"controller_host": "{{ host }}"}},
        {"ansible.controller.project": {"scm_type": "git", "wait": False}},
    ]
    templar = MagicMock()
    templar.template = lambda given: {name: "awx" if value == "{{ host }}" else value for name, value in given.items()}
    action = ActionModule(task, MagicMock(), MagicMock(), MagicMock(), templar, MagicMock())
    run = MagicMock(return_value={"changed": True, "id": 7})
    monkeypatch.setattr(action, "_execute_module", run)

    assert action.run(task_vars={}) == {"changed": True, "id": 7, "collection": "ansible.controller"}
    options = {"controller_host": "awx", "scm_type": "svn", "wait": False, "name": "playbooks"}
    run.assert_called_once_with(module_name="ansible.controller.project", module_args=options, task_vars={})
