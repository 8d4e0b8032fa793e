#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mimecast_channel_token
short_description: Get the latest token of Mimecast event channels
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Gets the latest channel token of one or many event streams, so that a consumer begins with what happens from now on
    instead of pulling the history.
  - Keeps the tokens in a file for the consumer, if O(path) is given. A channel that has a token there is left alone, so
    that a second run asks the service for nothing and changes nothing. It needs neither the keys nor requests.
  - All channels are asked for in one request. Where its answer leaves open which token belongs to which channel, they
    are asked for one by one.
  - Channel tokens belong to API 1.0. The catalogue of API 2.0 does not have them, so that O(auth_method=oauth2) ends in
    C(app_forbidden) for most accounts. M(mops.maintenance.mimecast_siem_events) is what API 2.0 has instead.
  - If there is no token for some of the channels, the others are kept and written, and the task fails and names each
    channel with the service's own words.
extends_documentation_fragment:
  - mops.maintenance.mimecast
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mimecast
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    details:
      - Tokens are fetched in check mode, since that changes nothing, but nothing is written.
  diff_mode:
    support: full
    details:
      - Shows which channels have a token and since when, never the tokens.
options:
  channel_ids:
    description:
      - The ids of the channels, from Administration, Services, API and Platform Integrations, Event Channels in the
        Administration Console.
    type: list
    elements: str
    required: true
    aliases:
      - channel_id
  path:
    description:
      - The token file. Its folder must exist.
      - It is replaced as a whole and never seen half written, two runs at once lose no channel, and what else stands in
        it is kept.
      - Without it the tokens are only returned, and nothing is ever changed.
    type: path
  state:
    description:
      - With V(present), every channel has a token.
      - With V(absent), the file at O(path) forgets the channels. The service is not asked.
    type: str
    choices:
      - present
      - absent
    default: present
  force:
    description:
      - Fetch the latest token of a channel that has one in the file already, and put it in the old one's place.
      - The consumer then skips what has happened between the two.
    type: bool
    default: false
  mode:
    description:
      - The permissions of the token file, as for M(ansible.builtin.file).
    type: raw
    default: '0600'
seealso:
  - plugin: mops.maintenance.mimecast_channel_token
    plugin_type: lookup
  - module: mops.maintenance.mimecast_siem_events
  - module: mops.maintenance.mimecast_request
"""

EXAMPLES = r"""
# The keys are in the environment: MIMECAST_BASE_URL (or MIMECAST_REGION), MIMECAST_ACCESS_KEY, MIMECAST_SECRET_KEY,
# MIMECAST_APP_ID, MIMECAST_APP_KEY.
- name: Let the consumer begin with what happens from now on
  mops.maintenance.mimecast_channel_token:
    channel_ids:
      - B8Y43U-GYVS-WHAU6M
    path: /var/lib/consumer/channel_tokens.json

- name: Get a token without keeping it
  mops.maintenance.mimecast_channel_token:
    channel_id: B8Y43U-GYVS-WHAU6M
  register: latest

- name: Skip what the consumer has missed
  mops.maintenance.mimecast_channel_token:
    channel_ids:
      - B8Y43U-GYVS-WHAU6M
    path: /var/lib/consumer/channel_tokens.json
    force: true

- name: Forget a channel
  mops.maintenance.mimecast_channel_token:
    channel_id: B8Y43U-GYVS-WHAU6M
    path: /var/lib/consumer/channel_tokens.json
    state: absent
"""

RETURN = r"""
tokens:
  description:
    - The token of each of the channels, whether it was just fetched or is in the file.
    - Where the task failed for some of the channels, those of the others.
  type: dict
  returned: O(state=present)
  sample:
    B8Y43U-GYVS-WHAU6M: LJVbe8oI57N8gX9YernAz2-bZ_U37IUygUcT32hb8n2
token:
  description: The token.
  type: str
  returned: O(state=present), and exactly one channel was asked for
  sample: LJVbe8oI57N8gX9YernAz2-bZ_U37IUygUcT32hb8n2
fetched:
  description: The channels whose token was fetched by this run.
  type: list
  elements: str
  returned: O(state=present)
  sample:
    - B8Y43U-GYVS-WHAU6M
removed:
  description: The channels that were in the file and are not any more.
  type: list
  elements: str
  returned: O(state=absent)
  sample:
    - B8Y43U-GYVS-WHAU6M
failed_channels:
  description: The channels without a token, and why.
  type: list
  elements: dict
  returned: when there is no token for some of the channels
  contains:
    channel_id:
      description: The channel.
      type: str
    reason:
      description: Why, in the service's own words where there are any.
      type: str
    request_id:
      description: The request that was refused.
      type: str
  sample:
    - channel_id: B8Y43U-GYVS-WHAU6M
      reason: err_channel_not_found "No such channel"
      request_id: 8578fcfc-a305-4d9a-99cb-f4d5ecefe297
request_id:
  description: The id of the last request, by which the service's support finds it. V(null) where nothing was asked.
  type: str
  returned: O(state=present)
  sample: 8578fcfc-a305-4d9a-99cb-f4d5ecefe297
rate_limit:
  description: The quota, as the last answer tells it. V(null) where it does not, or nothing was asked.
  type: dict
  returned: O(state=present)
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
  returned: O(state=present)
  sample: 0
waited:
  description: Seconds spent waiting before repeats.
  type: float
  returned: O(state=present)
  sample: 0.0
clock_offset:
  description: Seconds by which the clock of the host is ahead of the service's.
  type: int
  returned: when the service refused a signature and told its time
  sample: 1200
"""

import os
from datetime import datetime, timezone
from typing import Any, Mapping, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils import _module
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.arguments import connection_arguments
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels import token_file
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels.channel_ids import checked_channel_ids


class Asked(NamedTuple):
    """What came of asking the service, if it was asked."""

    tokens: Mapping[str, str]
    failure: MopsError | None
    """Names the channels for which there is no token."""
    facts: Mapping[str, Any]


NOTHING_ASKED = Asked({}, None, {"request_id": None, "rate_limit": None, "retries": 0, "waited": 0.0})


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "channel_ids": {"type": "list", "elements": "str", "required": True, "aliases": ["channel_id"]},
            "path": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "force": {"type": "bool", "default": False},
            "mode": {"type": "raw", "default": "0600"},
        },
        required_if=[("state", "absent", ["path"])],
        add_file_common_args=True,
        supports_check_mode=True,
    )
    with _module.reported_errors(module):
        channel_ids = checked_channel_ids(module.params["channel_ids"])
        if module.params["state"] == "absent":
            result = forget(module, channel_ids)
        elif module.params["path"]:
            result = keep(module, channel_ids)
        else:
            result = fetch(module, channel_ids)
        module.exit_json(**result)


def fetch(module: AnsibleModule, channel_ids: list[str]) -> dict[str, Any]:
    """Tokens that nobody keeps. Raises `MopsError`."""
    asked = ask(module, channel_ids)
    return completed(asked, channel_ids, asked.tokens, {"changed": False})


def keep(module: AnsibleModule, channel_ids: list[str]) -> dict[str, Any]:
    """Tokens in a file. Raises `MopsError`, after what could be had was written."""

    def edit(content: token_file.Content) -> token_file.Content:
        return token_file.with_tokens(content, asked.tokens, datetime.now(timezone.utc), force=module.params["force"])

    _module.warn_of_lost_state(
        module, "path", "The next run then fetches new tokens, and a consumer skips what came between."
    )
    file = token_file.TokenFile(module.params["path"])
    before = file.read()
    known = token_file.tokens(before)
    wanted = [channel_id for channel_id in channel_ids if module.params["force"] or channel_id not in known]
    if wanted and not module.check_mode:
        file.check_writable()
    asked = ask(module, wanted) if wanted else NOTHING_ASKED
    writes = bool(asked.tokens) and not module.check_mode
    change = file.update(edit) if writes else token_file.Change(before, edit(before))
    return completed(asked, channel_ids, token_file.tokens(change.after), told(module, file, change))


def ask(module: AnsibleModule, channel_ids: list[str]) -> Asked:
    """Ask the service for tokens. Raises `MopsError` where there is none for any channel, for a reason they share."""
    # A run that finds all its tokens in the file takes a third less time without these: they import requests.
    _module.require_requests(module)
    from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.connection import connect
    from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels import channels

    with connect(module.params) as client:
        fetched = channels.latest_tokens(client, channel_ids)
        return Asked(fetched.tokens, channels.shortfall(fetched), client.facts())


def forget(module: AnsibleModule, channel_ids: list[str]) -> dict[str, Any]:
    """No tokens of these channels in the file. Raises `MopsError`."""

    def edit(content: token_file.Content) -> token_file.Content:
        return token_file.without_channels(content, channel_ids)

    file = token_file.TokenFile(module.params["path"])
    before = file.read()
    removed = [channel_id for channel_id in channel_ids if channel_id in before["channels"]]
    writes = bool(removed) and not module.check_mode
    change = file.update(edit) if writes else token_file.Change(before, edit(before))
    return {**told(module, file, change), "removed": removed}


def told(module: AnsibleModule, file: token_file.TokenFile, change: token_file.Change) -> dict[str, Any]:
    """What a task tells of its file: whether it changed, in content or attributes, and what exactly."""
    diff = change.overviews()
    changed = change.changed
    if os.path.exists(file.path):  # in check mode it may not be there yet
        attributes = module.load_file_common_arguments(module.params, path=file.path)
        changed = module.set_fs_attributes_if_different(attributes, changed, diff=diff)
    return {
        "changed": changed,
        **({"diff": {"before_header": file.path, "after_header": file.path, **diff}} if module._diff else {}),
    }


def completed(
    asked: Asked, channel_ids: list[str], known: Mapping[str, str], outcome: Mapping[str, Any]
) -> dict[str, Any]:
    """The result, complete. Raises `MopsError` with it where there is no token for some of the channels."""
    result = {
        **asked.facts,
        **outcome,
        "tokens": {channel_id: known[channel_id] for channel_id in channel_ids if channel_id in known},
        "fetched": list(asked.tokens),
    }
    if asked.failure is not None:
        asked.failure.facts = {**result, **asked.failure.facts}
        raise asked.failure
    if len(channel_ids) == 1:
        result["token"] = known[channel_ids[0]]
    return result


if __name__ == "__main__":
    main()
