# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mashery_record
short_description: Turn a dictionary into a record line for Mashery's reporting
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Makes of a dictionary the line of 21 fields that the Reporting Event Post API takes, and validates every field.
  - A record that is not valid fails, with the field and the reason.
options:
  _input:
    description:
      - The record, with the fields of O(mops.maintenance.mashery_event_post#module:events). V(log_timestamp),
        V(service_dev_key) and V(service_key) must be there, or V(request_id) in the place of the two keys.
    type: dict
    required: true
seealso:
  - plugin: mops.maintenance.mashery_record_fields
    plugin_type: filter
  - module: mops.maintenance.mashery_event_post
"""

EXAMPLES = r"""
- name: Add a record to a log that is shipped later
  ansible.builtin.lineinfile:
    path: /var/log/gateway/access.log
    line: "{{ record | mops.maintenance.mashery_record }}"
    create: true
    mode: '0640'
  vars:
    record:
      log_timestamp: "2012-06-12T21:53:03Z"
      service_dev_key: u2cbu87r6f2q3m66j6yc2uce
      service_key: ygnj8v68nqb76akfzetwb799
"""

RETURN = r"""
_value:
  description: The line, without a line break.
  type: str
  sample: >-
    - - - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 0 200 "-" "-"
    0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb76akfzetwb799 "-" "-" "-" 0 - 0 0 0 0 -
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import InvalidRecord, line_of


def mashery_record(record: Any) -> str:
    if not isinstance(record, dict):
        raise AnsibleFilterError(f"mashery_record takes a dictionary, not {type(record).__name__}.")
    try:
        return line_of(record).decode("utf-8", "surrogateescape")
    except InvalidRecord as error:
        raise AnsibleFilterError(f"The record is not valid. {error}.")


class FilterModule:
    """What Jinja is given."""

    def filters(self) -> dict[str, Callable[[Any], Any]]:
        return {"mashery_record": mashery_record}
