# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import FunctionFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.pages import read_pages
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
    scripted_client,
)


def page(*items, following=None):
    pagination = {"pageSize": 2, **({"next": following} if following else {})}
    return answered(envelope(*items, pagination=pagination))


def test_all_pages_are_followed():
    setup = scripted_client(page(1, 2, following="p2"), page(3, 4, following="p3"), page(5))
    pages = read_pages(setup.client, "/api/x", [{"query": 1}], meta={"other": True})
    assert (pages.data, pages.fetched, pages.truncated) == ((1, 2, 3, 4, 5), 3, False)
    assert [body["meta"]["pagination"] for body in setup.http.bodies()] == [
        {"pageSize": 500},
        {"pageSize": 500, "pageToken": "p2"},
        {"pageSize": 500, "pageToken": "p3"},
    ]
    assert all(body["meta"]["other"] and body["data"] == [{"query": 1}] for body in setup.http.bodies())


@pytest.mark.parametrize(
    ("limit", "data", "truncated"), [(3, (1, 2, 3), True), (2, (1, 2), True), (9, (1, 2, 3, 4), False)]
)
def test_pages_are_followed_up_to_a_limit(limit, data, truncated):
    setup = scripted_client(page(1, 2, following="p2"), page(3, 4))
    pages = read_pages(setup.client, "/api/x", [], limit=limit)
    assert (pages.data, pages.truncated) == (data, truncated)


def test_a_page_size_that_was_asked_for_is_kept():
    setup = scripted_client(page(1))
    read_pages(setup.client, "/api/x", [], meta={"pagination": {"pageSize": 7}})
    assert setup.http.bodies()[0]["meta"]["pagination"] == {"pageSize": 7}


def test_pages_that_go_round_in_circles_are_recognised():
    setup = scripted_client(page(1, following="p2"), page(2, following="p3"), page(3, following="p2"))
    with pytest.raises(AnswerUnusable, match="page 3 names"):
        read_pages(setup.client, "/api/x", [])


def test_a_page_that_fails_fails_the_list():
    setup = scripted_client(page(1, following="p2"), answered(envelope(fail=[failure("err_page", "Gone")])))
    with pytest.raises(FunctionFailed, match='err_page "Gone"'):
        read_pages(setup.client, "/api/x", [])
