# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.secrets import secret_values


@pytest.mark.parametrize(
    "data",
    [
        {"password": "hidden"},
        [{"user": {"adminPassword": "hidden"}}],
        {"passphrase": ["hidden"]},
        {"clientSecret": {"anything": "hidden"}},
    ],
)
def test_a_secret_is_found_by_its_fields_name_at_any_depth(data):
    assert secret_values(data) == {"hidden"}


def test_a_secret_is_known_in_every_spelling():
    assert secret_values({"password": 'a"b\\c'}) == {'a"b\\c', 'a\\"b\\\\c', 'a"b\\\\c'}


@pytest.mark.parametrize("data", [None, [], {"url": "https://site.example"}, {"password": ""}, {"password": None}])
def test_what_is_no_secret_is_not_masked(data):
    assert secret_values(data) == set()
