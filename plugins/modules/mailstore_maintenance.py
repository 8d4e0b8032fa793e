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
  - Stores that could not be opened are retried, stores are upgraded that need it, and search indexes are rebuilt
    where one of them needs it.
  - Stores are verified and compacted on a rota, each at least every so many days, within a time budget. What was done
    is remembered in a file, after every step. What the instance's own jobs have verified or compacted counts as well,
    as far as the tenant grants service-provider access. See M(mops.maintenance.mailstore_job).
  - A second run finds nothing that is due, and changes nothing.
  - Only one run at a time maintains an instance. See O(on_locked).
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
    description:
      - The id of the instance. It must be running.
      - MailStore Server has no instances. Leave it out there, and only there.
    type: str
  path:
    description:
      - The file that remembers what was done when. It and its folder are made where they are not there.
      - Each instance has a file of its own, so that many can be maintained at once. Without the file, everything is
        due that no job of the instance has done.
      - That it can be written is checked before anything is done.
      - A time in it that is in the future, or that cannot be read, counts as never. A warning names it.
    type: path
    required: true
  only:
    description:
      - The kinds of work to do. What is due of the other kinds is left out.
      - V(retry) opens stores again, V(upgrade) upgrades them, V(rebuild) rebuilds search indexes, V(verify) verifies
        stores and V(compact) compacts them.
    type: list
    elements: str
    choices: [retry, upgrade, rebuild, verify, compact]
    default: [retry, upgrade, rebuild, verify, compact]
    version_added: 0.2.0
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
      - Without it, there is no limit. It holds back no repair; see O(repair_budget).
    type: float
  repair_budget:
    description:
      - Seconds, from the start of the task, within which another repair is begun, that is V(retry), V(upgrade) or
        V(rebuild). With V(0), none is.
      - Without it, there is no limit.
    type: float
    version_added: 0.2.0
  overdue_days:
    description: A store is overdue when its verification or compaction has been due for more than so many days.
    type: int
    default: 7
    version_added: 0.2.0
  on_locked:
    description:
      - What to do where another run maintains the instance.
      - With V(fail), the task fails. With V(skip), it does nothing and succeeds. Both name the other run.
    type: str
    choices: [fail, skip]
    default: fail
    version_added: 0.2.0
  wait_timeout:
    description: Seconds that a single step may take. It is cancelled then, and fails. With V(0) there is no limit.
notes:
  - What fails does not keep the other steps from being done. In the end the task fails if one of them has failed.
  - Rebuilding covers the search indexes of all stores of the instance, as the Management API has it.
  - When the task is interrupted, the step it is at is cancelled, and the session is closed. Where its container is
    killed, the next run cancels it, which finds it in a folder beside O(path).
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

- name: Upgrade stores and rebuild search indexes for two hours, and do nothing else
  mops.maintenance.mailstore_maintenance:
    instance: alpha
    path: "{{ lookup('ansible.builtin.env', 'HOME') }}/mailstore-maintenance/alpha.json"
    only: [upgrade, rebuild]
    repair_budget: 7200

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
    kind:
      description: One of the kinds of O(only).
      type: str
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
    tried:
      description: When it was last tried before this run, in UTC, or null. For repairs of several stores, the earliest.
      type: str
    overdue:
      description: Whether it had been due for more than O(overdue_days).
      type: bool
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
    - kind: upgrade
      function: UpgradeStore
      store_id: 2
      store: "2025"
      why: It needs to be upgraded.
      tried: null
      overdue: false
      state: done
      elapsed: 61.3
left:
  description: How many of RV(steps) were left for another time.
  returned: always
  type: int
  sample: 0
last_tried:
  description: When anything was last tried on the instance before this run, in UTC, or null.
  returned: always
  type: str
  sample: "2026-03-09T02:11:40Z"
locked_by:
  description: The other run that maintains the instance, where O(on_locked=skip).
  returned: when there is one
  type: str
  sample: AWX job 4711, process 63 on node1.example, since 2026-03-10T02:00:01Z
"""

from contextlib import nullcontext
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
    started_in,
    waiting_arguments,
    waiting_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.history import (
    History,
    HistoryInUse,
    check_writable,
    locked,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.maintenance import (
    KINDS,
    Budget,
    Maintainer,
    Policy,
    results,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures, warn_of_lost_state
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress


def main() -> None:
    waiting = waiting_arguments(on_timeout="cancel")
    del waiting["on_timeout"]
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            **waiting,
            "instance": {"type": "str"},
            "path": {"type": "path", "required": True},
            "only": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
            "verify_days": {"type": "int", "default": 30},
            "verify_indexes": {"type": "bool", "default": False},
            "compact_days": {"type": "int", "default": 90},
            "budget": {"type": "float"},
            "repair_budget": {"type": "float"},
            "overdue_days": {"type": "int", "default": 7},
            "on_locked": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
        },
        supports_check_mode=True,
    )
    with reported_failures(module):
        report(module, maintain(module))


def maintain(module: AnsibleModule) -> dict[str, Any]:
    """Do what the options ask for, and return what became of it."""
    options = module.params
    server, waiting = server_of(options), waiting_of({**options, "on_timeout": "cancel"})
    policy = Policy(
        options["verify_days"],
        options["compact_days"],
        options["verify_indexes"],
        options["overdue_days"],
        options["only"],
    )
    policy.check()
    limits = {"rota": options["budget"], "repairs": options["repair_budget"]}
    budget = Budget(**{name: seconds for name, seconds in limits.items() if seconds is not None})
    budget.check()
    path, instance = options["path"], options["instance"] or None
    check_writable(path)
    warn_of_lost_state(module, "path", "Everything is then due again that no job of the instance has done.")
    interruption = work_apart()
    try:
        with nullcontext() if module.check_mode else locked(path), Progress.of(module) as progress:
            record = History(path, instance or "", now=_now(), host=server.host)
            for doubt in record.doubts:
                module.warn(doubt)
            last_tried = record.latest() or None
            started = started_in(module, server, f"{path}.started", "cancel")
            following = Following(server, waiting, interruption, progress, started=started)
            if instance is None:
                with following.client() as client:
                    client.check_single()
            maintainer = Maintainer(following, instance, record, policy, now=_now)
            steps = maintainer.due() if module.check_mode else maintainer.run(budget)
            return {**results(steps), "last_tried": last_tried}
    except HistoryInUse as error:
        if options["on_locked"] == "fail":
            raise
        return {**results([]), "last_tried": None, "locked_by": error.holder}


def report(module: AnsibleModule, facts: dict[str, Any]) -> None:
    """End the task, as failed where a step has failed."""
    steps = facts["steps"]
    failures = [
        " ".join(filter(None, (step["function"], step["store"]))) + f": {step['msg']}"
        for step in steps
        if "msg" in step
    ]
    if failures:
        where = module.params["instance"] or module.params["host"]
        module.fail_json(
            msg=f"{len(failures)} of {len(steps)} steps on {where} failed. {' '.join(failures)}",
            **facts,
        )
    module.exit_json(**facts)


def _now() -> datetime:
    return datetime.now(timezone.utc)


if __name__ == "__main__":
    main()
