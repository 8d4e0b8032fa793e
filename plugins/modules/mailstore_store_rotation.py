#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_store_rotation
short_description: Let all instances of MailStore SPE archive into the store of a new year
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that on each instance the archive store of O(name) is the current one, into which new messages go.
    Where there is none, it is created.
  - An instance where that is so costs one request.
  - An instance that fails keeps no other from it. The task fails in the end, and names it.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  name:
    description:
      - The name of the archive store that new messages are to go to, and of its folder.
      - The default is the current year by the clock of the host that runs the module, such as V(2026).
    type: str
  database_path:
    description:
      - The folder of a store that is created, on the instance host. In it, V({instance}) stands for the instance's id
        and V({name}) for O(name).
      - By default it is beside the folder of the store that is the current one before.
    type: str
  previous_state:
    description:
      - What the store before it is to be, which is the newest of the others. One that is disabled is left alone.
    type: str
    choices: [normal, writeProtected]
    default: normal
  instances:
    description:
      - The instances, by their ids. In an id, V(*) stands for any characters.
      - The task fails if the server does not have one of the ids, or if a pattern matches no instance.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description:
      - Patterns of instances to leave alone.
    type: list
    elements: str
    default: []
  allow_empty:
    description:
      - Whether a pattern may match no instance, and whether there may be none that runs.
    type: bool
    default: false
  concurrency:
    description:
      - How many instances are worked on at once. With O(auth_method=session), each of them takes a session of its own.
    type: int
    default: 4
notes:
  - An instance that does not run is skipped, and is in RV(skipped_instances). Run the task again when it runs.
  - MailStore can create stores by itself (C(SetStoreAutoCreateConfiguration)). Use one or the other.
seealso:
  - module: mops.maintenance.mailstore_store
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Let all instances archive into the store of this year, and protect that of last year
  mops.maintenance.mailstore_store_rotation:
    previous_state: writeProtected
    concurrency: 8

- name: Let some begin a store with a name and a folder of its own
  mops.maintenance.mailstore_store_rotation:
    name: 2026-2
    database_path: D:\MailArchive\{instance}\{name}
    instances: ["b*"]
"""

RETURN = r"""
store:
  description: The name of the store that new messages go to.
  returned: success
  type: str
  sample: "2026"
rotated:
  description: The instances where something was done, or would be in check mode.
  returned: always, but for options that cannot be
  type: list
  elements: str
  sample: [alpha, beta]
unchanged:
  description: The instances that were as they should be.
  returned: success
  type: list
  elements: str
  sample: [delta]
skipped_instances:
  description: The instances that do not run, with their status.
  returned: always, but for options that cannot be
  type: dict
  sample: {gamma: stopped}
failures:
  description: The instances that failed, with the reason.
  returned: always, but for options that cannot be
  type: dict
  sample: {}
functions:
  description: The functions that were called, by instance.
  returned: success
  type: dict
  sample: {alpha: [CreateStore, SetStoreRequestedState]}
"""

from datetime import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import NotFound
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Scope
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.rotation import (
    PREVIOUS_STATES,
    Rotated,
    Rotation,
    rotate,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "name": {"type": "str"},
            "database_path": {"type": "str"},
            "previous_state": {"type": "str", "choices": list(PREVIOUS_STATES), "default": "normal"},
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "allow_empty": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 4},
        },
        supports_check_mode=True,
    )
    options = module.params
    with reported_failures(module):
        server = server_of(options)
        name = f"{datetime.now():%Y}" if options["name"] is None else options["name"]
        rotation = Rotation(name, options["database_path"] or None, options["previous_state"])
        rotation.check()
        Scope((), options["instances"]).check()
        check_concurrency(options["concurrency"])
        following = Following.silently(server, Waiting(cancels=False))
        rotated = rotate(
            following,
            rotation,
            instances=options["instances"],
            exclude=options["exclude"],
            allow_empty=options["allow_empty"],
            concurrency=options["concurrency"],
            check_mode=module.check_mode,
        )
        result = told(module, rotation, rotated)
    module.exit_json(**result)


def told(module: AnsibleModule, rotation: Rotation, rotated: Rotated) -> dict[str, Any]:
    """The result. Raises `NotFound` where there was nothing to do, and `MopsError` where some have failed."""
    facts: dict[str, Any] = {
        "changed": bool(rotated.changed),
        "rotated": rotated.changed,
        "skipped_instances": rotated.skipped,
        "failures": {name: str(error) for name, error in rotated.failures.items()},
    }
    if not (rotated.outcomes or rotated.failures or module.params["allow_empty"]):
        skipped = "".join(f" {name} is {status}." for name, status in rotated.skipped.items())
        raise NotFound(f"There is no instance whose stores could be rotated.{skipped}", **facts)
    if rotated.failures:
        count = len(rotated.failures) + len(rotated.outcomes)
        reasons = " ".join(f"{name}: {reason}" for name, reason in list(facts["failures"].items())[:10])
        more = f" And {len(rotated.failures) - 10} more, in failures." if len(rotated.failures) > 10 else ""
        raise Unrotated(f"{len(rotated.failures)} of {count} instances could not be rotated. {reasons}{more}", **facts)
    result = {
        **facts,
        "store": rotation.name,
        "unchanged": [name for name, outcome in rotated.outcomes.items() if not outcome.changed],
        "functions": {name: outcome.functions for name, outcome in rotated.outcomes.items() if outcome.changed},
    }
    if module._diff:
        result["diff"] = [
            {"before": outcome.before, "after": outcome.after, "before_header": name, "after_header": name}
            for name, outcome in rotated.outcomes.items()
            if outcome.changed
        ]
    return result


class Unrotated(MopsError):
    """Some instances have failed."""


if __name__ == "__main__":
    main()
