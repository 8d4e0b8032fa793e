# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.mops.maintenance.plugins.plugin_utils._awx import COLLECTION, Collection, chosen

ARGUMENTS = {
    "path": {"type": "str", "required": True},
    "method": {"type": "str", "choices": ["GET", "POST", "PATCH", "DELETE"], "default": "GET"},
    "query": {"type": "dict", "default": {}},
    "data": {"type": "dict", "default": {}},
    "collection": COLLECTION,
}


class ActionModule(ActionBase):
    """Runs M(mops.maintenance.awx_request)."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        method, path = arguments["method"], arguments["path"]
        if method != "GET" and self._task.check_mode:
            return {**result, "changed": True}
        client = self._client(chosen(arguments["collection"], self._task.module_defaults or []))
        try:
            if method == "GET":
                return {**result, **fetched(client, path, arguments["query"])}
            return {**result, "changed": True, "json": answered(client, method, path, arguments["data"])}
        finally:
            client.logout()

    def _client(self, collection: Collection) -> Any:
        """A client of the collection's own, with the login that its modules would have in this task."""
        options = collection.client.AUTH_ARGSPEC
        names = {*options, *(alias for option in options.values() for alias in option.get("aliases", ()))}
        given = self._templar.template(collection.group_defaults(self._task.module_defaults or []))
        login = ArgumentSpecValidator(options).validate({name: value for name, value in given.items() if name in names})
        if login.error_messages:
            raise AnsibleActionFail(". ".join(login.error_messages))
        quiet = {"error_callback": fail, "warn_callback": lambda warning: None}
        return collection.client({}, direct_params=login.validated_parameters, **quiet)


def fail(**failure: Any) -> None:
    raise AnsibleActionFail(str(failure.get("msg", failure)))


def answered(client: Any, method: str, path: str, data: dict[str, Any]) -> Any:
    """What AWX answers to a request. Raises AnsibleActionFail where it refuses."""
    answer = client.make_request(method, path, data=data)
    if answer["status_code"] >= 400:
        # What is no JSON, such as a page of a proxy, is there as it came.
        words = answer["json"] if "json" in answer else answer.get("text", b"").decode(errors="replace")
        raise AnsibleActionFail(f"AWX refuses to {method} {path} (HTTP {answer['status_code']}): {words}")
    return answer["json"]


def fetched(client: Any, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """The answer to a GET. Of a list, all pages."""
    page = answered(client, "GET", path, query)
    if "results" not in page:
        return {"json": page}
    results = list(page["results"])
    while page.get("next"):
        path, _question, text = page["next"].partition("?")
        page = answered(client, "GET", path, dict(parse_qsl(text)))
        results += page["results"]
    return {"results": results}
