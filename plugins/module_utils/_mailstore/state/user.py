# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Users of an instance: whether they are there, and what they may do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    described,
    listed,
    nearest,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state import mfa
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)

AUTHENTICATIONS = ("integrated", "directoryServices")
PRIVILEGES = (
    "none",
    "admin",
    "login",
    "changePassword",
    "archive",
    "modifyArchiveProfiles",
    "export",
    "modifyExportProfiles",
    "delete",
)
API = "api"
LOGIN_PRIVILEGES = ("none", "windows", "web", "outlook", "windowsCmd", "imap", API)
FOLDER_PRIVILEGES = ("none", "read", "write", "delete")

ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance": {"type": "str"},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "create": {"type": "bool", "default": True},
    "full_name": {"type": "str"},
    "email_addresses": {"type": "list", "elements": "str"},
    "distinguished_name": {"type": "str"},
    "authentication": {"type": "str", "choices": list(AUTHENTICATIONS)},
    "pop3_user_names": {"type": "list", "elements": "str"},
    "privileges": {"type": "list", "elements": "str", "choices": list(PRIVILEGES)},
    "login_privileges": {"type": "list", "elements": "str", "choices": list(LOGIN_PRIVILEGES)},
    "privileges_on_folders": {
        "type": "list",
        "elements": "dict",
        "options": {
            "folder": {"type": "str", "required": True},
            "privileges": {
                "type": "list",
                "elements": "str",
                "choices": list(FOLDER_PRIVILEGES),
                "required": True,
            },
        },
    },
    "purge_folders": {"type": "bool", "default": False},
    "user_password": {"type": "str", "no_log": True},
    "update_password": {
        "type": "str",
        "choices": ["always", "on_create"],
        "default": "on_create",
        "no_log": False,
    },
    "mfa": {"type": "str", "choices": list(mfa.CHOICES)},
    "delete_app_passwords": {"type": "bool", "default": False, "no_log": False},
}
"""The options of mailstore_user, without those of the connection."""

_ALONE = ("none", "admin")
_MFA_FUNCTIONS = {"initialize": "InitializeMFA", "disable": "DisableMFA"}
_AFTER_COMMA = re.compile(r"(?<!\\),\s+")


@dataclass(frozen=True)
class WantedUser(Subject):
    """What should be of one user. None is what is left as it is."""

    instance: str | None
    name: str
    present: bool = True
    create: bool = True
    """Whether a user who is not there is created; else that is a failure."""
    full_name: str | None = None
    distinguished_name: str | None = None
    authentication: str | None = None
    email_addresses: Sequence[str] | None = None
    """The first one is the primary address."""
    pop3_user_names: Sequence[str] | None = None
    privileges: Sequence[str] | None = None
    login_privileges: Sequence[str] | None = None
    folders: Mapping[str, Sequence[str]] | None = None
    """The privileges on each folder."""
    purge_folders: bool = False
    """Whether the user has no privileges on any other folder."""
    password: str | None = field(default=None, repr=False)
    renews_password: bool = False
    mfa: str | None = None
    """One of `mfa.CHOICES`."""
    delete_app_passwords: bool = False

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.name.strip():
            raise InvalidOption("name must be a user's name, not empty.")
        for option, words in (("privileges", self.privileges), ("login_privileges", self.login_privileges)):
            _check_alone(option, words or ())
        for folder, words in (self.folders or {}).items():
            _check_alone(f"The privileges on {folder}", words)
        for option, items in (("email_addresses", self.email_addresses), ("pop3_user_names", self.pop3_user_names)):
            for item in items or ():
                if not item.strip() or "," in item:
                    raise InvalidOption(f"{option} must be a list of single values, so {item!r} cannot be one of them.")
        if self.purge_folders and self.folders is None:
            raise InvalidOption("purge_folders needs privileges_on_folders: an empty list where there are to be none.")

    def read(self, ask: Ask) -> Document | None:
        """One call where the user is as it should be, there or not; else one more."""
        if not self.present:
            return self._entry(ask)
        failure: CallFailed
        try:
            return described(ask, "GetUserInfo", instanceID=self.instance, userName=self.name)
        except CallFailed as error:
            failure = error  # which cannot be told from that of an instance that is not there, but by its words
        entry = self._entry(ask)
        if entry is None:
            return None
        if entry["userName"] == self.name:
            raise failure
        return described(ask, "GetUserInfo", instanceID=self.instance, userName=entry["userName"])

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [self._step("DeleteUser", current)]
        if current is None:
            new = {"userName": self.name}
            later = [self._setting(new, one) for one in self._different(new) if one.name not in _CREATED_WITH]
            return [self._creation(), *later, *self._on_folders(new), *self._mfa(new)]
        settings = [self._setting(current, one) for one in self._different(current)]
        renewal = []
        if self.password is not None and self.renews_password:
            renewal.append(self._step("SetUserPassword", current, {"password": self.password}, once=True))
        if self.delete_app_passwords:
            renewal.append(self._step("DeleteAppPasswords", current, once=True))
        return [*settings, *self._on_folders(current), *self._mfa(current), *renewal]

    def predicted(self, current: Document | None) -> Document | None:
        if not self.present:
            return None
        after = dict(current or {"userName": self.name})
        for one in self._different(after):
            after[one.name] = one.plain(self._wanted(one))
        folders = {**_folders(after), **self._folders_after(after)}
        after["privilegesOnFolders"] = [
            {"folder": folder, "privileges": list(words)} for folder, words in folders.items() if words
        ]
        if self.mfa is not None:
            after[mfa.STATUS] = mfa.predicted(self.mfa)
        return after

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        """With a word on the password, which the server never shows."""
        if self.password is None or after is None or (before is not None and not self.renews_password):
            return before, after
        if before is None:
            return None, {**after, "password": "(set)"}
        return {**before, "password": "(as it was)"}, {**after, "password": "(set anew)"}

    def entry(self, users: list[Document]) -> Document | None:
        """The user's row in ``GetUsers``. Raises `NotPossible` where there must be one."""
        entry = the_one(users, self.name, what="User", key="userName", any_case=True)
        if entry is None and self.present and not self.create:
            names = nearest(self.name, [str(user.get("userName")) for user in users])
            others = f"The nearest are {', '.join(names)}." if names else "It has no users."
            raise NotPossible(f"Instance {self.instance} has no user {self.name}, and create is false. {others}")
        return entry

    def _entry(self, ask: Ask) -> Document | None:
        return self.entry(listed(ask, "GetUsers", instanceID=self.instance))

    def _wanted(self, one: Property) -> Any:
        return getattr(self, one.option)

    def _different(self, current: Document) -> list[Property]:
        """What is asked for and not so."""
        return [
            one
            for one in _PROPERTIES
            if self._wanted(one) is not None
            and one.meaning(self._wanted(one)) != one.meaning(self._known(one, current))
        ]

    def _known(self, one: Property, current: Document) -> Any:
        """What the user has now, without what a current server shows of its own accord."""
        known = current.get(one.name)
        if one.option == "login_privileges" and API not in self._wanted(one):
            return [word for word in known or () if word != API]
        return known

    def _setting(self, current: Document, one: Property) -> Step:
        return self._step(one.function, current, {one.name: one.wire(self._wanted(one))})

    def _creation(self) -> Step:
        arguments = {
            one.name: one.wire(self._wanted(one))
            for one in _PROPERTIES
            if one.name in _CREATED_WITH and self._wanted(one) is not None
        }
        return self._step("CreateUser", {"userName": self.name}, {"password": self.password, **arguments})

    def _on_folders(self, current: Document) -> list[Step]:
        known, wanted = _folders(current), self._folders_after(current)
        if known and not any(wanted.values()) and set(known) <= set(wanted):
            return [self._step("ClearUserPrivilegesOnFolders", current)]
        return [
            self._step("SetUserPrivilegesOnFolder", current, {"folder": folder, "privileges": _words_wire(words)})
            for folder, words in wanted.items()
            if _words(words) != _words(known.get(folder))
        ]

    def _mfa(self, current: Document) -> list[Step]:
        due = mfa.change(self.mfa, current)
        return [self._step(_MFA_FUNCTIONS[due], current, once=self.mfa == mfa.RESET)] if due else []

    def _folders_after(self, current: Document) -> dict[str, list[str]]:
        """The privileges on every folder that the options say something of."""
        wanted = {folder: _words_plain(words) for folder, words in (self.folders or {}).items()}
        others: dict[str, list[str]] = {
            folder: [] for folder in _folders(current) if self.purge_folders and folder not in wanted
        }
        return {**wanted, **others}

    def _step(
        self, function: str, current: Document, arguments: Mapping[str, Any] | None = None, *, once: bool = False
    ) -> Step:
        named = {"instanceID": self.instance, "userName": current["userName"]}
        return Step(function, {**named, **(arguments or {})}, once)


def wanted_user(options: Mapping[str, Any]) -> WantedUser:
    """What the options ask for. Raises `InvalidOption`."""
    folders = options["privileges_on_folders"]
    return WantedUser(
        instance=options["instance"] or None,
        name=options["name"],
        present=options["state"] == "present",
        create=options["create"],
        full_name=options["full_name"],
        distinguished_name=options["distinguished_name"],
        authentication=options["authentication"],
        email_addresses=options["email_addresses"],
        pop3_user_names=options["pop3_user_names"],
        privileges=options["privileges"],
        login_privileges=options["login_privileges"],
        folders=None if folders is None else by_folder(folders),
        purge_folders=options["purge_folders"],
        password=options["user_password"] or None,
        renews_password=options["update_password"] == "always",
        mfa=options["mfa"],
        delete_app_passwords=options["delete_app_passwords"],
    )


def by_folder(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The privileges of each folder. Raises `InvalidOption` for a folder that is named twice."""
    folders: dict[str, list[str]] = {}
    for entry in entries:
        if entry["folder"] in folders:
            raise InvalidOption(f"privileges_on_folders names the folder {entry['folder']} twice.")
        folders[entry["folder"]] = entry["privileges"]
    return folders


@dataclass(frozen=True)
class Property:
    """One property of a user that has a function of its own."""

    option: str
    name: str
    """In ``GetUserInfo``, and as the function's argument."""
    meaning: Callable[[Any], Any]
    """What two values have in common that mean the same. None means that there is none."""
    wire: Callable[[Any], str | None]
    """The value as an argument; None leaves the argument out, which takes the property away."""
    plain: Callable[[Any], Any]
    """The value as ``GetUserInfo`` shows it."""

    @property
    def function(self) -> str:
        return f"SetUser{self.name[0].upper()}{self.name[1:]}"


def _text(value: str | None) -> str:
    return value or ""


def _text_wire(value: str) -> str | None:
    return value or None


def _distinguished_name(value: str | None) -> str:
    """Without what does not count: upper and lower case, and space after commas."""
    return _AFTER_COMMA.sub(",", value or "").casefold()


def _addresses(value: Sequence[str] | None) -> tuple[str, frozenset[str]]:
    """The primary address, and all, in whatever case and order."""
    addresses = [address.strip().casefold() for address in value or ()]
    return "".join(addresses[:1]), frozenset(addresses)


def _names(value: Sequence[str] | None) -> frozenset[str]:
    return frozenset(name.strip() for name in value or ())


def _list_wire(value: Sequence[str]) -> str | None:
    return ",".join(item.strip() for item in value) or None


def _words(value: Sequence[str] | None) -> frozenset[str]:
    """Privileges in whatever order; ``none`` is to have no privilege."""
    return frozenset(value or ()) - {"none"}


def _words_wire(value: Sequence[str]) -> str:
    return ",".join(_words_plain(value)) or "none"


def _words_plain(value: Sequence[str]) -> list[str]:
    return [word for word in dict.fromkeys(value) if word != "none"]


_PROPERTIES = (
    Property("full_name", "fullName", _text, _text_wire, _text_wire),
    Property("distinguished_name", "distinguishedName", _distinguished_name, _text_wire, _text_wire),
    Property("authentication", "authentication", _text, _text_wire, _text_wire),
    Property("email_addresses", "emailAddresses", _addresses, _list_wire, list),
    Property("pop3_user_names", "pop3UserNames", _names, _list_wire, list),
    Property("privileges", "privileges", _words, _words_wire, _words_plain),
    Property("login_privileges", "loginPrivileges", _words, _words_wire, _words_plain),
)

_CREATED_WITH = frozenset(("fullName", "distinguishedName", "authentication", "privileges", "loginPrivileges"))
"""The arguments that CreateUser takes, too."""


def _folders(document: Document) -> dict[str, Sequence[str]]:
    """The privileges on folders, by folder, as ``GetUserInfo`` shows them."""
    entries = document.get("privilegesOnFolders") or ()
    return {entry["folder"]: entry["privileges"] for entry in entries if entry.get("privileges")}


def _check_alone(what: str, words: Sequence[str]) -> None:
    for word in _ALONE:
        if word in words and len(set(words)) > 1:
            raise InvalidOption(f"{what}: {word} can only stand alone, not beside other privileges.")
