# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.directory import changes


def names(result=None, log=""):
    found = changes(result, log)
    return found["created"], found["updated"], found["deleted"]


@pytest.mark.parametrize(
    "result",
    [
        {"dryRun": True, "created": ["a"], "updated": ["b"], "deleted": ["c", "d"]},
        {"createdUsers": ["a"], "usersChanged": [{"userName": "b"}], "removed_users": ["c", "d"]},
        [
            {"userName": "a", "change": "created"},
            {"userName": "b", "changeType": "Updated"},
            {"userName": "c", "change": "deleted", "fullName": "Add Adder"},
            {"name": "d", "change": "removed"},
        ],
    ],
)
def test_a_result_is_understood_in_whatever_shape(result):
    assert names(result) == (["a"], ["b"], ["c", "d"])
    assert changes(result, "")["deletions"] == 2
    assert changes(result, "")["understood"]


def test_a_log_is_read_where_the_result_says_nothing():
    lines = [
        "Synchronizing users...",
        "User 'a' is created.",
        'Modifying user "b".',
        "User \u201eadded\u201c is removed.",
    ]
    assert names(None, "\r\n".join(lines)) == (["a"], ["b"], ["added"])


@pytest.mark.parametrize(("result", "log"), [([], ""), (None, "Nothing to do.\r\n"), ({"deleted": []}, "")])
def test_nothing_is_understood_as_nothing(result, log):
    found = changes(result, log)
    assert (found["understood"], found["deletions"], names(result, log)) == (True, 0, ([], [], []))


@pytest.mark.parametrize(
    ("result", "log"),
    [
        (None, ""),
        (None, "Synchronizing users...\r\nDone.\r\n"),
        ([{"userName": "deleted", "what": "gone"}], ""),
        (["a"], ""),
        ({"users": ["a"]}, ""),
        ("3", ""),
    ],
)
def test_what_is_not_understood_is_not_taken_for_nothing(result, log):
    assert not changes(result, log)["understood"]


@pytest.mark.parametrize(
    ("line", "deletions"), [("40 users are deleted.", 40), ("Removing users without a name", 1), ("Deleted: 0", 0)]
)
def test_deletions_that_name_nobody_are_counted_all_the_same(line, deletions):
    assert changes([], f"Begin\r\n{line}\r\n")["deletions"] == deletions
