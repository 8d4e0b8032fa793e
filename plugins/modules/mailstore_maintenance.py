#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_maintenance
short_description: Maintain the archive stores of a MailStore SPE instance
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Does for the archive stores of one instance what is due, and nothing else.
  - Stores that could not be opened are tried again, stores are upgraded that need it, and search indexes are rebuilt
    where one of them needs it.
  - Stores are verified and compacted on a rota, each at least every so many days, within a time budget. What was done
    is remembered in a file, after every step.
  - A second run finds nothing that is due, and changes nothing.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.waiting
attributes:
  check_mode:
    support: full
    details:
      - Returns what is due as RV(steps), and does nothing.
  diff_mode:
    support: none
options:
  instance:
    description: The id of the instance. It must be running.
    type: str
    required: true
  path:
    description:
      - The file that remembers what was done when. It and its folder are made where they are not there.
      - Each instance has a file of its own, so that many can be maintained at once. Without the file, everything is
        due.
    type: path
    required: true
  verify_days:
    description: Verify a store that has not been verified for so many days. With V(0), none is.
    type: int
    default: 30
  verify_indexes:
    description: Whether a verification includes the search indexes.
    type: bool
    default: false
  compact_days:
    description: Compact a store that has not been compacted for so many days. With V(0), none is. Write-protected
      stores are left out.
    type: int
    default: 90
  budget:
    description:
      - Seconds, from the start of the task, within which another store is begun to be verified or compacted. What is
        left is first the next time. With V(0), none is.
      - Without it, there is no limit. It holds back no repair.
    type: float
  wait_timeout:
    description: Seconds that a single step may take. It is cancelled then, and fails. With V(0) there is no limit.
notes:
  - What fails does not keep the other steps from being done. In the end the task fails if one of them has failed.
  - Rebuilding covers the search indexes of all stores of the instance, as the Management API has it.
  - When the task is interrupted, the step it is at is cancelled, and the session is closed.
seealso:
  - module: mops.maintenance.mailstore_invoke
  - plugin: mops.maintenance.mailstore_instances
    plugin_type: inventory
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Maintain an instance, and begin nothing after three hours
  mops.maintenance.mailstore_maintenance:
    instance: alpha
    path: "{{ lookup('ansible.builtin.env', 'HOME') }}/mailstore-maintenance/alpha.json"
    verify_days: 30
    compact_days: 0
    budget: 10800

- name: See what is due
  mops.maintenance.mailstore_maintenance:
    instance: alpha
    path: "{{ lookup('ansible.builtin.env', 'HOME') }}/mailstore-maintenance/alpha.json"
  check_mode: true
"""

RETURN = r"""
steps:
  description: What was due, in the order in which it was done. Empty where nothing was.
  returned: always
  type: list
  elements: dict
  contains:
    function:
      description: The function of the Management API that does it.
      type: str
    store_id:
      description: The id of the store that it is about, or null where it is about all of them.
      type: int
    store:
      description: The store's name, or null.
      type: str
    why:
      description: Why it was due.
      type: str
    state:
      description: V(done), V(failed), V(left) for another time, or in check mode V(due).
      type: str
    elapsed:
      description: Seconds that it took.
      type: float
    msg:
      description: Why it has failed.
      returned: if it has
      type: str
  sample:
    - function: UpgradeStore
      store_id: 2
      store: "2025"
      why: It needs to be upgraded.
      state: done
      elapsed: 61.3
left:
  description: How many of RV(steps) were left for another time.
  returned: always
  type: int
  sample: 0
"""

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
    waiting_arguments,
    waiting_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.maintenance import (
    Maintainer,
    Policy,
    Record,
    Step,
)
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress


def main() -> None:
    waiting = waiting_arguments(on_timeout="cancel")
    del waiting["on_timeout"]
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            **waiting,
            "instance": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "verify_days": {"type": "int", "default": 30},
            "verify_indexes": {"type": "bool", "default": False},
            "compact_days": {"type": "int", "default": 90},
            "budget": {"type": "float"},
        },
        supports_check_mode=True,
    )
    with reported_failures(module):
        steps = maintain(module)
        report(module, steps)


def maintain(module: AnsibleModule) -> list[Step]:
    """Do what the options ask for."""
    options = module.params
    server, waiting = server_of(options), waiting_of({**options, "on_timeout": "cancel"})
    policy = Policy(options["verify_days"], options["compact_days"], options["verify_indexes"])
    policy.check()
    budget = float("inf") if options["budget"] is None else options["budget"]
    if budget < 0:
        raise InvalidOption(f"budget must be a number of seconds, not {budget}.")
    record = Record(options["path"], options["instance"])
    interruption = work_apart()
    with Progress.of(module) as progress:
        following = Following(server, waiting, interruption, progress)
        maintainer = Maintainer(following, options["instance"], record, policy, now=lambda: datetime.now(timezone.utc))
        return maintainer.due() if module.check_mode else maintainer.run(budget)


def report(module: AnsibleModule, steps: list[Step]) -> None:
    """End the task, as failed where a step has failed."""
    left = sum(step.state == "left" for step in steps)
    changed = any(step.state != "left" for step in steps)
    facts: dict[str, Any] = {"changed": changed, "steps": [step.as_json() for step in steps], "left": left}
    failures = [f"{step}: {step.failure}" for step in steps if step.failure is not None]
    if failures:
        module.fail_json(
            msg=f"{len(failures)} of {len(steps)} steps on {module.params['instance']} failed. {' '.join(failures)}",
            **facts,
        )
    module.exit_json(**facts)


if __name__ == "__main__":
    main()
