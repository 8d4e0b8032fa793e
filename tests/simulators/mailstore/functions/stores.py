# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archive stores: made, attached, detached, renamed, and every kind of maintenance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..archive import Archive, Instance, Store
from ..arguments import ApiError, Arguments
from ..process import Plan
from .kind import Function, one_of

STATES = ("current", "normal", "writeProtected", "disabled")


def listing(archive: Archive, arguments: Arguments) -> Any:
    return [store.as_json() for store in archive.running(arguments).stores]


def create(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    _add(instance, _described(instance, arguments, "current"))


def attach(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    store = _described(instance, arguments, "normal")
    known = instance.detached.pop(arguments["databasePath"], None)
    if known is not None:
        store.messages, store.size = known.messages, known.size
        store.needs_rebuild, store.needs_upgrade = known.needs_rebuild, known.needs_upgrade
    _add(instance, store)


def _described(instance: Instance, arguments: Arguments, default_state: str) -> Store:
    name, path = arguments["name"], arguments["databasePath"]
    if any(store.name == name for store in instance.stores):
        raise ApiError(f"An archive store named '{name}' exists already.")
    if any(store.database_path == path for store in instance.stores):
        raise ApiError(f"The directory '{path}' is in use by another archive store.")
    return Store(
        id=max((store.id for store in instance.stores), default=0) + 1,
        name=name,
        database_path=path,
        content_path=arguments.get("contentPath"),
        index_path=arguments.get("indexPath"),
        requested_state=one_of(arguments, "requestedState", STATES, default_state),
    )


def _add(instance: Instance, store: Store) -> None:
    if store.requested_state == "current":
        _demote(instance)
    instance.stores.append(store)


def _demote(instance: Instance) -> None:
    """There is one current store at most."""
    for store in instance.stores:
        if store.requested_state == "current":
            store.requested_state = "normal"


def detach(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    store = instance.store(arguments["id"])
    instance.stores.remove(store)
    instance.detached[store.database_path] = store


def rename(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    store = instance.store(arguments["id"])
    if any(other.name == arguments["name"] and other is not store for other in instance.stores):
        raise ApiError(f"An archive store named '{arguments['name']}' exists already.")
    store.name = arguments["name"]


def set_state(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    store = instance.store(arguments["id"])
    state = one_of(arguments, "requestedState", STATES, "normal")
    if state == "current":
        _demote(instance)
    store.requested_state = state


def set_path(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).store(arguments["id"]).database_path = arguments["path"]


def unlock(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).store(arguments["id"])


def retry_open(archive: Archive, arguments: Arguments) -> Any:
    for store in archive.running(arguments).stores:
        store.error = None


def select_all_indexes(archive: Archive, arguments: Arguments) -> Any:
    for store in archive.running(arguments).stores:
        store.selected_for_rebuild = store.requested_state != "disabled"


def rebuild_selected_indexes(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    chosen = [store for store in instance.stores if store.selected_for_rebuild]

    def effect() -> None:
        for store in chosen:
            store.selected_for_rebuild = store.needs_rebuild = False

    steps = tuple(f"Rebuilding index of archive store {store.name}..." for store in chosen)
    return Plan("Rebuilding selected search indexes", effect, steps)


def _nothing(_instance: Instance, _store: Store) -> None:
    """Maintenance that leaves nothing that a caller could see."""


def _upgraded(_instance: Instance, store: Store) -> None:
    store.needs_upgrade = False


def _compacted(_instance: Instance, store: Store) -> None:
    store.size = int(store.size * 0.97)


def _recovered(_instance: Instance, store: Store) -> None:
    store.error = None
    store.needs_rebuild = True


def _repaired(_instance: Instance, store: Store) -> None:
    store.error = None


def _on_one(title: str, change: Callable[[Instance, Store], None], opens: bool = True) -> Function:
    """Maintenance of one store. With `opens`, a store that cannot be opened makes it fail."""

    def plan(archive: Archive, arguments: Arguments) -> Any:
        instance = archive.running(arguments)
        store = instance.store(arguments["id"])
        words = (f"{store.messages} messages in archive store {store.name}.", "Working...")
        failure = store.error if opens else None
        return Plan(f"{title} archive store #{store.id}", lambda: change(instance, store), words, failure=failure)

    return plan


def _on_all(title: str, change: Callable[[Instance, Store], None]) -> Function:
    def plan(archive: Archive, arguments: Arguments) -> Any:
        instance = archive.running(arguments)

        def effect() -> None:
            for store in instance.stores:
                change(instance, store)

        failure = next((store.error for store in instance.stores if store.error), None)
        return Plan(title, effect, tuple(f"{title}: {store.name}" for store in instance.stores), failure=failure)

    return plan


def merge(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    target, source = instance.store(arguments["id"]), instance.store(arguments["sourceId"])
    if target is source:
        raise ApiError("An archive store cannot be merged with itself.")

    def effect() -> None:
        target.messages, target.size = target.messages + source.messages, target.size + source.size
        instance.stores.remove(source)

    return Plan(f"Merging archive store #{source.id} into #{target.id}", effect)


def transfer(archive: Archive, arguments: Arguments) -> Any:
    instance, host = archive.running(arguments), arguments["instanceHost"]
    if host not in archive.hosts:
        raise ApiError(f"Instance host '{host}' was not found.")
    return Plan(f"Transferring archive stores of {instance.id} to {host}")


FUNCTIONS: dict[str, Function] = {
    "TransferStores": transfer,
    "GetStores": listing,
    "CreateStore": create,
    "AttachStore": attach,
    "DetachStore": detach,
    "RenameStore": rename,
    "SetStoreRequestedState": set_state,
    "SetStorePath": set_path,
    "UnlockStore": unlock,
    "RetryOpenStores": retry_open,
    "SelectAllStoreIndexesForRebuild": select_all_indexes,
    "RebuildSelectedStoreIndexes": rebuild_selected_indexes,
    "VerifyStore": _on_one("Verifying", _nothing),
    "VerifyStores": _on_all("Verifying archive stores", _nothing),
    "CompactStore": _on_one("Compacting", _compacted),
    "UpgradeStore": _on_one("Upgrading", _upgraded),
    "UpgradeStores": _on_all("Upgrading archive stores", _upgraded),
    "RecoverStore": _on_one("Recovering", _recovered, opens=False),
    "RepairStoreDatabase": _on_one("Repairing the database of", _repaired, opens=False),
    "RecreateRecoveryRecords": _on_one("Recreating recovery records of", _nothing),
    "MergeStore": merge,
    "RefreshAllStoreStatistics": _on_all("Refreshing statistics", _nothing),
    "MaintainFileSystemDatabases": _on_all("Maintaining databases", _nothing),
}
