# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Following processes to their end on behalf of a task: with its progress, and with an eye on what ends it early."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Callable, ContextManager, Protocol, TypeVar

from ansible_collections.mops.maintenance.plugins.module_utils import _progress
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, GivenUp, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import (
    Ending,
    Follower,
    Outcome,
    Process,
    Waiting,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import Workers
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import (
    Interruption,
    work_apart,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.started import Started

Talker = TypeVar("Talker", bound=Client)


class Interrupted(MopsError):
    """The work was ended from outside while it waited."""


class Progress(Protocol):
    """Where it is told how things stand; see `_progress.Progress`."""

    def update(self, subject: str, text: str, retry_in: float | None = None) -> None: ...

    def finish(self, subject: str, text: str) -> None: ...


class Following:
    """Follows processes on one server, each in the session of the thread that does so."""

    def __init__(
        self,
        server: Server,
        waiting: Waiting,
        interruption: Interruption,
        progress: Progress,
        *,
        started: Started | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``started`` is the list in which processes stand while they are followed."""
        self.server = server
        self._started = started
        self.waiting = waiting
        self.interruption = interruption
        self.clock = clock
        self._progress = progress
        self._given_up = GivenUp(clock)
        self._tokens: set[str] = set()
        """The processes that are being followed now."""

    @classmethod
    def silently(cls, server: Server, waiting: Waiting | None = None) -> Following:
        """One that shows no progress, in a process that ends with the play. Call it once in a module."""
        return cls(server, waiting or Waiting(), work_apart(), _progress.Progress(None, interval=60.0))

    def client(self) -> Client:
        """A conversation of its own with the server, which an interruption keeps from waiting for another try."""
        return self.client_of(Client)

    def client_of(self, kind: type[Talker]) -> Talker:
        """The same, with a client of that kind."""
        return kind(
            self.server,
            clock=self.clock,
            sleep=self._sleep,
            interruption=self.interruption,
            given_up=self._given_up,
        )

    def run(self, work: Callable[[], None], count: int) -> None:
        """Run ``work`` in ``count`` threads to its end. An interruption cancels what is followed, if that is wanted."""
        workers = Workers(work, count)
        if self.interruption.look_until(workers.done) and self.waiting.cancels:
            self._cancel_all()
        workers.join()

    def follow(self, client: Client, process: Process, label: str) -> Outcome:
        """Wait for the end of ``process``; ``label`` is what its progress calls it."""

        def report(process: Process) -> None:
            self._progress.update(label, str(process))

        def report_wait(seconds: float, error: MopsError) -> None:
            self._progress.update(label, str(error), retry_in=seconds)

        token = process.status.token or ""
        self._tokens.add(token)
        client.on_wait = report_wait
        try:
            follower = Follower(client, self.waiting, self.interruption, report=report, clock=self.clock)
            with self._listed(token, label, process):
                outcome = follower.follow(process)
        finally:
            client.on_wait = None
            self._tokens.discard(token)
        self._progress.finish(label, f"{process}, no longer followed" if process.running else process.status.code)
        return outcome

    def _listed(self, token: str, label: str, process: Process) -> ContextManager[None]:
        if self._started is None or not token:
            return nullcontext()
        return self._started.listing(token, label, lambda: not process.running)

    def failure(self, process: Process, outcome: Outcome | None) -> str | None:
        """What went wrong with a process (``outcome`` is None where it was not followed), or None where nothing did."""
        if outcome is None or outcome.ending is Ending.ENDED:
            if process.running or process.status.succeeded:
                return None
            if self.interruption.is_set() and process.status.error is None:
                return f"{self.interruption} It was cancelled."
            return process.failure()
        if outcome.ending is Ending.LOST:
            return f"{outcome.error} What was last known of it: {process}."
        fate = _fate(process, self.waiting)
        if outcome.ending is Ending.INTERRUPTED:
            return f"{self.interruption} {fate}"
        if self.waiting.cancels:
            return f"It has not ended within {self.waiting.timeout:g} s ({process}). {fate}"
        return None

    def _sleep(self, seconds: float) -> None:
        if self.interruption.wait(seconds):
            raise Interrupted(str(self.interruption))

    def _cancel_all(self) -> None:
        """Cancel what runs, in a session of its own.

        The other sessions wait for the server's news of the processes, which so comes at once.
        """
        tokens = list(self._tokens)
        if tokens:
            with Client(self.server) as client:
                for token in tokens:
                    try:
                        client.cancel(token)
                    except RequestNotSent:
                        break  # the server is gone, and was waited for
                    except MopsError:
                        pass  # whoever follows the process sees what became of it, and tries again


def _fate(process: Process, waiting: Waiting) -> str:
    """What has become of a process that was not waited for to the end."""
    if not process.running:
        ended = "" if process.status.code == "cancelled" else f" and has ended as {process.status.code}"
        return f"It was cancelled{ended}."
    if waiting.cancels:
        return "It was to be cancelled, but has not ended since; mailstore_operation can follow it by its token."
    return "It goes on; mailstore_operation can follow it by its token."
