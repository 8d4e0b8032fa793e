#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mashery_event_post
short_description: Post access-log records into Mashery's reporting
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Posts records of API calls to Mashery's Reporting Event Post API, from access logs or from a list.
  - Every record is validated field by field before it is sent. Records go out in few large posts, compressed.
  - With a O(ledger), a rerun sends only what is new, however the last run ended and whatever log rotation did in
    between. Nothing is lost, and nothing is sent twice except where nobody can know whether the service has it.
  - It needs the same memory for a log of any size.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mashery
  - mops.maintenance.mashery
  - mops.maintenance.mashery_log
attributes:
  check_mode:
    support: full
    details:
      - Everything is read, validated and compressed, and nothing is sent. The results tell what would have been.
  diff_mode:
    support: none
options:
  events:
    description:
      - Records to post. V(log_timestamp), V(service_dev_key) and V(service_key) must be there (or V(request_id) in the
        place of the two keys); every other field has a default.
      - The fields are those of Mashery's guide, V(src_ip), V(log_timestamp), V(method), V(http_version), V(bytes),
        V(status), V(service_dev_key), V(service_key), V(api_method), V(cache_hit), V(exec_time),
        V(remote_total_time), V(connect_time) and V(pre_transfer_time). Those that are internal to Mashery, as
        V(user_agent), may only be V(-).
      - V(log_timestamp) is as in the log (V([12/Jun/2012:21:53:03 +0000])), in ISO 8601 with an offset, or a number of
        seconds since 1970. It is converted to GMT.
      - Exactly one of O(events) and O(src) is required.
    type: list
    elements: dict
  src:
    description:
      - Log files, or globs of them, on the host that runs the module. Files that are compressed with gzip, bzip2 or xz
        are read as well, and those with zstd from Python 3.14 on.
      - Of a log and its rotations, the oldest comes first. A file is known by its content, so that a rotation that
        renames, copies or compresses it makes no difference; a file with the same content as another one is not sent
        twice.
      - With a O(ledger), it is enough to name the log itself; what is rotated from then on is found beside it, if it is
        named like a rotation (as V(access.log.1), V(access.1.log), V(access.log-20261122.gz) or
        V(access-2026-11-22.log)), or by its content. Rotations that are there before the first run are sent only if
        they are named, for example by a glob.
      - With a O(ledger), a last line without a line break is still being written, and stays for the next run, unless a
        newer file of the log is there and this one has not changed for a minute.
    type: list
    elements: path
  batch_size:
    description:
      - Records in a post, at most. The service takes no more than 10000. Posts are filled across files.
    type: int
    default: 10000
  max_bytes:
    description:
      - Bytes of a post before compression, at most. A longer line is not valid.
    type: int
    default: 4194304
  compress:
    description:
      - Whether posts are compressed.
    type: bool
    default: true
  compress_level:
    description:
      - From 1, which is fastest, to 9, which is smallest.
      - On access logs, V(4) takes less than three quarters of the time of V(6), and posts are 3 % larger. With V(3)
        they are 15 % larger.
    type: int
    default: 4
  posts_per_second:
    description:
      - The most posts in a second, to stay below the quota of the key. V(0) is no limit.
    type: float
    default: 0
  retries:
    description:
      - How often a post is retried, at most, that the service refused for a limit or could not take at the moment,
        or whose connection broke. Waits between tries grow to a minute, and are as long as the service asks for.
      - Where the service cannot be reached from the start, the task gives up after three tries.
    type: int
    default: 10
  retry_timeout:
    description:
      - Seconds that one post may take, with all its tries and the waits between them.
    type: float
    default: 900
  ledger:
    description:
      - A file that holds what was sent, so that a rerun sends only what is new. It is made where it is not there,
        readable by its owner only; its directory must be there. Only one run at a time can use it.
      - Without it, everything is sent every time.
      - It works for O(events) as well. A list that begins like one that was sent goes on where that one ended.
    type: path
  on_invalid:
    description:
      - What to do about lines that are not valid records.
      - With V(fail), all of O(src) or O(events) is validated before anything is sent, and nothing is sent if any line
        is not valid.
      - With V(skip), the others are sent.
    type: str
    choices: [fail, skip]
    default: fail
  rejects:
    description:
      - A file to which lines are added that O(on_invalid=skip) skipped, as JSON objects with V(file), V(line),
        V(field), V(reason) and V(record). It is made readable by its owner only.
    type: path
  on_unknown:
    description:
      - What to do about a post whose answer never came, in this run or, as the O(ledger) tells, in an earlier one that
        was killed. Nobody can know whether the service has its records.
      - V(resend) sends them again; they may then be counted twice, see RV(possibly_duplicated).
      - V(skip) leaves them; they may then be lost, see RV(possibly_lost).
    type: str
    choices: [resend, skip]
    default: resend
  progress:
    description:
      - Whether to show how far it is while the task runs. It is shown only where the module runs on the controller.
    type: bool
    default: true
  progress_interval:
    description:
      - Seconds after which a line is shown at the latest, even if nothing has changed.
    type: float
    default: 60
  progress_min_interval:
    description:
      - Seconds between two lines at least, after the first minute. Where O(progress_interval) is
        less, that counts.
    type: float
    default: 10
    version_added: 0.2.0
seealso:
  - plugin: mops.maintenance.mashery_record
    plugin_type: filter
  - name: Mashery Reporting Event Post API Guide
    description: The format of a record, and what the service answers.
    link: https://support.mashery.com/docs/read/Mashery_Reporting_Event_Post_API_Guide
"""

EXAMPLES = r"""
# MASHERY_API_KEY and MASHERY_SECRET in the environment hold the credentials.

- name: Post one record
  mops.maintenance.mashery_event_post:
    events:
      - log_timestamp: "2026-11-22T13:15:00Z"
        src_ip: 158.151.240.64
        method: GET
        status: 200
        bytes: 11111
        service_dev_key: u2cbu87r6f2q3m66j6yc2uce
        service_key: ygnj8v68nqb76akfzetwb799
        api_method: GetCompanyDetailRequest
        exec_time: 0.533

- name: Ship what is new in a gateway's access log
  mops.maintenance.mashery_event_post:
    src: /var/log/gateway/access.log
    ledger: /var/lib/gateway/mashery.ledger
    posts_per_second: 2

- name: Ship a log with all its rotations, and put aside what is not valid
  mops.maintenance.mashery_event_post:
    src: /var/log/gateway/access.log*
    ledger: /var/lib/gateway/mashery.ledger
    on_invalid: skip
    rejects: /var/log/gateway/mashery-rejects.jsonl
  register: shipment

- name: Ship nginx's access log, without health checks
  mops.maintenance.mashery_event_post:
    src: /var/log/nginx/access.log
    ledger: /var/lib/gateway/nginx.ledger
    format: nginx_combined
    mapping:
      service_key: {constant: ygnj8v68nqb76akfzetwb799}
      service_dev_key: {constant: u2cbu87r6f2q3m66j6yc2uce}
      api_method:
        skip_if: /healthz
        values:
          - {match: "/v1/companies/[^/]+$", value: GetCompany}
          - {match: /v1/companies, value: ListCompanies}

- name: Tell what would be sent
  mops.maintenance.mashery_event_post:
    src: /var/log/gateway/access.log
    ledger: /var/lib/gateway/mashery.ledger
  check_mode: true
"""

RETURN = r"""
posted:
  description: Records that the service has taken. In check mode, those that would have been sent.
  returned: always
  type: int
  sample: 25000
posts:
  description: Posts in which they went.
  returned: always
  type: int
  sample: 3
skipped_records:
  description:
    - Lines that are not valid records and were not sent.
    - Not called C(skipped), since Ansible takes a task with a result of that name for one that did not run.
  returned: always
  type: int
  sample: 0
missing_keys:
  description: Those of them that have no developer's or service's key, or one that no lookup table knows.
  returned: always
  type: int
  sample: 0
  version_added: 0.2.0
ignored:
  description: Lines that are not reported because C(skip_if) in O(mapping) says so.
  returned: always
  type: int
  sample: 0
  version_added: 0.2.0
invalid:
  description: The first twenty of those lines.
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: The file, or V(events).
      type: str
      sample: /var/log/gateway/access.log
    line:
      description: The number of the line, or of the event, from 1.
      type: int
      sample: 17
    field:
      description: The field that is not valid, as the log names it; V(null) where it is the line as a whole.
      type: str
      sample: status
    reason:
      description: What is wrong with it.
      type: str
      sample: must be an HTTP status of three digits, not 20
possibly_duplicated:
  description:
    - Records that were sent again because the answer to their first post never came. The service may count them twice.
    - Those of earlier runs with the same O(ledger) are among them where the run was killed before it could tell.
  returned: always
  type: int
  sample: 0
possibly_lost:
  description:
    - Records that O(on_unknown=skip) did not send again although the answer to their post never came, or that could
      not be sent again since their log is gone. A warning says which log, and up to which byte it was sent.
  returned: always
  type: int
  sample: 0
retries:
  description: Tries after the first one, of all posts.
  returned: always
  type: int
  sample: 0
bytes_raw:
  description: Bytes of the posts before compression.
  returned: always
  type: int
  sample: 5069034
bytes_sent:
  description: Bytes of the posts as they were sent.
  returned: always
  type: int
  sample: 1230021
elapsed:
  description: Seconds that it took.
  returned: always
  type: float
  sample: 1.7
"""

import json
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import Ledger, NoLedger, read_only
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.shipper import Plan, Shipment
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format, format_options
from ansible_collections.mops.maintenance.plugins.module_utils._module import (
    from_environment,
    reported_errors,
    require_requests,
    transport_options,
    warn_of_lost_state,
)
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress, progress_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, RetryPolicy
from ansible_collections.mops.maintenance.plugins.module_utils._text import check_text

if TYPE_CHECKING:
    from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.delivery import Delivery

SUBJECT = "mashery"


def options() -> dict[str, dict[str, Any]]:
    return {
        "url": from_environment("MASHERY_URL", type="str", default="https://partners.api.mashery.com/reporting"),
        "api_key": from_environment("MASHERY_API_KEY", type="str", required=True, no_log=True),
        "secret": from_environment("MASHERY_SECRET", type="str", required=True, no_log=True),
        **transport_options("MASHERY"),
        "events": {"type": "list", "elements": "dict"},
        "src": {"type": "list", "elements": "path"},
        **format_options(),
        "batch_size": {"type": "int", "default": 10000},
        "max_bytes": {"type": "int", "default": 4194304},
        "compress": {"type": "bool", "default": True},
        "compress_level": {"type": "int", "default": 4},
        "posts_per_second": {"type": "float", "default": 0},
        "retries": {"type": "int", "default": 10},
        "retry_timeout": {"type": "float", "default": 900},
        "ledger": {"type": "path"},
        "on_invalid": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
        "rejects": {"type": "path"},
        "on_unknown": {"type": "str", "choices": ["resend", "skip"], "default": "resend"},
        **progress_arguments(),
    }


def plan_of(module: AnsibleModule) -> Plan:
    params = module.params
    events = params["events"]
    return Plan(
        src=params["src"] or (),
        events=None if events is None else b"".join([json.dumps(event).encode("ascii") + b"\n" for event in events]),
        log_format=Format(params["format"], params["pattern"], params["mapping"]),
        batch_size=params["batch_size"],
        max_bytes=params["max_bytes"],
        compress_level=params["compress_level"] if params["compress"] else None,
        skip_invalid=params["on_invalid"] == "skip",
        resend=params["on_unknown"] == "resend",
        rejects=params["rejects"],
        buffer_directory=module.tmpdir,
    )


def check_options(module: AnsibleModule) -> None:
    """Raise `InvalidOption` for numbers that make no sense, for credentials that are not UTF-8, and without a file."""
    check_text(module.params, ("url", "api_key", "secret"), "MASHERY")
    if module.params["src"] == []:
        raise InvalidOption("src names no log file.")
    for name, least in (("posts_per_second", 0), ("retries", 0), ("retry_timeout", 0)):
        if not least <= module.params[name] < float("inf"):
            raise InvalidOption(f"{name} must be {least} or more, not {module.params[name]}.")


def opened_ledger(module: AnsibleModule) -> Ledger | NoLedger:
    path = module.params["ledger"]
    if path is None:
        return NoLedger()
    warn_of_lost_state(module, "ledger", "All that is in the logs is then sent again, and counted twice.")
    return read_only(path) if module.check_mode else Ledger(path)


def connected(module: AnsibleModule, ledger: Ledger | NoLedger, progress: Progress, stack: ExitStack) -> Delivery:
    """The way to the service, until the stack is closed."""
    require_requests(module)
    # A run that finds nothing new takes a third less time without them: they import requests.
    from ansible_collections.mops.maintenance.plugins.module_utils._http import Endpoint, Http
    from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.client import Client
    from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.delivery import Delivery, Pace

    params = module.params
    endpoint = Endpoint(
        params["url"].rstrip("/"),
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        timeout=params["timeout"],
    )
    retry = Retry(
        RetryPolicy(params["retries"], params["retry_timeout"]),
        on_wait=lambda seconds, error: progress.update(SUBJECT, str(error), retry_in=seconds),
    )
    client = Client(stack.enter_context(Http(endpoint)), params["api_key"], params["secret"])
    pace = Pace(params["posts_per_second"])
    return Delivery(client, ledger, retry, pace, resend=params["on_unknown"] == "resend")


def main() -> None:
    module = AnsibleModule(
        argument_spec=options(),
        mutually_exclusive=[("events", "src")],
        required_one_of=[("events", "src")],
        supports_check_mode=True,
    )
    with reported_errors(module), Progress.of(module) as progress:
        check_options(module)
        with closing(opened_ledger(module)) as ledger, ExitStack() as stack:
            shipment = Shipment(
                plan_of(module),
                ledger,
                durable=module.params["ledger"] is not None,
                tell=lambda text: progress.update(SUBJECT, text),
            )
            try:
                if module.check_mode:
                    connected(module, ledger, progress, stack)
                    shipment.validate()
                else:
                    shipment.ship(lambda: connected(module, ledger, progress, stack))
            except MopsError as error:
                error.facts.update(asdict(shipment.report), changed=shipment.changed)
                raise
            finally:
                for warning in shipment.warnings:
                    module.warn(warning)
        module.exit_json(changed=shipment.changed, **asdict(shipment.report))


if __name__ == "__main__":
    main()
