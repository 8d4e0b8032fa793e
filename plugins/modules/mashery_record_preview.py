#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mashery_record_preview
short_description: Show what would be reported to Mashery of a gateway's log
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Makes records of the first lines of logs and shows them beside the lines that they come from, with what is skipped
    and why. Nothing is sent, no credentials are needed, and no ledger is read or written.
  - How many records M(mops.maintenance.mashery_event_post) would send is told by that module in check mode.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.mashery_log
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  src:
    description:
      - Log files, or globs of them, on the host that runs the module. Compressed ones are read as well.
    type: list
    elements: path
    required: true
  lines:
    description:
      - Lines of each file to look at, from its beginning.
    type: int
    default: 20
seealso:
  - module: mops.maintenance.mashery_event_post
"""

EXAMPLES = r"""
- name: See what nginx's access log comes to
  mops.maintenance.mashery_record_preview:
    src: /var/log/nginx/access.log
    format: nginx_combined
    mapping:
      service_key: {constant: ygnj8v68nqb76akfzetwb799}
      service_dev_key: {constant: u2cbu87r6f2q3m66j6yc2uce}
  register: preview

- name: Show it
  ansible.builtin.debug:
    msg: "{{ preview.table }}"
"""

RETURN = r"""
records:
  description: The records, in the order of the lines.
  returned: success
  type: list
  elements: dict
  contains:
    file:
      description: The log.
      type: str
      sample: /var/log/nginx/access.log
    line:
      description: The number of the line, from 1.
      type: int
      sample: 1
    text:
      description: The line.
      type: str
      sample: '203.0.113.7 - - [22/Nov/2026:13:15:00 +0000] "GET /v1/companies/17 HTTP/1.1" 200 5120 "-" "curl/8.5.0"'
    record:
      description: The line that would be sent.
      type: str
      sample: >-
        - 203.0.113.7 - - [22/Nov/2026:13:15:00 +0000] "GET - HTTP/1.1" 5120 200 "-" "-"
        0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb76akfzetwb799 "-" "-" "/v1/companies/17" 0 - 0 0 0 0 -
    fields:
      description: The record's fields, as P(mops.maintenance.mashery_record_fields#filter) has them.
      type: dict
      sample: {method: GET, status: 200}
skipped_lines:
  description:
    - The lines that are not valid records, or are not reported.
    - Not called C(skipped), since Ansible takes a task with a result of that name for one that did not run.
  returned: success
  type: list
  elements: dict
  contains:
    file:
      description: The log.
      type: str
      sample: /var/log/nginx/access.log
    line:
      description: The number of the line, from 1.
      type: int
      sample: 17
    text:
      description: The line.
      type: str
      sample: 203.0.113.7 - -
    field:
      description: The field that is not valid, as the log names it; V(null) where it is the line as a whole.
      type: str
      sample: request_time
    reason:
      description: What is wrong with it, or why the line is not reported.
      type: str
      sample: must be a duration, and not less than nothing, not -0.5 (it is the record's exec_time)
table:
  description: All of this for a person to read, line by line.
  returned: success
  type: list
  elements: str
  sample:
    - /var/log/nginx/access.log
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format, format_options
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preview import preview
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_errors


def options() -> dict[str, dict[str, Any]]:
    return {
        "src": {"type": "list", "elements": "path", "required": True},
        "lines": {"type": "int", "default": 20},
        **format_options(),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=options(), supports_check_mode=True)
    params = module.params
    with reported_errors(module):
        if not params["src"]:
            raise InvalidOption("src names no log file.")
        if not 1 <= params["lines"] <= 10000:
            raise InvalidOption(f"lines must be from 1 to 10000, not {params['lines']}.")
        log_format = Format(params["format"], params["pattern"], params["mapping"])
        found = preview(log_format, params["src"], params["lines"])
    module.exit_json(changed=False, **asdict(found))


if __name__ == "__main__":
    main()
