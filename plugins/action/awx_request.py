# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
from typing import Any
from urllib.parse import parse_qsl

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

COLLECTIONS = ("awx.awx", "ansible.controller")
ARGUMENTS = {
    "path": {"type": "str", "required": True},
    "method": {"type": "str", "choices": ["GET", "POST", "PATCH", "DELETE"], "default": "GET"},
    "query": {"type": "dict", "default": {}},
    "data": {"type": "dict", "default": {}},
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
        client = self._client()
        try:
            if method == "GET":
                return {**result, **fetched(client, path, arguments["query"])}
            answer = client.make_request(method, path, data=arguments["data"])
        finally:
            client.logout()
        if answer["status_code"] >= 400:
            raise AnsibleActionFail(f"AWX refuses to {method} {path}: {answer.get('json', answer)}")
        return {**result, "changed": True, "json": answer["json"]}

    def _client(self) -> Any:
        """A client of the collection's own, with the login that its modules would have in this task."""
        kind = client_class()
        given: dict[str, Any] = {}
        for defaults in self._task.module_defaults or []:
            for collection in COLLECTIONS:
                given.update(defaults.get(f"group/{collection}.controller") or {})
        options = kind.AUTH_ARGSPEC
        names = {*options, *(alias for option in options.values() for alias in option.get("aliases", ()))}
        given = {name: value for name, value in self._templar.template(given).items() if name in names}
        login = ArgumentSpecValidator(options).validate(given)
        if login.error_messages:
            raise AnsibleActionFail(". ".join(login.error_messages))
        quiet = {"error_callback": fail, "warn_callback": lambda warning: None}
        return kind({}, direct_params=login.validated_parameters, **quiet)


def client_class() -> Any:
    for collection in COLLECTIONS:
        try:
            return importlib.import_module(
                f"ansible_collections.{collection}.plugins.module_utils.controller_api"
            ).ControllerAPIModule
        except ImportError:
            pass
    raise AnsibleActionFail("This needs the collection awx.awx or ansible.controller, and neither is installed.")


def fail(**failure: Any) -> None:
    raise AnsibleActionFail(str(failure.get("msg", failure)))


def fetched(client: Any, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """The answer to a GET. Of a list, all pages."""
    answer = client.make_request("GET", path, data=query)
    if answer["status_code"] >= 400:
        fail(msg=f"AWX refuses to GET {path}: {answer.get('json', answer)}")
    found = answer["json"]
    if "results" not in found:
        return {"json": found}
    results, following = list(found["results"]), found.get("next")
    while following:
        path, _question, text = following.partition("?")
        page = client.make_request("GET", path, data=dict(parse_qsl(text)))["json"]
        results, following = results + page["results"], page.get("next")
    return {"results": results}
