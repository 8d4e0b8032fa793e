# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: listed, created, started, stopped, frozen, thawed, deleted, and what they hold in numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .. import shapes
from ..archive import MEGABYTE, Archive, Instance
from ..arguments import ApiError, Arguments
from ..fleet import START_ERROR, new_instance, total_megabytes
from ..process import Plan
from .kind import Function


def listing(archive: Archive, arguments: Arguments) -> Any:
    return [instance.as_json() for instance in archive.matching(arguments["instanceFilter"])]


def statistics(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    messages = sum(store.messages for store in instance.stores)
    total = total_megabytes(instance)
    database, index = total // 25, total // 30
    return shapes.document(
        "GetInstanceStatistics",
        numberOfMessages=messages,
        totalSizeMB=total,
        databaseFileSizeMB=database,
        contentFileSizeMB=total - database - index,
        indexFileSizeMB=index,
    )


def live_statistics(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    now = datetime.now().replace(microsecond=0).isoformat()
    memory = (180 + len(instance.stores) * 12) * MEGABYTE
    return shapes.document("GetInstanceProcessLiveStatistics", timestamp=now, currentPrivateMemoryBytes=memory)


def configuration(archive: Archive, arguments: Arguments) -> Any:
    return archive.find(arguments).configuration


def create(archive: Archive, arguments: Arguments) -> Any:
    config = arguments["config"]
    identifier = _identifier(config)
    if identifier in archive.instances:
        raise ApiError(f"Instance '{identifier}' exists already.")
    if config.get("instanceHost") not in archive.hosts:
        raise ApiError(f"Instance host '{config.get('instanceHost')}' was not found.")
    instance = new_instance(identifier, config["instanceHost"])
    _apply(instance, config)
    instance.status = "stopped"
    instance.provider_access = False  # the tenant's to give
    archive.instances[identifier] = instance


def configure(archive: Archive, arguments: Arguments) -> Any:
    config = arguments["config"]
    instance = archive.find({"instanceID": _identifier(config)})
    if config.get("instanceHost", instance.configuration["instanceHost"]) not in archive.hosts:
        raise ApiError(f"Instance host '{config['instanceHost']}' was not found.")
    _apply(instance, config)


def _identifier(config: Any) -> str:
    if not isinstance(config, dict) or not isinstance(config.get("instanceID"), str) or not config["instanceID"]:
        raise ApiError("Invalid value for argument 'config'.", "'instanceID' is missing.")
    identifier: str = config["instanceID"]
    return identifier


def _apply(instance: Instance, config: dict[str, Any]) -> None:
    unknown = set(config) - set(instance.configuration)
    if unknown:
        raise ApiError("Invalid value for argument 'config'.", f"Unknown property '{min(unknown)}'.")
    instance.configuration = {**instance.configuration, **config}


def _over_matching(title: str, change: Callable[[Archive, Instance], None]) -> Function:
    """A function that is given a filter and does the same to every instance that it names."""

    def plan(archive: Archive, arguments: Arguments) -> Any:
        chosen = archive.matching(arguments["instanceFilter"])
        if not chosen:
            raise ApiError(f"No instance matches '{arguments['instanceFilter']}'.")

        def effect() -> None:
            for instance in chosen:
                change(archive, instance)

        return Plan(title, effect, tuple(f"{title}: {instance.id}" for instance in chosen), brief=True)

    return plan


def _start(_archive: Archive, instance: Instance) -> None:
    if instance.start_fails:
        instance.status, instance.start_stop_error = "stopped", START_ERROR
        return
    instance.status, instance.start_stop_error = "running", None


def _stop(_archive: Archive, instance: Instance) -> None:
    instance.status, instance.start_stop_error = "stopped", None


def _freeze(_archive: Archive, instance: Instance) -> None:
    if instance.status == "stopped":
        raise ApiError(f"Instance '{instance.id}' is not running.")
    instance.status = "frozen"


def _thaw(_archive: Archive, instance: Instance) -> None:
    if instance.status == "frozen":
        instance.status = "running"


def _delete(archive: Archive, instance: Instance) -> None:
    archive.instances.pop(instance.id, None)


FUNCTIONS: dict[str, Function] = {
    "GetInstances": listing,
    "GetInstanceStatistics": statistics,
    "GetInstanceProcessLiveStatistics": live_statistics,
    "GetInstanceConfiguration": configuration,
    "CreateInstance": create,
    "SetInstanceConfiguration": configure,
    "StartInstances": _over_matching("Starting instances", _start),
    "StopInstances": _over_matching("Stopping instances", _stop),
    "RestartInstances": _over_matching("Restarting instances", _start),
    "FreezeInstances": _over_matching("Freezing instances", _freeze),
    "ThawInstances": _over_matching("Thawing instances", _thaw),
    "DeleteInstances": _over_matching("Deleting instances", _delete),
}
