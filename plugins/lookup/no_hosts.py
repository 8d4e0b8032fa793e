# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: no_hosts
short_description: Say why a play would have no hosts
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Ansible skips a play whose C(hosts) match nothing, and the run ends with success. A schedule stays green although
    nothing was done, for example because the server did not answer when the inventory was read.
  - This lookup returns why the play would have no hosts, or an empty string if it has some. It takes C(--limit) into
    account.
  - If the inventory plugin P(mops.maintenance.mailstore_instances#inventory) has failed, the reason is part of what
    this lookup returns.
options:
  _terms:
    description: Patterns of hosts, as C(hosts) of a play takes them.
    type: list
    elements: str
    required: true
  advice:
    description: What to do about it, as a sentence that follows the reason.
    type: str
    default: ""
"""

EXAMPLES = r"""
# As the first play of a playbook, on localhost. In "hosts" of a play, it also holds where --limit leaves out localhost:
#   hosts: "{{ undef(reason) if reason else 'mashery_gateways' }}"

- name: Fail, with the reason, if there is no gateway
  ansible.builtin.fail:
    msg: "{{ reason }}"
  when: reason | length > 0
  vars:
    reason: "{{ lookup('mops.maintenance.no_hosts', 'mashery_gateways') }}"
"""

RETURN = r"""
_raw:
  description: The reason, or an empty string.
  type: list
  elements: str
  sample: ["No host matches mailstore_running: the inventory could not be read. …"]
"""

import difflib
from typing import Any, Mapping, Sequence

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase

GROUPS_SHOWN = 12


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        if context.CLIARGS.get("syntax"):
            return [""]  # a syntax check runs on no host, and is given no inventory in most cases
        self.set_options(direct=kwargs)
        known = variables or {}
        manager = InventoryManager(self._loader, parse=False)
        groups: Mapping[str, Sequence[str]] = known.get("groups") or {}
        for group, hosts in groups.items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        pattern = ",".join(map(str, self._flatten(terms)))
        why = reason(manager, groups, pattern, known.get("ansible_limit"), failures(known))
        return [f"{why} {self.get_option('advice')}".strip() if why else ""]


def reason(
    manager: InventoryManager,
    groups: Mapping[str, Sequence[str]],
    pattern: str,
    limit: str | None,
    failed: Sequence[str],
) -> str:
    """Why no host matches ``pattern``, or an empty string where one does.

    ``failed`` holds what has kept sources of the inventory from being read.
    """
    found = matching(manager, pattern)
    if found and not limit:
        return ""
    if not found and failed:
        return f"No host matches {pattern}: the inventory could not be read. {' '.join(failed)}"
    if not found and not groups.get("all"):
        return (
            f"No host matches {pattern}: the inventory is empty. Name one with -i (in AWX, in the job template). One "
            "that could not be read is named in a warning above."
        )
    if not found:
        near = difflib.get_close_matches(pattern, [*groups, *groups["all"]], 1)
        meant = f" Is {near[0]} meant?" if near else ""
        return f"No host matches {pattern}.{meant} The inventory has these groups: {shown(groups)}."
    manager.subset(limit)
    if matching(manager, pattern):
        return ""
    return f"--limit {limit} leaves none of the hosts that match {pattern}: {shown(found)}."


def matching(manager: InventoryManager, pattern: str) -> list[str]:
    try:
        return [host.name for host in manager.get_hosts(pattern)]
    except AnsibleError:
        return []  # it is no pattern, which Ansible itself says


def failures(variables: Mapping[str, Any]) -> list[str]:
    """What kept `mops.maintenance.mailstore_instances` from listing instances: it leaves that in a variable."""
    # It is no host that counts, so these are false where the inventory has no others; but they do have localhost.
    hosts = variables.get("hostvars")
    here = {} if hosts is None else hosts.get("localhost", {})
    return [str(failure) for failure in here.get("mailstore_instances_failures", ())]


def shown(names: Sequence[str] | Mapping[str, Any]) -> str:
    listed = [name for name in names if name not in ("all", "ungrouped")]
    more = f" and {len(listed) - GROUPS_SHOWN} more" if len(listed) > GROUPS_SHOWN else ""
    return f"{', '.join(listed[:GROUPS_SHOWN])}{more}" if listed else "none"
