# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mops.maintenance.plugins.plugin_utils._awx import COLLECTION, chosen

ARGUMENTS = {
    "module": {"type": "str", "required": True},
    "arguments": {"type": "dict", "default": {}},
    "collection": COLLECTION,
}


class ActionModule(ActionBase):
    """Runs M(mops.maintenance.awx_module).

    A task cannot do that by itself: where the name of its module is a template, ansible-core 2.16 leaves out the
    ``module_defaults`` of the group, and with them the login.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(argument_spec=ARGUMENTS)
        defaults, module = self._task.module_defaults or [], given["module"]
        collection = chosen(given["collection"], defaults)
        arguments = {**self._templar.template(collection.module_defaults(defaults, module)), **given["arguments"]}
        name = f"{collection.name}.{module}"
        result.update(self._execute_module(module_name=name, module_args=arguments, task_vars=task_vars))
        return {**result, "collection": collection.name}
