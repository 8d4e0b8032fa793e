# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailstore_directory_changes
short_description: Tell what a synchronization of MailStore users with directory services changes
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes what M(mops.maintenance.mailstore_invoke) returns for C(SyncUsersWithDirectoryServices) and returns who is
    created, updated and deleted. With the argument C(dryRun), it is who would be.
positional: _input
options:
  _input:
    description: What M(mops.maintenance.mailstore_invoke) has returned. Its V(result) and V(log_output) are looked at.
    type: dict
    required: true
notes:
  - What the server returns is not documented by its vendor, and may change with its version. Where it cannot be
    understood, V(understood) is false, and there may be changes that are not listed.
seealso:
  - module: mops.maintenance.mailstore_invoke
"""

EXAMPLES = r"""
- name: Synchronize the users as a dry run
  mops.maintenance.mailstore_invoke:
    function: SyncUsersWithDirectoryServices
    arguments: {instanceID: alpha, dryRun: true}
  register: dry_run

- name: Show who would be deleted
  ansible.builtin.debug:
    msg: "{{ (dry_run | mops.maintenance.mailstore_directory_changes).deleted }}"
"""

RETURN = r"""
_value:
  description:
    - The names of the users in V(created), V(updated) and V(deleted).
    - V(deletions) is how many are deleted at least that is safe to assume, and V(understood) whether the server's
      words were understood.
  type: dict
  sample:
    created: [anna]
    updated: []
    deleted: [ben]
    deletions: 1
    understood: true
"""

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.directory import changes


def mailstore_directory_changes(invocation: Any) -> dict[str, Any]:
    """Documented above."""
    if not isinstance(invocation, Mapping):
        raise AnsibleFilterError("mailstore_directory_changes needs what mailstore_invoke has returned.")
    return changes(invocation.get("result"), str(invocation.get("log_output") or ""))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mailstore_directory_changes": mailstore_directory_changes}
