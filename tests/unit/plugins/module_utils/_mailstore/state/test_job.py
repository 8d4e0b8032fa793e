# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.job import (
    INTERVALS,
    Schedule,
    WantedJob,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.tests.shapes import recorded

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


NESTED = {
    "id": 3,
    "name": "nightly",
    "action": "VerifyStores",
    "owner": "admin",
    "creationDateTimeUtc": "2026-01-01T10:00:00",
    "enabled": True,
    "schedule": {"timeZoneId": "Pacific Standard Time", "time": "03:30:00"},
}
"""As a current server has it."""


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
        {"day_of_month": "1", "day_of_week": "Sunday", "time": "02:30"},
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
        ({"day_of_week": "Monday", "day_of_month": "1"}, "exactly one of"),
        ({"day_of_week": "Monday", "interval": 60}, "exactly one of"),
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


KINDS = [
    ({"date": "2026-12-31T02:30:00"}, {"date": "2026-12-31T02:30:00"}),
    ({"interval": 60}, {"interval": 60}),
    ({"time": "03:30"}, {"time": "03:30:00"}),
    ({"day_of_week": "Sunday", "time": "03:30"}, {"dayOfWeek": "Sunday", "time": "03:30:00"}),
    ({"day_of_month": "1", "time": "03:30"}, {"dayOfMonth": 1, "time": "03:30:00"}),
    ({"day_of_month": "last", "time": "03:30"}, {"dayOfMonth": "Last", "time": "03:30:00"}),
    (
        {"day_of_month": "1", "day_of_week": "Sunday", "time": "03:30"},
        {"dayOfMonth": "1", "dayOfWeek": "Sunday", "time": "03:30:00"},
    ),
]
"""Each kind of schedule as options, and as a server shows it."""


def shapes(shown):
    """A job of that schedule as a current server describes it, and as an older one does."""
    return [{**NESTED, "schedule": {"timeZoneId": "UTC", **shown}}, {**JOB, **NONE, "timeZoneId": "UTC", **shown}]


NONE = dict.fromkeys(("date", "interval", "time", "dayOfWeek", "dayOfMonth"))


@pytest.mark.parametrize(("options", "shown"), KINDS, ids=str)
def test_a_schedule_that_the_job_has_is_left_alone_in_either_shape(options, shown):
    for job in shapes(shown):
        assert calls(wanted(schedule=Schedule(**options), time_zone="UTC"), job) == []
        assert calls(wanted(schedule=Schedule(**options)), job) == []


@pytest.mark.parametrize(("options", "shown"), KINDS, ids=str)
def test_another_time_zone_keeps_the_schedule_in_either_shape(options, shown):
    for job in shapes(shown):
        subject = wanted(time_zone="$Local")
        assert calls(subject, job) == [("SetJobSchedule", {"id": 3, "timeZoneId": "$Local", **shown})]
        assert calls(subject, subject.predicted(job)) == []


@pytest.mark.parametrize(("options", "shown"), KINDS, ids=str)
def test_another_schedule_keeps_the_time_zone_in_either_shape(options, shown):
    subject = wanted(schedule=Schedule(**options))
    for job in shapes({"interval": 5}):
        ((function, arguments),) = calls(subject, job)
        assert (function, arguments["timeZoneId"]) == ("SetJobSchedule", "UTC")
        assert calls(subject, subject.predicted(job)) == []


OPTIONS = {"dayOfWeek": "day_of_week", "dayOfMonth": "day_of_month"}


@pytest.mark.parametrize("job", recorded("mailstore", "25", "GetJobs"), ids=lambda job: job["name"])
def test_a_job_as_a_real_server_shows_it_has_nothing_to_be_done(job):
    timing = dict(job["schedule"])
    zone = timing.pop("timeZoneId")
    schedule = Schedule(**{OPTIONS.get(name, name): value for name, value in timing.items()})
    if schedule.day_of_month == "Last":
        schedule = replace(schedule, day_of_month="last")
    schedule.check()
    subject = WantedJob("a", job["name"], action=job["action"], owner=job["owner"], schedule=schedule, time_zone=zone)
    assert subject.steps(job) == []


def test_the_last_day_of_the_month_is_written_as_the_server_writes_it():
    ((_function, arguments),) = calls(wanted(schedule=Schedule(day_of_month="last", time="02:30")), NESTED)
    assert arguments["dayOfMonth"] == "Last"


def test_a_schedule_that_the_server_does_not_show_is_not_lost():
    job = {name: value for name, value in NESTED.items() if name != "schedule"}
    assert calls(wanted(enabled=True), job) == []
    with pytest.raises(NotPossible, match="Give schedule, too"):
        wanted(time_zone="UTC").steps(job)


def test_a_prediction_has_the_shape_that_the_server_has():
    subject = wanted(schedule=Schedule(interval=60))
    assert subject.predicted(NESTED)["schedule"] == {"timeZoneId": "Pacific Standard Time", "interval": 60}
    assert "interval" not in subject.predicted(NESTED)
    assert "schedule" not in subject.predicted(JOB)


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


INSTANCE, NUMBER, INDEXES = (
    {"name": name, "type": kind, "nullable": nullable}
    for name, kind, nullable in (
        ("instanceID", "string", False),
        ("id", "number", False),
        ("includeIndexes", "bool", True),
    )
)
METADATA = [
    {"name": "VerifyStores", "args": [INSTANCE, INDEXES]},
    {"name": "VerifyStore", "args": [INSTANCE, NUMBER, INDEXES]},
    {"name": "GetJobs", "args": [INSTANCE]},
]
DAILY = Schedule(time="02:30")


def test_an_action_that_the_server_does_not_have_is_refused_before_the_job_is_made(server, client):
    server.script(METADATA)
    subject = wanted(action="VerifyStors", owner="admin", schedule=DAILY)
    with pytest.raises(InvalidOption, match=r"no function VerifyStors\. The nearest are VerifyStores, VerifyStore"):
        subject.verify(client, subject.steps(None))
    assert [path for path, _form in server.calls] == ["/api/get-metadata"]


def test_an_action_that_needs_what_a_job_cannot_give_is_refused_before_the_job_is_made(server, client):
    server.script(METADATA)
    subject = wanted(action="VerifyStore", owner="admin", schedule=DAILY)
    with pytest.raises(InvalidOption, match=r"VerifyStore cannot be the action of a job, which gives it no id\."):
        subject.verify(client, subject.steps(None))


@pytest.mark.parametrize("answer", [METADATA, (404, b"")], ids=["known", "no list"])
def test_an_action_that_the_server_has_or_that_nobody_can_check_is_taken(server, client, answer):
    server.script(answer)
    subject = wanted(action="VerifyStores", owner="admin", schedule=DAILY)
    subject.verify(client, subject.steps(None))


def test_the_action_of_a_job_that_is_there_is_not_looked_up(client):
    subject = wanted(action="VerifyStores", enabled=False)
    subject.verify(client, subject.steps(NESTED))


@pytest.mark.parametrize("options", [{"action": "CompactStore"}, {"owner": "anna"}], ids=str)
def test_what_the_server_cannot_change_is_refused(options):
    with pytest.raises(NotPossible, match="cannot change that"):
        wanted(**options).steps(JOB)


def test_a_job_is_removed_by_its_number():
    assert calls(wanted(present=False), JOB) == [("DeleteJob", {"id": 3})]
    assert calls(wanted(present=False), None) == []
