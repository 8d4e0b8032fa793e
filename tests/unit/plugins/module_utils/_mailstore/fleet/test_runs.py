# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.runs import (
    failing,
    nothing_archived,
    server_time,
    stale,
)
from ansible_collections.mops.maintenance.tests.shapes import recorded

NOW = datetime(2026, 3, 10, 6, 0)
SINCE = datetime(2026, 3, 2, 6, 0)


def run(hours, result="succeeded", **values):
    """A run that ended so many hours before `NOW`."""
    time = NOW - timedelta(hours=hours)
    return {"profileId": 1, "profileName": "P", "result": result, "completeTime": time.isoformat(), **values}


def profile(number=1, automatic=True, name="P"):
    return {"id": number, "name": name, "serverSideExecution": {"automatic": automatic}}


def instance(*runs, profiles=(), **values):
    return {"instanceID": "a", "worker_results": list(runs), "profiles": list(profiles), **values}


def test_results_as_a_current_server_sends_them_tell_profiles_of_one_name_apart():
    """Not sorted; one of two profiles of one name fails behind the other's success."""
    results = recorded("mailstore", "25", "GetWorkerResults")
    (finding,) = failing("profile", instance(*results))
    assert (finding.severity, finding.subject, finding.key) == ("error", "Mailboxes (id 5)", "5")
    assert finding.call == {"function": "RunProfile", "arguments": {"instanceID": "a", "id": 5}}
    assert finding.words == "Failed on 2026-01-05 02:10 (server time)."


@pytest.mark.parametrize("spelling", ["profileId", "profileID"])
def test_either_spelling_of_a_profiles_id_is_read(spelling):
    runs = [{spelling: number, "profileName": "P", "result": "failed"} for number in (4, 5)]
    assert [item.key for item in failing("profile", instance(*runs))] == ["4", "5"]


def test_jobs_without_a_name_are_named_in_words_and_by_their_name_where_it_is_known():
    results = [{**row, "result": "failed"} for row in recorded("mailstore", "25", "GetJobResults")]
    (finding,) = failing("job", {"instanceID": "a", "job_results": results})
    assert finding.subject == "job 1 (VerifyStores)"
    jobs = recorded("mailstore", "25", "GetJobs")
    (named,) = failing("job", {"instanceID": "a", "job_results": results, "jobs": jobs})
    assert named.subject == next(job["name"] for job in jobs if job["id"] == 1)
    assert named.key == finding.key == "1"


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        ("succeeded", None),
        ("Succeeded", None),
        ("completedWithWarnings", None),
        ("cancelled", None),
        ("failed", "error"),
        ("completedWithErrors", "warning"),
        ("disconnected", "warning"),
        ("threadAbort", "warning"),
        ("evaporated", "warning"),
        (None, "warning"),
    ],
)
def test_a_result_that_is_not_known_is_a_warning(result, severity):
    found = list(failing("profile", instance(run(1, result))))
    assert [item.severity for item in found] == ([severity] if severity else [])
    if result == "evaporated":
        assert found[0].words.startswith("Ended as evaporated, which is not known, on ")


def test_a_run_that_has_not_ended_says_nothing():
    running = {"profileId": 1, "profileName": "P", "result": None, "startTime": NOW.isoformat(), "completeTime": None}
    assert [item.severity for item in failing("profile", instance(running, run(1, "failed")))] == ["error"]


def idle(given, hours=36, since=SINCE, now=NOW):
    return [(item.subject, item.words) for item in stale(given, since, now, hours)]


def test_an_automatic_profile_without_a_result_for_long_is_found():
    given = instance(run(37), run(40), run(1, profileId=2), profiles=[profile(), profile(2, name="Q")])
    assert idle(given) == [
        ("P", "It is set to run by itself, but no run has ended since 2026-03-08 17:00 (server time).")
    ]


def test_an_automatic_profile_without_any_result_is_found():
    assert idle(instance(profiles=[profile()])) == [
        ("P", "It is set to run by itself, but no run has ended in the days that were looked at.")
    ]


@pytest.mark.parametrize(
    "given",
    [
        instance(run(35), profiles=[profile()]),
        instance(run(400, "failed"), run(1, "failed"), profiles=[profile()]),
        instance(run(37), profiles=[profile(automatic=False)]),
        instance(run(37), profiles=[{"id": 1, "name": "P"}]),
        instance(run(37), profiles=[profile()], not_gathered={"worker_results": "Too many."}),
        {"instanceID": "a", "profiles": [profile()]},
        {"instanceID": "a", "worker_results": [run(37)]},
    ],
)
def test_what_runs_or_is_not_meant_to_or_is_not_known_is_not_stale(given):
    assert idle(given) == []


def test_without_a_limit_nothing_is_stale():
    assert idle(instance(profiles=[profile()]), hours=0) == []


def archived(given, hours=36):
    return [item.words for item in nothing_archived(given, SINCE, NOW, hours)]


def test_runs_that_succeed_and_archive_nothing_are_found():
    given = instance(run(1, itemsArchived=0), run(25, itemsArchived=0), run(50, itemsArchived=7))
    assert archived(given) == [
        "Its profiles run and succeed, but have archived nothing since 2026-03-08 04:00 (server time)."
    ]
    assert archived(instance(run(1, itemsArchived=0))) == [
        "Its profiles run and succeed, but have archived nothing since 2026-03-02 06:00 (server time)."
    ]


@pytest.mark.parametrize(
    "given",
    [
        instance(run(1, itemsArchived=0), run(30, itemsArchived=7)),
        instance(run(1, "failed", itemsArchived=0)),  # which is found as a failure
        instance(run(40, itemsArchived=0)),  # which is found as stale
        instance(run(1)),  # a server that does not count
        instance(),
    ],
)
def test_what_archives_or_fails_or_does_not_say_is_not_found(given):
    assert archived(given) == []


def test_the_servers_time_is_at_least_that_of_its_newest_result_and_never_of_one_from_the_future():
    utc = NOW.replace(tzinfo=timezone.utc)
    assert server_time([], utc) == NOW - timedelta(hours=12)
    assert server_time([instance(run(2)), instance(run(-5))], utc) == NOW + timedelta(hours=5)
    assert server_time([instance(run(2), run(-500), run(1, completeTime="x"))], utc) == NOW - timedelta(hours=2)
