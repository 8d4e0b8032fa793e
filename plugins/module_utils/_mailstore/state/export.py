# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Reading a tenant, or the installation, into a document that brings it about again.

What the server makes itself is left out: ids, counters, times, the status of an error. All else is sorted, so that the
same server gives the same document, and a difference between two is what somebody has changed.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    AccessWithheld,
    CallFailed,
    FunctionUnknown,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ask, Document, described
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import (
    INSTANCE,
    PAIRS,
    Pair,
    is_hidden,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.document import (
    OF_INSTALLATION,
    OF_TENANT,
    Part,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance import RUNNING
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.job import Schedule
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.references import Names, is_secret
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.user import (
    API,
    FOLDER_PRIVILEGES,
    LOGIN_PRIVILEGES,
    PRIVILEGES,
)

_OF_ITS_OWN = ("ArchiveAdminEnabled", "InstanceConfiguration")
"""Configurations that are not in the list: at its top, or nowhere. Whether a provider may look in is for the tenant."""

_LOGS_IN_AS = ("userName", "username")
"""Where a configuration says who logs in. Where nobody does, it needs no secret."""

_CERTIFICATE_STATE = "CertificateExpirationDate"
"""What the server itself reads from a certificate."""


class Exported(NamedTuple):
    """A document, and what is not in it."""

    document: Document
    missing: dict[str, str]
    """Why a part of the document could not be read, by its name."""


def export_tenant(ask: Ask, entry: Mapping[str, Any]) -> Exported:
    """The document of the instance that ``entry`` of ``GetInstances`` describes.

    Raises `MopsError` only where the server is not there or does not tell of the instance at all.
    """
    instance, status = str(entry["instanceID"]), entry.get("status")
    configuration = INSTANCE.read(ask, instance)
    document: Document = {"instance": instance}
    if status == RUNNING:
        document["state"] = "started"
    document["configuration"] = _sorted({k: v for k, v in configuration.items() if k != "instanceID"})
    if status != RUNNING:
        reason = f"The instance does not run: its status is {status}."
        return Exported(document, {part.name: reason for part in OF_TENANT})
    return _with_parts(ask, instance, document, OF_TENANT)


def export_installation(ask: Ask) -> Exported:
    """The document of what all instances share."""
    return _with_parts(ask, None, {}, OF_INSTALLATION)


def _with_parts(ask: Ask, instance: str | None, document: Document, parts: Sequence[Part]) -> Exported:
    missing: dict[str, str] = {}
    names = Names()
    for part in parts:
        try:
            document[part.name] = _READERS[part.name](ask, instance, part, names)
        except (AccessWithheld, CallFailed, FunctionUnknown, AnswerUnusable) as error:
            missing[part.name] = str(error)
    return Exported(document, missing)


def _configurations(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    pairs = [
        pair for pair in PAIRS.values() if pair.name not in _OF_ITS_OWN and pair.of_instance is (instance is not None)
    ]
    return [
        {"name": pair.name, "configuration": _referring(document, names, instance or "installation", pair.name)}
        for pair in sorted(pairs, key=lambda pair: pair.name)
        for document in _readable(ask, pair, instance)
    ]


def _readable(ask: Ask, pair: Pair, instance: str | None) -> list[Document]:
    """The document, or none where this server has no such configuration."""
    try:
        return [pair.read(ask, instance)]
    except FunctionUnknown:
        return []


def _credentials(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    return _by_name(
        {
            "name": str(row.get("Description")),
            "type": row.get("Type"),
            "settings": _referring(
                {name: value for name, value in (row.get("Settings") or {}).items() if name != _CERTIFICATE_STATE},
                names,
                str(instance),
                part.name,
                str(row.get("Description")),
            ),
        }
        for row in part.rows(ask, instance)
    )


def _stores(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    options = (("database_path", "databasePath"), ("content_path", "contentPath"), ("index_path", "indexPath"))
    return _by_name(
        {
            "name": row.get("name"),
            **{option: row[key] for option, key in options if row.get(key)},
            "requested_state": row.get("requestedState"),
        }
        for row in part.rows(ask, instance)
    )


def _users(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    found = [
        described(ask, "GetUserInfo", instanceID=instance, userName=row["userName"]) for row in part.rows(ask, instance)
    ]
    return _by_name(_user(row, str(instance), names) for row in found)


def _user(row: Document, instance: str, names: Names) -> Document:
    name = str(row["userName"])
    login = [word for word in row.get("loginPrivileges") or [] if word != API]
    user: Document = {
        "name": name,
        "full_name": row.get("fullName") or "",
        "distinguished_name": row.get("distinguishedName") or "",
        "authentication": row.get("authentication"),
        "email_addresses": list(row.get("emailAddresses") or []),
        "pop3_user_names": sorted(row.get("pop3UserNames") or []),
        "privileges": _in_order(row.get("privileges"), PRIVILEGES),
        "login_privileges": _in_order(login, LOGIN_PRIVILEGES),
    }
    if row.get("authentication") == "integrated":
        user["user_password"] = names.reference(instance, "users", name, "password")
    if "privilegesOnFolders" in row:  # a server leaves it out for administrators
        user["privileges_on_folders"] = sorted(
            (
                {"folder": entry["folder"], "privileges": _in_order(entry.get("privileges"), FOLDER_PRIVILEGES)}
                for entry in row["privilegesOnFolders"] or []
            ),
            key=lambda entry: str(entry["folder"]),
        )
        user["purge_folders"] = True
    return {option: value for option, value in user.items() if value is not None}


def _profiles(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    return _by_name(_profile(row, str(instance), names) for row in part.rows(ask, instance))


def _profile(row: Document, instance: str, names: Names) -> Document:
    name, execution = str(row.get("name")), row.get("serverSideExecution")
    profile: Document = {
        "name": name,
        "owner": row.get("owner"),
        "type": row.get("type"),
        "connector": row.get("connector"),
        "details": _referring(row.get("details") or {}, names, instance, "profiles", name),
    }
    if isinstance(execution, Mapping) and isinstance(execution.get("automatic"), bool):
        profile["automatic"] = execution["automatic"]
        pause, windows = execution.get("automaticPauseBetweenExecutions"), execution.get("automaticMaintenanceWindows")
        if profile["automatic"] and str(pause).isdigit():
            profile["pause"] = int(str(pause))
        if profile["automatic"] and windows:
            profile["maintenance_windows"] = str(windows)
    return {option: value for option, value in profile.items() if value is not None}


def _jobs(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    return _by_name(_job(row) for row in part.rows(ask, instance))


def _job(row: Document) -> Document:
    timing = Schedule.of(row)
    schedule = {name: value for name, value in vars(timing).items() if value is not None}
    if "time" in schedule:
        schedule["time"] = _without_seconds(str(schedule["time"]))
    if "day_of_month" in schedule:
        schedule["day_of_month"] = str(schedule["day_of_month"]).replace("Last", "last")
    known = row.get("schedule")
    zone = (known if isinstance(known, Mapping) else row).get("timeZoneId")
    job = {
        "name": row.get("name"),
        "action": row.get("action"),
        "owner": row.get("owner"),
        "enabled": row.get("enabled"),
        "schedule": schedule or None,
        "time_zone": zone,
    }
    return {option: value for option, value in job.items() if value is not None}


def _instance_hosts(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    return _by_name(
        {
            option: value
            for option, value in (
                ("name", row.get("serverName")),
                ("service_port", row.get("port")),
                ("thumbprint", (row.get("serverCertificate") or {}).get("thumbprint")),
                ("base_directory", row.get("baseDirectory")),
            )
            if value is not None
        }
        for row in part.rows(ask, None)
    )


def _administrators(ask: Ask, instance: str | None, part: Part, names: Names) -> list[Document]:
    own = ("userName", "fullName", "mfaStatus")
    return _by_name(
        {
            "name": row.get("userName"),
            "full_name": row.get("fullName") or "",
            "configuration": _sorted({name: value for name, value in row.items() if name not in own}),
            "administrator_password": names.reference("administrators", str(row.get("userName")), "password"),
        }
        for row in part.rows(ask, None)
    )


Reader = Callable[[Ask, "str | None", Part, Names], "list[Document]"]

_READERS: Mapping[str, Reader] = {
    "configurations": _configurations,
    "credentials": _credentials,
    "stores": _stores,
    "users": _users,
    "profiles": _profiles,
    "jobs": _jobs,
    "instance_hosts": _instance_hosts,
    "administrators": _administrators,
}


def _by_name(entries: Any) -> list[Document]:
    return sorted(entries, key=lambda entry: (str(entry["name"]).casefold(), str(entry["name"]), repr(entry)))


def _referring(document: Any, names: Names, *path: str) -> Any:
    """The document in order, with a reference in the place of each secret that there is or may be.

    A server shows no secret. It has one where somebody logs in; where nobody does, null is the truth.
    """
    if isinstance(document, Mapping):
        logs_in = any(document.get(name) for name in _LOGS_IN_AS) or not any(n in document for n in _LOGS_IN_AS)
        return {
            name: (names.reference(*path, name) if logs_in or not is_hidden(value) else None)
            if is_secret(name)
            else _referring(value, names, *path, name)
            for name, value in sorted(document.items())
        }
    if isinstance(document, list):
        return [_referring(item, names, *path, str(number)) for number, item in enumerate(document)]
    return document


def _sorted(document: Any) -> Any:
    if isinstance(document, Mapping):
        return {name: _sorted(value) for name, value in sorted(document.items())}
    return [_sorted(item) for item in document] if isinstance(document, list) else document


def _in_order(words: Any, known: Sequence[str]) -> list[str]:
    order = {word: number for number, word in enumerate(known)}
    return sorted(words or [], key=lambda word: (order.get(word, len(order)), word))


def _without_seconds(time: str) -> str:
    return time[:5] if time[5:] == ":00" else time
