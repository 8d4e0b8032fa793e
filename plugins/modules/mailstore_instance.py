#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_instance
short_description: Create, configure, start, stop, freeze and remove instances of MailStore SPE
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance is there and configured, is in a certain state, or is not there.
  - What already is as it should be is left alone. A second run only looks.
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.reference
options:
  instance:
    description: The id of the instance, C(instanceID). It names one instance; wildcards are refused.
    type: str
    required: true
  state:
    description:
      - V(present) creates the instance if it is not there, and configures it as O(configuration) says. Whether it
        runs stays as it is.
      - V(absent) deletes the instance (C(DeleteInstances)). MailStore does not document whether the files of its
        archive stay in its C(baseDirectory), so take it for the end of the archive. Before that, detach the stores that
        are to be kept (O(mops.maintenance.mailstore_store#module:state=detached) leaves a store's files where they
        are), or copy the files from the instance host while the instance is stopped.
      - V(started) creates the instance as V(present) does if it is not there, and starts it.
      - V(stopped), V(frozen) and V(thawed) are done to an instance that is there, after it was configured. V(thawed)
        means that it is not frozen; an instance that is stopped stays so.
      - V(restarted) restarts an instance on every run, and starts one that is stopped, or that is not there and is
        created.
      - What cannot be is refused. A frozen instance has to be thawed first, and only one that runs can be frozen.
    type: str
    choices: [present, absent, started, stopped, restarted, frozen, thawed]
    default: present
  missing_ok:
    description:
      - Whether O(state=stopped) and O(state=thawed) are met where there is no such instance, as when a customer has
        been offboarded already. Without it, that is a failure, since the id could be misspelled.
      - O(state=absent) is met without it. The other states need an instance.
    type: bool
    default: false
    version_added: 0.2.0
  archive_admin_enabled:
    description:
      - Whether service-provider access to the instance is enabled, C(ArchiveAdminEnabled). Without it, that stays as it
        is.
      - Nearly all functions that name an instance need that access; only those on archive stores and search indexes do
        not. It is off until somebody enables it, and whether you may is a matter of your contract with the tenant.
      - It is set while the instance runs. So the task that creates an instance can set it with O(state=started).
    type: bool
    version_added: 0.2.0
  configuration:
    description:
      - What should be in the instance's configuration, by the names of C(GetInstanceConfiguration), for example
        C(displayName), C(alias), C(instanceHost), C(startMode), C(baseDirectory). Upper and lower case count.
      - It is merged into the configuration that the instance has; what is not named stays as it is.
      - To create an instance, C(instanceHost) at least is needed.
    type: dict
    default: {}
  wait_timeout:
    description:
      - Seconds to wait at most for each thing that is done, such as starting. With V(0) there is no limit.
      - After that the task fails, and the server goes on. RV(token) is for M(mops.maintenance.mailstore_operation).
    type: float
    default: 600
notes:
  - In check mode, an instance that is not there counts as created by a task before, where this one cannot create it.
  - MailStore Server has no instances, so this module is for MailStore SPE alone, and says so there.
  - A run that has nothing to do invokes C(GetInstances) alone, C(GetInstanceConfiguration) where O(configuration) is
    given, and C(GetArchiveAdminEnabled) where O(archive_admin_enabled) is.
seealso:
  - module: mops.maintenance.mailstore_configuration
  - module: mops.maintenance.mailstore_store
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: A new customer's instance is there and runs, and the service provider may look into it
  mops.maintenance.mailstore_instance:
    instance: alpha
    state: started
    archive_admin_enabled: true
    configuration:
      displayName: Customer 1 Ltd
      instanceHost: host01.spe.example
      baseDirectory: C:\MailArchive\alpha

- name: The instance is frozen while its files are copied
  mops.maintenance.mailstore_instance:
    instance: alpha
    state: frozen

- name: The instance is at work again
  mops.maintenance.mailstore_instance:
    instance: alpha
    state: thawed

- name: The instance does not run, if it is still there
  mops.maintenance.mailstore_instance:
    instance: alpha
    state: stopped
    missing_ok: true

- name: The instance is no more
  mops.maintenance.mailstore_instance:
    instance: alpha
    state: absent
"""

RETURN = r"""
instance:
  description:
    - The instance after the run, as C(GetInstances) describes it. In check mode, as it would be, as far as that can be
      told. Null where there is none.
    - With O(configuration), C(configuration) in it is as C(GetInstanceConfiguration) describes it, without secrets.
    - With O(archive_admin_enabled), C(archiveAdminEnabled) in it is what C(GetArchiveAdminEnabled) tells. It may
      be missing where the instance does not run.
  returned: success
  type: dict
  sample:
    instanceID: alpha
    alias: null
    displayName: Customer 1 Ltd
    instanceHost: host01.spe.example
    status: running
    startStopError: null
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [StartInstances]
token:
  description: The process that was left to the server, for M(mops.maintenance.mailstore_operation).
  returned: if O(wait_timeout) has passed
  type: str
  sample: sa71c6ef0d880a14eb2220fa87f276710e
"""

from dataclasses import replace

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance import (
    ARGUMENTS,
    WantedInstance,
    wanted_instance,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    Options,
    StateModule,
    run_module,
)


def main() -> None:
    module = StateModule({**ARGUMENTS, "wait_timeout": {"type": "float", "default": 600}}, free_form=["configuration"])

    def wanted(options: Options) -> WantedInstance:
        return replace(wanted_instance(options), created_before=module.check_mode)

    run_module(module, "instance", wanted)


if __name__ == "__main__":
    main()
