# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Maintenance of one instance: what is due, doing it step by step, and remembering what was done.

What is due is worked out by pure functions, from what the server says of the stores and from a `History` of earlier
maintenance, which also learns what the instance's own jobs have done. The record is written after every step, so that
whatever ends the work costs no more than the step that it was at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import form
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.history import NEVER, History
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.own_jobs import done_by_jobs
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following

REPAIRS = ("retry", "upgrade", "rebuild")
"""The kinds of work that a store asks for itself, in the order in which they are done."""

KINDS = (*REPAIRS, "verify", "compact")
"""All kinds of work."""


@dataclass(frozen=True)
class Policy:
    """What to do, and how often."""

    verify_days: int = 30
    """Every store is verified at least so often; 0 is never."""
    compact_days: int = 90
    verify_indexes: bool = False
    """Whether a verification includes the search indexes."""
    overdue_days: int = 7
    """A store is overdue when something has been due for longer than so many days."""
    only: Sequence[str] = KINDS
    """The kinds of work to do."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        for name in ("verify_days", "compact_days", "overdue_days"):
            if not 0 <= getattr(self, name) <= 36500:
                raise InvalidOption(f"{name} must be 0 to 36500 days, not {getattr(self, name)}.")
        if not self.only:
            raise InvalidOption("only must name at least one kind of work.")

    def days(self) -> dict[str, int]:
        """For a `History`."""
        return {"verified": self.verify_days, "compacted": self.compact_days, "overdue": self.overdue_days}


@dataclass(frozen=True)
class Budget:
    """Within how many seconds work is begun."""

    rota: float = float("inf")
    repairs: float = float("inf")

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        for name, seconds in (("budget", self.rota), ("repair_budget", self.repairs)):
            if not 0 <= seconds <= float("inf"):
                raise InvalidOption(f"{name} must be a number of seconds, not {seconds}.")


@dataclass(frozen=True)
class Step:
    """One piece of work, and what became of it."""

    kind: str
    """One of `KINDS`."""
    functions: Sequence[str]
    """Called one after the other."""
    why: str
    stores: Sequence[Document]
    """The stores that need it."""
    work: str
    """What a record remembers it as."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False
    """Whether it is done for all of the instance's stores at once."""
    tried: str = NEVER
    """When it was last tried."""
    overdue: bool = False
    state: str = "due"
    """``due``, ``done``, ``failed``, or ``left`` for another time."""
    elapsed: float = 0.0
    """Seconds."""
    failure: str | None = None

    def __str__(self) -> str:
        return self.functions[-1] + ("" if self.whole else f" {self.stores[0].get('name')}")

    def as_json(self) -> Document:
        """By the names of the module's return values."""
        store = {} if self.whole else self.stores[0]
        return {
            "kind": self.kind,
            "function": self.functions[-1],
            "store_id": store.get("id"),
            "store": store.get("name"),
            "why": self.why,
            "tried": self.tried or None,
            "overdue": self.overdue,
            "state": self.state,
            "elapsed": round(self.elapsed, 3),
            **({"msg": self.failure} if self.failure else {}),
        }


def repairs(stores: Sequence[Document], record: History, policy: Policy) -> list[Step]:
    """What the stores themselves ask for, in the order in which it is to be done."""
    used = [store for store in stores if store.get("requestedState") != "disabled"]
    steps = []
    closed = [store for store in used if store.get("error")]
    if closed:
        why = f"{_named(closed)} could not be opened."
        steps.append(Step("retry", ["RetryOpenStores"], why, closed, "opened", whole=True))
    upgrades = [
        Step("upgrade", ["UpgradeStore"], "It needs to be upgraded.", [store], "upgraded")
        for store in sorted(used, key=lambda store: record.tried(store, "upgraded"))
        if store.get("needsUpgrade")
    ]
    steps += upgrades
    outdated = [store for store in used if store.get("searchIndexesNeedRebuild")]
    if outdated:
        functions = ["SelectAllStoreIndexesForRebuild", "RebuildSelectedStoreIndexes"]
        why = f"The search index of {_named(outdated)} needs to be rebuilt."
        steps.append(Step("rebuild", functions, why, outdated, "rebuilt", whole=True))
    return [
        replace(step, tried=min(record.tried(store, step.work) for store in step.stores))
        for step in steps
        if step.kind in policy.only
    ]


def rota(stores: Sequence[Document], record: History, policy: Policy, now: datetime) -> list[Step]:
    """What has not been done for too long, with what was tried longest ago first, so that a failing store holds up
    no other one.
    """
    usable = [store for store in stores if store.get("requestedState") != "disabled" and not store.get("error")]
    # From a write-protected store nothing is ever removed, so there is nothing to compact.
    writable = [store for store in usable if store.get("requestedState") != "writeProtected"]
    including = {"includeIndexes": True} if policy.verify_indexes else {}
    steps = [
        *(Step("verify", ["VerifyStore"], "", [store], "verified", including) for store in usable),
        *(Step("compact", ["CompactStore"], "", [store], "compacted") for store in writable),
    ]
    due = []
    for step in steps:
        days, (store,) = policy.days()[step.work], step.stores
        since = record.due_since(store, step.work, days, now)
        if days and step.kind in policy.only and since <= now:
            last = record.time(store, step.work)
            why = (
                f"It was last {step.work} on {last[:10]}."
                if last
                else f"It is not known to have been {step.work} before."
            )
            overdue = since + timedelta(days=policy.overdue_days) < now
            due.append(replace(step, why=why, tried=record.tried(store, step.work), overdue=overdue))
    return sorted(due, key=lambda step: step.tried)


def _named(stores: Sequence[Document]) -> str:
    return ", ".join(str(store.get("name")) for store in stores)


class Maintainer:
    """Does what is due on one instance, and nothing else."""

    def __init__(
        self,
        following: Following,
        instance: str | None,
        record: History,
        policy: Policy,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """``now`` is the time in UTC. ``instance`` is None on MailStore Server, which has none."""
        self._following = following
        self._instance = instance
        self._record = record
        self._policy = policy
        self._now = now

    def due(self) -> list[Step]:
        """What is to be done. Raises `MopsError` where the server does not tell."""
        with self._following.client() as client:
            stores = self._stores(client)
            return [*self._repairs(stores), *self._rota(client, stores)]

    def run(self, budget: Budget) -> list[Step]:
        """Do what is to be done, and return all of it with what became of it.

        Steps are begun within ``budget``, counted from now. Raises `MopsError` where the server does not tell what is
        to be done, or the record cannot be written; its facts are then the ``steps`` so far. What else goes wrong is in
        the steps.
        """
        self._record.days = self._policy.days()
        self._record.save()  # so that what cannot be remembered is known before it is done
        steps: list[Step] = []
        failures: list[MopsError] = []
        began = self._following.clock()

        def work() -> None:
            try:
                with self._following.client() as client:
                    self._work(client, began + budget.repairs, began + budget.rota, steps)
            except MopsError as error:
                failures.append(error)

        self._following.run(work, 1)
        if failures:
            failures[0].facts.update(results(steps))
            raise failures[0]
        return steps

    def _work(self, client: Client, repairs_end: float, rota_end: float, steps: list[Step]) -> None:
        stores = self._stores(client)
        for step in self._repairs(stores):
            self._in_time(client, step, repairs_end, steps)
        if any(step.state != "left" for step in steps) and not self._following.interruption.is_set():
            stores = self._stores(client)
            steps[:] = proved(steps, self._repairs(stores))
        for step in self._rota(client, stores):
            self._in_time(client, step, rota_end, steps)
        self._record.save()

    def _stores(self, client: Client) -> list[Document]:
        stores: list[Document] = client.call("GetStores", instanceID=self._instance) or []
        self._record.see(stores, self._now())
        return stores

    def _repairs(self, stores: Sequence[Document]) -> list[Step]:
        return repairs(stores, self._record, self._policy)

    def _rota(self, client: Client, stores: Sequence[Document]) -> list[Step]:
        if not rota(stores, self._record, self._policy, self._now()):
            return []
        # As far as the record knows. The instance's own jobs may have done it since, or before there was a record.
        days = max(self._policy.verify_days, self._policy.compact_days)
        for done in done_by_jobs(client, self._instance, days, self._now()):
            if done.indexes or done.work != "verified" or not self._policy.verify_indexes:
                for store in stores:
                    if done.store_id in (None, str(store.get("id"))):
                        self._record.learn(store, done.work, done.at)
        return rota(stores, self._record, self._policy, self._now())

    def _in_time(self, client: Client, step: Step, end: float, steps: list[Step]) -> None:
        """Add the step to ``steps``, carried out where it is not too late for that. The record remembers it."""
        if self._following.clock() >= end:
            steps.append(replace(step, state="left"))
            return
        step = self._do(client, step)
        steps.append(step)
        if step.state == "done" or (step.state == "failed" and not self._following.interruption.is_set()):
            what = [f"{step.work}_tried", *([step.work] if step.state == "done" else [])]
            for store in step.stores:
                self._record.remember(store, self._now(), *what)
            self._record.save()

    def _do(self, client: Client, step: Step) -> Step:
        """Carry out a step, to its end."""
        started = self._following.clock()
        failure: str | None = None
        for function in step.functions:
            if self._following.interruption.is_set():
                return replace(step, state="left")
            failure = self._call(client, function, step)
            if failure:
                break
        elapsed = self._following.clock() - started
        return replace(step, state="failed" if failure else "done", failure=failure, elapsed=elapsed)

    def _call(self, client: Client, function: str, step: Step) -> str | None:
        """Call a function and follow it to its end. Returns why it failed, or None where it did not."""
        store = {} if step.whole else {"id": step.stores[0].get("id")}
        arguments = form({"instanceID": self._instance, **store, **step.arguments})
        label = f"{self._instance or self._following.server.host}: {step}"
        try:
            process = Process(client.invoke(function, arguments, repeatable=False))
            outcome = self._following.follow(client, process, label) if process.running else None
        except MopsError as error:
            return str(error)
        return self._following.failure(process, outcome)


def results(steps: Sequence[Step]) -> Document:
    """What became of the steps, by the names of the module's return values."""
    return {
        "changed": any(step.state != "left" for step in steps),
        "steps": [step.as_json() for step in steps],
        "left": sum(step.state == "left" for step in steps),
    }


def proved(done: Sequence[Step], still: Sequence[Step]) -> list[Step]:
    """The steps, with those as failed that have succeeded in their own words but are due again at once."""
    again = {str(step): step for step in still}
    return [
        replace(step, state="failed", failure=f"It was done, but is due all the same: {again[str(step)].why}")
        if step.state == "done" and str(step) in again
        else step
        for step in done
    ]
