# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The options of the modules for profiles, credentials, administrators and instance hosts, as documents have them."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.administrator import WantedAdministrator
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.credential import WantedCredential
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance_host import WantedInstanceHost
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.profile import WantedProfile

_UPDATE: dict[str, Any] = {
    "type": "str",
    "choices": ["always", "on_change"],
    "default": "on_change",
    "no_log": False,
}
_STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}

PROFILE: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "id": {"type": "int"},
    "owner": {"type": "str"},
    "state": _STATE,
    "type": {"type": "str"},
    "connector": {"type": "str"},
    "details": {"type": "dict"},
    "automatic": {"type": "bool"},
    "pause": {"type": "int"},
    "maintenance_windows": {"type": "str"},
    "recreate": {"type": "bool", "default": False},
    "update_password": _UPDATE,
}

CREDENTIAL: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "id": {"type": "int"},
    "state": _STATE,
    "type": {"type": "str"},
    "settings": {"type": "dict"},
    "update_password": _UPDATE,
}

ADMINISTRATOR: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": _STATE,
    "full_name": {"type": "str"},
    "configuration": {"type": "dict", "default": {}},
    "administrator_password": {"type": "str", "no_log": True},
}

INSTANCE_HOST: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": _STATE,
    "port": {"type": "int"},
    "thumbprint": {"type": "str"},
    "base_directory": {"type": "str"},
}


def wanted_profile(options: Mapping[str, Any]) -> WantedProfile:
    return WantedProfile(
        instance=options["instance"],
        name=options["name"],
        id=options["id"],
        owner=options["owner"],
        present=options["state"] != "absent",
        type=options["type"],
        connector=options["connector"],
        details=options["details"],
        automatic=options["automatic"],
        pause=options["pause"],
        maintenance_windows=options["maintenance_windows"],
        recreate=options["recreate"],
        renew_secrets=options["update_password"] == "always",
    )


def wanted_credential(options: Mapping[str, Any]) -> WantedCredential:
    return WantedCredential(
        instance=options["instance"],
        name=options["name"],
        id=options["id"],
        present=options["state"] == "present",
        type=options["type"],
        settings=options["settings"],
        renew_secrets=options["update_password"] == "always",
    )


def wanted_administrator(options: Mapping[str, Any]) -> WantedAdministrator:
    return WantedAdministrator(
        name=options["name"],
        present=options["state"] == "present",
        full_name=options["full_name"],
        configuration=options["configuration"],
        password=options["administrator_password"] or None,
    )


def wanted_instance_host(options: Mapping[str, Any]) -> WantedInstanceHost:
    return WantedInstanceHost(
        name=options["name"],
        present=options["state"] == "present",
        port=options["port"],
        thumbprint=options["thumbprint"],
        base_directory=options["base_directory"],
    )
