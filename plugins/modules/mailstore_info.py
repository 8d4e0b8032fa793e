#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_info
short_description: Gather what there is on a MailStore SPE server
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Reads, and never writes, what an installation of MailStore Service Provider Edition and one, some or all of its
    instances tell of themselves.
  - It asks for no more than O(gather_subset) names. The installation costs one request for each part of it, all
    instances together one more, and each running instance one for each of the parts that only it can tell.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
attributes:
  check_mode:
    support: full
    details:
      - It changes nothing, and so does the same in check mode.
  diff_mode:
    support: none
options:
  gather_subset:
    description:
      - What to gather. V(all) is everything.
      - V(environment), V(service_status) and V(instances) are of the installation. All others are of each instance,
        and are found in RV(instances).
      - Most of what is an instance's own takes service-provider access to it, which is off by default, and which its
        tenant can withhold. V(stores) does not.
      - V(folder_statistics) came with version 0.2.0 of this collection.
    type: list
    elements: str
    choices:
      - all
      - environment
      - service_status
      - instances
      - statistics
      - stores
      - users
      - profiles
      - credentials
      - jobs
      - worker_results
      - job_results
      - folder_statistics
    default: [environment, service_status, instances]
  instances:
    description:
      - The instances to gather from, by their ids. In an id, V(*) stands for any characters.
      - The task fails if the server does not have one of the ids, or if a pattern matches no instance. V(*) alone may
        match none.
    type: list
    elements: str
    default: ["*"]
  allow_empty:
    description:
      - Whether a pattern in O(instances) may match no instance. It is named in RV(unmatched) then.
    type: bool
    default: false
    version_added: 0.2.0
  results_days:
    description:
      - For how many days back V(worker_results) and V(job_results) are gathered. As the server's time zone is not
        known, there may be up to two days more.
      - A server refuses periods with too many results. It is then asked for halves of the period, down to single days.
    type: int
    default: 7
  concurrency:
    description:
      - How many instances are asked at once. With O(auth_method=session), each of them takes a session of its own.
    type: int
    default: 4
notes:
  - An instance that is not running can be asked for nothing, and one that withholds service-provider access for little.
    That is no failure. What is missing for that or another reason is in RV(instances[].not_gathered), with the reason.
  - MailStore Server has one archive and no instances. RV(instances) has one entry for it there, whose C(instanceID) is
    null, RV(environment) is what C(GetServerInfo) tells, and there is no RV(service_status).
  - Values whose names end in C(password), C(passphrase), C(encryptionKey), C(secret) and the like are masked.
seealso:
  - module: mops.maintenance.mailstore_invoke
  - plugin: mops.maintenance.mailstore_instances
    plugin_type: inventory
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: See the installation, its messages and its instances
  mops.maintenance.mailstore_info:
  register: archive

- name: Show what does not run
  ansible.builtin.debug:
    msg: "{{ item.instanceID }} is {{ item.status }}. {{ item.startStopError | default('', true) }}"
  loop: "{{ archive.instances | rejectattr('status', 'eq', 'running') }}"
  loop_control:
    label: "{{ item.instanceID }}"

- name: See the stores of some instances
  mops.maintenance.mailstore_info:
    gather_subset: stores
    instances: ["b*", alpha]
  register: archive

- name: Name the stores with an index to rebuild
  ansible.builtin.debug:
    msg: >-
      {{ archive.instances | selectattr('stores', 'defined') | map(attribute='stores') | flatten
         | selectattr('searchIndexesNeedRebuild') | map(attribute='databasePath') }}
"""

RETURN = r"""
environment:
  description: Version, license and system of the installation.
  returned: if O(gather_subset) has V(environment)
  type: dict
  sample: {version: 25.3.0.23000, licenseeName: Example Ltd, serverName: archive.example.com}
service_status:
  description: The state of the services. Its V(messages) are what the server finds worth knowing, each with V(type)
    (V(information), V(warning), V(error)), V(text) and V(tag).
  returned: if O(gather_subset) has V(service_status)
  type: dict
  sample:
    messages:
      - {type: warning, text: The archive store 2025 of customer-1 needs to be upgraded., tag: "store:customer-1:2"}
instances:
  description:
    - The instances that fit O(instances), each as the server describes it, and with what was gathered from it.
  returned: if O(gather_subset) has V(instances) or a part of an instance
  type: list
  elements: dict
  contains:
    instanceID:
      description: The instance's id.
      type: str
    alias:
      description: Another name of it, or null.
      type: str
    displayName:
      description: Its name for people, or null.
      type: str
    instanceHost:
      description: The host that it runs on.
      type: str
    status:
      description: Whether it is V(running), V(stopped), V(frozen) and so on.
      type: str
    startStopError:
      description: Why it could not be started or stopped, or null.
      type: str
    not_gathered:
      description: What could not be gathered, by its name in O(gather_subset), and why. Empty where all could.
      returned: if O(gather_subset) has a part of an instance
      type: dict
      sample: {stores: "The instance is not running: its status is stopped."}
    not_gathered_kind:
      description:
        - The kind of each of the reasons in RV(instances[].not_gathered).
        - V(not_running), the instance does not run. V(access_withheld), it withholds service-provider access.
        - V(failed), the function answered that it failed. V(no_answer), the server did not answer, or with an error of
          its own. V(not_asked), the instance was not asked, because it did not answer before. V(unknown_function), the
          server has no such function.
      returned: if O(gather_subset) has a part of an instance
      type: dict
      sample: {stores: not_running}
    statistics:
      description: The number of its messages and their sizes in megabytes, as V(numberOfMessages) and V(totalSizeMB).
        Newer servers have V(databaseFileSizeMB), V(contentFileSizeMB) and V(indexFileSizeMB) as well.
      returned: if asked for, and gathered
      type: dict
    stores:
      description: Its archive stores.
      returned: if asked for, and gathered
      type: list
      elements: dict
    users:
      description: Its users.
      returned: if asked for, and gathered
      type: list
      elements: dict
    profiles:
      description: Its archiving and export profiles.
      returned: if asked for, and gathered
      type: list
      elements: dict
    credentials:
      description: Its credentials for cloud services, with the date on which their certificates expire.
      returned: if asked for, and gathered
      type: list
      elements: dict
    jobs:
      description: Its jobs.
      returned: if asked for, and gathered
      type: list
      elements: dict
    worker_results:
      description:
        - The results of runs of its profiles, in no order. Times are the server's local times.
        - Where a part of the period is missing, RV(instances[].not_gathered) says which, and why.
      returned: if asked for, and gathered
      type: list
      elements: dict
    job_results:
      description: The results of runs of its jobs. Times are the server's local times.
      returned: if asked for, and gathered
      type: list
      elements: dict
    folder_statistics:
      description: Messages and bytes of its folders, as C(folder), C(count) and C(size). A folder at the top is a
        user's archive.
      returned: if asked for, and gathered
      type: list
      elements: dict
  sample:
    - instanceID: customer-1
      alias: null
      displayName: Customer 1
      instanceHost: archive.example.com
      status: running
      startStopError: null
      not_gathered: {}
      not_gathered_kind: {}
      stores:
        - id: 1
          name: "2026"
          databasePath: D:\MailArchive\customer-1\2026
          requestedState: current
          error: null
          searchIndexesNeedRebuild: false
          needsUpgrade: false
          statisticsCount: 120433
          statisticsSize: 8632635392
results_since:
  description: The time from which on runs were asked for. The server takes it for its local time.
  returned: if O(gather_subset) has V(worker_results) or V(job_results)
  type: str
  sample: "2026-02-21T12:00:00"
unmatched:
  description: Those patterns of O(instances) that match no instance.
  returned: if O(gather_subset) has V(instances) or a part of an instance
  type: list
  elements: str
  sample: []
"""

from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import (
    SUBSETS,
    FactsGatherer,
    Scope,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "gather_subset": {
                "type": "list",
                "elements": "str",
                "choices": ["all", *SUBSETS],
                "default": ["environment", "service_status", "instances"],
            },
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
            "allow_empty": {"type": "bool", "default": False},
            "results_days": {"type": "int", "default": 7},
            "concurrency": {"type": "int", "default": 4},
        },
        supports_check_mode=True,
    )
    options = module.params
    with reported_failures(module):
        server = server_of(options)
        scope = Scope(options["gather_subset"], options["instances"], options["results_days"], options["allow_empty"])
        following = Following.silently(server)
        surveyor = FactsGatherer(following, now=datetime.now(timezone.utc))
        survey = surveyor.take(scope, concurrency=options["concurrency"])
    module.exit_json(changed=False, **survey)


if __name__ == "__main__":
    main()
