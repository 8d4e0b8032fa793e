# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The rotation of archive stores: on each instance, the store of a new period is the one that new messages go to.

One request tells of an instance that nothing is to be done there.
"""

from __future__ import annotations

import ntpath
import re
from collections import deque
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, LoginRefused
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import check_found, fits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import RUNNING
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Outcome,
    Step,
    Subject,
    reach,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.store import same_path

CURRENT = "current"
PREVIOUS_STATES = ("normal", "writeProtected")

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]|[ .]$')
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Rotation:
    """What should be of the stores of every instance."""

    name: str
    """The name of the store that new messages go to, and of its folder."""
    database_path: str | None = None
    """The folder of a new store, with ``{instance}`` and ``{name}`` to fill in. None is beside the current one."""
    previous_state: str = "normal"
    """What the store before it is to be, which is the newest of the others."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.name or _FORBIDDEN.search(self.name):
            raise InvalidOption(
                f"name must be a name that a folder on Windows can have, such as 2026, not {self.name!r}."
            )
        unknown = set(_PLACEHOLDER.findall(self.database_path or "")) - {"instance", "name"}
        if unknown:
            raise InvalidOption(f"database_path knows {{instance}} and {{name}} alone, not {{{min(unknown)}}}.")
        if self.database_path is not None and "{instance}" not in self.database_path:
            raise InvalidOption("database_path must hold {instance}: no two stores can share a folder.")

    def of(self, instance: str) -> WantedStores:
        path = self.database_path
        if path is not None:
            path = path.replace("{instance}", instance).replace("{name}", self.name)
        return WantedStores(instance, self.name, path, self.previous_state)


@dataclass(frozen=True)
class WantedStores(Subject):
    """What should be of the stores of one instance. Its document is ``{"stores": [...]}``."""

    instance: str
    name: str
    database_path: str | None
    previous_state: str

    def read(self, ask: Ask) -> Document | None:
        return {"stores": listed(ask, "GetStores", instanceID=self.instance)}

    def steps(self, current: Document | None) -> list[Step]:
        stores: list[Document] = (current or {}).get("stores") or []
        wanted = the_one(stores, self.name, what="Archive store", key="name") if stores else None
        steps = []
        if wanted is None:
            steps.append(self._creation(stores))
        elif wanted.get("requestedState") != CURRENT:
            steps.append(self._set_state(wanted, CURRENT))
        previous = self._previous(stores)
        if previous is not None and previous.get("requestedState") != self.previous_state:
            demoted = bool(steps) and previous.get("requestedState") == CURRENT
            if not (demoted and self.previous_state == "normal"):  # the server makes it normal by itself
                steps.append(self._set_state(previous, self.previous_state))
        return steps

    def predicted(self, current: Document | None) -> Document | None:
        stores: list[Document] = (current or {}).get("stores") or []
        after = []
        for store in stores:
            state = store.get("requestedState")
            if store.get("name") == self.name:
                state = CURRENT
            elif store is self._previous(stores):
                state = self.previous_state
            elif state == CURRENT:
                state = "normal"
            after.append({**store, "requestedState": state})
        if not any(store.get("name") == self.name for store in stores):
            after.append({"name": self.name, "databasePath": self._folder(stores), "requestedState": CURRENT})
        return {"stores": after}

    def _previous(self, stores: Sequence[Document]) -> Document | None:
        """The newest of the other stores; none where it is disabled, which somebody has decided.

        What is current comes first: where names are reused, its id need not be the highest.
        """
        others = [store for store in stores if store.get("name") != self.name]
        others.sort(key=lambda store: (store.get("requestedState") == CURRENT, store.get("id") or 0))
        return others[-1] if others and others[-1].get("requestedState") in (CURRENT, *PREVIOUS_STATES) else None

    def _creation(self, stores: Sequence[Document]) -> Step:
        folder = self._folder(stores)
        taken = [store for store in stores if same_path(folder, store.get("databasePath"))]
        if taken:
            raise NotPossible(
                f"The folder {folder} is that of archive store {taken[0].get('name')}. Rename that store, or choose "
                "another folder with database_path. Nothing was changed."
            )
        return Step(
            "CreateStore",
            {"instanceID": self.instance, "name": self.name, "databasePath": folder, "requestedState": CURRENT},
        )

    def _folder(self, stores: Sequence[Document]) -> str:
        if self.database_path is not None:
            return self.database_path
        there = [store for store in stores if store.get("databasePath")]
        there.sort(key=lambda store: (store.get("requestedState") == CURRENT, store.get("id") or 0))
        if not there:
            raise NotPossible(
                f"Instance {self.instance} has no archive store beside which {self.name} could be. Say where with "
                "database_path."
            )
        return ntpath.join(ntpath.dirname(str(there[-1]["databasePath"])), self.name)

    def _set_state(self, store: Document, state: str) -> Step:
        arguments = {"instanceID": self.instance, "id": store["id"], "requestedState": state}
        return Step("SetStoreRequestedState", arguments)


@dataclass
class Rotated:
    """What has become of the instances, by their ids in the order of the server."""

    outcomes: dict[str, Outcome]
    failures: dict[str, MopsError]
    skipped: dict[str, str]
    """Those that were not looked at, with their status."""

    @property
    def changed(self) -> list[str]:
        """The instances where something was done. What was done before a failure is in that."""
        failed = [name for name, error in self.failures.items() if error.facts.get("changed")]
        return [name for name, outcome in self.outcomes.items() if outcome.changed] + failed


def rotate(
    following: Following,
    rotation: Rotation,
    *,
    instances: Sequence[str],
    exclude: Sequence[str],
    allow_empty: bool,
    concurrency: int,
    check_mode: bool,
) -> Rotated:
    """Rotate the stores of all instances that ``instances`` names, ``concurrency`` at once.

    One that fails keeps no other from it. Raises `NotFound`, and `MopsError` where the server cannot be reached or
    refuses the login; where something was done by then, ``rotated`` among its facts names the instances.
    """
    first = following.client()
    try:
        entries = listed(first.call, "GetInstances", instanceFilter=",".join(instances))
        check_found(first, instances, entries, allow_empty=allow_empty)
    except MopsError:
        first.close()
        raise
    chosen = [entry for entry in entries if not fits(str(entry.get("instanceID")), exclude)]
    skipped = {str(entry["instanceID"]): str(entry.get("status")) for entry in chosen if entry.get("status") != RUNNING}
    names = [str(entry["instanceID"]) for entry in chosen if str(entry["instanceID"]) not in skipped]
    found = Rotated({}, {}, skipped)
    _each(following, first, names, rotation, found, concurrency, check_mode)
    return Rotated(_in_order(found.outcomes, names), _in_order(found.failures, names), skipped)


def _each(
    following: Following,
    first: Client,
    names: Sequence[str],
    rotation: Rotation,
    found: Rotated,
    concurrency: int,
    check_mode: bool,
) -> None:
    queue, spare = deque(names), deque([first])
    fatal: list[MopsError] = []

    def work() -> None:
        with spare.popleft() if spare else following.client() as client:
            while queue and not fatal and not following.interruption.is_set():
                try:
                    name = queue.popleft()
                except IndexError:
                    return  # another thread was quicker
                try:
                    found.outcomes[name] = reach(client, following, rotation.of(name), check_mode=check_mode)
                except (RequestNotSent, LoginRefused, Interrupted) as error:
                    fatal.append(error)
                except MopsError as error:
                    found.failures[name] = error

    following.run(work, max(1, min(concurrency, len(queue))))
    if not fatal and following.interruption.is_set():
        fatal.append(Interrupted(str(following.interruption)))
    if fatal:
        fatal[0].facts = {**fatal[0].facts, "rotated": found.changed, "changed": bool(found.changed)}
        raise fatal[0]


def _in_order(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
