#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: awx_request
short_description: Ask AWX's API something, or change something in it
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sends one request to the API of AWX or Automation Platform, with the client of the collection awx.awx or
    ansible.controller.
  - The role P(mops.maintenance.awx_setup#role) uses it to see what AWX has, and to empty fields that the modules of
    these collections cannot empty.
  - Where AWX is, and who logs in, is what the modules of that collection take, from the environment
    (E(CONTROLLER_HOST), E(CONTROLLER_OAUTH_TOKEN), and so on), from their configuration file, or from
    C(module_defaults) of the group C(awx.awx.controller) or C(ansible.controller.controller).
  - It runs on the controller.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.awx
attributes:
  check_mode:
    support: full
    details:
      - In check mode, only O(method=GET) is sent. For the others, a change is predicted.
  diff_mode:
    support: none
options:
  path:
    description:
      - The path of the endpoint, below C(/api/v2/), for example V(job_templates). With ansible.controller, it is below
        C(/api/controller/v2/), where Automation Platform 2.5 and later has it.
    type: str
    required: true
  method:
    description: What to do there. With V(GET), nothing is changed.
    type: str
    choices: [GET, POST, PATCH, DELETE]
    default: GET
  query:
    description: What narrows a list, for O(method=GET).
    type: dict
    default: {}
  data:
    description: What is sent, for the other methods. It may be seen in the output, so it should hold no secret.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: See which job templates there are
  mops.maintenance.awx_request:
    path: job_templates
    query:
      organization__name: Operations
  register: awx_templates

- name: Let a job template use AWX's default execution environment again
  mops.maintenance.awx_request:
    path: "job_templates/{{ awx_templates.results[0].id }}"
    method: PATCH
    data:
      execution_environment: null
"""

RETURN = r"""
results:
  description: All objects of a list, whatever the number of its pages.
  type: list
  elements: dict
  returned: with O(method=GET), where the answer is a list
json:
  description: The answer, where it is no list.
  type: dict
  returned: in other cases, but for a change in check mode
"""
