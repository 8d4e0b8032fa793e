# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailstore_maintenance_order
short_description: Tell in which order the instances of MailStore SPE are to be maintained
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes what M(mops.maintenance.mailstore_maintenance) has returned in check mode for each host, and returns the hosts
    where something is due, those first whose turn it is.
  - First come hosts with repairs. Among them, and among the others, the host comes first with the step that was tried
    longest ago. So a time budget for a whole play is spent on what has waited longest.
  - The playbook of the role P(mops.maintenance.mailstore_maintenance#role) uses it.
positional: _input
options:
  _input:
    description: The results of M(mops.maintenance.mailstore_maintenance), by host.
    type: dict
    required: true
seealso:
  - module: mops.maintenance.mailstore_maintenance
  - plugin: mops.maintenance.mailstore_maintenance_summary
    plugin_type: filter
"""

EXAMPLES = r"""
- name: See what is due
  mops.maintenance.mailstore_maintenance:
    instance: "{{ item }}"
    path: "{{ lookup('ansible.builtin.env', 'HOME') }}/mailstore-maintenance/{{ item }}.json"
  check_mode: true
  loop: [alpha, beta]
  register: due

- name: Show whose turn it is
  ansible.builtin.debug:
    msg: "{{ results | mops.maintenance.mailstore_maintenance_order }}"
  vars:
    results: "{{ dict(due.results | map(attribute='item') | zip(due.results)) }}"
"""

RETURN = r"""
_value:
  description: The hosts where something is due, in the order in which they are to be maintained.
  type: list
  elements: str
  sample: [beta, alpha]
"""

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.rota import order


def mailstore_maintenance_order(results: Any) -> list[str]:
    """Documented above."""
    if not isinstance(results, Mapping) or not all(isinstance(result, Mapping) for result in results.values()):
        raise AnsibleFilterError("mailstore_maintenance_order needs results of mailstore_maintenance by host.")
    return order(results)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mailstore_maintenance_order": mailstore_maintenance_order}
