# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the modules that describe a state have in common: reach it, and report how it was and how it is."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NoReturn, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    SecretArgumentsModule,
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import Outcome, Subject, reach
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress

Options = Mapping[str, Any]


class StateModule(SecretArgumentsModule):
    """A module that brings about a declared state; ``free_form`` are its options that may hold secrets at any depth."""

    def __init__(
        self, arguments: dict[str, dict[str, Any]], free_form: Sequence[str] = (), **rules: Sequence[Sequence[str]]
    ) -> None:
        self.free_form_options = tuple(free_form)
        super().__init__(argument_spec={**connection_arguments(), **arguments}, supports_check_mode=True, **rules)
        if self.params.get("instance") == "":
            self.params["instance"] = None


def run_module(module: StateModule, name: str, wanted: Callable[[Options], Subject]) -> None:
    """Bring about what the options ask for, and end the task; ``name`` is the return value that shows it."""
    with reported_failures(module):
        subject = wanted(module.params)
        subject.check()
        report(module, name, subject, brought_about(module, subject))


def brought_about(module: StateModule, subject: Subject) -> Outcome:
    """What was reached. Raises `MopsError`."""
    outcomes: list[Outcome] = []

    def work(client: Client, following: Following) -> None:
        check_instance(client, subject)
        outcomes.append(reach(client, following, subject, check_mode=module.check_mode))

    in_session(module, work)
    return outcomes[0]


def check_instance(client: Client, subject: Subject) -> None:
    """Raise `InvalidOption` where an instance must be named: only MailStore Server can do without one."""
    if subject.of_instance and getattr(subject, "instance", None) is None:
        client.check_single()


def in_session(module: StateModule, work: Callable[[Client, Following], None]) -> None:
    """Do the work with one client, so that an interrupted task ends its session. Raises `MopsError`.

    A process on the server that has not ended within the time of the option ``wait_timeout`` goes on.
    """
    options = module.params
    server = server_of(options)
    waiting = Waiting(options.get("wait_timeout", 0.0), options.get("status_timeout", 5000), cancels=False)
    waiting.check()
    interruption = work_apart()
    with Progress.of(module) if "progress" in options else Progress(None, interval=60.0) as progress:
        following = Following(server, waiting, interruption, progress)

        def session() -> None:
            with following.client() as client:
                work(client, following)

        following.run(session, 1)


def report(module: StateModule, name: str, subject: Subject, outcome: Outcome) -> NoReturn:
    """End the task with what was reached."""
    warn(module, subject, outcome, name)
    module.exit_json(**result_of(module, name, subject, outcome))


def result_of(module: StateModule, name: str, subject: Subject, outcome: Outcome) -> dict[str, Any]:
    """What was reached, by the names of the return values."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        name: subject.shown(outcome.after),
        "functions": outcome.functions,
    }
    if module._diff:
        before, after = subject.diff(outcome.before, outcome.after)
        result["diff"] = {"before": before or {}, "after": after or {}}
    return result


def warn(module: StateModule, subject: Subject, outcome: Outcome, name: str) -> None:
    """Warn of what the result does not say by itself."""
    if outcome.instance_missing:
        warn_of_missing(module, getattr(subject, "instance", None))
    if outcome.unmet:
        functions = ", ".join(step.function for step in outcome.unmet)
        module.warn(
            f"The server has carried out {functions}, but shows something else since than what was asked for: the "
            f"next run will change it again. Compare the options with the return value {name}."
        )


def warn_of_missing(module: StateModule, instance: str | None) -> None:
    module.warn(
        f"There is no instance {instance}. This is what would be made in it if a task before this one creates it; "
        "otherwise this task will fail."
    )
