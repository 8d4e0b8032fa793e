#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_profile
short_description: Create, schedule, replace, run and delete archiving and export profiles of MailStore SPE
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance has a profile, which archives or exports messages, and that it runs automatically or
    not; runs it now; or sees to it that the instance does not have it.
  - What already is as it should be is left alone. A second run only looks, but for O(state=run).
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.instance
  - mops.maintenance.mailstore.waiting
  - mops.maintenance.mailstore.reference
options:
  name:
    description:
      - The profile's name, by which it is found. With O(id), what the profile is to be called, which is a change that
        needs O(recreate=true).
    type: str
  id:
    description: The number of the profile, C(id), where a name is not enough. A profile with an id is never created.
    type: int
  owner:
    description:
      - Whose profile it is, C(owner), such as C($archiveadmin). Upper and lower case do not count.
      - Two profiles of one name are told apart by it. Required to create a profile.
    type: str
  state:
    description:
      - V(present) creates the profile if it is not there, and sees to it that it runs as is asked for.
      - V(run) does the same, then runs it (C(RunProfile)) and waits for its end. That is done on every run, and each
        time reports a change. Whether single messages failed is in the results of the profile,
        O(mops.maintenance.mailstore_info#module:gather_subset=worker_results).
      - V(absent) deletes the profile. What it has archived stays.
    type: str
    choices: [present, run, absent]
    default: present
  type:
    description:
      - The profile's C(type). V(I), that of a new profile, is one that archives. Which other types there are, MailStore
        does not document; look at the profiles that you have.
    type: str
  connector:
    description: What the profile archives from or exports to, C(connector), as the server has it in the profiles that
      it shows. Required to create a profile.
    type: str
  details:
    description:
      - What the connector needs, by the names of C(GetProfiles), for example C(host), C(protocol), C(userName),
        C(emailAddress), C(targetUserFolder). Upper and lower case count. MailStore does not document them; make a
        profile of the kind in MailStore Client, and look at it with this module and C(-v).
      - Of a profile that is there, only what is named is compared. Required to create a profile.
      - The values of all names that end in C(password), C(passphrase), C(encryptionKey) or C(secret) are masked
        wherever they could be shown.
    type: dict
  automatic:
    description:
      - Whether the server runs the profile again and again by itself (C(SetProfileServerSideExecution)). With
        V(false), a job or a person runs it.
      - Without it, that stays as it is, or is for the server to choose.
    type: bool
  pause:
    description: Seconds between the end of an automatic run and the next one. Needed the first time that O(automatic)
      is V(true).
    type: int
  maintenance_windows:
    description: When the profile does not run automatically, C(automaticMaintenanceWindows), like V(01:00-03:00). An
      empty string is at no time.
    type: str
  recreate:
    description:
      - What to do where O(name), O(owner), O(type), O(connector) or O(details) of the profile are different. The
        Management API cannot change them.
      - V(false) fails, and names what is different. V(true) creates a new profile that is like the old one but for
        what is asked for, and deletes the old one then. The new one has another id, and the results of the old one are
        no longer found by it.
      - Where a run is cut off in between, there are both, and the next run says so.
    type: bool
    default: false
  update_password:
    description:
      - What to do about a secret in O(details) that the server does not show, so that nobody can tell whether it is the
        one that is set.
      - V(on_change) takes it for the same, and uses it where a new profile is created. V(always) takes it for
        different on every run, so O(recreate=true) makes a new profile on every run.
      - A secret that the server shows is compared like everything else.
    type: str
    choices: [always, on_change]
    default: on_change
notes:
  - A run that has nothing to do invokes C(GetProfiles) alone.
seealso:
  - module: mops.maintenance.mailstore_job
  - module: mops.maintenance.mailstore_credential
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: A mailbox is archived every five minutes, but not at night
  mops.maintenance.mailstore_profile:
    instance: alpha
    name: Anna's mailbox
    owner: $archiveadmin
    connector: IMAP
    details:
      targetUserFolder: anna
      host: mail.alpha.example
      protocol: IMAP-SSL
      userName: anna
      emailAddress: anna@alpha.example
      password: "{{ lookup('ansible.builtin.env', 'ANNAS_MAIL_PASSWORD') }}"
    automatic: true
    pause: 300
    maintenance_windows: 01:00-03:00

- name: A job runs it from now on
  mops.maintenance.mailstore_profile:
    instance: alpha
    name: Anna's mailbox
    automatic: false

- name: The mailbox has moved to another server
  mops.maintenance.mailstore_profile:
    instance: alpha
    name: Anna's mailbox
    details:
      host: mail2.alpha.example
    recreate: true

- name: Archive what there is now
  mops.maintenance.mailstore_profile:
    instance: alpha
    name: Anna's mailbox
    state: run

- name: The mailbox is no more
  mops.maintenance.mailstore_profile:
    instance: alpha
    name: Anna's mailbox
    state: absent
"""

RETURN = r"""
profile:
  description:
    - The profile after the run, as C(GetProfiles) describes it, with its secrets masked. In check mode, as it would be,
      as far as that can be told. Null where there is none.
  returned: success
  type: dict
  sample:
    id: 3
    name: Anna's mailbox
    owner: $archiveadmin
    type: I
    connector: IMAP
    details:
      host: mail.alpha.example
    serverSideExecution:
      automatic: true
      automaticPauseBetweenExecutions: "300"
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [CreateProfile]
token:
  description: The process that was left to the server, for M(mops.maintenance.mailstore_operation).
  returned: if O(wait_timeout) has passed
  type: str
  sample: sa71c6ef0d880a14eb2220fa87f276710e
"""

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import waiting_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.profile import ARGUMENTS, wanted_profile
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    run_module,
)


def main() -> None:
    module = StateModule({**ARGUMENTS, **waiting_arguments()}, free_form=["details"], required_one_of=[("name", "id")])
    run_module(module, "profile", wanted_profile)


if __name__ == "__main__":
    main()
