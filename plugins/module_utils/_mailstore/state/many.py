# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The same for many things in one task: in one session, and one that fails does not stop the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, NamedTuple, Optional, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed, Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ambiguous
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Observed,
    Outcome,
    Subject,
    reach,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    check_instance,
    in_session,
    result_of,
    warn,
)
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures

OF_ONE_ALONE = (CallFailed, NotPossible, Ambiguous)
"""What may be so of one thing and not of the next. All else, such as a server that is gone, ends the task."""

Observe = Callable[[Client, Subject], Optional[Observed]]
"""What was read of a subject already; None where it is to be read on its own."""


@dataclass
class Item:
    """One of many, and what became of it; neither outcome nor error where the task ended before that."""

    label: str
    subject: Subject
    outcome: Outcome | None = None
    error: MopsError | None = None


class Names(NamedTuple):
    """What return values are called."""

    items: str
    """The list of all, such as ``users``."""
    item: str
    """In each entry, what there is of it, such as ``user``."""
    label: str
    """In each entry, what it is called, such as ``name``."""


def run_many(module: StateModule, names: Names, items: Sequence[Item], observe: Observe) -> None:
    """Bring about all items in one session, and end the task."""

    def work(client: Client, following: Following) -> None:
        for item in items:
            try:
                check_instance(client, item.subject)
                observed = observe(client, item.subject)
                item.outcome = reach(client, following, item.subject, check_mode=module.check_mode, observed=observed)
            except OF_ONE_ALONE as error:
                item.error = error
            except MopsError as error:
                item.error = error
                return

    with reported_failures(module):
        if items:
            in_session(module, work)
        end(module, names, items)


def end(module: StateModule, names: Names, items: Sequence[Item]) -> None:
    """End the task with what became of all. Raises `MopsError`."""
    results = [_result(module, names, item) for item in items if item.outcome or item.error]
    differences = [
        {"before_header": result[names.label], "after_header": result[names.label], **result.pop("diff")}
        for result in results
        if "diff" in result
    ]
    known = {
        "changed": any(result.get("changed") for result in results),
        names.items: results,
        "functions": [function for result in results for function in result.get("functions", ())],
        **({"diff": differences} if module._diff else {}),
    }
    failed = [f"{result[names.label]}: {result['msg']}" for result in results if result.get("failed")]
    if failed:
        begun = f" {len(items) - len(results)} were not begun." if len(results) < len(items) else ""
        raise MopsError(f"{len(failed)} of {len(items)} {names.items} failed.{begun} {' '.join(failed)}", **known)
    module.exit_json(**known)


def _result(module: StateModule, names: Names, item: Item) -> dict[str, Any]:
    label = {names.label: item.label}
    if item.outcome is None:
        error = item.error or MopsError("")
        return {**label, "failed": True, "msg": str(error), **error.facts}
    warn(module, item.subject, item.outcome, names.items)
    return {**label, **result_of(module, names.item, item.subject, item.outcome)}
