#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_user
short_description: Create, change and delete users of a MailStore SPE instance
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance has a user, with names, addresses, authentication, privileges and password; or that it
    does not have the user.
  - What already is as it should be is left alone. A second run only looks, but for O(update_password=always).
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
  instance:
    description:
      - The id of the instance, C(instanceID).
      - MailStore Server has no instances. Leave it out there, and only there.
    type: str
  name:
    description: The name by which the user logs in, C(userName). Upper and lower case do not count.
    type: str
    required: true
  state:
    description:
      - V(present) creates the user if there is none of that name, unless O(create=false), and sets what is asked for.
      - V(absent) deletes the user. The user's archive, and the messages in it, stay.
    type: str
    choices: [present, absent]
    default: present
  create:
    description:
      - Whether O(state=present) creates a user who is not there. With V(false), that is a failure, which names the
        users with the nearest names. So a typo in O(name) makes no new login.
    type: bool
    default: true
    version_added: 0.2.0
  full_name:
    description: The user's full name, C(fullName). An empty string takes it away.
    type: str
  email_addresses:
    description:
      - All email addresses of the user, C(emailAddresses), the primary one first. An empty list takes them away.
      - They are compared without regard to upper and lower case, and but for the first one, in any order.
    type: list
    elements: str
  distinguished_name:
    description: The user's distinguished name in directory services, C(distinguishedName). An empty string takes it
      away.
    type: str
  authentication:
    description: Where the user's password is checked. V(integrated) is MailStore itself.
    type: str
    choices: [integrated, directoryServices]
  pop3_user_names:
    description: All names of the user's POP3 accounts, C(pop3UserNames), in any order. An empty list takes them away.
    type: list
    elements: str
  privileges:
    description:
      - All that the user may do, in any order. V(none) and V(admin) can only stand alone, and an empty list is the
        same as V(none).
      - Without it, the privileges of a new user are for the server to choose.
    type: list
    elements: str
    choices: [none, admin, login, changePassword, archive, modifyArchiveProfiles, export, modifyExportProfiles, delete]
  login_privileges:
    description:
      - All ways in which the user may log in, C(loginPrivileges), in any order. V(none) can only stand alone, and an
        empty list is the same.
      - V(api) is the Management API. A server may show it although nobody has asked for it; without V(api) in the list
        that is no difference, and V(api) is neither given nor taken away on its own.
      - Without it, a new user may log in in every way.
    type: list
    elements: str
    choices: [none, windows, web, outlook, windowsCmd, imap, api]
  privileges_on_folders:
    description:
      - What the user may do in archives, C(privilegesOnFolders). Folders that are not named stay as they are, unless
        O(purge_folders=true).
    type: list
    elements: dict
    suboptions:
      folder:
        description: A folder of the highest level, which is a user's archive.
        type: str
        required: true
      privileges:
        description: All that the user may do there. V(none) can only stand alone, and an empty list is the same.
        type: list
        elements: str
        choices: [none, read, write, delete]
        required: true
  purge_folders:
    description: Whether to take away all privileges on folders that O(privileges_on_folders) does not name.
    type: bool
    default: false
  user_password:
    description:
      - The password of the user, where O(authentication=integrated). Not to be mistaken for O(password), the
        administrator's.
    type: str
  update_password:
    description:
      - Whether O(user_password) is only for a user who is created, or set on every run.
      - The server does not tell whether a password is the one that it has. So V(always) sets it each time, and each
        time reports a change.
    type: str
    choices: [always, on_create]
    default: on_create
notes:
  - A run that has nothing to do invokes one function alone, C(GetUserInfo) where there is the user, C(GetUsers) where
    O(state=absent) and there is none.
seealso:
  - module: mops.maintenance.mailstore_instance
  - name: MailStore SPE Management API - Function Reference
    description: All functions with their arguments.
    link: https://help.mailstore.com/en/spe/Management_API_-_Function_Reference
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: A user who logs in with a password of MailStore's own
  mops.maintenance.mailstore_user:
    instance: alpha
    name: anna
    full_name: Anna Adler
    email_addresses: [anna@alpha.example, a.adler@alpha.example]
    authentication: integrated
    user_password: "{{ lookup('ansible.builtin.env', 'ANNAS_PASSWORD') }}"
    privileges: [login, changePassword]
    login_privileges: [web, outlook]
    privileges_on_folders:
      - folder: anna
        privileges: [read]

- name: An auditor who reads everything that is named here, and nothing else
  mops.maintenance.mailstore_user:
    instance: alpha
    name: auditor
    privileges: [login]
    privileges_on_folders:
      - folder: anna
        privileges: [read]
    purge_folders: true

- name: A new password for somebody who must be there already
  mops.maintenance.mailstore_user:
    instance: alpha
    name: anna
    user_password: "{{ lookup('ansible.builtin.env', 'ANNAS_PASSWORD') }}"
    update_password: always
    create: false

- name: A user who has left; the archive stays
  mops.maintenance.mailstore_user:
    instance: alpha
    name: auditor
    state: absent
"""

RETURN = r"""
user:
  description:
    - The user after the run, as C(GetUserInfo) describes it. In check mode, as it would be, as far as that can be told.
      Null where there is none.
  returned: success
  type: dict
  sample:
    userName: anna
    fullName: Anna Adler
    distinguishedName: null
    authentication: integrated
    emailAddresses: [anna@alpha.example]
    pop3UserNames: []
    privileges: [login, changePassword]
    loginPrivileges: [web, outlook]
    privilegesOnFolders:
      - folder: anna
        privileges: [read]
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [SetUserFullName, SetUserEmailAddresses]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import connection_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import end_in_state
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.user import ARGUMENTS, wanted_user
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures


def main() -> None:
    module = AnsibleModule(
        argument_spec={**connection_arguments(), **ARGUMENTS},
        supports_check_mode=True,
    )
    with reported_failures(module):
        wanted = wanted_user(module.params)
        wanted.check()
        end_in_state(module, "user", wanted, single=wanted.instance is None)


if __name__ == "__main__":
    main()
