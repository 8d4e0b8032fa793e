# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A backup window: instances are frozen, a backup is made, and they are thawed whatever has happened."""

from __future__ import annotations

import time
from typing import Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.functions import form
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.operation import Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.survey import RUNNING, unmatched

FROZEN = "frozen"

THAW_SECONDS = 3600.0
"""For how long a watch tries to thaw."""

SETTLE_SECONDS = 120.0
"""For how long a watch looks out for what is frozen late, where freezing was under way when it had to act."""

_BETWEEN_TRIES = 5.0


class NotOpened(MopsError):
    """The window was not opened; nothing is frozen because of it."""


class NotClosed(MopsError):
    """Something about the window's end is not as it should be."""


def status_of(client: Client, patterns: Sequence[str]) -> dict[str, str]:
    """The status of each instance that a pattern names."""
    instances = client.call("GetInstances", instanceFilter=",".join(patterns)) or []
    return {str(instance["instanceID"]): str(instance.get("status")) for instance in instances}


def check_patterns(patterns: Sequence[str]) -> None:
    """Raise `InvalidOption` for what cannot be a list of instances."""
    if not patterns or not all(pattern.strip() and "," not in pattern for pattern in patterns):
        raise InvalidOption("instances must be a list of ids and patterns of instances, each of them not empty.")


def check_all_run(status: Mapping[str, str], patterns: Sequence[str]) -> None:
    """Raise `NotOpened` where an instance that should be in the window does not run, or is not there."""
    missing = unmatched(patterns, [{"instanceID": name} for name in status])
    other = [f"{name} is {state}" for name, state in status.items() if state != RUNNING]
    if missing:
        raise NotOpened(f"There is no instance {', '.join(missing)}. Nothing was frozen.")
    if other:
        raise NotOpened(
            f"Only instances that run can be frozen, and {', '.join(other)}. Nothing was frozen. One that is frozen "
            "may be in another backup's window."
        )


def freeze(following: Following, names: Sequence[str]) -> None:
    """Freeze the instances. Raises `NotOpened` where not all of them are frozen in the end; some may be."""
    failures: list[str] = []

    def work() -> None:
        try:
            with following.client() as client:
                failure = _change(following, client, "FreezeInstances", names)
                if failure is None:
                    failure = _not_all(status_of(client, names), names, FROZEN)
        except MopsError as error:
            failure = str(error)
        if failure is not None:
            failures.append(failure)

    following.run(work, 1)
    if not failures and following.interruption.is_set():
        failures.append(str(following.interruption))
    if failures:
        raise NotOpened(f"The instances could not be frozen. {failures[0]}")


def thaw(
    new_client: Callable[[], Client],
    names: Sequence[str],
    *,
    seconds: float,
    linger: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Thaw those of the instances that are frozen, and return them.

    What fails is tried again for ``seconds``. For ``linger`` seconds it looks again for any that are frozen late.
    Raises `NotClosed` where an instance is still frozen in the end, or nobody knows.
    """
    began = clock()
    thawed: list[str] = []
    while True:
        failure: str | None = None
        try:
            with new_client() as client:
                frozen = [name for name, status in status_of(client, names).items() if status == FROZEN]
                if frozen:
                    client.call("ThawInstances", instanceFilter=",".join(frozen))
                    thawed += [name for name in frozen if name not in thawed]
                    after = status_of(client, frozen)
                    still = [name for name in frozen if after.get(name) == FROZEN]
                    failure = f"{', '.join(still)} remain frozen." if still else None
        except MopsError as error:
            failure = str(error)
        spent = clock() - began
        if failure is None and spent >= linger:
            return thawed
        if failure is not None and spent >= seconds:
            raise NotClosed(f"The instances {', '.join(names)} could not be thawed. {failure}")
        sleep(_BETWEEN_TRIES)


def broken(status: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """The instances of a window that are not frozen any more, so that a backup of them cannot be trusted."""
    return [f"{name} is {status.get(name, 'gone')}" for name in names if status.get(name) != FROZEN]


def _not_all(status: Mapping[str, str], names: Sequence[str], wanted: str) -> str | None:
    others = [f"{name} is {status.get(name, 'gone')}" for name in names if status.get(name) != wanted]
    return f"The server is done, but {', '.join(others)}." if others else None


def _change(following: Following, client: Client, function: str, names: Sequence[str]) -> str | None:
    """Call a function for the instances and follow it to its end. Returns why it failed, or None."""
    process = Process(client.invoke(function, form({"instanceFilter": ",".join(names)}), repeatable=False))
    outcome = following.follow(client, process, function) if process.running else None
    return following.failure(process, outcome)
