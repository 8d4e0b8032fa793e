# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A backup window: instances are frozen, a backup is made, and they are thawed whatever has happened."""

from __future__ import annotations

import time
from threading import Event
from typing import Callable, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import form
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import (
    Follower,
    Process,
    ProcessUnknown,
    Status,
    Waiting,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import unmatched
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import RUNNING
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.lease import (
    Lease,
    drop,
    lost_among,
    read,
    renewing,
    take_over,
)

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


def freeze(following: Following, names: Sequence[str], begun: Callable[[str], None] = lambda token: None) -> None:
    """Freeze the instances. Raises `NotOpened` where not all of them are frozen in the end; some may be.

    ``begun`` is told the token where the server makes a process of it.
    """
    failures: list[str] = []

    def work() -> None:
        try:
            with following.client() as client:
                failure = _change(following, client, "FreezeInstances", names, begun)
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

    What fails is retried for ``seconds``. For ``linger`` seconds it looks again for any that are frozen late.
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


class Lost(NamedTuple):
    """What `close_lost` has found and done."""

    closed: list[Lease]
    """The windows that were lost. They are closed now."""
    held: list[Lease]
    """The windows that somebody still holds."""
    thawed: list[str]


def close_lost(
    new_client: Callable[[], Client],
    folder: str,
    server: str,
    names: Sequence[str] | None = None,
    *,
    dry: bool = False,
    seconds: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Lost:
    """Thaw what lost windows have left frozen, and nothing that another window holds.

    ``folder`` has the leases of the windows. With ``names``, only windows on one of these instances count. ``dry``
    tells what would be thawed. Raises `NotClosed`; the lease then stays for another try.
    """
    leases = read(folder, server)
    ours = [lease for lease in leases if names is None or set(names) & set(lease.instances)]
    lost, held = lost_among(ours, clock=clock, sleep=sleep)
    closed: list[Lease] = []
    thawed: list[str] = []
    for lease in lost:
        mine = lease if dry else take_over(lease)
        if mine is None:
            continue  # somebody else closes it
        gone = {mine.path, *(each.path for each in lost)}
        spared = {name for other in read(folder, server) if other.path not in gone for name in other.instances}
        wanted = [name for name in mine.instances if name not in spared]
        if dry:
            with new_client() as client:
                status = status_of(client, wanted) if wanted else {}
            thawed += [name for name, state in status.items() if state == FROZEN]
        else:
            with renewing(mine.path):
                # Something may still be freezing on the server: see to that first, or wait for what is frozen late.
                late = 0.0 if mine.settled else SETTLE_SECONDS - (mine.renewed - lease.renewed) / 1e9
                if mine.process is not None and not mine.settled:
                    _end(new_client, mine.process, clock, sleep)
                    late = 0.0
                if wanted:
                    thawed += thaw(new_client, wanted, seconds=seconds, linger=late, clock=clock, sleep=sleep)
            drop(mine.path)
        closed.append(mine)
    return Lost(closed, held, thawed)


def _end(
    new_client: Callable[[], Client],
    token: str,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Cancel a process that somebody else has started, and wait for its end."""
    with new_client() as client:
        try:
            client.cancel(token)
            process = Process(Status(code="running", token=token))
            Follower(client, Waiting(SETTLE_SECONDS), Event(), clock=clock, sleep=sleep).follow(process)
            if process.running:
                raise NotClosed(
                    f"The process {token}, in which a lost window freezes, was cancelled, but does not end."
                )
        except ProcessUnknown:
            pass  # it has ended long ago


def broken(status: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """The instances of a window that are not frozen any more, so that a backup of them cannot be trusted."""
    return [f"{name} is {status.get(name, 'gone')}" for name in names if status.get(name) != FROZEN]


def _not_all(status: Mapping[str, str], names: Sequence[str], wanted: str) -> str | None:
    others = [f"{name} is {status.get(name, 'gone')}" for name in names if status.get(name) != wanted]
    return f"The server is done, but {', '.join(others)}." if others else None


def _change(
    following: Following, client: Client, function: str, names: Sequence[str], begun: Callable[[str], None]
) -> str | None:
    """Call a function for the instances and follow it to its end. Returns why it failed, or None."""
    process = Process(client.invoke(function, form({"instanceFilter": ",".join(names)}), repeatable=False))
    if process.running and process.status.token:
        begun(process.status.token)
    outcome = following.follow(client, process, function) if process.running else None
    return following.failure(process, outcome)
