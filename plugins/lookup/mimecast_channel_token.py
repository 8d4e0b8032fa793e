# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mimecast_channel_token
short_description: Get the latest token of Mimecast event channels
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Gets the latest channel token of each of the channels, so that a consumer begins with what happens from now on.
  - Does on the controller, without a file, what M(mops.maintenance.mimecast_channel_token) does on a host.
  - If there is no token for one of the channels, the lookup fails and names each such channel.
extends_documentation_fragment:
  - mops.maintenance.mimecast
  - mops.maintenance.mimecast.controller
options:
  _terms:
    description: The ids of the channels.
    type: list
    elements: str
    required: true
  validate_certs:
    # A bool would take every word that it does not know for false.
    type: raw
notes:
  - A lookup is evaluated every time that the variable is used in which it stands, and asks the service each time. To
    use the same token twice, put it into a variable with M(ansible.builtin.set_fact), or use the module.
seealso:
  - module: mops.maintenance.mimecast_channel_token
"""

EXAMPLES = r"""
# The keys are in the environment: MIMECAST_BASE_URL (or MIMECAST_REGION), MIMECAST_ACCESS_KEY, MIMECAST_SECRET_KEY,
# MIMECAST_APP_ID, MIMECAST_APP_KEY.
- name: Configure a consumer to begin with what happens from now on
  ansible.builtin.copy:
    content: "{{ lookup('mops.maintenance.mimecast_channel_token', 'B8Y43U-GYVS-WHAU6M') }}"
    dest: /etc/consumer/token
    mode: '0600'
    force: false

- name: Get the tokens of several channels in one request
  ansible.builtin.set_fact:
    tokens: "{{ dict(channel_ids | zip(query('mops.maintenance.mimecast_channel_token', *channel_ids))) }}"
  vars:
    channel_ids:
      - B8Y43U-GYVS-WHAU6M
"""

RETURN = r"""
_raw:
  description: The tokens, in the order of the channels.
  type: list
  elements: str
"""

import os
from contextlib import contextmanager
from typing import Any, Iterator, Mapping

from ansible.errors import AnsibleError
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.lookup import LookupBase
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.connection import connect
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels import channels
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels.channel_ids import checked_channel_ids


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        if REQUESTS_IMPORT_ERROR is not None:
            raise AnsibleError(missing_required_lib("requests"))
        # Ansible hands variables over as they were written: a template in one is a template still.
        given = {name: value for name, value in (variables or {}).items() if name.startswith("mops_mimecast_")}
        with _without_empty_variables("MIMECAST_"):
            self.set_options(var_options=self._templar.template(given) if self._templar else given, direct=kwargs)
            options = dict(self.get_options())
        failure: MopsError | None = None
        try:
            return tokens([str(term) for term in self._flatten(terms)], options)
        except MopsError as error:
            failure = error
        raise AnsibleError(str(failure))


def tokens(channel_ids: list[str], options: Mapping[str, Any]) -> list[str]:
    """The token of each channel. Raises `MopsError` where there is none for one of them."""
    wanted = checked_channel_ids(channel_ids)
    with connect({**options, "validate_certs": strict_bool("validate_certs", options["validate_certs"])}) as client:
        fetched = channels.latest_tokens(client, wanted)
    failure = channels.shortfall(fetched)
    if failure is not None:
        raise failure
    return [fetched.tokens[channel_id] for channel_id in channel_ids]


def strict_bool(name: str, value: Any) -> bool:
    """A boolean option. Raises `InvalidOption` for a word that is neither true nor false."""
    try:
        return boolean(value)
    except TypeError:
        raise InvalidOption(f"{name} must be true or false, not {value!r}.") from None


@contextmanager
def _without_empty_variables(prefix: str) -> Iterator[None]:
    """Ansible takes an empty environment variable for a value. A credential of AWX sets those of empty fields, too."""
    empty = [name for name, value in os.environ.items() if name.startswith(prefix) and not value]
    for name in empty:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(dict.fromkeys(empty, ""))
