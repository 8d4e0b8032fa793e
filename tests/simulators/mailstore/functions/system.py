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

from .. import shapes
from ..archive import Archive, mfa_status
from ..arguments import ApiError, Arguments
from ..fleet import access_server, instance_host
from ..process import Plan
from .kind import Function


def environment_info(archive: Archive, _arguments: Arguments) -> Any:
    return shapes.document("GetEnvironmentInfo", serverName=archive.server_name, userName=archive.user_name)


def environment_info_of_8(archive: Archive, _arguments: Arguments) -> Any:
    names = {"serverName": archive.server_name, "userName": archive.user_name}
    return shapes.document("GetEnvironmentInfo", shapes.FIRST, **names)


def service_status(archive: Archive, _arguments: Arguments) -> Any:
    """The alert feed, worked out from the archive as it is now."""
    messages = []
    for instance in archive.instances.values():
        where = f"Instance {instance.id} on {instance.configuration['instanceHost']}"
        if instance.start_stop_error:
            messages.append(_message("error", f"{where}: {instance.start_stop_error}"))
        if any(store.error for store in instance.stores):
            messages.append(_message("error", f"{where}: One or more archive stores are not available."))
        if any(store.needs_rebuild for store in instance.stores):
            messages.append(_message("error", f"{where}: One or more search indexes have to be rebuilt."))
        if any(store.needs_upgrade for store in instance.stores):
            messages.append(_message("warning", f"{where}: One or more archive stores have to be upgraded."))
    if archive.new_version:
        messages.append(_message("information", f"A new version is available: {archive.new_version}."))
    smtp = archive.configurations["SystemSmtpConfiguration"]
    if smtp["protocol"] == "SMTP":
        messages.append(_message("warning", "The SMTP connection is not encrypted."))
    elif smtp["ignoreSslPolicyErrors"]:
        messages.append(_message("warning", "The SMTP connection accepts all certificates."))
    environment = environment_info(archive, {})
    return shapes.document(
        "GetServiceStatus", messages=messages, environmentInfo=environment, serverInfos=_server_infos(archive)
    )


def _message(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "text": text, "isSubItem": False, "tag": None, "flags": None}


def _server_infos(archive: Archive) -> list[dict[str, Any]]:
    infos = [_server_info("managementServer", {"serverName": archive.server_name, "port": 8471})]
    infos += [_server_info("clientAccessServer", entry) for entry in archive.access_servers.values()]
    for name, entry in archive.hosts.items():
        there = [item for item in archive.instances.values() if item.configuration["instanceHost"] == name]
        active = name not in archive.inactive_hosts
        running = sum(item.status == "running" for item in there) if active else 0
        infos.append(_server_info("instanceHost", entry, active, len(there), running))
    return infos


def _server_info(
    kind: str, entry: Mapping[str, Any], active: bool = True, instances: int = 0, running: int = 0
) -> dict[str, Any]:
    example = shapes.document("GetServiceStatus")["serverInfos"][0]
    return {
        **example,
        "serverName": entry["serverName"],
        "port": entry["port"],
        "serverType": kind,
        "active": active,
        "systemProperties": example["systemProperties"] if active else None,
        "numberOfInstances": instances,
        "numberOfRunningInstances": running,
    }


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
    entries[name] = {**defaults, **_known(config, defaults)}


def _known(config: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    unknown = set(config) - set(example)
    if unknown:
        raise ApiError("Invalid value for argument 'config'.", f"Unknown property '{min(unknown)}'.")
    return config


def _change(entries: dict[str, dict[str, Any]], config: Any, key: str) -> None:
    name = _named(config, key)
    if name not in entries:
        raise ApiError(f"'{name}' was not found.")
    entries[name] = {**entries[name], **_known(config, entries[name])}


def _remove(entries: dict[str, dict[str, Any]], name: str) -> None:
    if entries.pop(name, None) is None:
        raise ApiError(f"'{name}' was not found.")


def create_instance_host(archive: Archive, arguments: Arguments) -> Any:
    _create(archive.hosts, arguments["config"], "serverName", instance_host(""))
    archive.directories.setdefault(arguments["config"]["serverName"], ["C:\\MailArchive"])


def set_instance_host(archive: Archive, arguments: Arguments) -> Any:
    _change(archive.hosts, arguments["config"], "serverName")


def delete_instance_host(archive: Archive, arguments: Arguments) -> Any:
    name = arguments["serverName"]
    if any(instance.configuration["instanceHost"] == name for instance in archive.instances.values()):
        raise ApiError(f"Instance host '{name}' still has instances.")
    _remove(archive.hosts, name)


def create_access_server(archive: Archive, arguments: Arguments) -> Any:
    _create(archive.access_servers, arguments["config"], "serverName", access_server(""))


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
    defaults = {"userName": None, "fullName": None, "mfaStatus": mfa_status(False)}
    _create(archive.administrators, arguments["config"], "userName", defaults)


def set_administrator(archive: Archive, arguments: Arguments) -> Any:
    _change(archive.administrators, arguments["config"], "userName")


def delete_administrator(archive: Archive, arguments: Arguments) -> Any:
    if arguments["userName"] == archive.user_name:
        raise ApiError("An administrator cannot delete himself.")
    _remove(archive.administrators, arguments["userName"])


def touch_administrator(archive: Archive, arguments: Arguments) -> Any:
    if arguments["userName"] not in archive.administrators:
        raise ApiError(f"'{arguments['userName']}' was not found.")


def _administrator_mfa(enabled: bool) -> Function:
    def change(archive: Archive, arguments: Arguments) -> Any:
        touch_administrator(archive, arguments)
        archive.administrators[arguments["userName"]]["mfaStatus"] = mfa_status(enabled)

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
    "InitializeSystemAdministratorMFA": _administrator_mfa(True),
    "DeactivateSystemAdministratorMFA": _administrator_mfa(False),
    "CreateSystemAdministratorAPIPassword": create_api_password,
    "CreateLicenseRequest": license_request,
    "ReloadBranding": ping,
    "PairWithManagementServer": ping,
    "TestSystemSmtpConfiguration": send_test_message,
}
