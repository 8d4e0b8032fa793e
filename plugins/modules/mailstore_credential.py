#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_credential
short_description: Create, change and delete credentials of a MailStore SPE instance
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance has a credential, by which its profiles log in to Microsoft 365 and the like; or that it
    does not have it.
  - What already is as it should be is left alone. A second run only looks, but for O(update_password=always).
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.instance
  - mops.maintenance.mailstore.reference
options:
  name:
    description: What the credential is called, C(Description), by which it is found.
    type: str
  id:
    description: The number of the credential, C(ID), where O(name) is not enough. A credential with an id is never
      created.
    type: int
  state:
    description:
      - V(present) creates the credential if it is not there, and sees to it that its settings are what is asked for.
      - V(absent) deletes the credential. Profiles that use it fail from then on.
    type: str
    choices: [present, absent]
    default: present
  type:
    description: The credential's C(Type), such as V(Microsoft365). Required to create a credential, and fixed from then
      on.
    type: str
  settings:
    description:
      - What should be in the credential's C(Settings), by the server's names, for example C(ApplicationId),
        C(TenantId), C(CertificateThumbprint). Upper and lower case count.
      - They are merged into the settings that are there. Required to create a credential.
      - The values of all names that end in C(password), C(passphrase), C(encryptionKey), C(privateKey) or C(secret) are
        masked wherever they could be shown.
    type: dict
  update_password:
    description:
      - What to do about a secret in O(settings) that the server does not show, so that nobody can tell whether it is
        the one that is set.
      - V(on_change) sets it only along with something else that is different. V(always) sets it on every run, and each
        time reports a change.
    type: str
    choices: [always, on_change]
    default: on_change
notes:
  - Servers of version 25 have the functions for this. MailStore does not document their arguments, so the list of
    functions that the server itself gives decides how they are called. Where it asks for something that is not known
    here, the task says so and changes nothing.
  - A run that has nothing to do invokes C(GetCredentials) alone. For a change, the list of the server's functions is
    read as well.
  - Settings can be set only as a whole. Where a server shows nothing in place of a secret, the task fails unless
    O(settings) has the secret, too.
seealso:
  - module: mops.maintenance.mailstore_profile
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: What the profiles log in to Microsoft 365 with
  mops.maintenance.mailstore_credential:
    instance: alpha
    name: Microsoft 365
    type: Microsoft365
    settings:
      ApplicationId: 6f0c1f5e-0f0e-4b7e-9d52-1f1a2b3c4d5e
      TenantId: 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9
      CertificateThumbprint: 5F3C0D7E9A1B2C4D6E8F0A1B3C5D7E9F0A2B4C6D

- name: It has a new certificate
  mops.maintenance.mailstore_credential:
    instance: alpha
    name: Microsoft 365
    settings:
      CertificateThumbprint: 0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D

- name: It is no more
  mops.maintenance.mailstore_credential:
    instance: alpha
    name: Microsoft 365
    state: absent
"""

RETURN = r"""
credential:
  description:
    - The credential after the run, as C(GetCredentials) describes it, with its secrets masked. In check mode, as it
      would be. Null where there is none.
  returned: success
  type: dict
  sample:
    ID: 2
    Type: Microsoft365
    Description: Microsoft 365
    Settings:
      ApplicationId: 6f0c1f5e-0f0e-4b7e-9d52-1f1a2b3c4d5e
      TenantId: 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [SetCredentialSettings]
"""

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.credential import (
    ARGUMENTS,
    wanted_credential,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    run_module,
)


def main() -> None:
    run_module(
        StateModule(ARGUMENTS, free_form=["settings"], required_one_of=[("name", "id")]),
        "credential",
        wanted_credential,
    )


if __name__ == "__main__":
    main()
