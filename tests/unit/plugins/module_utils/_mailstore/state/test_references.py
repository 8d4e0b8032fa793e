# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state import references
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.references import Names


@pytest.mark.parametrize(
    ("value", "variable"),
    [
        ("{{ secret }}", "secret"),
        ("{{secret}}\n", "secret"),
        ("{{ secret | default('x') }}", None),
        ("a {{ secret }}", None),
        ("secret", None),
        (7, None),
        (None, None),
    ],
)
def test_a_reference_is_one_from_end_to_end(value, variable):
    assert references.referenced(value) == variable


def test_only_the_places_of_secrets_are_resolved():
    document = {"full_name": "{{ a }}", "users": [{"user_password": "{{ a }}"}, {"password": "{{ b }}"}]}
    resolved = references.resolved(document, {"a": "geheim"}.get)
    assert resolved == {"full_name": "{{ a }}", "users": [{"user_password": "geheim"}, {"password": "{{ b }}"}]}
    assert list(references.references(resolved)) == [("users[1].password", "b")]


def test_two_secrets_have_two_variables_though_their_names_become_one():
    names = Names()
    first, again = names.reference("alpha", "anna.adler"), names.reference("alpha", "anna.adler")
    other = names.reference("alpha", "anna_adler")
    assert first == again == "{{ mailstore_secret_alpha_anna_adler }}"
    assert other not in (first, again)
    assert references.referenced(other)


@pytest.mark.parametrize("path", [("alpha", "DirectoryServicesConfiguration"), ("ä-1", "…"), ("9", "{{ x }}")])
def test_every_name_is_one_of_a_variable(path):
    assert references.referenced(Names().reference(*path, "password"))
