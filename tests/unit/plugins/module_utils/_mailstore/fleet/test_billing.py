# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io
from datetime import datetime, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.billing import (
    COLUMNS,
    BillUnusable,
    bill,
    month_before,
    month_of,
    parsed,
    text,
)

NOW = datetime(2026, 3, 31, 22, 0, tzinfo=timezone.utc)


def store(messages=10, size=1000):
    return {"name": "2026", "statisticsCount": messages, "statisticsSize": size}


def instance(name="alpha", **values):
    return {
        "instanceID": name,
        "displayName": "Alpha Ltd",
        "status": "running",
        "stores": [store(), store(5, 500)],
        "users": [{}, {}, {}],
        "folder_statistics": [
            {"folder": "anna", "count": 10, "size": 1000},
            {"folder": "anna/Inbox", "count": 10, "size": 1000},
            {"folder": "ben", "count": 0, "size": 0},
            {"folder": "carl/Inbox", "count": 5, "size": 500},
        ],
        "not_gathered": {},
        **values,
    }


def billed(*instances, earlier=(), month="2026-03", **options):
    survey = {"environment": {"serverName": "s"}, "instances": list(instances)}
    given = {"server": "host", "now": NOW, "scope": ["*"], "exclude": [], **options}
    return bill(survey, earlier, month=month, **given)


def test_a_row_has_users_mailboxes_messages_and_bytes():
    (row,), missing = billed(instance())
    assert row == {
        "month": "2026-03",
        "server": "s",
        "instance_id": "alpha",
        "display_name": "Alpha Ltd",
        "users": 3,
        "mailboxes": 2,
        "messages": 15,
        "bytes": 1500,
        "messages_growth": None,
        "bytes_growth": None,
        "measured_at": "2026-03-31T22:00:00Z",
    }
    assert missing == {}
    assert tuple(row) == COLUMNS


def test_growth_is_against_the_file_of_the_month_before():
    earlier, _missing = billed(instance(stores=[store(20, 400)]), instance("b"), month="2026-02")
    (row, new), _missing = billed(instance(), instance("c"), earlier=parsed("f", text(earlier)))
    assert (row["messages_growth"], row["bytes_growth"]) == (-5, 1100)
    assert (new["messages_growth"], new["bytes_growth"]) == (None, None)


def test_growth_is_not_told_from_another_server():
    earlier = [{"server": "other", "instance_id": "alpha", "messages": 1, "bytes": 1}]
    (row,), _missing = billed(instance(), earlier=earlier)
    assert row["messages_growth"] is None


def test_an_instance_that_does_not_tell_all_is_named_with_its_reason():
    stopped = dict.fromkeys(("stores", "users", "folder_statistics"))
    rows, missing = billed(
        instance("b", **stopped, not_gathered={"stores": "The instance is not running: its status is stopped."}),
        instance("c", stores=[store(None, None)]),
    )
    assert missing == {
        "b": "The instance is not running: its status is stopped.",
        "c": "Its stores have no statistics. RefreshAllStoreStatistics makes them.",
    }
    assert text(rows).splitlines()[1] == "2026-03,s,b,Alpha Ltd,,,,,,,2026-03-31T22:00:00Z"


def test_the_instances_own_statistics_count_where_stores_have_none():
    statistics = {"numberOfMessages": 99, "totalSizeMB": 2}
    (row,), missing = billed(instance(stores=[store(None, None)], statistics=statistics))
    assert (row["messages"], row["bytes"], missing) == (99, 2 << 20, {})


def test_excluded_instances_are_left_out_and_rows_are_sorted():
    rows, _missing = billed(instance("c"), instance("a"), instance("b"), exclude=["b*"])
    assert [row["instance_id"] for row in rows] == ["a", "c"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_spreadsheet_takes_a_name_for_a_formula(name):
    (row,), _missing = billed(instance(displayName=name))
    (_header, cells) = list(csv.reader(io.StringIO(text([row]), newline="")))
    assert cells[COLUMNS.index("display_name")] == f"'{name}"


@pytest.mark.parametrize("name", ['Smith, "Sons"', "two\r\nlines", "Größe", " spaces ", "semi;colon"])
def test_the_file_is_csv_by_rfc_4180(name):
    rows, _missing = billed(instance(displayName=name), instance("b"))
    content = text(rows)
    assert content.endswith("\r\n")
    assert content.split("\r\n")[0] == ",".join(COLUMNS)
    assert parsed("f", content)[0]["display_name"] == name


def test_a_name_with_half_a_surrogate_pair_can_be_written():
    (row,), _missing = billed(instance(displayName="a\ud800"))
    text([row]).encode("utf-8")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "month,server\r\n",
        "no csv at all",
        text([]).replace("users", "Users"),
        text([]) + "2026-02,s,a,A,x,,,,,,\r\n",
    ],
)
def test_a_file_of_something_else_is_refused_and_named(content):
    with pytest.raises(BillUnusable, match=r"^/f.csv is not a file of this module"):
        parsed("/f.csv", content)


def test_a_column_that_a_later_version_has_added_does_no_harm():
    assert parsed("f", text([]).replace("measured_at", "measured_at,more")) == []


@pytest.mark.parametrize(("given", "month"), [(None, "2026-03"), ("2026-03", "2026-03"), ("2026-02", "2026-02")])
def test_the_month_is_this_one_or_the_one_before(given, month):
    assert month_of(given, NOW) == month


@pytest.mark.parametrize("given", ["2026-01", "2026-04", "2026-13", "March", "2026-3", "../x"])
def test_another_month_cannot_be_measured(given):
    with pytest.raises(InvalidOption, match="month must be"):
        month_of(given, NOW)


def test_the_month_before_january_is_december():
    assert month_before("2026-01") == "2025-12"
