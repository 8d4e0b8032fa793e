#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_user
short_description: Create, change and delete users of a MailStore SPE instance, one or many
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance has a user, with names, addresses, authentication, privileges and password; or that it
    does not have the user.
  - What already is as it should be is left alone. A second run only looks, but for O(update_password=always).
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.instance
  - mops.maintenance.mailstore.reference
options:
  name:
    description: The name by which the user logs in, C(userName). Upper and lower case do not count.
    type: str
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
  full_name: &full_name
    description: The user's full name, C(fullName). An empty string takes it away.
    type: str
  email_addresses: &email_addresses
    description:
      - All email addresses of the user, C(emailAddresses), the primary one first. An empty list takes them away.
      - They are compared without regard to upper and lower case, and but for the first one, in any order.
    type: list
    elements: str
  distinguished_name: &distinguished_name
    description: The user's distinguished name in directory services, C(distinguishedName). An empty string takes it
      away.
    type: str
  authentication: &authentication
    description: Where the user's password is checked. V(integrated) is MailStore itself.
    type: str
    choices: [integrated, directoryServices]
  pop3_user_names: &pop3_user_names
    description: All names of the user's POP3 accounts, C(pop3UserNames), in any order. An empty list takes them away.
    type: list
    elements: str
  privileges: &privileges
    description:
      - All that the user may do, in any order. V(none) and V(admin) can only stand alone, and an empty list is the
        same as V(none).
      - Without it, the privileges of a new user are for the server to choose.
    type: list
    elements: str
    choices: [none, admin, login, changePassword, archive, modifyArchiveProfiles, export, modifyExportProfiles, delete]
  login_privileges: &login_privileges
    description:
      - All ways in which the user may log in, C(loginPrivileges), in any order. V(none) can only stand alone, and an
        empty list is the same.
      - V(api) is the Management API. A server may show it although nobody has asked for it; without V(api) in the list
        that is no difference, and V(api) is neither given nor taken away on its own.
      - Without it, a new user may log in in every way.
    type: list
    elements: str
    choices: [none, windows, web, outlook, windowsCmd, imap, api]
  privileges_on_folders: &privileges_on_folders
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
  user_password: &user_password
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
  mfa: &mfa
    description:
      - Multi-factor authentication. V(enabled) sets it up where it is off (C(InitializeMFA)), V(disabled) takes it away
        (C(DisableMFA)).
      - V(reset) sets it up anew on every run, for somebody who has lost the second factor, and each time reports a
        change.
    type: str
    choices: [enabled, disabled, reset]
    version_added: 0.2.0
  delete_app_passwords:
    description:
      - Whether to delete the passwords that the user has for single applications (C(DeleteAppPasswords)). The server
        does not tell whether there are any, so that is done on every run, and each time reports a change.
    type: bool
    default: false
    version_added: 0.2.0
  users:
    description:
      - Many users in one task, each with the options that there are for one.
      - What an entry does not say is as the option of the same name outside of the list, but for the password.
      - The instance's users are listed once, and C(GetUserInfo) is asked for each who is there. A user who fails does
        not stop the others; at the end the task fails and names all who did.
    type: list
    elements: dict
    version_added: 0.2.0
    suboptions:
      name:
        description: The name by which the user logs in, C(userName).
        type: str
        required: true
      state:
        description: As O(state), for this user. Without it, O(state) holds.
        type: str
        choices: [present, absent]
      create:
        description: As O(create), for this user. Without it, O(create) holds.
        type: bool
      full_name: *full_name
      email_addresses: *email_addresses
      distinguished_name: *distinguished_name
      authentication: *authentication
      pop3_user_names: *pop3_user_names
      privileges: *privileges
      login_privileges: *login_privileges
      privileges_on_folders: *privileges_on_folders
      purge_folders:
        description: As O(purge_folders), for this user. Without it, O(purge_folders) holds.
        type: bool
      user_password: *user_password
      update_password:
        description: As O(update_password), for this user. Without it, O(update_password) holds.
        type: str
        choices: [always, on_create]
      mfa: *mfa
      delete_app_passwords:
        description: As O(delete_app_passwords), for this user. Without it, O(delete_app_passwords) holds.
        type: bool
notes:
  - A run that has nothing to do invokes one function alone, C(GetUserInfo) where there is the user, C(GetUsers) where
    O(state=absent) and there is none.
  - API passwords are for system administrators alone, see M(mops.maintenance.mailstore_administrator).
seealso:
  - module: mops.maintenance.mailstore_instance
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

- name: Somebody has lost a phone with the second factor, and a notebook with mail programs
  mops.maintenance.mailstore_user:
    instance: alpha
    name: anna
    mfa: reset
    delete_app_passwords: true
    create: false

- name: Many users at once, who all may do the same
  mops.maintenance.mailstore_user:
    instance: beta
    privileges: [login]
    login_privileges: [web, outlook]
    users:
      - name: ben
        full_name: Ben Berg
        email_addresses: [ben@beta.example]
      - name: carla
        full_name: Carla Costa
        privileges: [login, changePassword]
        user_password: "{{ lookup('ansible.builtin.env', 'CARLAS_PASSWORD') }}"
      - name: dmitri
        state: absent

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
  returned: success, with O(name)
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
users:
  description:
    - What became of each user, in the order of the option O(users).
  returned: with O(users)
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    name:
      description: The user's name, as in the option.
      returned: always
      type: str
      sample: anna
    changed:
      description: Whether something was changed of this user.
      returned: always, unless the user failed before that
      type: bool
      sample: true
    user:
      description: The user after the run, as RV(user).
      returned: success
      type: dict
      sample:
        userName: anna
    functions:
      description: The functions that were invoked to change something of this user.
      returned: success, and failure after something was begun
      type: list
      elements: str
      sample: [CreateUser]
    failed:
      description: Whether this user failed.
      returned: failure
      type: bool
      sample: true
    msg:
      description: Why this user failed.
      returned: failure
      type: str
      sample: Instance alpha has no user ana, and create is false. The nearest are anna.
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [SetUserFullName, SetUserEmailAddresses]
"""


from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed, Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Document, described, listed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.many import Item, Names, run_many
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    Observed,
    Subject,
    is_missing,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    Options,
    StateModule,
    run_module,
    warn_of_missing,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.user import (
    ARGUMENTS,
    WantedUser,
    wanted_user,
)
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures

OF_ONE = ("name", "user_password")
"""What can be only one user's; all else is, with ``users``, what holds for those that do not say it themselves."""


def main() -> None:
    # One name, or many users; and what an entry does not say, it takes from outside of the list.
    of_one = {**ARGUMENTS, "name": {"type": "str"}}
    of_many = {name: {**spec, "default": None} for name, spec in ARGUMENTS.items() if name not in ("instance", "name")}
    module = StateModule(
        {
            **of_one,
            "users": {
                "type": "list",
                "elements": "dict",
                "options": {**of_many, "name": {"type": "str", "required": True}},
            },
        },
        required_one_of=[("name", "users")],
        mutually_exclusive=[("name", "users"), ("user_password", "users")],
    )
    if module.params["users"] is None:
        run_module(module, "user", wanted_user)
        return
    with reported_failures(module):
        users = [Item(user.name, user) for user in wanted_users(module.params)]
    run_many(module, Names("users", "user", "name"), users, Listing(module).observed)


def wanted_users(options: Options) -> list[WantedUser]:
    """What ``users`` asks for. Raises `InvalidOption`, which names the user, before anything is done."""
    users: dict[str, WantedUser] = {}
    common = {name: options[name] for name in ARGUMENTS if name not in OF_ONE}
    for entry in options["users"]:
        given = {name: value for name, value in entry.items() if value is not None}
        failure = None
        try:
            user = wanted_user({"user_password": None, **common, **given})
            user.check()
        except InvalidOption as error:
            failure = error
        if failure is not None:
            raise InvalidOption(f"users, {entry['name']}: {failure}")
        if user.name.casefold() in users:
            raise InvalidOption(f"users names {user.name} twice.")
        users[user.name.casefold()] = user
    return list(users.values())


class Listing:
    """The instance's users, listed once: who is not among them need not be asked for."""

    def __init__(self, module: StateModule) -> None:
        self._module = module
        self._users: list[Document] | None = None

    def observed(self, client: Client, user: Subject) -> Observed | None:
        """What there is of a user, with one call where there is something to compare. Raises `MopsError`."""
        if not isinstance(user, WantedUser):
            return None
        if self._users is None:
            self._users = self._listed(client, user.instance)
        entry = user.entry(self._users)
        if entry is None or not user.present:
            return Observed(entry)
        return Observed(described(client.call, "GetUserInfo", instanceID=user.instance, userName=entry["userName"]))

    def _listed(self, client: Client, instance: str | None) -> list[Document]:
        """In check mode, nobody in an instance that is yet to be created."""
        try:
            return listed(client.call, "GetUsers", instanceID=instance)
        except CallFailed:
            if not self._module.check_mode or not instance or not is_missing(client, instance):
                raise
        warn_of_missing(self._module, instance)
        return []


if __name__ == "__main__":
    main()
