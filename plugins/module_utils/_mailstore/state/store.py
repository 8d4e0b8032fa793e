# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Archive stores: whether an instance has them, under which name, where, and in which state."""

from __future__ import annotations

import ntpath
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)

SOURCES = "mergeSources"
"""The stores that are yet to be merged into this one, beside what ``GetStores`` shows."""

REQUESTED_STATES = ("current", "normal", "writeProtected", "disabled")

ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance": {"type": "str"},
    "name": {"type": "str"},
    "id": {"type": "int"},
    "state": {"type": "str", "choices": ["present", "detached"], "default": "present"},
    "attach": {"type": "bool", "default": False},
    "move": {"type": "bool", "default": False},
    "merge": {"type": "list", "elements": "str", "default": []},
    "database_path": {"type": "str"},
    "content_path": {"type": "str"},
    "index_path": {"type": "str"},
    "requested_state": {"type": "str", "choices": list(REQUESTED_STATES)},
}
"""The options of mailstore_store, without those of the connection."""


@dataclass(frozen=True)
class WantedStore(Subject):
    """What should be of one archive store. It is the one of that id, else the one of that name.

    So a name and a folder that are two stores', such as last year's folder left in a task, change nothing. Only with an
    id are name and folder what is to be set.
    """

    instance: str | None
    """None on MailStore Server, which has none, and other functions for where a store is."""
    name: str | None = None
    id: int | None = None
    present: bool = True
    database_path: str | None = None
    content_path: str | None = None
    index_path: str | None = None
    requested_state: str | None = None
    attach: bool = False
    """Whether a store that the instance does not have is one whose files exist; else a new one is created."""
    move: bool = False
    """Whether a store that is found by its name may have another folder, to which its files were moved."""
    merge: Sequence[str] = ()
    """Names of stores whose messages should be in this one. The document then has those that are left, in `SOURCES`."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.name and self.id is None:
            raise InvalidOption("An archive store must be named by name, or by id.")
        if self.name in self.merge:
            raise InvalidOption(f"merge names {self.name}: an archive store cannot be merged into itself.")
        if self.move and not self.database_path:
            raise InvalidOption("move needs database_path, the folder to which the files were moved.")

    def read(self, ask: Ask) -> Document | None:
        stores = listed(ask, "GetStores", instanceID=self.instance)
        found = self.find(stores)
        if found is None or not self.merge:
            return found
        sources = [the_one(stores, name, what="Archive store") for name in dict.fromkeys(self.merge)]
        return {**found, SOURCES: [_identity(store) for store in sources if store and store is not found]}

    def find(self, stores: list[Document]) -> Document | None:
        """The store that is meant. Raises `Ambiguous` and `NotPossible`."""
        named = the_one(stores, self.name, what="Archive store", key="name") if self.name else None
        if self.id is not None:
            found = next((store for store in stores if store.get("id") == self.id), None)
            if found is None and self.present:
                raise NotPossible(f"{self._where} has no archive store with id {self.id}.")
        else:
            found = named
        if self.present and found is not None and named is not None and named is not found:
            raise NotPossible(
                f"Archive store {found.get('id')} cannot be named {self.name}: that is what archive store "
                f"{named.get('id')} is called."
            )
        if self.present and self.database_path:
            self._check_folder(self.database_path, stores, found)
        return found

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [self._step("DetachStore", current)]
        if current is None:
            return [self._creation()]
        self._check_fixed_paths(current)
        steps = []
        if self.name and self.name != current.get("name"):
            steps.append(self._step("RenameStore", current, name=self.name))
        if self.database_path and not same_path(self.database_path, current.get("databasePath")):
            steps.append(self._move(current, self.database_path))
        if self.requested_state and self.requested_state != current.get("requestedState"):
            steps.append(self._step("SetStoreRequestedState", current, requestedState=self.requested_state))
        merges = [self._step("MergeStore", current, sourceId=source["id"]) for source in current.get(SOURCES, ())]
        return [*steps, *merges]

    def predicted(self, current: Document | None) -> Document | None:
        if not self.present:
            return None
        after = dict(current or {})
        for key, wanted in self._properties().items():
            if wanted and not (key.endswith("Path") and same_path(wanted, after.get(key))):
                after[key] = wanted
        return {**after, SOURCES: []} if self.merge else after

    def _properties(self) -> dict[str, str | None]:
        return {
            "name": self.name,
            "databasePath": self.database_path,
            "contentPath": self.content_path,
            "indexPath": self.index_path,
            "requestedState": self.requested_state,
        }

    def _step(self, function: str, current: Document, **arguments: Any) -> Step:
        return Step(function, {"instanceID": self.instance, "id": current["id"], **arguments})

    def _creation(self) -> Step:
        if not self.database_path:
            raise NotPossible(
                f"{self._where} has no archive store {self.name}. To "
                f"{'attach' if self.attach else 'create'} it, database_path must be given."
            )
        function = "AttachStore" if self.attach else "CreateStore"
        kind = {} if self.instance else {"type": "FileSystemInternal"}
        return Step(function, {"instanceID": self.instance, **kind, **self._properties()}, anew=bool(self.merge))

    def _move(self, current: Document, folder: str) -> Step:
        if self.instance:
            return self._step("SetStorePath", current, path=folder)
        return self._step("SetStoreProperties", current, databasePath=folder)

    @property
    def _where(self) -> str:
        return f"Instance {self.instance}" if self.instance else "The server"

    def _check_folder(self, folder: str, stores: list[Document], found: Document | None) -> None:
        """Raise `NotPossible` where the folder is another store's, or where the store that was named is elsewhere."""
        there = [store for store in stores if same_path(folder, store.get("databasePath"))]
        if there and found not in there:
            raise NotPossible(
                f"The folder {folder} is that of archive store {_called(there[0])}, not of {self.name or self.id}. "
                "Give the folder of the store that is meant; to rename a store, give its id, too. Nothing was changed."
            )
        if found is not None and self.id is None and not self.move and not there:
            raise NotPossible(
                f"Archive store {_called(found)} is in {found.get('databasePath')}, not in {folder}. Where its files "
                "have moved there, give move: true, or its id. Nothing was changed."
            )

    def _check_fixed_paths(self, current: Document) -> None:
        for key, wanted in (("contentPath", self.content_path), ("indexPath", self.index_path)):
            known = current.get(key)
            if wanted and known and not same_path(wanted, known):
                raise NotPossible(
                    f"Archive store {current.get('name')} has its {key} at {known}. The Management API cannot change "
                    "that: detach the store, move its files, and attach it with the new paths."
                )


def wanted_store(options: Mapping[str, Any]) -> WantedStore:
    """What the options ask for."""
    return WantedStore(
        instance=options["instance"] or None,
        name=options["name"],
        id=options["id"],
        present=options["state"] == "present",
        database_path=options["database_path"],
        content_path=options["content_path"],
        index_path=options["index_path"],
        requested_state=options["requested_state"],
        attach=options["attach"],
        move=options["move"],
        merge=options["merge"],
    )


def _identity(store: Document) -> Document:
    return {name: store.get(name) for name in ("id", "name")}


def _called(store: Document) -> str:
    return f"{store.get('name')} (id {store.get('id')})"


def same_path(one: str, other: Any) -> bool:
    """Whether two paths on a Windows host are the same."""
    return isinstance(other, str) and _plain(one) == _plain(other)


def _plain(path: str) -> str:
    return ntpath.normcase(ntpath.normpath(path))
