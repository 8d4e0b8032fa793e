#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awx_module
short_description: Run a module of awx.awx or of ansible.controller, whichever is there
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Runs a module of the collection awx.awx, or that of the same name in ansible.controller. The two are made from the
    same source, awx.awx for AWX, and ansible.controller for Automation Platform. So one playbook does for both.
  - The role P(mops.maintenance.awx_setup#role) uses it for all that it sets up.
  - The module runs as it would in a task of its own, with the C(module_defaults) of the group C(awx.awx.controller) or
    C(ansible.controller.controller).
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.awx
attributes:
  check_mode:
    support: full
    details:
      - As far as the module that is run supports it.
  diff_mode:
    support: none
options:
  module:
    description: The name of the module, without that of its collection, for example V(job_template).
    type: str
    required: true
  arguments:
    description: The options of that module.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: See that there is an inventory, in AWX as in Automation Platform
  mops.maintenance.awx_module:
    module: inventory
    arguments:
      name: Gateways
      organization: Default
"""

RETURN = r"""
collection:
  description: The collection whose module has run. Beside it is what that module returns.
  type: str
  returned: always
  sample: ansible.controller
"""
