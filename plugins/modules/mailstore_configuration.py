#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_configuration
short_description: Set configurations of MailStore SPE, of an instance or of the whole installation
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that a configuration holds what is asked for. It is read, what was asked is merged into it, and it is
    written only if that makes a difference.
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.reference
options:
  name:
    description:
      - Which configuration, by the name that its Get and its Set function have in common.
      - V(SystemSmtpConfiguration) is one for the whole installation. All others are an instance's own.
      - V(ArchiveAdminEnabled) has the one entry C(enabled). Where a server shows a list instead of a document, that is
        the one entry C(config).
    type: str
    required: true
    choices:
      - ArchiveAdminEnabled
      - ComplianceConfiguration
      - DirectoryServicesConfiguration
      - IndexConfiguration
      - InstanceConfiguration
      - RetentionPolicies
      - SmtpSettings
      - StoreAutoCreateConfiguration
      - SystemSmtpConfiguration
  instance:
    description:
      - The id of the instance, C(instanceID). Required for all but V(SystemSmtpConfiguration), which has none.
      - MailStore Server has no instances. Leave it out there.
      - In check mode, the instance need not be there yet. Then the task predicts what would be set, with a warning.
    type: str
  configuration:
    description:
      - What should be in the configuration, by the names that the Get function shows. Upper and lower case count, and a
        name that the document does not have is refused with the nearest names. Documents differ between versions of
        MailStore; with V({}) the task shows that of the server.
      - Dictionaries are merged into those that are there, at any depth. A list replaces the one that is there as a
        whole; lists of plain values are compared in any order.
      - Text that stands for a number or a boolean, such as a template gives it, is taken as one where the
        configuration has one.
      - The values of all names that end in C(password), C(passphrase), C(encryptionKey) or C(secret) are masked
        wherever they could be shown.
    type: dict
    required: true
  update_password:
    description:
      - What to do about a secret in O(configuration) that the server does not show, so that nobody can tell whether it
        is the one that is set.
      - V(always) sets it on every run, and each time reports a change.
      - V(on_change) sets it only along with something else that is different. To set a secret alone, use V(always)
        once.
      - A secret that the server shows is compared like everything else.
    type: str
    choices: [always, on_change]
    default: always
  allow_data_loss:
    description:
      - Whether a change may let messages be deleted earlier than before.
      - With V(false), the task fails before it changes anything, in check mode, too, where retention could get shorter.
        That is every change of V(RetentionPolicies) but a greater number and another C(name) or C(description), a
        policy that is added or taken away included; the same for an entry of another configuration with C(retention)
        in its name; and the end of a C(legalHoldEnabled).
    type: bool
    default: false
    version_added: 0.2.0
notes:
  - A configuration can be set only as a whole, and a server shows null or asterisks in place of a secret. Where
    something is to be changed, the task fails, unless O(configuration) has the secret, too. V(null) as its value sends
    null; whether MailStore then keeps the secret that is set or takes it away is not documented, so write it only where
    no secret is needed.
  - Periods of V(RetentionPolicies) are passed on as they are. Their unit is MailStore's and stands in the document, not
    in this module. Before you write a policy, make one in the Management Console and look at it with
    O(configuration={}).
  - A run that has nothing to do invokes the Get function alone.
seealso:
  - module: mops.maintenance.mailstore_instance
    description: It sets C(InstanceConfiguration), too, and can create the instance.
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: No message is deleted while a case is open
  mops.maintenance.mailstore_configuration:
    name: ComplianceConfiguration
    instance: alpha
    configuration:
      legalHoldEnabled: true

- name: See what the server has, by its own names
  mops.maintenance.mailstore_configuration:
    name: RetentionPolicies
    instance: alpha
    configuration: {}

- name: Status reports go out through the relay
  mops.maintenance.mailstore_configuration:
    name: SystemSmtpConfiguration
    configuration:
      hostname: relay.spe.example
      port: 587
      authenticationRequired: true
      username: archive
      password: "{{ lookup('ansible.builtin.env', 'RELAY_PASSWORD') }}"
    update_password: on_change

- name: Status reports go out through a relay that asks for no password
  mops.maintenance.mailstore_configuration:
    name: SystemSmtpConfiguration
    configuration:
      hostname: relay.spe.example
      port: 25
      authenticationRequired: false
      username: null
      password: null
"""

RETURN = r"""
configuration:
  description:
    - The configuration after the run, with its secrets masked. In check mode, as it would be.
  returned: success
  type: dict
  sample:
    legalHoldEnabled: true
    logSuccessfulUserActivities: [ArchiveAccess]
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [SetComplianceConfiguration]
"""

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import (
    ARGUMENTS,
    wanted_configuration,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    run_module,
)


def main() -> None:
    run_module(StateModule(ARGUMENTS, free_form=["configuration"]), "configuration", wanted_configuration)


if __name__ == "__main__":
    main()
