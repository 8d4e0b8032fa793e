# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Maintenance of one instance: what is due, doing it step by step, and remembering what was done.

What is due is worked out by pure functions, from what the server says of the stores and from a `Record` of earlier
maintenance. The record is written after every step, so that whatever ends the work costs no more than the step that
it was at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.functions import form
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.operation import Process
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.survey import Document
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace as replace_file

SCHEMA = 1
"""The version of a record's shape."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_NEVER = ""


class RecordUnusable(MopsError):
    """The file that should remember earlier maintenance cannot be read or written."""


@dataclass(frozen=True)
class Policy:
    """What to do, and how often."""

    verify_days: int = 30
    """Every store is verified at least so often; 0 is never."""
    compact_days: int = 90
    verify_indexes: bool = False
    """Whether a verification includes the search indexes."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        for name in ("verify_days", "compact_days"):
            if not 0 <= getattr(self, name) <= 36500:
                raise InvalidOption(f"{name} must be 0 to 36500 days, not {getattr(self, name)}.")


@dataclass(frozen=True)
class Step:
    """One piece of work, and what became of it."""

    functions: Sequence[str]
    """Called one after the other."""
    why: str
    store: Document | None = None
    """The store that it is about, or None where it is about all of the instance's."""
    work: str | None = None
    """For a step of the rota, what the record remembers it as."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state: str = "due"
    """``due``, ``done``, ``failed``, or ``left`` for another time."""
    elapsed: float = 0.0
    """Seconds."""
    failure: str | None = None

    def __str__(self) -> str:
        return self.functions[-1] + (f" {self.store.get('name')}" if self.store else "")

    def as_json(self) -> Document:
        """By the names of the module's return values."""
        store = self.store or {}
        return {
            "function": self.functions[-1],
            "store_id": store.get("id"),
            "store": store.get("name"),
            "why": self.why,
            "state": self.state,
            "elapsed": round(self.elapsed, 3),
            **({"msg": self.failure} if self.failure else {}),
        }


class Record:
    """What was done with each store, and when: ``{"verified": time, "verify_tried": time, ...}``, times in UTC.

    A store is known by its id and its path: one that was moved, or that took a detached one's id, is another.
    """

    def __init__(self, path: str, instance: str) -> None:
        """Read from ``path``, where there may be no file yet. Raises `RecordUnusable`."""
        self._path = path
        self._instance = instance
        self._stores: Document = {}
        failure = None
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            if document["schema"] != SCHEMA or document["instance"] != instance:
                failure = f"{path} is not a record of the maintenance of {instance}."
            self._stores = {str(key): dict(value) for key, value in document["stores"].items()}
        except FileNotFoundError:
            pass
        except OSError as error:
            failure = f"{path} cannot be read: {error.strerror}."
        except (ValueError, KeyError, TypeError, AttributeError):
            failure = f"{path} is damaged."
        if failure:
            raise RecordUnusable(
                f"{failure} It should remember what was maintained when. Without it, everything is due: move it away "
                "if that is right."
            )

    def time(self, store: Document, what: str) -> str:
        """When ``what`` was last done with the store, in a form that sorts; empty where never."""
        entry = self._stores.get(str(store.get("id"))) or {}
        return str(entry.get(what) or _NEVER) if entry.get("path") == store.get("databasePath") else _NEVER

    def remember(self, store: Document, now: datetime, *what: str) -> None:
        key, path = str(store.get("id")), store.get("databasePath")
        entry = self._stores.get(key)
        if entry is None or entry.get("path") != path:
            entry = self._stores[key] = {"path": path}
        entry.update({"name": store.get("name"), **dict.fromkeys(what, now.strftime(_TIME))})

    def keep(self, stores: Sequence[Document]) -> None:
        """Forget stores that are no longer there."""
        there = {str(store.get("id")) for store in stores}
        self._stores = {key: entry for key, entry in self._stores.items() if key in there}

    def save(self) -> None:
        """Replace the file as a whole. Raises `RecordUnusable`."""
        document = {"schema": SCHEMA, "instance": self._instance, "stores": self._stores}
        failure = None
        try:
            replace_file(self._path, json.dumps(document, indent=1, sort_keys=True))
        except OSError as error:
            failure = RecordUnusable(
                f"{self._path} cannot be written: {error.strerror}. It should remember what was maintained when; what "
                "was done last is done again the next time."
            )
        if failure:
            raise failure


def repairs(stores: Sequence[Document]) -> list[Step]:
    """What the stores themselves ask for, in the order in which it is to be done."""
    used = [store for store in stores if store.get("requestedState") != "disabled"]
    steps = []
    closed = [store for store in used if store.get("error")]
    if closed:
        steps.append(Step(["RetryOpenStores"], f"{_named(closed)} could not be opened."))
    steps += [Step(["UpgradeStore"], "It needs to be upgraded.", store) for store in used if store.get("needsUpgrade")]
    outdated = [store for store in used if store.get("searchIndexesNeedRebuild")]
    if outdated:
        functions = ["SelectAllStoreIndexesForRebuild", "RebuildSelectedStoreIndexes"]
        steps.append(Step(functions, f"The search index of {_named(outdated)} needs to be rebuilt."))
    return steps


def rota(stores: Sequence[Document], record: Record, policy: Policy, now: datetime) -> list[Step]:
    """What has not been done for too long, with what was tried longest ago first, so that a failing store holds up
    no other one.
    """
    usable = [store for store in stores if store.get("requestedState") != "disabled" and not store.get("error")]
    # From a write-protected store nothing is ever removed, so there is nothing to compact.
    writable = [store for store in usable if store.get("requestedState") != "writeProtected"]
    including = {"includeIndexes": True} if policy.verify_indexes else {}
    due = [
        *_due("VerifyStore", "verified", usable, record, policy.verify_days, now, including),
        *_due("CompactStore", "compacted", writable, record, policy.compact_days, now, {}),
    ]
    return sorted(due, key=lambda step: record.time(step.store or {}, f"{step.work}_tried"))


def _due(
    function: str,
    work: str,
    stores: Sequence[Document],
    record: Record,
    days: int,
    now: datetime,
    arguments: Mapping[str, Any],
) -> list[Step]:
    if not days:
        return []
    latest = (now - timedelta(days=days)).strftime(_TIME)
    steps = []
    for store in stores:
        last = record.time(store, work)
        if last <= latest:
            why = f"It was last {work} on {last[:10]}." if last else f"It is not known to have been {work} before."
            steps.append(Step([function], why, store, work, arguments))
    return steps


def _named(stores: Sequence[Document]) -> str:
    return ", ".join(str(store.get("name")) for store in stores)


class Maintainer:
    """Does what is due on one instance, and nothing else."""

    def __init__(
        self, following: Following, instance: str, record: Record, policy: Policy, *, now: Callable[[], datetime]
    ) -> None:
        """``now`` is the time in UTC."""
        self._following = following
        self._instance = instance
        self._record = record
        self._policy = policy
        self._now = now

    def due(self) -> list[Step]:
        """What is to be done. Raises `MopsError` where the server does not tell."""
        with self._following.client() as client:
            stores = self._stores(client)
        return [*repairs(stores), *rota(stores, self._record, self._policy, self._now())]

    def run(self, budget: float) -> list[Step]:
        """Do what is to be done, and return all of it with what became of it.

        Steps of the rota are begun within ``budget`` seconds from now, others always. Raises `MopsError` where the
        server does not tell what is to be done; what goes wrong later is in the steps.
        """
        steps: list[Step] = []
        failures: list[MopsError] = []
        end = self._following.clock() + budget

        def work() -> None:
            try:
                with self._following.client() as client:
                    self._work(client, end, steps)
            except MopsError as error:
                failures.append(error)

        self._following.run(work, 1)
        if failures:
            raise failures[0]
        return steps

    def _work(self, client: Client, end: float, steps: list[Step]) -> None:
        stores = self._stores(client)
        wanted = repairs(stores)
        steps += [self._do(client, step) for step in wanted]
        if wanted and not self._following.interruption.is_set():
            stores = self._stores(client)
            steps[:] = proved(steps, repairs(stores))
        self._record.keep(stores)
        for step in rota(stores, self._record, self._policy, self._now()):
            in_time = self._following.clock() < end
            steps.append(self._do(client, step) if in_time else replace(step, state="left"))
            if in_time:
                self._remember(steps[-1])

    def _stores(self, client: Client) -> list[Document]:
        stores: list[Document] = client.call("GetStores", instanceID=self._instance) or []
        return stores

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
        store = {} if step.store is None else {"id": step.store.get("id")}
        arguments = form({"instanceID": self._instance, **store, **step.arguments})
        try:
            process = Process(client.invoke(function, arguments, repeatable=False))
            outcome = self._following.follow(client, process, f"{self._instance}: {step}") if process.running else None
        except MopsError as error:
            return str(error)
        return self._following.failure(process, outcome)

    def _remember(self, step: Step) -> None:
        if step.store is not None and step.work is not None and step.state in ("done", "failed"):
            what = [f"{step.work}_tried", *([step.work] if step.state == "done" else [])]
            self._record.remember(step.store, self._now(), *what)
            self._record.save()


def proved(done: Sequence[Step], still: Sequence[Step]) -> list[Step]:
    """The steps, with those as failed that have succeeded in their own words but are due again at once."""
    again = {str(step): step for step in still}
    return [
        replace(step, state="failed", failure=f"It was done, but is due all the same: {again[str(step)].why}")
        if step.state == "done" and str(step) in again
        else step
        for step in done
    ]
