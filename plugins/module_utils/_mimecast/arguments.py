# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The options by which modules reach the service. With `data_module`, all of this folder that knows Ansible."""

from __future__ import annotations

from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils import _module
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.regions import REGIONS


def connection_arguments() -> dict[str, dict[str, Any]]:
    """Documented in the fragment ``mops.maintenance.mimecast``."""
    return {
        "base_url": _module.from_environment("MIMECAST_BASE_URL", type="str"),
        "region": _module.from_environment("MIMECAST_REGION", type="str", choices=REGIONS),
        "auth_method": _module.from_environment(
            "MIMECAST_AUTH_METHOD", type="str", choices=["hmac", "oauth2"], default="hmac"
        ),
        "access_key": _module.from_environment("MIMECAST_ACCESS_KEY", type="str", no_log=True),
        "secret_key": _module.from_environment("MIMECAST_SECRET_KEY", type="str", no_log=True),
        "app_id": _module.from_environment("MIMECAST_APP_ID", type="str"),
        "app_key": _module.from_environment("MIMECAST_APP_KEY", type="str", no_log=True),
        "client_id": _module.from_environment("MIMECAST_CLIENT_ID", type="str"),
        "client_secret": _module.from_environment("MIMECAST_CLIENT_SECRET", type="str", no_log=True),
        **_module.transport_options("MIMECAST"),
        "retries": {"type": "int", "default": 5},
        "retry_timeout": {"type": "float", "default": 300.0},
    }
