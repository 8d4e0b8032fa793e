# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of an instance: one per user, as far as privileges name them."""

from __future__ import annotations

from typing import Any

from ..archive import Archive, Instance
from ..arguments import ApiError, Arguments
from ..process import Plan
from .kind import Function


def _folders(instance: Instance) -> list[str]:
    named = {folder for user in instance.users.values() for folder in user.folders}
    return sorted(named)


def children(archive: Archive, arguments: Arguments) -> Any:
    folders = _folders(archive.running(arguments))
    parent = arguments.get("folder")
    if parent is None:
        return [{"name": name, "fullName": name, "childFolders": []} for name in folders]
    if parent not in folders:
        raise ApiError(f"Folder '{parent}' was not found.")
    return [{"name": "Inbox", "fullName": f"{parent}/Inbox", "childFolders": []}]


def statistics(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    messages = sum(store.messages for store in instance.stores)
    size = sum(store.size for store in instance.stores)
    folders = _folders(instance)
    return [{"folder": name, "count": messages // len(folders), "size": size // len(folders)} for name in folders]


def move(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    old, new = arguments["fromFolder"], arguments["toFolder"]
    if old not in _folders(instance):
        raise ApiError(f"Folder '{old}' was not found.")
    for user in instance.users.values():
        if old in user.folders:
            user.folders[new] = user.folders.pop(old)


def delete_empty(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments)
    return Plan("Deleting empty folders", brief=True)


FUNCTIONS: dict[str, Function] = {
    "GetChildFolders": children,
    "GetFolderStatistics": statistics,
    "MoveFolder": move,
    "DeleteEmptyFolders": delete_empty,
}
