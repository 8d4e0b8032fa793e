# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Bringing about what a document says of a tenant: first all is looked at, then what differs is changed.

What cannot be, and secrets that are missing, are found before anything is changed. Where the server refuses in the
middle, what was done until then is said, and the next run goes on from there: each thing is looked at before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, NoReturn, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    CallFailed,
    Client,
    FunctionUnknown,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ambiguous, Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.document import Declared, Entry, Part
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance import RUNNING
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    reach,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.references import references

CREATED = "created"
CHANGED = "changed"
REMOVED = "removed"

_NOT_KNOWN_TO_BE = (NotPossible, InvalidOption, Ambiguous)
"""What one thing of a document may be wrong about."""

_NOTHING_CHANGED = "Nothing was changed."

_NOT_TOLD = (CallFailed, FunctionUnknown, AnswerUnusable)
"""Why a server does not tell of a part, while it tells of others."""


@dataclass(frozen=True)
class Rules:
    """What an apply may do."""

    check_mode: bool = False
    purge: Sequence[str] = ()
    """The parts from which goes what a document does not name."""
    allow_data_loss: bool = False


@dataclass
class Change:
    """One difference between a document and the server."""

    part: str
    name: str
    kind: str
    functions: list[str] = field(default_factory=list)
    before: Any = None
    after: Any = None
    obstacle: str | None = None
    """Why it cannot be done."""
    secrets: list[str] = field(default_factory=list)
    """The variables that it needs and that are not defined."""
    since: str | None = None
    """When it was made, where the server tells."""
    done: bool = False

    def facts(self) -> Document:
        return {name: value for name, value in vars(self).items() if value not in (None, []) and name != "done"}


@dataclass
class Applied:
    """What there was to do for one tenant, and what became of it."""

    name: str
    changes: list[Change] = field(default_factory=list)
    unmanaged: list[Document] = field(default_factory=list)
    """What the server has of the parts that the document names, and the document does not name: part and name."""
    not_looked_at: dict[str, str] = field(default_factory=dict)
    """Why a part could not be compared."""
    functions: list[str] = field(default_factory=list)
    """What was done, in its order. In check mode, what would be."""
    warnings: list[str] = field(default_factory=list)
    failure: str | None = None

    def facts(self) -> Document:
        return {
            "instance": self.name,
            "changed": bool(self.functions),
            "failed": self.failure is not None,
            **({"msg": self.failure} if self.failure is not None else {}),
            "changes": [change.facts() for change in self.changes],
            "functions": self.functions,
            "unmanaged": self.unmanaged,
            "not_looked_at": self.not_looked_at,
        }

    def lines(self) -> list[str]:
        """What there was to do, for a person."""
        lines = [
            f"{self.name}: {change.part} {change.name} {self._word(change)} "
            f"({', '.join(dict.fromkeys(change.functions)) or 'cannot be done'})"
            for change in self.changes
        ]
        return lines + ([f"{self.name}: failed"] if self.failure is not None else [])

    def _word(self, change: Change) -> str:
        return change.kind if change.done or self.failure is None else f"not {change.kind}"


class Apply:
    """Brings about one document."""

    def __init__(self, client: Client, following: Following, declared: Declared, rules: Rules) -> None:
        self._client = client
        self._following = following
        self._declared = declared
        self._rules = rules
        self.applied = Applied(str(declared))

    def run(self) -> Applied:
        """Do it. Whatever fails is in what this returns."""
        try:
            self._run()
        except MopsError as error:
            self.applied.failure = str(error)
        return self.applied

    def _run(self) -> None:
        if self._declared.instance is None:
            self._bring_about(self._planned_parts(False))
            return
        if self._declared.state == "absent":
            self._remove()
            return
        status = self._settle_instance()
        if self._declared.parts and status not in (RUNNING, None):
            self._not_running(status)
        elif self._declared.parts:
            self._bring_about(self._planned_parts(status is None))
        if self._declared.state == "stopped" and status == RUNNING:
            self._reach(Entry(_INSTANCE, str(self._declared.instance), self._declared.of_instance("stopped")))

    # The instance itself

    def _remove(self) -> None:
        entry = Entry(_INSTANCE, str(self._declared.instance), self._declared.of_instance("absent"))
        planned = self._planned(entry)
        if not planned:
            return
        if not self._rules.allow_data_loss:
            planned[0][1].obstacle = (
                "state: absent would delete the instance and its archive. Give allow_data_loss: true where that is "
                "meant."
            )
        self._bring_about(planned)

    def _settle_instance(self) -> str | None:
        """Have the instance there, configured, and running where it should. Returns its status as it is then.

        Where there is no instance yet, its status is None in check mode, and its parts are those of nothing.
        """
        wanted = self._declared.of_instance("started" if self._declared.state == "started" else "present")
        entry = Entry(_INSTANCE, str(self._declared.instance), wanted)
        before = wanted.read(self._client.call)
        planned = self._planned(entry)
        if before is None:
            closed = [part.name for part in self._declared.parts.values() if part.needs_access]
            if planned and closed and not self._declared.archive_admin_enabled:
                planned[0][1].obstacle = (
                    f"a new instance withholds service-provider access, and its {', '.join(closed)} need that. Give "
                    "archive_admin_enabled: true, with state: started."
                )
            # What is wrong with the parts is to be known before an instance is made for them.
            self._refuse_obstacles([*planned, *self._planned_parts(True)])
        self._bring_about(planned)
        if self._rules.check_mode:
            return None if before is None else str(before.get("status"))
        after = wanted.read(self._client.call) or {}
        return str(after.get("status"))

    # Its parts

    def _planned_parts(self, ask_nothing: bool) -> list[tuple[Entry, Change]]:
        """What differs; ``ask_nothing`` where there is no instance yet that could be asked."""
        planned: list[tuple[Entry, Change]] = []
        for part in self._declared.parts.values():
            try:
                planned += self._planned_part(part, ask_nothing)
            except _NOT_TOLD as error:
                self.applied.not_looked_at[part.name] = str(error)
        return planned

    def _not_running(self, status: str | None) -> None:
        """Say that the parts are not looked at. Raises `NotPossible` where they would have to be."""
        names = ", ".join(self._declared.parts)
        reason = f"The instance does not run (its status is {status}), so its {names} cannot be looked at."
        self.applied.not_looked_at = dict.fromkeys(self._declared.parts, reason)
        starts = self._rules.check_mode and self._declared.state == "started"
        if self._declared.state == "stopped" or starts:
            self.applied.warnings.append(f"{self._declared}: {reason}")
            return
        raise NotPossible(f"{reason} Start it, or give state: started.")

    def _planned_part(self, part: Part, ask_nothing: bool) -> list[tuple[Entry, Change]]:
        planned = []
        for entry in self._declared.entries:
            if entry.part is part:
                planned += self._planned(entry, ask_nothing)
        if not part.listing or ask_nothing:
            return planned
        for row in part.rows(self._client.call, self._declared.instance):
            if self._declared.named(part, row[part.key]):
                continue
            if part.name not in self._rules.purge:
                since = row.get("creationDateTimeUtc")
                told = {"since": f"{since}Z"} if since else {}
                self.applied.unmanaged.append({"part": part.name, "name": str(row[part.key]), **told})
                continue
            removals = self._planned(self._declared.removal(part, row))
            for _removal, change in removals if part.holds_data and not self._rules.allow_data_loss else ():
                change.obstacle = (
                    "purge would take it away from the instance, and its messages with it. Give allow_data_loss: true "
                    "where that is meant."
                )
            planned += removals
        return planned

    def _planned(self, entry: Entry, ask_nothing: bool = False) -> list[tuple[Entry, Change]]:
        """What there is to do about one thing: nothing where it is as it should be."""
        change = Change(entry.part.name, entry.name, CHANGED)
        try:
            before = None if ask_nothing else entry.subject.read(self._client.call)
            entry = entry.needed(before)
            subject = entry.subject
            steps = subject.steps(before)
            if not steps:
                return []
            steps = subject.fitted(self._client, steps)
            subject.verify(self._client, steps)
            after = subject.predicted(before)
        except _NOT_KNOWN_TO_BE as error:
            change.obstacle = str(error)
            return [(entry, change)]
        change.kind = CREATED if before is None else REMOVED if after is None else CHANGED
        change.functions = [step.function for step in steps]
        change.before, change.after = subject.diff(before, after)
        change.secrets = sorted({variable for step in steps for _path, variable in references(step.arguments)})
        created = (before or {}).get("creationDateTimeUtc")
        change.since = f"{created}Z" if created else None
        return [(entry, change)]

    # Doing it

    def _bring_about(self, planned: Sequence[tuple[Entry, Change]]) -> None:
        """Do what is planned, unless something about it cannot be."""
        self.applied.changes += [change for _entry, change in planned]
        if self._rules.check_mode:
            self.applied.functions += [name for _entry, change in planned for name in change.functions]
        self._refuse_obstacles(planned)
        if self._rules.check_mode:
            return
        for entry, change in _in_order(planned):
            self._reach(entry)
            change.done = True

    def _refuse_obstacles(self, planned: Sequence[tuple[Entry, Change]]) -> None:
        """Raise `NotPossible` with everything that is in the way, before anything is changed."""
        words = [f"{name}: {reason}" for name, reason in self.applied.not_looked_at.items()]
        words += [f"{entry}: {_without_end(change.obstacle)}" for entry, change in planned if change.obstacle]
        missing = [f"{variable} (for {entry})" for entry, change in planned for variable in change.secrets]
        if missing:
            words.append(
                f"Secrets are missing: {', '.join(missing)}. Define these variables, for example in a file that "
                "ansible-vault has encrypted."
            )
        if words and (self._rules.check_mode or not self.applied.functions):
            words.append(_NOTHING_CHANGED)
        if words:
            raise NotPossible(" ".join(words))

    def _reach(self, entry: Entry) -> None:
        done: list[str] = []
        failure: MopsError | None = None
        try:
            outcome = reach(self._client, self._following, entry.subject, check_mode=self._rules.check_mode)
            done = outcome.functions
            if outcome.unmet:
                functions = ", ".join(step.function for step in outcome.unmet)
                self.applied.warnings.append(
                    f"{self._declared}, {entry}: the server has carried out {functions}, but shows something else "
                    "since than what was asked for."
                )
        except MopsError as error:
            failure = error
            done = list(error.facts.get("functions", ()))
        before = list(self.applied.functions)
        self.applied.functions += done
        if failure is not None:
            self._stop(entry, failure, before)

    def _stop(self, entry: Entry, failure: MopsError, before: Sequence[str]) -> NoReturn:
        so_far = f" Before that, {len(before)} functions had succeeded: {_counted(before)}." if before else ""
        raise MopsError(f"{entry}: {failure}{so_far} To run it again goes on from here.")


def _without_end(obstacle: str) -> str:
    """Without what is said once for all."""
    return obstacle.replace(_NOTHING_CHANGED, "").strip()


def _counted(functions: Sequence[str]) -> str:
    counts = {name: functions.count(name) for name in dict.fromkeys(functions)}
    return ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in counts.items())


def _in_order(planned: Sequence[tuple[Entry, Change]]) -> list[tuple[Entry, Change]]:
    """What is removed comes last, and there what others may need last of all."""
    removals = [pair for pair in planned if pair[1].kind == REMOVED]
    return [pair for pair in planned if pair[1].kind != REMOVED] + removals[::-1]


def _no_subject(_options: Mapping[str, Any]) -> NoReturn:
    raise NotImplementedError


_INSTANCE = Part("instance", "instance", {}, _no_subject)
"""Not a part that a document can have: what stands at its top."""
