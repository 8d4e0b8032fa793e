# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailstore_maintenance_summary
short_description: Sum up the maintenance of many instances of MailStore SPE
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes what M(mops.maintenance.mailstore_maintenance) has returned for each host, and returns how much was done, has
    failed and was left for another time, by kind of work, and what is overdue.
  - The role P(mops.maintenance.mailstore_maintenance#role) shows this in the end.
positional: _input
options:
  _input:
    description: The results of M(mops.maintenance.mailstore_maintenance), by host.
    type: dict
    required: true
seealso:
  - module: mops.maintenance.mailstore_maintenance
  - plugin: mops.maintenance.mailstore_maintenance_order
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

- name: Show it for both
  ansible.builtin.debug:
    msg: "{{ (results | mops.maintenance.mailstore_maintenance_summary).lines }}"
  vars:
    results: "{{ dict(due.results | map(attribute='item') | zip(due.results)) }}"
"""

RETURN = r"""
_value:
  description:
    - In V(counts), the number of steps by kind and state.
    - In V(lines), the same for a person, with the hosts that have failed or have something left.
  type: dict
  sample:
    counts:
      upgrade: {done: 1}
      verify: {done: 4, left: 2}
    lines:
      - "upgrade: 1 done"
      - "verify: 4 done, 2 left"
      - "Left for another time: 2 on alpha (2)."
"""

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.rota import summary


def mailstore_maintenance_summary(results: Any) -> dict[str, Any]:
    """Documented above."""
    if not isinstance(results, Mapping) or not all(isinstance(result, Mapping) for result in results.values()):
        raise AnsibleFilterError("mailstore_maintenance_summary needs results of mailstore_maintenance by host.")
    return summary(results)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mailstore_maintenance_summary": mailstore_maintenance_summary}
