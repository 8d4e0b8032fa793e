# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded shapes are read, and every kind of difference from one is found."""

from __future__ import annotations

import json

import pytest

from shapes import ROOT, differences, functions, recorded

ALL = [
    (service, generation, function)
    for service, generation in (("mailstore", "8"), ("mailstore", "25"))
    for function in functions(service, generation)
]


@pytest.mark.parametrize(("service", "generation", "function"), ALL)
def test_a_recorded_answer_has_its_own_shape_and_names_its_source(service, generation, function):
    document = json.loads((ROOT / service / generation / f"{function}.json").read_text("utf-8"))
    assert set(document) <= {"source", "note", "answers"}
    assert document["source"] in {"seen", "vendor", "field", "seed"}
    for answer in document["answers"]:
        assert differences(service, generation, function, answer) == []


def test_what_is_read_is_a_copy():
    recorded("mailstore", "25", "GetJobs")[0]["schedule"].clear()
    assert recorded("mailstore", "25", "GetJobs")[0]["schedule"]


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda row: row.pop("schedule"), "GetJobs[].schedule is missing"),
        (lambda row: row.update(time="02:00"), "GetJobs[].time is not in the recorded shape"),
        (lambda row: row.update(id="1"), "GetJobs[].id is string, not number"),
        (lambda row: row.update(enabled=1), "GetJobs[].enabled is number, not bool"),
        (lambda row: row.update(schedule=None), "GetJobs[].schedule is null, not object"),
        (lambda row: row["schedule"].update(at="x"), "GetJobs[].schedule.at is not in the recorded shape"),
        (
            lambda row: row.update(lastStartDateTimeUtc=7),
            "GetJobs[].lastStartDateTimeUtc is number, not null or string",
        ),
    ],
)
def test_a_difference_is_named(change, difference):
    answer = recorded("mailstore", "25", "GetJobs")
    change(answer[0])
    assert differences("mailstore", "25", "GetJobs", answer) == [difference]


def test_what_only_some_recorded_rows_have_may_be_missing():
    answer = recorded("mailstore", "25", "GetJobs")
    answer[0]["schedule"] = {"timeZoneId": "UTC", "interval": 5}
    answer[0]["nextStartDateTimeUtc"] = None
    assert differences("mailstore", "25", "GetJobs", answer) == []
