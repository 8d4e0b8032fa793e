# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users taken over from directory services."""

from __future__ import annotations

from typing import Any

from ..archive import Archive, Instance, User
from ..arguments import Arguments
from ..process import Plan
from .kind import Function


def sync(archive: Archive, arguments: Arguments) -> Any:
    """Says in its log and its result what changes; with dryRun it is not done."""
    instance = archive.running(arguments)
    dry = bool(arguments.get("dryRun", False))
    created, updated, deleted = _differences(instance)
    steps = (
        *(f"User '{name}' is created." for name in created),
        *(f"User '{name}' is updated." for name in updated),
        *(f"User '{name}' is deleted." for name in deleted),
    )

    def effect() -> Any:
        if not dry:
            _apply(instance, created, updated, deleted)
        return {"dryRun": dry, "created": created, "updated": updated, "deleted": deleted}

    title = "Synchronizing users (simulation)" if dry else "Synchronizing users"
    return Plan(title, effect, steps or ("Nothing to do.",), brief=True, log_all=True)


def _differences(instance: Instance) -> tuple[list[str], list[str], list[str]]:
    known = {name: user for name, user in instance.users.items() if user.authentication == "directoryServices"}
    created = [name for name in instance.directory if name.lower() not in instance.users]
    updated = [
        name
        for name, full_name in instance.directory.items()
        if name.lower() in known and known[name.lower()].full_name != full_name
    ]
    there = {name.lower() for name in instance.directory}
    return created, updated, [user.user_name for name, user in known.items() if name not in there]


def _apply(instance: Instance, created: list[str], updated: list[str], deleted: list[str]) -> None:
    for name in created:
        instance.users[name.lower()] = User(name, instance.directory[name], authentication="directoryServices")
    for name in updated:
        instance.users[name.lower()].full_name = instance.directory[name]
    for name in deleted:
        instance.users.pop(name.lower(), None)


FUNCTIONS: dict[str, Function] = {"SyncUsersWithDirectoryServices": sync}
