# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MailStore Server has of its own, or does in its own way."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..archive import LOGIN_PRIVILEGES, Archive
from ..arguments import ApiError, Arguments
from ..process import Plan
from . import stores, users
from .kind import Function, one_of, word_list

STORE_TYPES = ("FileSystemInternal", "SQLServer", "PostgreSQL")


def server_info(_archive: Archive, _arguments: Arguments) -> Any:
    return shapes.document("GetServerInfo", shapes.SERVER)


def active_sessions(_archive: Archive, _arguments: Arguments) -> Any:
    return []


def compact_master_database(_archive: Archive, _arguments: Arguments) -> Any:
    return Plan("Compacting the master database")


def create_backup(_archive: Archive, _arguments: Arguments) -> Any:
    return Plan("Creating a backup")


def renew_master_key(_archive: Archive, _arguments: Arguments) -> Any:
    return Plan("Renewing the master key", brief=True)


def _with_type(function: Function) -> Function:
    def typed(archive: Archive, arguments: Arguments) -> Any:
        if one_of(arguments, "type", STORE_TYPES, "") == "FileSystemInternal" and "databasePath" not in arguments:
            raise ApiError("Missing argument 'databasePath'.")
        return function(archive, arguments)

    return typed


def set_store_properties(archive: Archive, arguments: Arguments) -> Any:
    store = archive.running(arguments).store(arguments["id"])
    store.database_path = arguments.get("databasePath", store.database_path)


def set_login_privileges(archive: Archive, arguments: Arguments) -> Any:
    """`api` is for administrators."""
    user = archive.running(arguments).user(arguments["userName"])
    allowed = (*LOGIN_PRIVILEGES, "api") if "admin" in user.privileges else LOGIN_PRIVILEGES
    user.login_privileges = word_list(arguments["loginPrivileges"], allowed, ("none",), "loginPrivileges")


def create_user(archive: Archive, arguments: Arguments) -> Any:
    users.create(archive, {name: value for name, value in arguments.items() if name != "loginPrivileges"})
    user = archive.running(arguments).user(arguments["userName"])
    user.login_privileges = list(LOGIN_PRIVILEGES)
    if "loginPrivileges" in arguments:
        set_login_privileges(archive, arguments)


FUNCTIONS: dict[str, Function] = {
    "GetServerInfo": server_info,
    "GetActiveSessions": active_sessions,
    "CompactMasterDatabase": compact_master_database,
    "CreateBackup": create_backup,
    "RenewMasterKey": renew_master_key,
    "AttachStore": _with_type(stores.attach),
    "CreateStore": _with_type(stores.create),
    "SetStoreProperties": set_store_properties,
    "CreateUser": create_user,
    "SetUserLoginPrivileges": set_login_privileges,
}
