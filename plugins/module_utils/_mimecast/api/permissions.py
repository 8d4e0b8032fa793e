# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Which permission an endpoint needs, as its page in Mimecast's endpoint reference says."""

from __future__ import annotations

LATEST_TOKEN_PATH = "/api/ess/get-latest-channel-token"

PERMISSIONS = {
    "/api/account/get-account": "Accounts | Dashboard | Read",
    "/api/audit/get-audit-events": "Account | Logs | Read",
    "/api/directory/find-groups": "Directories | Groups | Edit",
    "/api/directory/get-group-members": "Directories | Groups | Read",
    LATEST_TOKEN_PATH: "Event Streaming Service | Event Streaming | Read",
    "/api/ttp/impersonation/get-logs": "Monitoring | Impersonation Protection | Read",
    "/api/ttp/url/get-logs": "Monitoring | URL Protection | Read",
}


def needed_permission(path: str) -> str:
    """A sentence that says what the administrator's role must hold for this endpoint."""
    permission = PERMISSIONS.get(path)
    if permission is None:
        return f"The permission it needs is named on the page of {path} in the service's endpoint reference."
    return f"It needs the permission {permission!r} in the role of the administrator to whom the keys belong."
