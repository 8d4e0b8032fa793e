# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A module whose options hold structures in which there may be secrets."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils import _secrets
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.secrets import secret_values


class DataModule(AnsibleModule):
    """Masks the secrets inside of ``data``, ``body``, ``query`` and ``headers`` in logs and results.

    Ansible knows of secret options only, not of secrets inside of one, and writes to the log in the constructor.
    """

    def log(self, msg: str, log_args: Any = None) -> None:
        self._learn_secrets()
        super().log(msg, log_args=_secrets.mask(log_args, self.no_log_values))

    def exit_json(self, **result: Any) -> NoReturn:
        self._learn_secrets()
        super().exit_json(**result)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:  # type: ignore[override]
        self._learn_secrets()
        super().fail_json(msg, **result)

    def _learn_secrets(self) -> None:
        for option in ("data", "body", "query", "headers"):
            _secrets.register(self, secret_values(self.params.get(option)))
