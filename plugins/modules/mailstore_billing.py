#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_billing
short_description: Write what is to be billed of each instance of MailStore SPE
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Writes a file of comma-separated values (CSV, RFC 4180) for each month, with a line for each instance. It has users,
    mailboxes that are archived, messages, bytes, and how much the last two have grown since the month before.
  - The server tells what there is now, and nothing of earlier months. So growth is told from the file of the month
    before, which is in the same folder. Without it, those cells are empty.
  - A month that has its file is left alone, and nothing is asked of the server.
extends_documentation_fragment:
  - ansible.builtin.files
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
attributes:
  check_mode:
    support: full
    details:
      - It gathers, and does not write.
  diff_mode:
    support: full
options:
  dest_dir:
    description:
      - The folder of the files, which must be there. The file of a month is C(mailstore-billing-2026-03.csv).
      - It has to outlive the run. Give each server a folder of its own.
    type: path
    required: true
  mode:
    description:
      - The permissions of the file.
    type: raw
    default: '0640'
  month:
    description:
      - The month to write, such as V(2026-03). It is the current one or the one before, by UTC, since what is
        measured is what there is now.
      - The default is the current month.
    type: str
  force:
    description:
      - Whether to measure again where the month has its file.
    type: bool
    default: false
  instances:
    description:
      - The instances to bill, by their ids. In an id, V(*) stands for any characters.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description:
      - Patterns of instances to leave out, for example because they are stopped for good.
    type: list
    elements: str
    default: []
  allow_empty:
    description:
      - Whether a pattern in O(instances) may match no instance, and whether there may be no instance to bill.
    type: bool
    default: false
  allow_incomplete:
    description:
      - Whether to write the file although an instance does not tell all, because it is stopped, for example, or
        withholds service-provider access. What it does not tell is empty. By default, the task fails and writes
        nothing.
    type: bool
    default: false
  concurrency:
    description:
      - How many instances are asked at once. With O(auth_method=session), each of them takes a session of its own.
    type: int
    default: 4
notes:
  - The columns are C(month), C(server), C(instance_id), C(display_name), C(users), C(mailboxes), C(messages), C(bytes),
    C(messages_growth), C(bytes_growth) and C(measured_at), in this order. Columns may be added at the end, and none is
    renamed or moved.
  - A mailbox counts as archived if the user's archive, a folder at the top, holds a message (C(GetFolderStatistics)).
  - A name that a spreadsheet would take for a formula, which begins with one of C(=), C(+), C(-), C(@), gets an
    apostrophe before it.
seealso:
  - module: mops.maintenance.mailstore_info
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Write what is to be billed this month
  mops.maintenance.mailstore_billing:
    dest_dir: /var/lib/billing
    exclude: [gamma]
"""

RETURN = r"""
path:
  description: The file of the month.
  returned: success
  type: str
  sample: /var/lib/billing/mailstore-billing-2026-03.csv
month:
  description: The month.
  returned: success
  type: str
  sample: 2026-03
rows:
  description: The lines of the file. What is not known is null.
  returned: success
  type: list
  elements: dict
  sample:
    - month: 2026-03
      server: archive.example.com
      instance_id: customer-1
      display_name: Customer 1
      users: 62
      mailboxes: 58
      messages: 120433
      bytes: 8632635392
      messages_growth: 2101
      bytes_growth: 150994944
      measured_at: "2026-03-31T22:00:00Z"
incomplete:
  description: The instances that do not tell all, with the reason.
  returned: if the server was asked
  type: dict
  sample: {gamma: "The instance is not running: its status is stopped."}
"""

import os
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import NotFound
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.billing import (
    SUBSETS,
    BillUnusable,
    Row,
    bill,
    month_before,
    month_of,
    parsed,
    text,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import (
    Document,
    FactsGatherer,
    Scope,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._module import (
    check_folder,
    reported_failures,
    warn_of_lost_state,
    write_file,
)


class BillIncomplete(InvalidOption):
    """Some instances do not tell what is to be billed of them."""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "dest_dir": {"type": "path", "required": True},
            "mode": {"type": "raw", "default": "0640"},
            "month": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "allow_empty": {"type": "bool", "default": False},
            "allow_incomplete": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 4},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    with reported_failures(module):
        result = keep(module)
    module.exit_json(**result)


def keep(module: AnsibleModule) -> dict[str, Any]:
    """See to it that the month has its file. Raises `MopsError`."""
    options, now = module.params, datetime.now(timezone.utc)
    server_of(options)
    month = month_of(options["month"] or None, now)
    Scope(SUBSETS, options["instances"]).check()
    check_concurrency(options["concurrency"])
    path = file_of(options["dest_dir"], month)
    if not (module.check_mode and not os.path.exists(options["dest_dir"])):  # it would be made by then
        check_folder("dest_dir", path)
    known = {"path": path, "month": month}
    if os.path.exists(path) and not options["force"]:
        return {"changed": False, **known, "rows": read(path)}
    warn_of_lost_state(module, "dest_dir", "The bill of the next month then knows nothing of growth.")
    earlier = read(file_of(options["dest_dir"], month_before(month)))
    rows, incomplete = bill(
        gather(module, now),
        earlier,
        month=month,
        server=options["host"],
        now=now,
        scope=options["instances"],
        exclude=options["exclude"],
    )
    check(rows, incomplete, options)
    return {**write_file(module, "dest_dir", path, text(rows)), **known, "rows": rows, "incomplete": incomplete}


def gather(module: AnsibleModule, now: datetime) -> Document:
    options = module.params
    following = Following.silently(server_of(options))
    scope = Scope(SUBSETS, options["instances"], allow_empty=options["allow_empty"])
    return FactsGatherer(following, now=now).take(scope, concurrency=options["concurrency"])


def check(rows: list[Row], incomplete: dict[str, str], options: dict[str, Any]) -> None:
    """Raise `NotFound` where there is nothing to bill, and `BillIncomplete` where not all of it is known."""
    if not rows and not options["allow_empty"]:
        raise NotFound("There is no instance to bill. With allow_empty: true that is fine.")
    if incomplete and not options["allow_incomplete"]:
        reasons = " ".join(f"{name}: {reason}" for name, reason in incomplete.items())
        error = BillIncomplete(
            f"{len(incomplete)} of {len(rows)} instances do not tell what is to be billed, so nothing was written. "
            f"Exclude them, or leave their cells empty with allow_incomplete: true. {reasons}"
        )
        error.facts = {"incomplete": incomplete}
        raise error


def file_of(folder: str, month: str) -> str:
    return os.path.join(folder, f"mailstore-billing-{month}.csv")


def read(path: str) -> list[Row]:
    """The rows of a file, or none where there is none. Raises `BillUnusable`."""
    if not os.path.exists(path):
        return []
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return parsed(path, file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise BillUnusable(f"{path} cannot be read: {error}.") from None


if __name__ == "__main__":
    main()
