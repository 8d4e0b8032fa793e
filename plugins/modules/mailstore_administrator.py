#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_administrator
short_description: Create, change and delete system administrators of MailStore SPE
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that the installation has a system administrator, with names, password, multi-factor authentication and
    what else the server knows of one; or that it does not have the administrator.
  - What already is as it should be is left alone. A second run only looks, but for O(update_password=always) and
    O(mfa=reset).
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.reference
options:
  name:
    description: The name by which the administrator logs in, C(userName). Upper and lower case do not count.
    type: str
    required: true
  state:
    description:
      - V(present) creates the administrator if there is none of that name, and sets what is asked for.
      - V(absent) deletes the administrator. The server refuses to delete the one who asks for it.
    type: str
    choices: [present, absent]
    default: present
  full_name:
    description: The administrator's full name, C(fullName). An empty string takes it away.
    type: str
  configuration:
    description:
      - What else should be in the administrator's configuration, by the names of C(GetSystemAdministrators). Upper and
        lower case count, and a name that the server does not show is refused.
      - MailStore does not document roles of administrators and instances to which they are limited. Where your version
        has them, they are set here by its own names; with V({}) and C(-v) the task shows them.
    type: dict
    default: {}
  administrator_password:
    description: The password of the administrator whom O(name) names. Required to create one. Not to be mistaken for
      O(password), that of the administrator who asks for it.
    type: str
  update_password:
    description:
      - Whether O(administrator_password) is only for an administrator who is created, or set on every run.
      - The server does not tell whether a password is the one that it has. So V(always) sets it each time, and each
        time reports a change.
    type: str
    choices: [always, on_create]
    default: on_create
  mfa:
    description:
      - Multi-factor authentication. V(enabled) sets it up where it is off (C(InitializeSystemAdministratorMFA)),
        V(disabled) takes it away (C(DeactivateSystemAdministratorMFA)).
      - V(reset) sets it up anew on every run, for somebody who has lost the second factor, and each time reports a
        change.
    type: str
    choices: [enabled, disabled, reset]
  api_password_path:
    description:
      - A file on the host that runs the module, in which an API password is to be, for use as O(password) where
        multi-factor authentication is on. Where there is the file, nothing is done.
      - Where there is none, a password is created (C(CreateSystemAdministratorAPIPassword)) and written to it. Only its
        owner can read the file. The password is shown nowhere else.
      - MailStore creates one only for the administrator who asks for it, so O(name) must be O(username).
    type: path
notes:
  - A run that has nothing to do invokes C(GetSystemAdministrators) alone.
  - MailStore Server has no system administrators, so this module is for MailStore SPE alone, and says so there.
seealso:
  - module: mops.maintenance.mailstore_user
    description: The users of an instance.
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: A colleague is a system administrator, with a second factor
  mops.maintenance.mailstore_administrator:
    name: anna
    full_name: Anna Adler
    administrator_password: "{{ lookup('ansible.builtin.env', 'ANNAS_PASSWORD') }}"
    mfa: enabled

- name: A new password for somebody who has forgotten it
  mops.maintenance.mailstore_administrator:
    name: anna
    administrator_password: "{{ lookup('ansible.builtin.env', 'ANNAS_PASSWORD') }}"
    update_password: always

- name: The administrator of these playbooks has an API password
  mops.maintenance.mailstore_administrator:
    name: "{{ lookup('ansible.builtin.env', 'MAILSTORE_USERNAME') }}"
    api_password_path: /var/lib/mops/mailstore-api-password

- name: A colleague has left
  mops.maintenance.mailstore_administrator:
    name: anna
    state: absent
"""

RETURN = r"""
administrator:
  description:
    - The administrator after the run, as C(GetSystemAdministrators) describes it. In check mode, as it would be, as far
      as that can be told. Null where there is none.
  returned: success
  type: dict
  sample:
    userName: anna
    fullName: Anna Adler
    mfaStatus: Enabled
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [CreateSystemAdministrator]
"""

import os
from dataclasses import replace as replaced
from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.administrator import (
    API_PASSWORD,
    ARGUMENTS,
    wanted_administrator,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import Outcome
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    Options,
    StateModule,
    brought_about,
    report,
)
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace
from ansible_collections.mops.maintenance.plugins.module_utils._secrets import register


def main() -> None:
    module = StateModule(
        {
            **ARGUMENTS,
            "api_password_path": {"type": "path", "no_log": False},
        },
        free_form=["configuration"],
    )
    with reported_failures(module):
        wanted = replaced(wanted_administrator(module.params), api_password=wants_api_password(module.params))
        wanted.check()
        path = module.params["api_password_path"]
        if wanted.api_password and not module.check_mode:
            check_writable(path)
        outcome = brought_about(module, wanted)
        keep_api_password(module, outcome, path)
        report(module, "administrator", wanted, outcome)


def wants_api_password(options: Options) -> bool:
    """Whether an API password has to be created. Raises `InvalidOption`."""
    path = options["api_password_path"]
    if path and options["name"].casefold() != str(options["username"]).casefold():
        raise InvalidOption(
            f"api_password_path: MailStore creates an API password only for who asks for it, {options['username']}, "
            f"not for {options['name']}."
        )
    return bool(path) and not os.path.exists(path)


def check_writable(path: str) -> None:
    """Raise `InvalidOption` where the file cannot be written: a password that was created is shown once."""
    failure = None
    try:
        replace(path, "")
        os.unlink(path)
    except OSError as error:
        failure = error
    if failure is not None:
        raise InvalidOption(f"api_password_path: {path} cannot be written: {failure.strerror}. Nothing was changed.")


def keep_api_password(module: StateModule, outcome: Outcome, path: str) -> None:
    """Write the API password that was created, if there is one. Raises `MopsError`."""
    created = dict(zip(outcome.functions, outcome.results))
    if API_PASSWORD not in created:
        return
    password = password_in(created[API_PASSWORD])
    register(module, [password])
    try:
        replace(path, password + "\n")
    except OSError as error:
        failure = error.strerror
    else:
        return
    raise MopsError(f"An API password was created, but {path} could not be written: {failure}. It is lost.")


def password_in(result: Any) -> str:
    """The password in what the function returned: a text, or a document that holds one. Raises `MopsError`."""
    if isinstance(result, dict):
        texts = [value for name, value in result.items() if "password" in name.lower()]
        result = texts[0] if len(texts) == 1 else None
    if not isinstance(result, str) or not result:
        raise MopsError(f"{API_PASSWORD}: the result is not the password that it should be.")
    return result


if __name__ == "__main__":
    main()
