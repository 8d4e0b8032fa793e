# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installation: environment, service status, hosts, access servers, administrators."""

from __future__ import annotations

import fnmatch
import secrets
from collections.abc import Mapping
from typing import Any

from ..archive import Archive
from ..arguments import ApiError, Arguments
from ..process import Plan
from .kind import Function

VERSION = "25.3.0.23000"


def environment_info(archive: Archive, _arguments: Arguments) -> Any:
    return {
        "version": VERSION,
        "copyright": "simulated",
        "licenseeName": "Simulated Hosting Ltd",
        "licenseeID": 10_000,
        "serverName": archive.server_name,
        "userName": archive.user_name,
        "systemProperties": {
            "processors": ["Simulated CPU", "Simulated CPU"],
            "totalPhysicalMemory": 8_589_934_592,
            "operatingSystem": "Simulated Server",
        },
    }


def service_status(archive: Archive, _arguments: Arguments) -> Any:
    """The alert feed, worked out from the archive as it is now."""
    messages = []
    for instance in archive.instances.values():
        if instance.start_stop_error:
            text = f"Instance '{instance.id}' has an error: {instance.start_stop_error}"
            messages.append(_message("error", text, f"instance:{instance.id}"))
        for store in instance.stores:
            tag = f"store:{instance.id}:{store.id}"
            where = f"archive store '{store.name}' of instance '{instance.id}'"
            if store.error:
                messages.append(_message("error", f"The {where} is not available: {store.error}", tag))
            if store.needs_rebuild:
                messages.append(_message("warning", f"Search indexes of the {where} need to be rebuilt.", tag))
            if store.needs_upgrade:
                messages.append(_message("warning", f"The {where} needs to be upgraded.", tag))
    messages.append(_message("information", f"{len(archive.instances)} instances are licensed.", "license"))
    return {"messages": messages}


def _message(kind: str, text: str, tag: str) -> dict[str, str]:
    return {"type": kind, "text": text, "tag": tag}


def _listed(entries: Mapping[str, dict[str, Any]], arguments: Arguments) -> list[dict[str, Any]]:
    pattern = arguments.get("serverNameFilter", "*")
    return [entry for name, entry in entries.items() if fnmatch.fnmatchcase(name, pattern)]


def instance_hosts(archive: Archive, arguments: Arguments) -> Any:
    return _listed(archive.hosts, arguments)


def client_access_servers(archive: Archive, arguments: Arguments) -> Any:
    entries = _listed(archive.access_servers, arguments)
    if arguments.get("withServiceStatus", True):
        return entries
    return [{key: value for key, value in entry.items() if key != "serviceStatus"} for entry in entries]


def _named(config: Any, key: str) -> str:
    if not isinstance(config, dict) or not isinstance(config.get(key), str) or not config[key]:
        raise ApiError("Invalid value for argument 'config'.", f"'{key}' is missing.")
    name: str = config[key]
    return name


def _create(entries: dict[str, dict[str, Any]], config: Any, key: str, defaults: dict[str, Any]) -> None:
    name = _named(config, key)
    if name in entries:
        raise ApiError(f"'{name}' exists already.")
    entries[name] = {**defaults, **config}


def _change(entries: dict[str, dict[str, Any]], config: Any, key: str) -> None:
    name = _named(config, key)
    if name not in entries:
        raise ApiError(f"'{name}' was not found.")
    entries[name] = {**entries[name], **config}


def _remove(entries: dict[str, dict[str, Any]], name: str) -> None:
    if entries.pop(name, None) is None:
        raise ApiError(f"'{name}' was not found.")


def create_instance_host(archive: Archive, arguments: Arguments) -> Any:
    defaults = {"port": 8472, "serviceStatus": "running", "version": VERSION}
    _create(archive.hosts, arguments["config"], "serverName", defaults)
    archive.directories.setdefault(arguments["config"]["serverName"], ["C:\\MailArchive"])


def set_instance_host(archive: Archive, arguments: Arguments) -> Any:
    _change(archive.hosts, arguments["config"], "serverName")


def delete_instance_host(archive: Archive, arguments: Arguments) -> Any:
    name = arguments["serverName"]
    if any(instance.configuration["instanceHost"] == name for instance in archive.instances.values()):
        raise ApiError(f"Instance host '{name}' still has instances.")
    _remove(archive.hosts, name)


def create_access_server(archive: Archive, arguments: Arguments) -> Any:
    defaults = {"port": 8473, "serviceStatus": "running", "version": VERSION}
    _create(archive.access_servers, arguments["config"], "serverName", defaults)


def set_access_server(archive: Archive, arguments: Arguments) -> Any:
    _change(archive.access_servers, arguments["config"], "serverName")


def delete_access_server(archive: Archive, arguments: Arguments) -> Any:
    _remove(archive.access_servers, arguments["serverName"])


def directories(archive: Archive, arguments: Arguments) -> Any:
    known = archive.directories.get(arguments["serverName"])
    if known is None:
        raise ApiError(f"Instance host '{arguments['serverName']}' was not found.")
    return [path for path in known if path.startswith(arguments.get("path", ""))]


def create_directory(archive: Archive, arguments: Arguments) -> Any:
    known = archive.directories.get(arguments["serverName"])
    if known is None:
        raise ApiError(f"Instance host '{arguments['serverName']}' was not found.")
    if arguments["path"] not in known:
        known.append(arguments["path"])


def administrators(archive: Archive, _arguments: Arguments) -> Any:
    return list(archive.administrators.values())


def create_administrator(archive: Archive, arguments: Arguments) -> Any:
    _create(archive.administrators, arguments["config"], "userName", {"fullName": None, "mfaStatus": "disabled"})


def set_administrator(archive: Archive, arguments: Arguments) -> Any:
    _change(archive.administrators, arguments["config"], "userName")


def delete_administrator(archive: Archive, arguments: Arguments) -> Any:
    if arguments["userName"] == archive.user_name:
        raise ApiError("An administrator cannot delete himself.")
    _remove(archive.administrators, arguments["userName"])


def touch_administrator(archive: Archive, arguments: Arguments) -> Any:
    if arguments["userName"] not in archive.administrators:
        raise ApiError(f"'{arguments['userName']}' was not found.")


def _administrator_mfa(status: str) -> Function:
    def change(archive: Archive, arguments: Arguments) -> Any:
        touch_administrator(archive, arguments)
        archive.administrators[arguments["userName"]]["mfaStatus"] = status

    return change


def create_api_password(archive: Archive, _arguments: Arguments) -> Any:
    archive.api_passwords.append(secrets.token_urlsafe(24))
    return archive.api_passwords[-1]


def ping(_archive: Archive, _arguments: Arguments) -> Any:
    return None


def license_request(_archive: Archive, _arguments: Arguments) -> Any:
    return "c2ltdWxhdGVkIGxpY2Vuc2UgcmVxdWVzdA=="


def send_test_message(archive: Archive, _arguments: Arguments) -> Any:
    host = archive.configurations["SystemSmtpConfiguration"].get("hostname")
    return Plan("Sending a test message", brief=True, failure=None if host else "No SMTP server is configured.")


FUNCTIONS: dict[str, Function] = {
    "GetEnvironmentInfo": environment_info,
    "GetServiceStatus": service_status,
    "Ping": ping,
    "GetInstanceHosts": instance_hosts,
    "CreateInstanceHost": create_instance_host,
    "SetInstanceHostConfiguration": set_instance_host,
    "DeleteInstanceHost": delete_instance_host,
    "GetClientAccessServers": client_access_servers,
    "CreateClientAccessServer": create_access_server,
    "SetClientAccessServerConfiguration": set_access_server,
    "DeleteClientAccessServer": delete_access_server,
    "GetDirectoriesOnInstanceHost": directories,
    "CreateDirectoryOnInstanceHost": create_directory,
    "GetSystemAdministrators": administrators,
    "CreateSystemAdministrator": create_administrator,
    "SetSystemAdministratorConfiguration": set_administrator,
    "SetSystemAdministratorPassword": touch_administrator,
    "DeleteSystemAdministrator": delete_administrator,
    "InitializeSystemAdministratorMFA": _administrator_mfa("enabled"),
    "DeactivateSystemAdministratorMFA": _administrator_mfa("disabled"),
    "CreateSystemAdministratorAPIPassword": create_api_password,
    "CreateLicenseRequest": license_request,
    "ReloadBranding": ping,
    "PairWithManagementServer": ping,
    "TestSystemSmtpConfiguration": send_test_message,
}
