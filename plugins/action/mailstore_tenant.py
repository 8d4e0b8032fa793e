# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.validation import check_type_list
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.references import resolved
from ansible_collections.mops.maintenance.plugins.plugin_utils._differences import show_where_failed
from ansible_collections.mops.maintenance.plugins.plugin_utils._progress import ActionWithProgress
from ansible_collections.mops.maintenance.plugins.plugin_utils._tenant_files import FileUnusable, read_all


class ActionModule(ActionWithProgress):
    """Reads the files of M(mops.maintenance.mailstore_tenant) on the controller, and shows its progress."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        given = self._task.args
        try:
            self._task.args = self._with_documents(given, task_vars or {})
            result: dict[str, Any] = super().run(tmp, task_vars)
        except FileUnusable as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        finally:
            self._task.args = given
        show_where_failed(result)
        return result

    def _with_documents(self, given: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """The options with the documents of the files, and with the secrets that the documents refer to."""
        args = dict(given)
        sources = [os.path.abspath(os.path.expanduser(str(path))) for path in check_type_list(args.get("src") or [])]
        tenants = list(args.get("tenants") or [])
        if sources:
            found, installation = read_all(sources, self._loader)
            tenants += [one.document for one in found]
            if installation is not None:
                args["installation"] = args.get("installation") or installation.document

        def value_of(variable: str) -> str | None:
            return self._value_of(variable, variables)

        args["tenants"] = resolved(tenants, value_of)
        if args.get("installation"):
            args["installation"] = resolved(args["installation"], value_of)
        return args

    def _value_of(self, variable: str, variables: dict[str, Any]) -> str | None:
        """The value of a variable of the play, or None where there is none."""
        if variables.get(variable) is None:
            return None
        failure = ""
        try:
            value = self._templar.template(variables[variable])
        except AnsibleError as error:
            failure = str(error)
        if failure:
            raise FileUnusable(f"The variable {variable}, which a document refers to, has no value: {failure}")
        return None if value is None else str(value)
