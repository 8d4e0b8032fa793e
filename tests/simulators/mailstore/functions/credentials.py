# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials of an instance, for Microsoft 365 and the like."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..archive import Archive
from ..arguments import SECRET, ApiError, Arguments
from .kind import Function


def listing(archive: Archive, arguments: Arguments) -> Any:
    """A secret is null, as in configurations."""
    return [{**item, "Settings": _shown(item["Settings"])} for item in archive.running(arguments).credentials]


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: None if SECRET.search(name) else value for name, value in settings.items()}


def create(archive: Archive, arguments: Arguments) -> Any:
    known, config = archive.running(arguments).credentials, arguments["config"]
    example = shapes.row("GetCredentials", ID=max((item["ID"] for item in known), default=0) + 1)
    if not isinstance(config, dict) or set(config) - set(example) or "ID" in config:
        raise ApiError("Invalid value for argument 'config'.")
    known.append({**example, **config})


def delete(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).credentials.remove(_found(archive, arguments))


def settings(archive: Archive, arguments: Arguments) -> Any:
    return _shown(_found(archive, arguments)["Settings"])


def set_settings(archive: Archive, arguments: Arguments) -> Any:
    if not isinstance(arguments["settings"], dict):
        raise ApiError("Invalid value for argument 'settings'.")
    _found(archive, arguments)["Settings"] = arguments["settings"]


def _found(archive: Archive, arguments: Arguments) -> dict[str, Any]:
    for item in archive.running(arguments).credentials:
        if item["ID"] == arguments["id"]:
            return item
    raise ApiError(f"Credential {arguments['id']} was not found.")


FUNCTIONS: dict[str, Function] = {
    "GetCredentials": listing,
    "CreateCredential": create,
    "DeleteCredential": delete,
    "GetCredentialSettings": settings,
    "SetCredentialSettings": set_settings,
}
