# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.envelope import FunctionFailed
from ansible_collections.mops.maintenance.plugins.modules import mimecast_request
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
    scripted_client,
)

PARAMS: dict[str, Any] = {
    "path": "/api/x",
    "data": [],
    "meta": None,
    "paginate": False,
    "limit": None,
    "read_only": False,
}


@pytest.mark.parametrize(
    "path", ["api/x", "/", "https://host/api/x", "/api/x?y=z", "/api/x/", "/api//x", "/a b", "/a\n"]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(InvalidOption, match="is not the path of an endpoint"):
        mimecast_request.check({**PARAMS, "path": path})


def test_only_a_call_that_changes_nothing_is_repeated_for_every_page():
    with pytest.raises(InvalidOption, match="read_only"):
        mimecast_request.check({**PARAMS, "paginate": True})
    mimecast_request.check({**PARAMS, "paginate": True, "read_only": True})


@pytest.mark.parametrize("options", [{"limit": 0, "paginate": True, "read_only": True}, {"limit": 1}])
def test_a_limit_counts_from_one_and_needs_pages(options):
    with pytest.raises(InvalidOption, match="limit"):
        mimecast_request.check({**PARAMS, **options})


@pytest.mark.parametrize("read_only", [True, False])
def test_read_only_says_whether_something_changed(read_only):
    setup = scripted_client(answered(envelope({"a": 1})))
    result = mimecast_request.call(setup.client, {**PARAMS, "read_only": read_only})
    assert result["changed"] is not read_only
    assert result["data"] == [{"a": 1}]


def test_a_list_that_was_cut_off_says_so():
    setup = scripted_client(answered(envelope({"a": 1}, pagination={"next": "p2"})))
    assert mimecast_request.call(setup.client, PARAMS)["truncated"]


def test_items_that_were_done_are_told_where_others_failed():
    setup = scripted_client(answered(envelope({"id": 1}, fail=[failure("err", "No")])))
    with pytest.raises(FunctionFailed, match='err "No"') as raised:
        mimecast_request.call(setup.client, PARAMS)
    assert raised.value.facts["changed"] is True
    assert raised.value.facts["data"] == [{"id": 1}]
    assert raised.value.facts["fail"] == [failure("err", "No")]


def test_where_all_items_failed_nothing_changed():
    setup = scripted_client(answered(envelope(fail=[failure("err", "No")])))
    with pytest.raises(FunctionFailed) as raised:
        mimecast_request.call(setup.client, PARAMS)
    assert raised.value.facts["changed"] is False


def test_a_lost_answer_is_asked_for_again_only_where_that_does_no_harm():
    setup = scripted_client(AnswerLost("Lost."), answered(envelope()))
    mimecast_request.call(setup.client, {**PARAMS, "read_only": True})
    with pytest.raises(AnswerLost):
        mimecast_request.call(scripted_client(AnswerLost("Lost.")).client, PARAMS)


def test_pages_come_as_one_list():
    setup = scripted_client(answered(envelope({"a": 1}, pagination={"next": "p2"})), answered(envelope({"a": 2})))
    result = mimecast_request.read(setup.client, {**PARAMS, "paginate": True, "read_only": True})
    assert (result["data"], result["pages"], result["truncated"]) == ([{"a": 1}, {"a": 2}], 2, False)
