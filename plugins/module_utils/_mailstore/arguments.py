# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the modules for MailStore have in common. The only file of this folder that knows Ansible."""

from __future__ import annotations

from typing import Any, Mapping, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mops.maintenance.plugins.module_utils import _secrets
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    RETRY_SECONDS,
    Client,
    Server,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK, masked, secrets
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import (
    RECOVERY_SECONDS,
    Process,
    Waiting,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.started import Started
from ansible_collections.mops.maintenance.plugins.module_utils._module import from_environment, transport_options
from ansible_collections.mops.maintenance.plugins.module_utils._progress import progress_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._text import check_text


def connection_arguments() -> dict[str, dict[str, Any]]:
    """Documented in the fragment ``mops.maintenance.mailstore``."""
    return {
        "host": from_environment("MAILSTORE_HOST", type="str"),
        "port": from_environment("MAILSTORE_PORT", type="int"),
        "username": from_environment("MAILSTORE_USERNAME", type="str"),
        "password": from_environment("MAILSTORE_PASSWORD", type="str", no_log=True),
        "auth_method": from_environment(
            "MAILSTORE_AUTH_METHOD", type="str", choices=["auto", "basic", "session"], default="auto"
        ),
        **transport_options("MAILSTORE"),
        "retry_timeout": from_environment("MAILSTORE_RETRY_TIMEOUT", type="float", default=RETRY_SECONDS),
    }


def waiting_arguments(on_timeout: str | None = None) -> dict[str, dict[str, Any]]:
    """Documented in the fragment ``mops.maintenance.mailstore.waiting``, but for ``on_timeout`` with its default."""
    choice = {"on_timeout": {"type": "str", "choices": ["cancel", "detach"], "default": on_timeout}}
    return {
        "wait_timeout": {"type": "float", "default": 0},
        "status_timeout": {"type": "int", "default": 5000},
        **(choice if on_timeout else {}),
        **progress_arguments(),
    }


def server_of(options: Mapping[str, Any]) -> Server:
    """The server that the options name. An empty string is an option that was not given. Raises `InvalidOption`."""
    missing = [name for name in ("host", "username", "password") if options[name] in (None, "")]
    if missing:
        variables = ", ".join(f"MAILSTORE_{name.upper()}" for name in missing)
        raise InvalidOption(
            f"{', '.join(missing)} must be given, as options or in the environment of the host that runs the module "
            f"({variables})."
        )
    check_text(options, ("host", "username", "password"), "MAILSTORE")
    return Server(**{name: options[name] for name in Server._fields})


def waiting_of(options: Mapping[str, Any]) -> Waiting:
    """How to wait, by the options. Raises `InvalidOption`."""
    waiting = Waiting(
        options["wait_timeout"],
        options["status_timeout"],
        options["on_timeout"] == "cancel",
        max(RECOVERY_SECONDS, options["retry_timeout"]),
    )
    waiting.check()
    return waiting


def started_in(module: AnsibleModule, server: Server, folder: str | None, on_timeout: str) -> Started | None:
    """The list of what is started, or None where there is none. What was left over is cancelled, and warned of."""
    if not folder or module.check_mode:
        return None
    started = Started(folder, server.endpoint().base_url, on_timeout)
    for entry in started.cancel_left_over(lambda: Client(server)):
        module.warn(
            f"A run that was killed had left a process running on the server: {entry.what}, started at "
            f"{entry.started_at}. It was cancelled."
        )
    return started


def process_facts(process: Process) -> dict[str, Any]:
    """What is known of a call and its process, by the names of the modules' return values."""
    status = process.status
    facts = {
        "result": status.result,
        "status_code": status.code,
        "status_version": status.version,
        "percent_progress": status.percent_known,
        "status_text": status.text,
        "log_output": str(process.log),
        "token": status.token,
        "polls": process.polls,
    }
    if process.log.cut:
        facts["log_characters_cut"] = process.log.cut
    if status.error is not None:
        facts["error"] = {"message": status.error.message, "details": status.error.details}
    return facts


def validated(arguments: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Options checked as those of a task are: with their defaults, and what is wrong with them."""
    checked = ArgumentSpecValidator({name: dict(spec) for name, spec in arguments.items()}).validate(dict(given))
    return checked.validated_parameters, [f"{message.rstrip('.')}." for message in checked.error_messages]


class SecretArgumentsModule(AnsibleModule):
    """A module whose free-form options hold secrets, which are masked wherever something is shown.

    `AnsibleModule` masks whole options only, and may log and fail in its constructor already, before anybody can
    tell it of more.
    """

    free_form_options: tuple[str, ...] = ("arguments", "invocations")

    def log(self, msg: str, log_args: Any = None) -> None:
        self._learn_secrets()
        super().log(msg, log_args=_secrets.mask(log_args, self.no_log_values))

    def exit_json(self, **kwargs: Any) -> NoReturn:
        self._learn_secrets()
        super().exit_json(invocation={"module_args": self._shown()}, **kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:  # type: ignore[override]
        self._learn_secrets()
        super().fail_json(msg, invocation={"module_args": self._shown()}, **kwargs)

    def _learn_secrets(self) -> None:
        for name in self.free_form_options:
            _secrets.register(self, secrets(self.params.get(name)))

    def _shown(self) -> dict[str, Any]:
        """The options as they may be shown: secrets masked in their places, so also those that are short or numbers."""
        shown = masked(self.params)
        for name in self.free_form_options:
            if not _is_structured(self.params.get(name)):
                shown[name] = MASK  # it is in error, and could be anything
        return shown


def _is_structured(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, dict) and _is_structured(item.get("arguments")) for item in value)
    return value is None or isinstance(value, dict)
