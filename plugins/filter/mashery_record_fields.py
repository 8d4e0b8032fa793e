# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mashery_record_fields
short_description: Take a record line for Mashery's reporting apart
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Makes of a line of 21 fields a dictionary, and validates every field. It is the inverse of
    P(mops.maintenance.mashery_record#filter).
  - A line that is not valid fails, with the field and the reason.
options:
  _input:
    description: The line, with or without its line break.
    type: str
    required: true
seealso:
  - plugin: mops.maintenance.mashery_record
    plugin_type: filter
  - module: mops.maintenance.mashery_event_post
"""

EXAMPLES = r"""
- name: Count the calls in a log that failed
  ansible.builtin.debug:
    msg: >-
      {{ lookup('ansible.builtin.file', '/var/log/gateway/access.log').splitlines()
         | map('mops.maintenance.mashery_record_fields')
         | selectattr('status', 'ge', 500) | length }}
"""

RETURN = r"""
_value:
  description: The record, with every field. Numbers are numbers; V(request_id) is there beside the keys in it.
  type: dict
  sample:
    log_timestamp: "[12/Jun/2012:21:53:03 +0000]"
    method: GET
    status: 200
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import InvalidRecord, record_of


def mashery_record_fields(line: Any) -> dict[str, Any]:
    if not isinstance(line, str):
        raise AnsibleFilterError(f"mashery_record_fields takes a line of text, not {type(line).__name__}.")
    try:
        return record_of(line.rstrip("\r\n").encode("utf-8", "surrogateescape"))
    except InvalidRecord as error:
        raise AnsibleFilterError(f"The line is not a valid record. {error}.")
    except UnicodeEncodeError:
        raise AnsibleFilterError("The line holds half of a character (a lone surrogate).")


class FilterModule:
    """What Jinja is given."""

    def filters(self) -> dict[str, Callable[[Any], Any]]:
        return {"mashery_record_fields": mashery_record_fields}
