#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_instance_host
short_description: Add, configure and remove instance hosts of MailStore SPE
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that the Management Server knows an instance host, and how to reach it; or that it does not know it.
  - What already is as it should be is left alone. A second run only looks.
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.reference
options:
  name:
    description: The host's name, C(serverName), by which the Management Server reaches it. It names one host; wildcards
      are refused.
    type: str
    required: true
  state:
    description:
      - V(present) adds the host if it is not there, and configures it.
      - V(absent) removes the host. One that has instances is left alone, and the task names them.
    type: str
    choices: [present, absent]
    default: present
  service_port:
    description: The port on which the host's service listens, usually V(8472). Not to be mistaken for O(port), that of
      the Management API. Required to add a host.
    type: int
  thumbprint:
    description: The thumbprint of the certificate of the host's service, with or without colons or spaces between its
      digits. Required to add a host.
    type: str
  base_directory:
    description:
      - The folder in which the host's instances lie, where they name none of their own, C(baseDirectory). Required to
        add a host.
      - It is compared as Windows does, without regard to upper and lower case and the kind of slashes.
    type: str
notes:
  - MailStore's service must be installed on the host, and paired with the Management Server, before it is added.
  - A run that has nothing to do invokes C(GetInstanceHosts) alone. To remove a host, C(GetInstances) is asked as well.
  - MailStore Server has no instance hosts, so this module is for MailStore SPE alone, and says so there.
seealso:
  - module: mops.maintenance.mailstore_instance
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: There is a third instance host
  mops.maintenance.mailstore_instance_host:
    name: host03.spe.example
    service_port: 8472
    thumbprint: 5f:3c:0d:7e:9a:1b:2c:4d:6e:8f:0a:1b:3c:5d:7e:9f:0a:2b:4c:6d
    base_directory: C:\MailArchive

- name: Its certificate was renewed
  mops.maintenance.mailstore_instance_host:
    name: host03.spe.example
    thumbprint: 0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D

- name: It is no more
  mops.maintenance.mailstore_instance_host:
    name: host03.spe.example
    state: absent
"""

RETURN = r"""
instance_host:
  description:
    - The host after the run, as C(GetInstanceHosts) describes it. In check mode, as it would be. Null where there is
      none.
  returned: success
  type: dict
  sample:
    serverName: host03.spe.example
    port: 8472
    serverCertificate:
      thumbprint: 5F3C0D7E9A1B2C4D6E8F0A1B3C5D7E9F0A2B4C6D
    baseDirectory: C:\MailArchive
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [CreateInstanceHost]
"""

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance_host import (
    ARGUMENTS,
    wanted_instance_host,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    run_module,
)


def main() -> None:
    run_module(StateModule(ARGUMENTS), "instance_host", wanted_instance_host)


if __name__ == "__main__":
    main()
