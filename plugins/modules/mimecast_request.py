#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mimecast_request
short_description: Call any endpoint of the Mimecast API
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sends one call to any endpoint of API 1.0 or API 2.0, and checks what the answer says. Any 2xx is a success, unless
    the answer lists a failure of the function.
  - Endpoints below C(/api/) take a POST with O(data), and API 2.0's REST-style ones any O(method), with O(query) and
    O(body).
  - Uses the same keys, limits and error messages as M(mops.maintenance.mimecast_channel_token).
extends_documentation_fragment:
  - mops.maintenance.mimecast
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mimecast
attributes:
  check_mode:
    support: full
    details:
      - With O(read_only=true) the call is made in check mode, too, unless O(dest) is given. Otherwise it is not made,
        and a change is predicted.
  diff_mode:
    support: none
options:
  path:
    description:
      - The endpoint, as its page in the endpoint reference names it, for example V(/api/account/get-account).
      - Without a query string, which goes into O(query).
    type: str
    required: true
  method:
    description:
      - The HTTP method. Endpoints below C(/api/) take V(POST) only.
    type: str
    choices: [DELETE, GET, PATCH, POST, PUT]
    default: POST
    version_added: 0.2.0
  query:
    description:
      - The parameters of the query. A list repeats its parameter, and V(null) leaves it out.
    type: dict
    version_added: 0.2.0
  data:
    description:
      - The items of a request in API 1.0's envelope. Several items are several calls to the service, each of which may
        fail on its own.
      - The values of fields in whose names C(password), C(passphrase) or C(secret) occurs are masked in logs and
        results. The same goes for O(body), O(query) and O(headers).
      - If not set, a POST to a path below C(/api/) sends an envelope without items.
    type: list
    elements: dict
  meta:
    description:
      - What the request says in the envelope beside its items.
    type: dict
  body:
    description:
      - The whole body of the request, sent as JSON, for endpoints in REST style.
      - Mutually exclusive with O(data) and O(meta).
    type: raw
    version_added: 0.2.0
  headers:
    description:
      - Further headers of the request. Those that sign and describe it are set by the module.
    type: dict
    version_added: 0.2.0
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
      - If not set, it is V(true) where O(method=GET), else V(false).
    type: bool
  already_codes:
    description:
      - The codes of failures that say that there is nothing left to do, because what is to be created is there already,
        or what is to be removed is not there. Where a call fails with nothing else, the task is not changed, and
        RV(already) holds the codes.
      - Without effect where O(read_only=true).
    type: list
    elements: str
    default:
      - err_folder_email_address_not_found
      - err_folder_group_member_already_exists
      - err_managed_url_exists_code
      - err_managed_url_not_found
    version_added: 0.2.0
  dest:
    description:
      - The file, or the folder, to which an answer that is a file is written, with mode C(0600). An existing file is
        replaced as a whole. In a folder the file has the name that the service gives it.
      - An answer that is no file does not touch it.
    type: path
    version_added: 0.2.0
  max_bytes:
    description:
      - The largest file that is taken, in bytes.
    type: int
    default: 1073741824
    version_added: 0.2.0
  progress:
    description:
      - Whether to show how much of a file has arrived. That is possible where O(dest) is given and the module runs on
        the controller (C(connection=local)), without C(async) and C(no_log).
    type: bool
    default: true
    version_added: 0.2.0
  progress_interval:
    description:
      - Seconds after which a line is shown even if nothing has changed.
    type: float
    default: 60
    version_added: 0.2.0
  progress_min_interval:
    description:
      - Seconds between two lines at least, after the first minute. Where O(progress_interval) is less, that counts.
    type: float
    default: 10
    version_added: 0.2.0
notes:
  - A call that writes is sent once. Where it is not known whether the service has acted on it, because the answer did
    not arrive or the service failed, the task fails and says so.
seealso:
  - module: mops.maintenance.mimecast_channel_token
  - module: mops.maintenance.mimecast_siem_events
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

# These need an application of API 2.0: auth_method: oauth2, MIMECAST_CLIENT_ID and MIMECAST_CLIENT_SECRET.
- name: List the anti-spoofing policies, all pages of them
  mops.maintenance.mimecast_request:
    auth_method: oauth2
    method: GET
    path: /policy-management/cloud-gateway/v1/anti-spoofing/policies
    query:
      pageSize: 100
    paginate: true
  register: policies

- name: Change a policy
  mops.maintenance.mimecast_request:
    auth_method: oauth2
    method: PATCH
    path: /policy-management/cloud-gateway/v1/anti-spoofing/policies/{{ policies.data[0].id }}
    body:
      description: Anti-spoofing, reviewed

- name: Add a member to a group; a second run changes nothing
  mops.maintenance.mimecast_request:
    auth_method: oauth2
    path: /directory/cloud-gateway/v1/groups/group-1/members
    data:
      - emailAddress: new.employee@example.com

- name: Download the next log file, from where the last one ended
  mops.maintenance.mimecast_request:
    path: /api/audit/get-siem-logs
    data:
      - type: MTA
        token: '0'
    read_only: true
    dest: /var/log/mimecast/mta.zip
  register: log_file
"""

RETURN = r"""
status:
  description: The status of the HTTP answer.
  type: int
  returned: when the call was made, and did well
  sample: 200
body:
  description: The JSON of an answer in REST style. V(null) where the answer is empty.
  type: raw
  returned: when the answer is neither in API 1.0's envelope nor a file, and O(paginate=false)
  sample:
    id: policy-131
data:
  description:
    - The items of an answer in API 1.0's envelope; with O(paginate=true) those of all pages, in either style.
    - Where some items of the request failed, what came of the others.
  type: list
  elements: raw
  returned: when the answer is in API 1.0's envelope, or O(paginate=true)
  sample:
    - accountCode: C0A0
      accountName: Example Ltd
already:
  description: The codes by which the service said that there is nothing left to do.
  type: list
  elements: str
  returned: when the call failed with nothing but O(already_codes)
  sample: [err_managed_url_exists_code]
dest:
  description: Where the file was written.
  type: str
  returned: when the answer is a file
  sample: /var/log/mimecast/mta.zip
size:
  description: The size of the file in bytes.
  type: int
  returned: when the answer is a file
  sample: 48213
checksum:
  description: The SHA-256 of the file, in hexadecimal.
  type: str
  returned: when the answer is a file
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
headers:
  description:
    - The headers of the answer, with names in lower case. C(mc-siem-token) is what asks for the next file.
  type: dict
  returned: when the answer is a file
  sample:
    content-type: application/octet-stream
    mc-siem-token: eJwAAQ
meta:
  description: What the answer says beside its items; with O(paginate=true) that of the last page.
  type: dict
  returned: when the answer is in API 1.0's envelope, and did well
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

from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import rest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import Call, MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.connection import connect
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.download import DEFAULT_MAX_BYTES, Download
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import MimecastError, Reply
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.failure import ALREADY_CODES
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.pages import (
    next_page,
    read_pages,
    read_query_pages,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.request import METHODS, build
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.arguments import connection_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.data_module import DataModule
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress, progress_arguments


def main() -> None:
    module = DataModule(
        argument_spec={
            **connection_arguments(),
            "path": {"type": "str", "required": True},
            "method": {"type": "str", "choices": sorted(METHODS), "default": "POST"},
            "query": {"type": "dict"},
            "data": {"type": "list", "elements": "dict"},
            "meta": {"type": "dict"},
            "body": {"type": "raw"},
            "headers": {"type": "dict"},
            "paginate": {"type": "bool", "default": False},
            "limit": {"type": "int"},
            "read_only": {"type": "bool"},
            "already_codes": {"type": "list", "elements": "str", "default": list(ALREADY_CODES)},
            "dest": {"type": "path"},
            "max_bytes": {"type": "int", "default": DEFAULT_MAX_BYTES},
            **progress_arguments(),
        },
        mutually_exclusive=[("body", "data"), ("body", "meta"), ("dest", "paginate")],
        supports_check_mode=True,
    )
    with reported_failures(module):
        if module.params["read_only"] is None:
            module.params["read_only"] = module.params["method"] == "GET"
        call = checked(module.params)
        with connect(module.params) as client, Progress.of(module) as progress:
            if module.check_mode and (module.params["dest"] or not module.params["read_only"]):
                result: dict[str, Any] = {"changed": True}
            elif module.params["paginate"]:
                result = read(client, call, module.params)
            else:
                result = send(client, call, module.params, progress)
        module.exit_json(**result)


def checked(params: Mapping[str, Any]) -> Call:
    """The call that is asked for. Raises `InvalidOption` for what cannot be meant."""
    call = build(
        params["method"],
        params["path"],
        data=params["data"],
        meta=params["meta"],
        body=params["body"],
        query=params["query"],
        headers=params["headers"],
    )
    if params["read_only"] and call.method in ("DELETE", "PATCH", "PUT"):
        raise InvalidOption(f"A {call.method} changes something, so that read_only cannot be true.")
    if params["paginate"] and not params["read_only"]:
        raise InvalidOption("paginate repeats the call for every page, so that it needs read_only to be true.")
    if params["limit"] is not None and (params["limit"] < 1 or not params["paginate"]):
        raise InvalidOption("limit is a number of items from 1 on, and needs paginate to be true.")
    return call


def read(client: MimecastClient, call: Call, params: Mapping[str, Any]) -> dict[str, Any]:
    """The whole list, or its beginning. Raises `MopsError`."""
    if call.method == "POST" and call.path.startswith("/api/") and params["body"] is None:
        pages = read_pages(client, call.path, params["data"] or [], meta=params["meta"], limit=params["limit"])
    else:
        pages = read_query_pages(client, call, limit=params["limit"])
    return {
        **client.facts(),
        "changed": False,
        "data": list(pages.data),
        "meta": dict(pages.meta),
        "pages": pages.fetched,
        "truncated": pages.truncated,
    }


def send(client: MimecastClient, call: Call, params: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """What one call gives back. Raises `MopsError`, with what came of the items that did not fail."""
    subject = f"{call.method} {call.path}"

    def show(size: int, announced: int | None) -> None:
        of = f" of {announced / 1e6:.1f}" if announced else ""
        progress.update(subject, f"{size / 1e6:.1f}{of} MB")

    reply: Reply | None = None
    with Download(call, params["dest"], max_bytes=params["max_bytes"], on_progress=show) as download:
        try:
            reply = client.send(call, _reader(download), repeatable=params["read_only"], save=download.save)
            client.check(reply, call.path)
        except MimecastError as error:
            failure = error
        else:
            if not download.received:
                return _answered(client, reply, params)
            kept = download.keep()
            progress.finish(subject, f"{download.size / 1e6:.1f} MB, written to {kept['dest']}")
            return {**client.facts(), "status": reply.answer.status, **kept}
    return _failed(client, failure, reply, params)


def _answered(client: MimecastClient, reply: Reply, params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **client.facts(),
        "changed": not params["read_only"],
        "status": reply.answer.status,
        **_content(reply),
        "truncated": next_page(reply) is not None,
    }


def _reader(download: Download) -> Any:
    """Takes an answer apart, unless it has gone into a file."""
    return lambda answer: Reply(answer, answer.status) if download.received else rest.read_reply(answer)


def _content(reply: Reply) -> dict[str, Any]:
    if reply.meta:
        return {"data": list(reply.data), "meta": dict(reply.meta)}
    return {"body": reply.body}


def _failed(
    client: MimecastClient, failure: MimecastError, reply: Reply | None, params: Mapping[str, Any]
) -> dict[str, Any]:
    """A success after all, where the service only says that there was nothing left to do; else raises the failure."""
    data = list(reply.data) if reply is not None else []
    changed = bool(data) and not params["read_only"]
    if not params["read_only"] and failure.codes and failure.codes <= set(params["already_codes"]):
        return {
            **client.facts(),
            "changed": changed,
            "status": failure.facts["http_status"],
            "already": sorted(failure.codes),
            "data": data,
            "truncated": False,
        }
    failure.facts = {**failure.facts, "changed": changed, "data": data}
    raise failure


if __name__ == "__main__":
    main()
