# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mailstore_health
short_description: Find what is wrong on a MailStore SPE server, and what fixes it
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes what M(mops.maintenance.mailstore_info) has gathered and returns a report, with what needs doing first on top.
  - It is what the role P(mops.maintenance.mailstore_health#role) makes its JSON and its page from.
positional: _input
options:
  _input:
    description:
      - What M(mops.maintenance.mailstore_info) has returned. Of O(_input), V(environment), V(service_status), and of
        the instances V(statistics), V(stores), V(profiles), V(credentials), V(jobs), V(worker_results) and
        V(job_results) are looked at, where they were gathered.
    type: dict
    required: true
  scope:
    description: The patterns of the instances that O(_input) is about. Only reports of the same are compared.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description: Patterns of instances to leave out.
    type: list
    elements: str
    default: []
  inventory:
    description: The inventory that the report's commands name.
    type: str
    default: mailstore_instances.yml
  earlier:
    description:
      - Earlier reports as JSON text, to tell what has grown. Those that are damaged or of something else are left out,
        and V(notes) says so.
    type: list
    elements: str
    default: []
  earlier_files:
    description: The same as O(earlier), as files on the controller. Those that are left out are named in V(notes).
    type: list
    elements: path
    default: []
    version_added: 0.2.0
  stale_hours:
    description:
      - For how many hours a profile that runs by itself may have no result, and an instance whose profiles run may
        archive nothing. With V(0), there is no limit. It must be within the days of results in O(_input).
    type: int
    default: 36
    version_added: 0.2.0
  certificate_days:
    description: How many days before it expires the certificate of a credential is a finding.
    type: int
    default: 30
    version_added: 0.2.0
  report_dir:
    description:
      - The folder on the controller in which the report will be kept. It is only looked at to warn where it is gone
        with the controller's container.
    type: path
    version_added: 0.2.0
  maintenance:
    description:
      - The files in which M(mops.maintenance.mailstore_maintenance) remembers what was maintained when. What is overdue
        by these is a finding.
    type: list
    elements: path
    default: []
    version_added: 0.2.0
"""

EXAMPLES = r"""
- name: Gather
  mops.maintenance.mailstore_info:
    gather_subset: [environment, service_status, stores, profiles, credentials, jobs, worker_results, job_results]
  register: archive

- name: Show what needs doing
  ansible.builtin.debug:
    msg: "{{ (archive | mops.maintenance.mailstore_health).todo | map(attribute='title') }}"
"""

RETURN = r"""
_value:
  description:
    - The report. It is made of plain values, fit for JSON.
    - V(verdict) is V(error), V(warning) or V(ok), after the worst in V(findings), and V(counts) has their number.
    - V(todo) has the findings by what is to be done about them, the most urgent first, with a C(command) each.
    - V(storage) has bytes and messages by instance host, instance and store, and V(growth) what they have grown. Where
      the server tells them, the sizes of databases, contents and indexes are there as well.
  type: dict
  sample:
    verdict: warning
    counts: {error: 0, warning: 1, information: 0}
    todo:
      - kind: index_rebuild
        severity: warning
        title: Rebuild search indexes
        command: ansible-playbook mops.maintenance.mailstore_maintenance -i mailstore_instances.yml --limit customer-1
"""

from datetime import datetime, timezone
from typing import Any, Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.validation import check_type_list
from ansible.utils.display import Display
from ansible_collections.mops.maintenance.plugins.module_utils._container import warning
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import DEFAULT_LIMITS, Limits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.health import report

_LOST = "The page is then gone, and nothing is known of growth."


def mailstore_health(
    survey: Any,
    scope: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    inventory: str = "mailstore_instances.yml",
    earlier: Sequence[str] = (),
    stale_hours: int = DEFAULT_LIMITS.stale_hours,
    certificate_days: int = DEFAULT_LIMITS.certificate_days,
    report_dir: str = "",
    maintenance: Sequence[str] = (),
    earlier_files: Sequence[str] = (),
) -> dict[str, Any]:
    """Documented above."""
    if not isinstance(survey, Mapping):
        raise AnsibleFilterError("mailstore_health needs what mailstore_info has returned, which is a dictionary.")
    lost = warning("mailstore_health_report_dir", report_dir, _LOST) if report_dir else None
    if lost:
        Display().warning(lost)
    try:
        return report(
            dict(survey),
            now=datetime.now(timezone.utc),
            # A survey of AWX, or -e on the command line, gives a string where a list is meant.
            scope=listed(scope),
            exclude=listed(exclude),
            inventory=str(inventory),
            earlier={**_numbered(earlier), **{f"The earlier report {path}": _text(path) for path in earlier_files}},
            limits=Limits(int(stale_hours), int(certificate_days)),
            maintenance=[str(path) for path in maintenance],
        )
    except InvalidOption as error:
        raise AnsibleFilterError(str(error)) from None


def _numbered(texts: Sequence[str]) -> dict[str, str]:
    return {f"Earlier report {number}": text for number, text in enumerate(texts, start=1)}


def _text(path: str) -> str | None:
    """What is in the file, or None where it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def listed(patterns: Sequence[str]) -> list[str]:
    """The patterns, also of a string with commas between them, as options of modules that are lists take one."""
    return [str(pattern).strip() for pattern in check_type_list(patterns if isinstance(patterns, str) else [*patterns])]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mailstore_health": mailstore_health}
