# Copyright: Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The options by which modules reach the service. The only file of this folder that knows Ansible."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.regions import REGIONS
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.secrets import secret_values
from ansible_collections.mops.maintenance.plugins.module_utils._module import from_environment, transport_options


def connection_arguments() -> dict[str, dict[str, Any]]:
    """Documented in the fragment ``mops.maintenance.mimecast``."""
    return {
        "base_url": from_environment("MIMECAST_BASE_URL", type="str"),
        "region": from_environment("MIMECAST_REGION", type="str", choices=REGIONS),
        "auth_method": from_environment("MIMECAST_AUTH_METHOD", type="str", choices=["hmac", "oauth2"], default="hmac"),
        "access_key": from_environment("MIMECAST_ACCESS_KEY", type="str", no_log=True),
        "secret_key": from_environment("MIMECAST_SECRET_KEY", type="str", no_log=True),
        "app_id": from_environment("MIMECAST_APP_ID", type="str"),
        "app_key": from_environment("MIMECAST_APP_KEY", type="str", no_log=True),
        "client_id": from_environment("MIMECAST_CLIENT_ID", type="str"),
        "client_secret": from_environment("MIMECAST_CLIENT_SECRET", type="str", no_log=True),
        **transport_options("MIMECAST"),
        "retries": {"type": "int", "default": 5},
        "retry_timeout": {"type": "float", "default": 300.0},
    }


class DataModule(AnsibleModule):
    """A module whose option ``data`` may hold secrets, which are masked in logs and results.

    Ansible knows of secret options only, not of secrets inside of one, and writes to the log in the constructor.
    """

    def log(self, msg: str, log_args: Any = None) -> None:
        self._learn_secrets()
        super().log(msg, log_args=remove_values(log_args, self.no_log_values))

    def exit_json(self, **result: Any) -> NoReturn:
        self._learn_secrets()
        super().exit_json(**result)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:  # type: ignore[override]
        self._learn_secrets()
        super().fail_json(msg, **result)

    def _learn_secrets(self) -> None:
        self.no_log_values.update(secret_values(self.params.get("data")))
