# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pair of a Get and a Set function of one configuration document, by one mechanism; and what uses them."""

from __future__ import annotations

import secrets
from typing import Any

from ..archive import Archive
from ..arguments import SECRET, ApiError, Arguments
from ..configurations import GLOBAL_DEFAULTS, INSTANCE_DEFAULTS
from ..process import Plan
from .kind import Function

# The argument of the Set function that holds the document; in all others it is called config.
VALUE_ARGUMENTS = {"SmtpSettings": "settings"}


def _get(name: str) -> Function:
    """A secret is null on Get, whether there is one or not."""

    def function(archive: Archive, arguments: Arguments) -> Any:
        document = _documents(archive, arguments)[name]
        return {key: None if SECRET.search(key) else value for key, value in document.items()}

    return function


def _set(name: str) -> Function:
    argument = VALUE_ARGUMENTS.get(name, "config")

    def function(archive: Archive, arguments: Arguments) -> Any:
        documents, value = _documents(archive, arguments), arguments[argument]
        _check(value, (INSTANCE_DEFAULTS | GLOBAL_DEFAULTS)[name], argument)
        documents[name] = value

    return function


def _documents(archive: Archive, arguments: Arguments) -> dict[str, Any]:
    return archive.running(arguments).configurations if "instanceID" in arguments else archive.configurations


def _check(value: Any, example: Any, argument: str) -> None:
    if type(value) is not type(example):
        raise ApiError(f"Invalid value for argument '{argument}'.", f"Not of type {type(example).__name__}.")
    if isinstance(example, dict):
        unknown = set(value) - set(example)
        if unknown:
            raise ApiError(f"Invalid value for argument '{argument}'.", f"Unknown property '{min(unknown)}'.")


def _pairs() -> dict[str, Function]:
    functions: dict[str, Function] = {}
    for name in (*INSTANCE_DEFAULTS, *GLOBAL_DEFAULTS):
        functions[f"Get{name}"] = _get(name)
        functions[f"Set{name}"] = _set(name)
    return functions


def archive_admin_enabled(archive: Archive, arguments: Arguments) -> Any:
    return archive.find(arguments).provider_access


def set_archive_admin_enabled(archive: Archive, arguments: Arguments) -> Any:
    archive.find(arguments).provider_access = arguments["enabled"]


def send_test_message(archive: Archive, arguments: Arguments) -> Any:
    host = archive.running(arguments).configurations["SmtpSettings"].get("hostname")
    return Plan("Sending a test message", brief=True, failure=None if host else "No SMTP server is configured.")


def process_retention(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments)
    return Plan("Processing retention policies")


def send_report(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments)
    return Plan("Sending the status report", brief=True)


def one_time_url(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    base = arguments.get("instanceUrl", f"https://{instance.configuration['instanceHost']}/{instance.id}")
    return f"{base}/client?ticket={secrets.token_hex(16)}"


def time_zones(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments)
    return [{"id": "$Local", "displayName": "Server's time zone"}, {"id": "UTC", "displayName": "UTC"}]


FUNCTIONS: dict[str, Function] = {
    **_pairs(),
    "GetArchiveAdminEnabled": archive_admin_enabled,
    "SetArchiveAdminEnabled": set_archive_admin_enabled,
    "TestSmtpSettings": send_test_message,
    "ProcessRetentionPolicies": process_retention,
    "SendStatusReport": send_report,
    "CreateClientOneTimeUrlForArchiveAdmin": one_time_url,
    "GetTimeZones": time_zones,
}
