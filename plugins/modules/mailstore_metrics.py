#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_metrics
short_description: Write metrics of a MailStore SPE server for Prometheus
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Gathers what the role P(mops.maintenance.mailstore_health#role) looks at, and writes it in Prometheus' text
    exposition format, for the textfile collector of node_exporter, or for a push gateway.
  - It changes nothing on the server.
  - If the server cannot be asked, the metrics are C(mailstore_up) with the value 0 alone. They are written all the
    same, so that an alert fires, and then the task fails with the reason.
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
  dest:
    description:
      - The file to write. node_exporter reads files whose names end in V(.prom) from the folder that its option
        C(--collector.textfile.directory) names. The folder must be there.
      - The file is replaced as a whole, also if the metrics are the same, since its age tells how old they are. That
        is no change.
      - Without it, the metrics are only returned.
    type: path
  mode:
    description:
      - The permissions of O(dest). node_exporter runs as a user of its own, so everybody may read it.
    type: raw
    default: '0644'
  instances:
    description:
      - The instances to gather from, by their ids. In an id, V(*) stands for any characters.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description:
      - Patterns of instances to leave out.
    type: list
    elements: str
    default: []
  allow_empty:
    description:
      - Whether a pattern in O(instances) may match no instance. V(*) alone may.
    type: bool
    default: false
  results_days:
    description:
      - For how many days back runs of profiles and jobs are looked at. A profile without a run that succeeded in
        these days has the time V(0).
    type: int
    default: 7
  stale_hours:
    description:
      - For how many hours a profile that runs by itself may have no result, and an instance whose profiles run may
        archive nothing. With V(0), there is no limit. It must be within O(results_days).
    type: int
    default: 36
  certificate_days:
    description:
      - How many days before it expires the certificate of a credential is a finding.
    type: int
    default: 30
  maintenance:
    description:
      - The files in which M(mops.maintenance.mailstore_maintenance) remembers what was maintained when. What is
        overdue by these is a finding.
    type: list
    elements: path
    default: []
  concurrency:
    description:
      - How many instances are asked at once. With O(auth_method=session), each of them takes a session of its own.
    type: int
    default: 4
notes:
  - The label C(server) is O(host), and C(instance_id) an instance's id. The label C(instance) is that of Prometheus.
  - Times of runs are asked for in UTC, by the time zone id V(UTC) that every Windows knows.
seealso:
  - module: mops.maintenance.mailstore_info
  - name: Textfile collector of node_exporter
    description: How node_exporter reads files of metrics.
    link: https://github.com/prometheus/node_exporter#textfile-collector
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Write metrics for node_exporter
  mops.maintenance.mailstore_metrics:
    dest: ./mailstore.prom

- name: Look at some instances alone
  mops.maintenance.mailstore_metrics:
    instances: ["b*", alpha]
    exclude: ["beta-test*"]
  register: archive

- name: Show their metrics
  ansible.builtin.debug:
    msg: "{{ archive.metrics }}"
"""

RETURN = r"""
metrics:
  description: The metrics in Prometheus' text exposition format.
  returned: always, but for options that cannot be
  type: str
  sample: |
    # HELP mailstore_up Whether the Management Server could be asked. All other metrics are missing where it is 0.
    # TYPE mailstore_up gauge
    mailstore_up{server="archive.example.com"} 1
up:
  description: Whether the server could be asked.
  returned: always, but for options that cannot be
  type: bool
  sample: true
"""

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import FactsGatherer, Scope
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Limits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.metrics import (
    SUBSETS,
    exposition,
    silence,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._module import (
    check_folder,
    reported_failures,
    write_file,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "dest": {"type": "path"},
            "mode": {"type": "raw", "default": "0644"},
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "allow_empty": {"type": "bool", "default": False},
            "results_days": {"type": "int", "default": 7},
            "stale_hours": {"type": "int", "default": 36},
            "certificate_days": {"type": "int", "default": 30},
            "maintenance": {"type": "list", "elements": "path", "default": []},
            "concurrency": {"type": "int", "default": 4},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    with reported_failures(module):
        result = collect(module)
    module.exit_json(**result)


def collect(module: AnsibleModule) -> dict[str, Any]:
    """Gather and write. Raises `MopsError`, with the metrics of a server that cannot be asked among its facts."""
    options, now = module.params, datetime.now(timezone.utc)
    server = server_of(options)
    limits = Limits(options["stale_hours"], options["certificate_days"])
    scope = Scope(SUBSETS, options["instances"], options["results_days"], options["allow_empty"], "UTC")
    scope.check()
    limits.check(options["results_days"])
    check_concurrency(options["concurrency"])
    if options["dest"]:
        check_folder("dest", options["dest"])
    following = Following.silently(server)
    try:
        survey = FactsGatherer(following, now=now).take(scope, concurrency=options["concurrency"])
        metrics = exposition(
            survey,
            server=server.host,
            now=now,
            scope=options["instances"],
            exclude=options["exclude"],
            limits=limits,
            maintenance=options["maintenance"],
        )
    except InvalidOption:
        raise
    except MopsError as error:
        error.facts = {**error.facts, **written(module, silence(server.host)), "up": False}
        raise
    return {**written(module, metrics), "up": True}


def written(module: AnsibleModule, metrics: str) -> dict[str, Any]:
    """Write the metrics, where a file is named. Raises `InvalidOption` where that cannot be."""
    path = module.params["dest"]
    return {"metrics": metrics, **(write_file(module, "dest", path, metrics) if path else {"changed": False})}


if __name__ == "__main__":
    main()
