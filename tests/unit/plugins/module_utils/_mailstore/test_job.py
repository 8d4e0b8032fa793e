# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.job import INTERVALS, Schedule, WantedJob
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state import NotPossible

JOB = {
    "id": 3,
    "name": "nightly",
    "action": "VerifyStores",
    "owner": "admin",
    "enabled": True,
    "timeZoneId": "$Local",
    "date": None,
    "interval": None,
    "time": "02:30",
    "dayOfWeek": "Sunday",
    "dayOfMonth": None,
}


def wanted(**options):
    return WantedJob("a", "nightly", **options)


def calls(subject, current):
    return [
        (step.function, {k: v for k, v in step.arguments.items() if k != "instanceID"})
        for step in subject.steps(current)
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        {"date": "2026-12-31T02:30:00"},
        *({"interval": minutes} for minutes in INTERVALS),
        {"time": "00:00"},
        {"time": "23:59:59"},
        {"day_of_week": "Monday", "time": "02:30"},
        {"day_of_month": "31", "time": "02:30"},
        {"day_of_month": "last", "time": "02:30"},
    ],
    ids=str,
)
def test_schedules_of_one_kind_are_taken(schedule):
    Schedule(**schedule).check()


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({}, "exactly one of"),
        ({"interval": 60, "time": "02:30"}, "interval with time"),
        ({"day_of_week": "Monday"}, "exactly one of"),
        ({"day_of_week": "Monday", "day_of_month": "1", "time": "02:30"}, "exactly one of"),
        ({"date": "2026-12-31T02:30:00", "time": "02:30"}, "exactly one of"),
        ({"interval": 0}, "interval must be one of 5, 10"),
        ({"interval": 7}, "interval must be one of 5, 10"),
        ({"time": "24:00"}, "time of day"),
        ({"time": "2:30"}, "time of day"),
        ({"time": "750"}, "in quotes"),
        ({"date": "2026-12-31"}, "without a time zone"),
        ({"date": "2026-12-31T02:30:00Z"}, "without a time zone"),
        ({"date": "2026-02-30T02:30:00"}, "without a time zone"),
    ],
    ids=str,
)
def test_schedules_that_cannot_be_are_refused(schedule, words):
    with pytest.raises(InvalidOption, match=words):
        Schedule(**schedule).check()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"schedule": Schedule(day_of_week="sunday", time="02:30:00")},
        {"action": "VerifyStores", "owner": "Admin"},
        {"enabled": True},
        {"time_zone": "$Local"},
    ],
    ids=str,
)
def test_what_means_the_same_is_left_alone(options):
    assert calls(wanted(**options), JOB) == []


def test_another_schedule_is_set_in_the_time_zone_that_the_job_has():
    subject = wanted(schedule=Schedule(interval=60))
    assert calls(subject, {**JOB, "timeZoneId": "UTC"}) == [
        ("SetJobSchedule", {"id": 3, "timeZoneId": "UTC", "interval": 60})
    ]
    after = subject.predicted(JOB)
    assert (after["interval"], after["time"], after["dayOfWeek"]) == (60, None, None)


def test_another_time_zone_is_set_with_the_schedule_that_the_job_has():
    assert calls(wanted(time_zone="UTC"), JOB) == [
        ("SetJobSchedule", {"id": 3, "timeZoneId": "UTC", "time": "02:30", "dayOfWeek": "Sunday"})
    ]


def test_a_day_of_the_month_is_compared_as_text_and_number():
    current = {**JOB, "dayOfWeek": None, "dayOfMonth": 1}
    assert calls(wanted(schedule=Schedule(day_of_month="1", time="02:30")), current) == []


def test_a_job_is_enabled_and_disabled_on_its_own():
    assert calls(wanted(enabled=False), JOB) == [("SetJobEnabled", {"id": 3, "enabled": False})]


def test_a_new_job_is_created_in_the_servers_time_zone():
    subject = wanted(action="VerifyStores", owner="admin", schedule=Schedule(time="02:30"), enabled=False)
    assert calls(subject, None) == [
        (
            "CreateJob",
            {
                "name": "nightly",
                "action": "VerifyStores",
                "owner": "admin",
                "timeZoneId": "$Local",
                "time": "02:30",
            },
        )
    ]
    assert subject.predicted(None)["enabled"] is False


def test_to_create_a_job_everything_about_it_must_be_given():
    with pytest.raises(NotPossible, match="owner, schedule must be given"):
        wanted(action="VerifyStores").steps(None)


@pytest.mark.parametrize("options", [{"action": "CompactStore"}, {"owner": "anna"}], ids=str)
def test_what_the_server_cannot_change_is_refused(options):
    with pytest.raises(NotPossible, match="cannot change that"):
        wanted(**options).steps(JOB)


def test_a_job_is_removed_by_its_number():
    assert calls(wanted(present=False), JOB) == [("DeleteJob", {"id": 3})]
    assert calls(wanted(present=False), None) == []
