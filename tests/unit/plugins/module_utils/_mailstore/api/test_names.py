# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ambiguous,
    described,
    listed,
    the_one,
)

ENTRIES = [{"id": 1, "name": "a"}, {"id": 2, "name": "B"}, {"id": 3, "name": "b"}, {"id": 4, "name": "C"}]


def test_the_one_of_a_name_is_found():
    assert the_one(ENTRIES, "a", what="Store") == ENTRIES[0]
    assert the_one(ENTRIES, "d", what="Store") is None


def test_upper_and_lower_case_count_unless_told_otherwise():
    assert the_one(ENTRIES, "c", what="Store") is None
    assert the_one(ENTRIES, "c", what="Store", any_case=True) == ENTRIES[3]


def test_an_exact_match_comes_first():
    assert the_one(ENTRIES, "b", what="Store", any_case=True) == ENTRIES[2]


def test_a_name_of_several_is_refused_and_says_which():
    with pytest.raises(Ambiguous, match=r"Job x is ambiguous: the server has 2 of that name \(5, 6\)\."):
        the_one([{"id": 5, "name": "x"}, {"id": 6, "name": "x"}], "x", what="Job")


@pytest.mark.parametrize("result", [None, {}, "text", [1]])
def test_a_list_that_is_none_is_an_answer_that_cannot_be_used(result):
    with pytest.raises(AnswerUnusable, match="GetStores"):
        listed(lambda function, **arguments: result, "GetStores")


@pytest.mark.parametrize("result", [None, [], "text"])
def test_a_description_that_is_none_is_an_answer_that_cannot_be_used(result):
    with pytest.raises(AnswerUnusable, match="GetUserInfo"):
        described(lambda function, **arguments: result, "GetUserInfo")
