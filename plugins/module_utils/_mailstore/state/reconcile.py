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
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ask, Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Ending, Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
)


class NotPossible(MopsError):
    """What should be cannot be reached from what is; nothing was sent that writes."""


@dataclass(frozen=True)
class Step:
    """One call of a function that brings the state nearer to what it should be."""

    function: str
    arguments: Mapping[str, Any] = field(repr=False)
    once: bool = False
    """Whether it is done whatever the state is, and so proves nothing where it would be due again afterwards."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again where its answer was lost: to set the same value twice does no harm."""
        return self.function.startswith("Set")


class Subject(ABC):
    """What should be of one thing on the server."""

    @abstractmethod
    def read(self, ask: Ask) -> Document | None:
        """What there is now, in as few calls as possible; None where there is nothing."""

    @abstractmethod
    def steps(self, current: Document | None) -> list[Step]:
        """What is missing. Empty where all is as it should be. Raises `NotPossible`."""

    @abstractmethod
    def predicted(self, current: Document | None) -> Document | None:
        """What there will be after the steps, as far as it can be told; None where there will be nothing."""

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

    @property
    def changed(self) -> bool:
        return bool(self.done)

    @property
    def functions(self) -> list[str]:
        return [step.function for step in self.done]


def reach(client: Client, following: Following, subject: Subject, *, check_mode: bool) -> Outcome:
    """Do what is missing, and nothing else. In check mode nothing that writes is sent.

    Raises `MopsError`; where something was done by then, the error says what.
    """
    before = subject.read(client.call)
    steps = subject.steps(before)
    if not steps:
        return Outcome(before, before)
    subject.verify(client, steps)
    expected = subject.predicted(before)
    if check_mode:
        return Outcome(before, expected, tuple(steps))
    worker = _Worker(client, following)
    with _said(worker):
        worker.carry_out(steps)
        if expected is None:
            return Outcome(before, None, tuple(worker.done))
        after, unmet = _look(client, subject)
        if before is None and after is not None and unmet:
            # Some things can be set only on what is there, by an id that the server has given it.
            worker.carry_out(unmet)
            after, unmet = _look(client, subject)
    return Outcome(before, after, tuple(worker.done), tuple(unmet))


def _look(client: Client, subject: Subject) -> tuple[Document | None, list[Step]]:
    """What there is after the steps, and which of them would be due again."""
    after = subject.read(client.call)
    shortfall = subject.shortfall(after)
    if shortfall is not None:
        raise MopsError(shortfall)
    return after, [step for step in subject.steps(after) if not step.once]


class _Worker:
    """Takes one step after the other."""

    def __init__(self, client: Client, following: Following) -> None:
        self._client = client
        self._following = following
        self.done: list[Step] = []

    def carry_out(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if self._following.interruption.is_set():
                raise Interrupted(f"{self._following.interruption} {step.function} was not begun.")
            self._finish(step, self._begin(step))
            self.done.append(step)

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
        outcome = self._following.follow(self._client, process, step.function) if process.running else None
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
        functions = [step.function for step in worker.done]
        error.facts = {**error.facts, "changed": bool(functions), "functions": functions}
        if functions:
            error.args = (f"{error} Done before that: {', '.join(functions)}.",)
        raise
