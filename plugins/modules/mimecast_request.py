#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mimecast_request
short_description: Call any function of the Mimecast API
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sends one signed call to any endpoint of the Mimecast API that takes a POST with a list of items, and checks what
    the answer says of each of them.
  - Uses the same keys, limits and error messages as M(mops.maintenance.mimecast_channel_token).
extends_documentation_fragment:
  - mops.maintenance.mimecast
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mimecast
attributes:
  check_mode:
    support: full
    details:
      - With O(read_only=true) the call is made in check mode, too. Otherwise it is not made, and a change is predicted.
  diff_mode:
    support: none
options:
  path:
    description:
      - The endpoint, as its page in the endpoint reference names it, for example V(/api/account/get-account).
    type: str
    required: true
  data:
    description:
      - The items of the request. Several items are several calls to the service, each of which may fail on its own.
      - The values of fields in whose names C(password), C(passphrase) or C(secret) occurs are masked in logs and
        results.
    type: list
    elements: dict
    default: []
  meta:
    description:
      - What the request says beside its items.
    type: dict
  paginate:
    description:
      - Follow the pages of a list to its end. Without it the service gives the first page only, often without saying
        that there are others.
      - Only for calls with O(read_only=true).
    type: bool
    default: false
  limit:
    description:
      - With O(paginate=true), stop after this many items of RV(data). Some endpoints put all that is on a page into one
        item.
    type: int
  read_only:
    description:
      - Whether the call changes nothing. Then it reports no change, runs in check mode, and is repeated after failures
        of which it is not known whether the service has acted on it.
    type: bool
    default: false
seealso:
  - module: mops.maintenance.mimecast_channel_token
"""

EXAMPLES = r"""
# The keys are in the environment: MIMECAST_BASE_URL (or MIMECAST_REGION), MIMECAST_ACCESS_KEY, MIMECAST_SECRET_KEY,
# MIMECAST_APP_ID, MIMECAST_APP_KEY.
- name: Look at the account
  mops.maintenance.mimecast_request:
    path: /api/account/get-account
    read_only: true
  register: account

- name: Get the audit events of a day, all pages of them
  mops.maintenance.mimecast_request:
    path: /api/audit/get-audit-events
    data:
      - startDateTime: '2026-01-01T00:00:00+0000'
        endDateTime: '2026-01-02T00:00:00+0000'
    paginate: true
    read_only: true
  register: audit

- name: Block a URL
  mops.maintenance.mimecast_request:
    path: /api/ttp/url/create-managed-url
    data:
      - url: https://phishing.example
        action: block
"""

RETURN = r"""
data:
  description:
    - The items of the answer; with O(paginate=true) those of all pages.
    - Where some items of the request failed, what came of the others.
  type: list
  elements: dict
  returned: when the call was made and answered
  sample:
    - accountCode: C0A0
      accountName: Example Ltd
meta:
  description: What the answer says beside its items; with O(paginate=true) that of the last page.
  type: dict
  returned: when the call was made, and did well
  sample:
    status: 200
pages:
  description: How many pages were fetched.
  type: int
  returned: O(paginate=true)
  sample: 3
truncated:
  description: Whether the service has more than it was asked for, as far as it says so.
  type: bool
  returned: when the call was made, and did well
  sample: false
fail:
  description: What failed, as the service says it.
  type: list
  elements: dict
  returned: when the service refused the call, or some items of it
  sample:
    - errors:
        - code: err_validation_blank
          message: Field must not be blank
          retryable: false
      key:
        url: ''
http_status:
  description: The status of the HTTP answer, which tells how the call went, but not its function.
  type: int
  returned: when the service refused the call, or some items of it
  sample: 200
request_id:
  description: The id of the last request, by which the service's support finds it.
  type: str
  returned: when the call was made
  sample: 8578fcfc-a305-4d9a-99cb-f4d5ecefe297
rate_limit:
  description: The quota, as the last answer tells it. V(null) where it does not.
  type: dict
  returned: when the call was made
  contains:
    limit:
      description: Requests that the quota holds.
      type: int
    remaining:
      description: Requests that are left of it.
      type: int
    reset_ms:
      description: Milliseconds until a request is added back.
      type: int
  sample:
    limit: 300
    remaining: 299
    reset_ms: 12000
retries:
  description: How many requests were repeats.
  type: int
  returned: when the call was made
  sample: 0
waited:
  description: Seconds spent waiting before repeats.
  type: float
  returned: when the call was made
  sample: 0.0
clock_offset:
  description: Seconds by which the clock of the host is ahead of the service's.
  type: int
  returned: when the service refused a signature and told its time
  sample: 1200
"""

import re
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.arguments import connection_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.client import MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.connection import connect
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.data_module import DataModule
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.envelope import MimecastError
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.pages import next_page, read_pages
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures


def main() -> None:
    module = DataModule(
        argument_spec={
            **connection_arguments(),
            "path": {"type": "str", "required": True},
            "data": {"type": "list", "elements": "dict", "default": []},
            "meta": {"type": "dict"},
            "paginate": {"type": "bool", "default": False},
            "limit": {"type": "int"},
            "read_only": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with reported_failures(module):
        check(module.params)
        with connect(module.params) as client:
            if module.check_mode and not module.params["read_only"]:
                result: dict[str, Any] = {"changed": True}
            elif module.params["paginate"]:
                result = read(client, module.params)
            else:
                result = call(client, module.params)
        module.exit_json(**result)


def check(params: Mapping[str, Any]) -> None:
    """Raise `InvalidOption` for what cannot be meant."""
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", params["path"]):
        raise InvalidOption(f"{params['path']!r} is not the path of an endpoint, such as /api/account/get-account.")
    if params["paginate"] and not params["read_only"]:
        raise InvalidOption("paginate repeats the call for every page, so that it needs read_only to be true.")
    if params["limit"] is not None and (params["limit"] < 1 or not params["paginate"]):
        raise InvalidOption("limit is a number of items from 1 on, and needs paginate to be true.")


def read(client: MimecastClient, params: Mapping[str, Any]) -> dict[str, Any]:
    """The whole list, or its beginning. Raises `MopsError`."""
    pages = read_pages(client, params["path"], params["data"], meta=params["meta"], limit=params["limit"])
    return {
        **client.facts(),
        "changed": False,
        "data": list(pages.data),
        "meta": dict(pages.meta),
        "pages": pages.fetched,
        "truncated": pages.truncated,
    }


def call(client: MimecastClient, params: Mapping[str, Any]) -> dict[str, Any]:
    """What one call gives back. Raises `MopsError`, with what came of the items that did not fail."""
    reply = client.call(params["path"], params["data"], meta=params["meta"], repeatable=params["read_only"])
    failure: MimecastError | None = None
    try:
        client.check(reply, params["path"])
    except MimecastError as error:
        failure = error
    if failure is not None:
        done = bool(reply.data) and not params["read_only"]
        failure.facts = {**failure.facts, "changed": done, "data": list(reply.data)}
        raise failure
    return {
        **client.facts(),
        "changed": not params["read_only"],
        "data": list(reply.data),
        "meta": dict(reply.meta),
        "truncated": next_page(reply.meta) is not None,
    }


if __name__ == "__main__":
    main()
