# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of an instance: accounts, privileges, privileges on folders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..archive import LOGIN_PRIVILEGES, Archive, User
from ..arguments import ApiError, Arguments
from .kind import Function, one_of, word_list

AUTHENTICATIONS = ("integrated", "directoryServices")
PRIVILEGES = ("login", "changePassword", "archive", "modifyArchiveProfiles", "export", "modifyExportProfiles", "delete")
FOLDER_PRIVILEGES = ("read", "write", "delete")


def listing(archive: Archive, arguments: Arguments) -> Any:
    return [user.summary() for user in archive.running(arguments).users.values()]


def information(archive: Archive, arguments: Arguments) -> Any:
    return _user(archive, arguments).as_json()


def _user(archive: Archive, arguments: Arguments) -> User:
    return archive.running(arguments).user(arguments["userName"])


def create(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    name = arguments["userName"]
    if name.lower() in instance.users:
        raise ApiError(f"User '{name}' exists already.")
    user = User(
        name,
        full_name=arguments.get("fullName"),
        distinguished_name=arguments.get("distinguishedName"),
        authentication=one_of(arguments, "authentication", AUTHENTICATIONS, "integrated"),
        password=arguments.get("password"),
    )
    if "privileges" in arguments:
        user.privileges = word_list(arguments["privileges"], PRIVILEGES, ("none", "admin"), "privileges")
    if "loginPrivileges" in arguments:
        _login_privileges(user, arguments)
    instance.users[name.lower()] = user


def delete(archive: Archive, arguments: Arguments) -> Any:
    user = _user(archive, arguments)
    del archive.running(arguments).users[user.user_name.lower()]


def rename(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    user = instance.user(arguments["oldUserName"])
    new = arguments["newUserName"]
    if new.lower() in instance.users and new.lower() != user.user_name.lower():
        raise ApiError(f"User '{new}' exists already.")
    del instance.users[user.user_name.lower()]
    user.user_name = new
    instance.users[new.lower()] = user


def _changing(change: Callable[[User, Arguments], None]) -> Function:
    def function(archive: Archive, arguments: Arguments) -> Any:
        change(_user(archive, arguments), arguments)

    return function


def _full_name(user: User, arguments: Arguments) -> None:
    user.full_name = arguments.get("fullName")


def _distinguished_name(user: User, arguments: Arguments) -> None:
    user.distinguished_name = arguments.get("distinguishedName")


def _authentication(user: User, arguments: Arguments) -> None:
    user.authentication = one_of(arguments, "authentication", AUTHENTICATIONS, "integrated")


def _email_addresses(user: User, arguments: Arguments) -> None:
    user.email_addresses = _items(arguments.get("emailAddresses"))


def _pop3_user_names(user: User, arguments: Arguments) -> None:
    user.pop3_user_names = _items(arguments.get("pop3UserNames"))


def _items(text: str | None) -> list[str]:
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _password(user: User, arguments: Arguments) -> None:
    if user.authentication != "integrated":
        raise ApiError("The password of a user of directory services cannot be set.")
    user.password = arguments["password"]


def _privileges(user: User, arguments: Arguments) -> None:
    user.privileges = word_list(arguments["privileges"], PRIVILEGES, ("none", "admin"), "privileges")


def _login_privileges(user: User, arguments: Arguments) -> None:
    """`api` is shown without being asked for."""
    held = word_list(arguments["loginPrivileges"], LOGIN_PRIVILEGES, ("none",), "loginPrivileges")
    user.login_privileges = [*held, "api"]


def _folder_privileges(user: User, arguments: Arguments) -> None:
    held = word_list(arguments["privileges"], FOLDER_PRIVILEGES, ("none",), "privileges")
    if held:
        user.folders[arguments["folder"]] = held
    else:
        user.folders.pop(arguments["folder"], None)


def _clear_folders(user: User, _arguments: Arguments) -> None:
    user.folders.clear()


def _mfa(enabled: bool) -> Function:
    def change(user: User, _arguments: Arguments) -> None:
        user.mfa = enabled

    return _changing(change)


def _app_passwords(_user: User, _arguments: Arguments) -> None:
    """Nothing of app passwords is kept here."""


def set_privileges_on_all_folders(archive: Archive, arguments: Arguments) -> Any:
    user = _user(archive, arguments)
    for folder in list(user.folders):
        _folder_privileges(user, {**arguments, "folder": folder})


FUNCTIONS: dict[str, Function] = {
    "GetUsers": listing,
    "GetUserInfo": information,
    "CreateUser": create,
    "DeleteUser": delete,
    "RenameUser": rename,
    "SetUserFullName": _changing(_full_name),
    "SetUserDistinguishedName": _changing(_distinguished_name),
    "SetUserAuthentication": _changing(_authentication),
    "SetUserEmailAddresses": _changing(_email_addresses),
    "SetUserPop3UserNames": _changing(_pop3_user_names),
    "SetUserPassword": _changing(_password),
    "SetUserPrivileges": _changing(_privileges),
    "SetUserLoginPrivileges": _changing(_login_privileges),
    "SetUserPrivilegesOnFolder": _changing(_folder_privileges),
    "ClearUserPrivilegesOnFolders": _changing(_clear_folders),
    "InitializeMFA": _mfa(True),
    "DisableMFA": _mfa(False),
    "DeleteAppPasswords": _changing(_app_passwords),
    "SetUserPrivilegesOnAllFolders": set_privileges_on_all_folders,
}
