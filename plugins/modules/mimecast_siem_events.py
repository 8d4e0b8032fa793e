#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mimecast_siem_events
short_description: Collect SIEM events of Mimecast's API 2.0
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Takes the next batches of events of the given types, from where the last run stopped, and writes them as JSON lines,
    one event a line, as the service sends them.
  - A state file keeps where each type stopped. It is written only after the events are on disk. If a run is killed, at
    whatever moment, the next one finishes its last batch. So no event is lost, and none is written twice. Only where
    somebody has changed the destination meanwhile, the last batch may be written once more. RV(possibly_duplicated)
    counts its events.
  - This is what API 2.0 has in place of the channels of M(mops.maintenance.mimecast_channel_token).
extends_documentation_fragment:
  - mops.maintenance.mimecast
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mimecast
attributes:
  check_mode:
    support: full
    details:
      - Asks the service whether there is something new, and downloads nothing.
  diff_mode:
    support: none
options:
  auth_method:
    description:
      - These events belong to API 2.0, so that this must be V(oauth2), with O(client_id) and O(client_secret).
      - If not set, the environment variable E(MIMECAST_AUTH_METHOD) is used.
    type: str
    choices: [hmac, oauth2]
    default: oauth2
  types:
    description:
      - The types of events.
    type: list
    elements: str
    required: true
    choices:
      - attachment protect
      - av
      - delivery
      - impersonation protect
      - internal email protect
      - journal
      - process
      - receipt
      - spam
      - url protect
  dest:
    description:
      - With O(layout=append) the file to which events are appended. With O(layout=batches) the folder that gets a file
        for each batch, named by type and number, complete from the moment at which it has its name.
      - New files have the mode C(0600).
    type: path
    required: true
  layout:
    description:
      - Whether events go into one file, or each batch into a file of its own.
    type: str
    choices: [append, batches]
    default: append
  rotate_bytes:
    description:
      - With O(layout=append), rename the file before a batch would make it larger than this many bytes. The time of the
        rotation is added to its name. Rotated files are left to whoever reads them.
      - With V(0) it is never rotated here.
    type: int
    default: 0
  state_file:
    description:
      - The file that keeps where each type stopped. It must outlive the run, in a container on a volume.
      - Without it, it is O(dest) with C(.state) added, or the file C(.state) in that folder.
    type: path
  start:
    description:
      - Where a type begins that was never collected.
      - With V(now) what happened before is left out. With V(earliest) it begins with what the service still has, which
        is seven days. A time is given in UTC, such as V(2026-01-31T12:00:00Z).
    type: str
    default: now
  max_batches:
    description:
      - Stop after this many batches, over all types. With V(0) there is no limit.
    type: int
    default: 0
  max_seconds:
    description:
      - Begin no further batch after this many seconds. With V(0) there is no limit.
    type: float
    default: 0
  progress:
    description:
      - Whether to show how many events have come while the module runs. That is possible where the module runs on the
        controller (C(connection=local)), without C(async) and C(no_log).
    type: bool
    default: true
  progress_interval:
    description:
      - Seconds after which a line is shown even if nothing has changed.
    type: float
    default: 60
  progress_min_interval:
    description:
      - Seconds between two lines at least, after the first minute. Where O(progress_interval) is less, that counts.
    type: float
    default: 10
notes:
  - The service limits how often batches may be asked for. O(retry_timeout) is how long a run waits for that.
seealso:
  - module: mops.maintenance.mimecast_channel_token
"""

EXAMPLES = r"""
# The application is in the environment: MIMECAST_CLIENT_ID and MIMECAST_CLIENT_SECRET.
- name: Collect what happened since the last run; the first run only remembers where "now" is
  mops.maintenance.mimecast_siem_events:
    types: [receipt, delivery]
    dest: /var/log/mimecast/events.jsonl
    rotate_bytes: 1000000000

- name: Collect all that the service still has, each batch in a file of its own, for ten minutes at most
  mops.maintenance.mimecast_siem_events:
    types: [url protect]
    dest: /var/spool/mimecast
    layout: batches
    start: earliest
    max_seconds: 600
"""

RETURN = r"""
events:
  description: How many events were written.
  type: int
  returned: when the service was asked
  sample: 18233
batches:
  description: In how many batches.
  type: int
  returned: when the service was asked
  sample: 7
types:
  description: What came of each type.
  type: dict
  returned: when the service was asked
  sample:
    receipt:
      caught_up: true
      events: 18233
caught_up:
  description: Whether the service has no more for now.
  type: bool
  returned: when the service was asked
  sample: true
files:
  description: The files that got events.
  type: list
  elements: str
  returned: when the service was asked
  sample: [/var/log/mimecast/events.jsonl]
recovered:
  description:
    - Events of a batch that an earlier run had left unfinished, and that were written now. RV(events) counts them, too.
  type: int
  returned: when the service was asked
  sample: 0
possibly_duplicated:
  description: Events that may stand in the destination twice.
  type: int
  returned: when the service was asked
  sample: 0
invalid:
  description: Lines that are no JSON object. They are written as they came.
  type: int
  returned: when the service was asked
  sample: 0
state_file:
  description: Where the state is kept.
  type: str
  returned: success
  sample: /var/log/mimecast/events.jsonl.state
request_id:
  description: The id of the last request, by which the service's support finds it.
  type: str
  returned: when the service was asked
  sample: 8578fcfc-a305-4d9a-99cb-f4d5ecefe297
rate_limit:
  description: The quota, as the last answer tells it. V(null) where it does not.
  type: dict
  returned: when the service was asked
  contains:
    limit:
      description: Requests that the quota holds.
      type: int
    remaining:
      description: Requests that are left of it.
      type: int
    reset_ms:
      description: Milliseconds until a request is added back.
      type: int
  sample:
    limit: 50
    remaining: 43
    reset_ms: 12000
retries:
  description: How many requests were repeats.
  type: int
  returned: when the service was asked
  sample: 0
waited:
  description: Seconds spent waiting before repeats.
  type: float
  returned: when the service was asked
  sample: 0.0
"""

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils import _container
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.connection import connect
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.arguments import connection_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem.collection import Bounds, Collection
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem.event_files import EventFiles
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem.events import TYPES, start_of
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress, progress_arguments


def main() -> None:
    connection = connection_arguments()
    module = AnsibleModule(
        argument_spec={
            **connection,
            "auth_method": {**connection["auth_method"], "default": "oauth2"},
            "types": {"type": "list", "elements": "str", "required": True, "choices": list(TYPES)},
            "dest": {"type": "path", "required": True},
            "layout": {"type": "str", "choices": ["append", "batches"], "default": "append"},
            "rotate_bytes": {"type": "int", "default": 0},
            "state_file": {"type": "path"},
            "start": {"type": "str", "default": "now"},
            "max_batches": {"type": "int", "default": 0},
            "max_seconds": {"type": "float", "default": 0.0},
            **progress_arguments(),
        },
        supports_check_mode=True,
    )
    with reported_failures(module):
        result = collect(module)
    if result.get("invalid"):
        module.warn(f"{result['invalid']} lines of the service are no JSON object. They were written as they came.")
    module.exit_json(**result)


def collect(module: AnsibleModule) -> dict[str, Any]:
    """The result of the task. Raises `MopsError`."""
    params = module.params
    if params["auth_method"] != "oauth2":
        raise InvalidOption("SIEM events belong to API 2.0: they need auth_method oauth2, client_id and client_secret.")
    kinds = list(dict.fromkeys(params["types"]))
    if not kinds:
        raise InvalidOption("types names no type of events.")
    now = datetime.now(timezone.utc)
    start = start_of(params["start"], now)
    bounds = Bounds(params["max_batches"], params["max_seconds"])
    bounds.check()
    files = EventFiles(
        params["dest"],
        layout=params["layout"],
        state_file=params["state_file"],
        rotate_bytes=params["rotate_bytes"],
    )
    warning = _container.warning("state_file", files.state_file, "The next run then begins anew, as start says.")
    if warning:
        module.warn(warning)
    with connect(params) as client, Progress.of(module) as progress, files.locked():
        collection = Collection(client, files, start=start, now=now, bounds=bounds, progress=progress)
        if module.check_mode:
            return {"changed": collection.pending(kinds), "state_file": files.state_file}
        collected = collection.run(kinds)
        return {**client.facts(), **collected.facts(), "files": files.files, "state_file": files.state_file}


if __name__ == "__main__":
    main()
