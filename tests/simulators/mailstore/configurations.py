# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration documents with their defaults: one for each pair of a Get and a Set function."""

from __future__ import annotations

import copy
from typing import Any

from . import shapes

NO_DIRECTORY: dict[str, Any] = {
    "serverName": None,
    "protocol": None,
    "authenticationType": None,
    "userName": None,
    "baseDN": None,
}
NO_SERVER: dict[str, Any] = {
    "hostname": None,
    "authenticationRequired": False,
    "username": None,
    "fromDisplayName": None,
    "fromEmailAddress": None,
    "recipientEmailAddress": None,
}

# What is written out in full here has no recorded shape.
INSTANCE_DEFAULTS: dict[str, Any] = {
    "ComplianceConfiguration": shapes.document("GetComplianceConfiguration"),
    "DirectoryServicesConfiguration": shapes.document(
        "GetDirectoryServicesConfiguration", **NO_DIRECTORY, type="none", groups=None
    ),
    "IndexConfiguration": shapes.document("GetIndexConfiguration"),
    "RetentionPolicies": {"enabled": False, "policies": []},
    "SmtpSettings": shapes.document("GetSmtpSettings", **NO_SERVER, port=25),
    "StoreAutoCreateConfiguration": {
        "enabled": True,
        "archiveSizeThreshold": 5_000_000,
        "timeInterval": 12,
        "timeIntervalUnit": "month",
        "name": "{year}-{month}",
    },
}

GLOBAL_DEFAULTS: dict[str, Any] = {
    "SystemSmtpConfiguration": shapes.document(
        "GetSystemSmtpConfiguration", authenticationRequired=False, username=None
    ),
}


def instance_defaults() -> dict[str, Any]:
    """A copy for a new instance."""
    return copy.deepcopy(INSTANCE_DEFAULTS)
