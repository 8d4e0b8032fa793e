# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Going on with a process that was left running, by its token."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Ending, Outcome, Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following


class State(enum.Enum):
    """What is to become of the process."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    QUERIED = "queried"


@dataclass(frozen=True)
class Reattached:
    """What became of the process."""

    process: Process
    elapsed: float
    """Seconds."""
    changed: bool = False
    outcome: Outcome | None = None
    failure: str | None = None

    @property
    def timed_out(self) -> bool:
        return self.outcome is not None and self.outcome.ending is Ending.TIMED_OUT


def resume(following: Following, token: str, version: int, state: State, *, label: str, check_mode: bool) -> Reattached:
    """Bring the process to ``state``; ``label`` is what its progress calls it.

    Raises `ProcessUnknown`, and `MopsError` where the server cannot be asked.
    """
    results: list[Reattached] = []
    failures: list[MopsError] = []

    def work() -> None:
        try:
            with following.client() as client:
                results.append(_resume(following, client, token, version, state, label, check_mode))
        except MopsError as error:
            failures.append(error)

    following.run(work, 1)
    if failures:
        raise failures[0]
    return results[0]


def _resume(
    following: Following, client: Client, token: str, version: int, state: State, label: str, check_mode: bool
) -> Reattached:
    started = following.clock()
    process = Process.known_by(token, client.status(token, version, 0))
    was_running = process.running
    outcome = None
    if was_running and state is State.CANCELLED and not check_mode:
        client.cancel(token)
    if was_running and state is not State.QUERIED and not check_mode:
        outcome = following.follow(client, process, label)
    return Reattached(
        process,
        following.clock() - started,
        changed=was_running and state is State.CANCELLED,
        outcome=outcome,
        failure=_failure(following, process, outcome, state),
    )


def _failure(following: Following, process: Process, outcome: Outcome | None, state: State) -> str | None:
    if state is State.FINISHED:
        return following.failure(process, outcome)
    if state is State.CANCELLED and process.running and outcome is not None:
        return f"The process was cancelled, but has not ended since ({process})."
    return None
