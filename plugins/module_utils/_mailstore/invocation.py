# Copyright: Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Invoking functions: check them, start them, follow them to their end, one or many at once.

What goes wrong with one function is a part of its result and never keeps the others from running. In a session there
can be one request at a time, so each of several at once has a session of its own.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping, Protocol, Sequence, TypeVar

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import Client, Server, ServiceFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.functions import (
    Effect,
    InvalidInvocation,
    check_name,
    dry_run,
    effect,
    form,
    masked,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.operation import (
    Ending,
    Follower,
    Outcome,
    Process,
    Waiting,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.workers import Workers

_LABEL_MAX_CHARACTERS = 80

T = TypeVar("T")


class Interrupted(MopsError):
    """The work was ended from outside while it waited."""


class Progress(Protocol):
    """Where it is told how things stand; see `_progress.Progress`."""

    def update(self, subject: str, text: str) -> None: ...

    def finish(self, subject: str, text: str) -> None: ...


@dataclass(frozen=True)
class Invocation:
    """A function to be invoked, as its user wrote it."""

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None

    def __str__(self) -> str:
        """What to call it in a message: ``VerifyStore customer-1, 2``, without its secrets."""
        if self.id is not None:
            return f"{self.function} [{self.id}]"
        values = [str(value) for value in masked(self.arguments).values() if isinstance(value, (str, int, float))]
        return f"{self.function} {', '.join(values)}".rstrip()[:_LABEL_MAX_CHARACTERS]


@dataclass(frozen=True)
class Plan:
    """What is to be done about an invocation."""

    invocation: Invocation
    effect: Effect
    form: Mapping[str, str] | None
    """Its arguments as they go over the wire, or None where it is not to be sent (check mode)."""


@dataclass(frozen=True)
class Result:
    """What became of an invocation."""

    plan: Plan
    elapsed: float = 0.0
    """Seconds from its start until there was no more to wait for."""
    process: Process | None = None
    """What the server said, if it said something."""
    outcome: Outcome | None = None
    """How the waiting ended, where there was any."""
    failure: str | None = None
    """What went wrong, in words for a person."""

    @property
    def changed(self) -> bool:
        """Whether it changed something, or would have without check mode. A process that began may have."""
        if self.plan.effect is not Effect.WRITES:
            return False
        if self.process is None:
            return self.plan.form is None
        return self.process.status.succeeded or self.process.status.token is not None

    @property
    def timed_out(self) -> bool:
        return self.outcome is not None and self.outcome.ending is Ending.TIMED_OUT


def plan(invocation: Invocation, *, check_mode: bool, encode: Callable[[Mapping[str, Any]], dict[str, str]]) -> Plan:
    """What to do about ``invocation``. In check mode nothing that writes is sent, and no check is started."""
    arguments = invocation.arguments
    kind = effect(invocation.function, arguments)
    encoded = encode(arguments)
    if not check_mode or kind is Effect.READS:
        return Plan(invocation, kind, encoded)
    rehearsal = dry_run(invocation.function, arguments)
    return Plan(invocation, kind, encode(rehearsal) if rehearsal else None)


class Invoker:
    """Invokes functions on one server."""

    def __init__(
        self,
        server: Server,
        waiting: Waiting | None,
        interruption: Interruption,
        progress: Progress,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without ``waiting``, a process is left to itself as soon as it has begun."""
        self._server = server
        self._waiting = waiting
        self._interruption = interruption
        self._progress = progress
        self._clock = clock
        self._tokens: dict[int, str] = {}
        """The processes that are being followed now, by the number of their invocation."""

    def run(
        self, invocations: Sequence[Invocation], *, concurrency: int, validate: bool, check_mode: bool
    ) -> list[Result]:
        """Invoke all, ``concurrency`` at once, and return what became of them, in their order.

        Raises `InvalidOption` before anything is invoked, where something about one of them is wrong, and `MopsError`
        where the server cannot be reached or refuses the login.
        """
        if concurrency < 1:
            raise InvalidOption(f"concurrency must be at least 1, not {concurrency}.")
        for invocation in invocations:
            check_name(invocation.function)
        first = self._client()
        try:
            plans = self._plans(first, invocations, validate, check_mode)
            first.log_in()  # a wrong password is found out once, and not by every worker
        except MopsError:
            first.close()
            raise
        return self._run(plans, first, concurrency)

    def _plans(self, client: Client, invocations: Sequence[Invocation], validate: bool, check_mode: bool) -> list[Plan]:
        functions = client.functions() if validate else None
        plans: list[Plan] = []
        problems: list[str] = []

        def add(invocation: Invocation) -> None:
            try:
                encode = functions[invocation.function].form if functions else form
                plans.append(plan(invocation, check_mode=check_mode, encode=encode))
            except InvalidInvocation as error:
                problems.append(str(error))

        for invocation in invocations:
            add(invocation)
        if problems:
            raise InvalidInvocation(" ".join(dict.fromkeys(problems)))
        return plans

    def _run(self, plans: Sequence[Plan], first: Client, concurrency: int) -> list[Result]:
        """Let workers take one plan after the other; meanwhile, look out for whatever ends the work early."""
        queue = deque(zip(range(len(plans)), plans, _labels(plans)))
        results: dict[int, Result] = {}
        spare = deque([first])

        def work() -> None:
            with spare.popleft() if spare else self._client() as client:
                for number, planned, label in _drain(queue):
                    if self._interruption.is_set():
                        break
                    results[number] = self._carry_out(client, number, planned, label)

        workers = Workers(work, min(concurrency, max(len(plans), 1)))
        if self._interruption.look_until(workers.done):
            self._cancel_all()
        workers.join()
        reason = f"It was not invoked: the task was interrupted ({self._interruption.reason})."
        return [results.get(number) or Result(planned, failure=reason) for number, planned in enumerate(plans)]

    def _carry_out(self, client: Client, number: int, planned: Plan, label: str) -> Result:
        if planned.form is None:
            return Result(planned)
        started = self._clock()
        process: Process | None = None
        outcome: Outcome | None = None
        try:
            repeatable = planned.effect is Effect.READS
            process = Process(client.invoke(planned.invocation.function, planned.form, repeatable=repeatable))
            if process.running and self._waiting:
                outcome = self._follow(client, number, process, label)
            failure = self._failure(process, outcome)
        except MopsError as error:
            failure = str(error)
            if isinstance(error, (AnswerLost, ServiceFailed)) and planned.effect is not Effect.READS:
                failure += " Whether the function has been started is not known, so it was not sent again."
        return Result(planned, self._clock() - started, process, outcome, failure)

    def _follow(self, client: Client, number: int, process: Process, label: str) -> Outcome:
        def report(process: Process) -> None:
            self._progress.update(label, str(process))

        def report_wait(seconds: float, error: MopsError) -> None:
            self._progress.update(label, f"{error} Trying again in {seconds:.0f} s.")

        assert self._waiting is not None
        follower = Follower(client, self._waiting, self._interruption, report=report, clock=self._clock)
        client.on_wait = report_wait
        self._tokens[number] = process.status.token or ""
        try:
            outcome = follower.follow(process)
        finally:
            del self._tokens[number]
            client.on_wait = None
        self._progress.finish(label, f"{process.status.code}, {process}" if process.running else process.status.code)
        return outcome

    def _failure(self, process: Process, outcome: Outcome | None) -> str | None:
        """What went wrong, or None where nothing did."""
        if outcome is None or outcome.ending is Ending.ENDED:
            if process.running or process.status.succeeded:
                return None
            if self._interruption.is_set():
                return f"It was cancelled: the task was interrupted ({self._interruption.reason})."
            return process.failure()
        assert self._waiting is not None
        if outcome.ending is Ending.LOST:
            return f"{outcome.error} What was last known of it: {process}."
        if outcome.ending is Ending.INTERRUPTED:
            return f"The task was interrupted ({self._interruption.reason}). {self._fate(process)}"
        if not self._waiting.cancels:
            return None
        return f"It has not ended within {self._waiting.timeout:g} s ({process}). {self._fate(process)}"

    def _fate(self, process: Process) -> str:
        """What has become of a process that was not waited for to the end."""
        if not process.running:
            return f"It was cancelled and has ended as {process.status.code}."
        if self._waiting is not None and self._waiting.cancels:
            return "It was to be cancelled, but has not ended since; mailstore_operation can follow it by its token."
        return "It goes on; mailstore_operation can follow it by its token."

    def _client(self) -> Client:
        return Client(self._server, clock=self._clock, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        if self._interruption.wait(seconds):
            raise Interrupted(f"The task was interrupted ({self._interruption.reason}).")

    def _cancel_all(self) -> None:
        """Cancel what runs, in a session of its own: the others wait for the server's news, which so come at once."""
        tokens = list(self._tokens.values())
        if not tokens or self._waiting is None or not self._waiting.cancels:
            return
        with Client(self._server) as client:
            for token in tokens:
                _try_to_cancel(client, token)


def _try_to_cancel(client: Client, token: str) -> None:
    try:
        client.cancel(token)
    except MopsError:
        pass  # whoever follows the process sees what became of it, and tries again


def _drain(queue: deque[T]) -> Iterator[T]:
    """What is in the queue, shared with others who take from it."""
    try:
        while True:
            yield queue.popleft()
    except IndexError:
        return


def _labels(plans: Sequence[Plan]) -> list[str]:
    """What to call each of them; no two the same."""
    names = [str(planned.invocation) for planned in plans]
    return [name if names.count(name) == 1 else f"{name} #{number}" for number, name in enumerate(names, 1)]
