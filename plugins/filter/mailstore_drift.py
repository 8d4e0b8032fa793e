# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailstore_drift
short_description: Find how a MailStore SPE server differs from the documents of its tenants
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes what M(mops.maintenance.mailstore_tenant) has returned in check mode, and returns a report by tenant.
  - It is what the role P(mops.maintenance.mailstore_drift#role) makes its JSON and its page from.
positional: _input
options:
  _input:
    description: What M(mops.maintenance.mailstore_tenant) has returned, as failed or not.
    type: dict
    required: true
  folder:
    description: The folder with the documents, for the report.
    type: str
    default: ""
  server:
    description: The name of the server, for the report.
    type: str
    default: ""
  earlier_file:
    description: The last report, from which it is known since when something differs. It need not exist.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Compare
  mops.maintenance.mailstore_tenant:
    tenants:
      - instance: alpha
        configuration: {displayName: Alpha Limited}
  check_mode: true
  register: compared

- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ (compared | mops.maintenance.mailstore_drift).summary }}"
"""

RETURN = r"""
_value:
  description:
    - The report, made of plain values, fit for JSON.
    - V(verdict) is V(drift), V(ok), or V(unknown) where nothing differs but not all could be compared.
    - V(tenants) has those that differ or could not be compared. Each of their V(differences) has V(kind) (V(added),
      V(changed) or V(removed), as somebody did it on the server), V(part), V(name), V(details) with what the server has
      and what the document says, and V(first_seen).
  type: dict
  sample:
    verdict: drift
    counts: {added: 0, changed: 1, removed: 0, differences: 1, tenants: 4, drifting: 1, not_compared: 0}
    tenants:
      - instance: alpha
        differences:
          - kind: changed
            part: jobs
            name: Nightly verification
            details: [{path: enabled, server: "false", declared: "true"}]
"""

from datetime import datetime, timezone
from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.drift import report


def mailstore_drift(result: Any, folder: str = "", server: str = "", earlier_file: str = "") -> dict[str, Any]:
    """Documented above."""
    if not isinstance(result, Mapping):
        raise AnsibleFilterError("mailstore_drift needs what mailstore_tenant has returned, which is a dictionary.")
    try:
        return report(result, now=datetime.now(timezone.utc), folder=folder, server=server, earlier=_text(earlier_file))
    except InvalidOption as error:
        raise AnsibleFilterError(str(error)) from None


def _text(path: str) -> str | None:
    """What is in the file, or None where it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mailstore_drift": mailstore_drift}
