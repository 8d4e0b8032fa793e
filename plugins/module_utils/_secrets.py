# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Secrets that Ansible does not know of by an option's ``no_log``: those inside free-form options and results."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible.module_utils.basic import AnsibleModule

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core before 2.22 masks what it finds in no_log_values
    register_secrets = None

MASK = "********"
"""Ansible's own words for a part of a text that is not shown."""


def register(module: AnsibleModule, secrets: Iterable[str]) -> None:
    """Have Ansible mask the secrets in everything that the module returns from now on."""
    new = {secret for secret in secrets if secret} - module.no_log_values
    module.no_log_values.update(new)
    if register_secrets is not None:
        register_secrets(new)


def mask(value: Any, secrets: Iterable[str]) -> Any:
    """A copy of a text, or of all texts in a structure, with each of the secrets masked."""
    return _mask(value, sorted(filter(None, secrets), key=len, reverse=True))


def _mask(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
    elif isinstance(value, Mapping):
        return {_mask(key, secrets): _mask(item, secrets) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        return [_mask(item, secrets) for item in value]
    return value
