# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Reaching a state: read what there is, work out what is missing, do only that, and look again.

What should be is a `Subject`. Its methods are pure but for `Subject.read` and `Subject.verify`; what changes something
is sent from here::

    outcome = reach(client, following, WantedUser("customer-1", "anna", full_name="Anna"), check_mode=False)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    CallFailed,
    Client,
    ServiceFailed,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import form
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Ending, Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.invocation import Invocation


class NotPossible(MopsError):
    """What should be cannot be reached from what is; nothing was sent that writes."""


@dataclass(frozen=True)
class Step:
    """One call of a function that brings the state nearer to what it should be."""

    function: str
    arguments: Mapping[str, Any] = field(repr=False)
    once: bool = False
    """Whether it is done whatever the state is, and so proves nothing where it would be due again afterwards."""
    anew: bool = False
    """Whether what follows is worked out anew afterwards, from what the server has made of it: an id, a status."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again where its answer was lost: to set the same value twice does no harm."""
        return self.function.startswith("Set")


class Subject(ABC):
    """What should be of one thing on the server. What belongs to an instance names it in ``instance``."""

    of_instance = True
    """Whether it belongs to an instance. Only MailStore Server can do without one."""

    def check(self) -> None:  # noqa: B027 (most have something to check, and some have not)
        """Raise `InvalidOption` for what cannot be."""

    @abstractmethod
    def read(self, ask: Ask) -> Document | None:
        """What there is now, in as few calls as possible; None where there is nothing."""

    @abstractmethod
    def steps(self, current: Document | None) -> list[Step]:
        """What is missing. Empty where all is as it should be. Raises `NotPossible`."""

    @abstractmethod
    def predicted(self, current: Document | None) -> Document | None:
        """What there will be after the steps, as far as it can be told; None where there will be nothing."""

    def fitted(self, client: Client, steps: list[Step]) -> list[Step]:
        """The steps as this very server takes them, where servers differ in the arguments of a function."""
        return steps

    def verify(self, client: Client, steps: Sequence[Step]) -> None:
        """Raise `InvalidOption` for what the server would take now and fail over later. In check mode, too."""
        return

    def shortfall(self, after: Document | None) -> str | None:
        """What is wrong though all steps have succeeded, for a person; None where nothing is."""
        return None

    def shown(self, document: Document | None) -> Document | None:
        """The document as it may be shown: without secrets."""
        return document

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        """Before and after, as they may be shown."""
        return self.shown(before), self.shown(after)


@dataclass(frozen=True)
class Outcome:
    """How it was, how it is now, and what was done. In check mode: how it would be, and what would be done."""

    before: Document | None
    after: Document | None
    done: tuple[Step, ...] = ()
    unmet: tuple[Step, ...] = ()
    """What was done, but by what the server shows since would have to be done again."""
    results: tuple[Any, ...] = ()
    """What the functions of ``done`` returned, in their order; empty in check mode."""
    instance_missing: bool = False
    """Whether this is what check mode predicts of an instance that is not there yet."""

    @property
    def changed(self) -> bool:
        return bool(self.done)

    @property
    def functions(self) -> list[str]:
        return [step.function for step in self.done]


@dataclass(frozen=True)
class Observed:
    """What was read of a subject already, along with others; None where there is nothing."""

    document: Document | None


def reach(
    client: Client, following: Following, subject: Subject, *, check_mode: bool, observed: Observed | None = None
) -> Outcome:
    """Do what is missing, and nothing else. In check mode nothing that writes is sent.

    Without ``observed``, the subject is read first. Raises `MopsError`; where something was done by then, the error
    says what.
    """
    before, instance_missing = (
        _observed(client, subject, check_mode) if observed is None else (observed.document, False)
    )
    steps = subject.steps(before)
    if not steps:
        return Outcome(before, before, instance_missing=instance_missing)
    steps = subject.fitted(client, steps)
    subject.verify(client, steps)
    expected = subject.predicted(before)
    if check_mode:
        return Outcome(before, expected, tuple(steps), instance_missing=instance_missing)
    worker = _Worker(client, following)
    with _said(worker):
        worker.carry_out(_until_anew(steps))
        if expected is None:
            return Outcome(before, None, tuple(worker.done), results=tuple(worker.results))
        after = subject.read(client.call)
        anew = any(step.anew for step in steps)
        if after is not None and (before is None or anew):
            # Some things can be set only on what is there, by an id that the server has given it.
            rest = [
                step
                for step in subject.steps(after)
                if not step.once or (anew and step.function not in worker.functions)
            ]
            if rest:
                worker.carry_out(subject.fitted(client, rest))
                after = subject.read(client.call)
        shortfall = subject.shortfall(after)
        if shortfall is not None:
            raise MopsError(shortfall)
        unmet = [step for step in subject.steps(after) if not step.once]
    return Outcome(before, after, tuple(worker.done), tuple(unmet), tuple(worker.results))


def _observed(client: Client, subject: Subject, check_mode: bool) -> tuple[Document | None, bool]:
    """What there is, and whether that is nothing because the instance is not there.

    In check mode, a task before this one may be the one that would create the instance.
    """
    try:
        return subject.read(client.call), False
    except CallFailed:
        instance = getattr(subject, "instance", None) if subject.of_instance else None
        if not check_mode or not instance or not is_missing(client, instance):
            raise
    return None, True


def is_missing(client: Client, instance: str) -> bool:
    """Whether there is no such instance."""
    entries = listed(client.call, "GetInstances", instanceFilter=instance)
    return the_one(entries, instance, what="Instance", key="instanceID", any_case=True) is None


def _until_anew(steps: list[Step]) -> list[Step]:
    """The steps up to the first after which the others are worked out anew."""
    for number, step in enumerate(steps, 1):
        if step.anew:
            return steps[:number]
    return steps


class _Worker:
    """Takes one step after the other."""

    def __init__(self, client: Client, following: Following) -> None:
        self._client = client
        self._following = following
        self.done: list[Step] = []
        self.results: list[Any] = []

    @property
    def functions(self) -> list[str]:
        return [step.function for step in self.done]

    def carry_out(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if self._following.interruption.is_set():
                raise Interrupted(f"{self._following.interruption} {step.function} was not begun.")
            process = self._begin(step)
            self._finish(step, process)
            self.done.append(step)
            self.results.append(process.status.result)

    def _begin(self, step: Step) -> Process:
        failure: MopsError
        try:
            return Process(self._client.invoke(step.function, form(step.arguments), repeatable=step.repeatable))
        except (AnswerLost, AnswerUnusable, ServiceFailed) as error:
            failure = MopsError(
                f"{step.function}: {error} Whether it has taken effect is not known. To run the task again is safe: "
                "it looks first."
            )
        raise failure

    def _finish(self, step: Step, process: Process) -> None:
        label = str(Invocation(step.function, step.arguments))
        outcome = self._following.follow(self._client, process, label) if process.running else None
        failure = self._following.failure(process, outcome)
        if outcome is not None and outcome.ending is Ending.TIMED_OUT:
            failure = (
                f"It has not ended within {self._following.waiting.timeout:g} s ({process}). It goes on; "
                "mailstore_operation can follow it by its token."
            )
        if failure is not None:
            raise CallFailed(f"{step.function}: {failure}", **({"token": process.status.token} if outcome else {}))


@contextmanager
def _said(worker: _Worker) -> Iterator[None]:
    """Add to an error what was done before it."""
    try:
        yield
    except MopsError as error:
        functions = worker.functions
        error.facts = {**error.facts, "changed": bool(functions), "functions": functions}
        if functions:
            error.args = (f"{error} Done before that: {', '.join(functions)}.",)
        raise
