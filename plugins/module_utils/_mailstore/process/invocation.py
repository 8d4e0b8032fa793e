# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Invoking functions: check them, start them, follow them to their end, one or many at once.

What goes wrong with one function is a part of its result and never keeps the others from running. In a session there
can be one request at a time, so each of several at once has a session of its own.
"""

from __future__ import annotations

import json
from collections import deque
from types import MappingProxyType
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence, TypeVar

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, ServiceFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import (
    MASK,
    Effect,
    Functions,
    InvalidInvocation,
    check_name,
    check_unmasked,
    dry_run,
    effect,
    form,
    masked,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Ending, Outcome, Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import NotFound, unmatched
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following

_LABEL_MAX_CHARACTERS = 80

T = TypeVar("T")


class Invocation(NamedTuple):
    """A function to be invoked, as its user wrote it."""

    function: str
    arguments: Mapping[str, Any] = MappingProxyType({})
    id: str | None = None

    def __str__(self) -> str:
        """What to call it in a message: ``VerifyStore instanceID=customer-1 id=2``, without its secrets."""
        if self.id is not None:
            return f"{self.function} [{self.id}]"
        shown = {name: value for name, value in masked(self.arguments).items() if value != MASK}
        words = [f"{name}={_short(value)}" for name, value in shown.items() if isinstance(value, (str, int, float))]
        return " ".join([self.function, *words])[:_LABEL_MAX_CHARACTERS]


class Plan(NamedTuple):
    """What is to be done about an invocation."""

    invocation: Invocation
    effect: Effect
    form: Mapping[str, str] | None
    """Its arguments as they go over the wire, or None where it is not to be sent (check mode)."""


class Result(NamedTuple):
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
    instead = dry_run(invocation.function, arguments)
    return Plan(invocation, kind, encode(instead) if instead else None)


def invoke_all(
    following: Following,
    invocations: Sequence[Invocation],
    *,
    concurrency: int = 1,
    wait: bool = True,
    validate: bool = True,
    check_mode: bool = False,
) -> list[Result]:
    """Invoke all, ``concurrency`` at once, and return what became of them, in their order.

    Without ``wait``, a process is left to itself as soon as it has begun. Raises `InvalidOption` before anything is
    invoked where something about one of them is wrong, and `MopsError` where the server cannot be reached or refuses
    the login.
    """
    check_concurrency(concurrency)
    for invocation in invocations:
        check_name(invocation.function)
        check_unmasked(invocation.function, invocation.arguments)
    first = following.client()
    try:
        functions = first.functions() if validate else None
        plans = _plans(invocations, functions, check_mode)
        first.log_in()  # a wrong password is found out once, and not by every worker
        if validate and len(invocations) == 1:  # one of several may be about what another one creates
            check_filter(first, invocations[0])
    except MopsError:
        first.close()
        raise
    return _Pool(following, plans, wait).run(first, concurrency)


def check_filter(client: Client, invocation: Invocation) -> None:
    """Raise `NotFound` where a function that changes instances names one that the server does not have.

    Where it succeeds with a filter that matches nothing, nobody would know that nothing was done.
    """
    patterns = invocation.arguments.get("instanceFilter")
    if not isinstance(patterns, str) or effect(invocation.function, invocation.arguments) is Effect.READS:
        return
    found = client.call("GetInstances", instanceFilter=patterns) or []
    missing = [pattern for pattern in unmatched(patterns.split(","), found) if pattern.strip() != "*"]
    if missing:
        raise NotFound(
            f"{invocation}: the server has no instance {', '.join(missing)}. Nothing was invoked. With "
            "validate_arguments: false it would be, without this check."
        )


def _plans(invocations: Sequence[Invocation], functions: Functions | None, check_mode: bool) -> list[Plan]:
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


class _Pool:
    """Workers that take one plan after the other."""

    def __init__(self, following: Following, plans: Sequence[Plan], wait: bool) -> None:
        self._following = following
        self._plans = plans
        self._wait = wait
        self._queue = deque(zip(range(len(plans)), plans, _labels(plans)))
        self._results: dict[int, Result] = {}

    def run(self, first: Client, concurrency: int) -> list[Result]:
        """Carry out all. ``first`` is a client that one of the workers goes on with."""
        spare = deque([first])

        def work() -> None:
            with spare.popleft() if spare else self._following.client() as client:
                for number, planned, label in _drain(self._queue):
                    if self._following.interruption.is_set():
                        break
                    self._results[number] = self._carry_out(client, planned, label)

        self._following.run(work, max(1, min(concurrency, len(self._plans))))
        reason = f"{self._following.interruption} It was not invoked."
        return [self._results.get(number) or Result(item, failure=reason) for number, item in enumerate(self._plans)]

    def _carry_out(self, client: Client, planned: Plan, label: str) -> Result:
        if planned.form is None:
            return Result(planned)
        clock = self._following.clock
        started = clock()
        process: Process | None = None
        outcome: Outcome | None = None
        try:
            repeatable = planned.effect is Effect.READS
            process = Process(client.invoke(planned.invocation.function, planned.form, repeatable=repeatable))
            if process.running and self._wait:
                outcome = self._following.follow(client, process, label)
            failure = self._following.failure(process, outcome)
        except MopsError as error:
            failure = str(error)
            if isinstance(error, (AnswerLost, AnswerUnusable, ServiceFailed)) and planned.effect is not Effect.READS:
                failure += " Whether the function was started is not known, so it was not invoked again."
        return Result(planned, clock() - started, process, outcome, failure)


def _short(value: str | int | float) -> str:
    """An argument's value as it is written in a request; what holds a space stands in quotation marks."""
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text else text


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
