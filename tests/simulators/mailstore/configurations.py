# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration documents with their defaults: one for each pair of a Get and a Set function."""

from __future__ import annotations

import copy
from typing import Any

INSTANCE_DEFAULTS: dict[str, Any] = {
    "ComplianceConfiguration": {
        "adminEmailPreviewEnabled": False,
        "backupEnabled": True,
        "globalRetentionTimeEnabled": False,
        "globalRetentionTime": 0,
        "logMessageAccess": True,
        "legalHoldEnabled": False,
    },
    "DirectoryServicesConfiguration": {
        "type": "none",
        "enableUserSync": False,
        "deleteUsersInMailStore": False,
        "defaultPrivileges": ["login"],
        "serverName": None,
        "userName": None,
        "password": None,
        "settings": {},
    },
    "IndexConfiguration": {
        "fileTypes": ["pdf", "docx", "xlsx", "txt"],
        "indexAttachments": True,
        "maxAttachmentSize": 10_485_760,
    },
    "RetentionPolicies": {"enabled": False, "policies": []},
    "SmtpSettings": {
        "hostname": None,
        "port": 25,
        "protocol": "SMTP",
        "authenticationRequired": False,
        "username": None,
        "password": None,
        "fromEmailAddress": None,
        "fromDisplayName": None,
        "recipientEmailAddress": None,
        "ignoreSslPolicyErrors": False,
    },
    "StoreAutoCreateConfiguration": {
        "enabled": True,
        "archiveSizeThreshold": 5_000_000,
        "timeInterval": 12,
        "timeIntervalUnit": "month",
        "name": "{year}-{month}",
    },
    "ArchiveAdminEnabled": False,
}

GLOBAL_DEFAULTS: dict[str, Any] = {
    "SystemSmtpConfiguration": {
        "hostname": "smtp.spe.example",
        "port": 587,
        "protocol": "SMTP-TLS",
        "authenticationRequired": False,
        "username": None,
        "password": None,
        "fromEmailAddress": "archive@spe.example",
        "fromDisplayName": "Archive",
        "recipientEmailAddress": "ops@spe.example",
        "ignoreSslPolicyErrors": False,
    },
}


def instance_defaults() -> dict[str, Any]:
    """A copy for a new instance."""
    return copy.deepcopy(INSTANCE_DEFAULTS)
