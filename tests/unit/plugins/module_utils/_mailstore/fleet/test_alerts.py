# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.alerts import (
    event,
    identity,
    news,
    silence,
    standing,
    within,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Finding

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)


def index(store="2026", instance="alpha", severity="warning", words="Its search index needs to be rebuilt."):
    return Finding(severity, "index_rebuild", instance, store, words)


def message(words, severity="warning"):
    return Finding(severity, "message", None, "Management Server", words)


def told(*findings):
    return {identity(finding): finding for finding in findings}


def instance(name, **values):
    return {"instanceID": name, "status": "running", "not_gathered": {}, **values}


def survey(*instances, messages=()):
    return {"instances": list(instances), "service_status": {"messages": list(messages)}}


def summary(changes):
    return [(change.status, identity(change.finding)) for change in changes]


def test_what_appears_is_new_what_stays_is_not_told_and_what_goes_is_cleared():
    assert summary(news({}, [index()])) == [("new", "index_rebuild:alpha:2026")]
    assert news(told(index()), [index()]) == []
    assert summary(news(told(index()), [])) == [("cleared", "index_rebuild:alpha:2026")]


@pytest.mark.parametrize("change", [{"severity": "error"}, {"words": "It is in pieces."}])
def test_another_severity_and_other_words_are_a_change(change):
    assert summary(news(told(index()), [index(**change)])) == [("changed", "index_rebuild:alpha:2026")]


@pytest.mark.parametrize("kind", ["profile_failed", "job_failed", "instance_silent", "server_silent"])
def test_words_that_tell_of_tries_and_times_are_no_change(kind):
    before = Finding("error", kind, "alpha", "Mailboxes", "Failed on 2026-03-01 02:00.")
    after = Finding("error", kind, "alpha", "Mailboxes", "Failed on 2026-03-02 02:00, the 2nd time in a row.")
    assert news(told(before), [after]) == []
    better = Finding("warning", kind, "alpha", "Mailboxes", "Completed with errors on 2026-03-03 02:00.")
    assert [change.status for change in news(told(before), [better])] == ["changed"]


def test_the_worst_is_told_first_and_what_is_cleared_last():
    now = [index(), Finding("error", "store_error", "beta", "2025", "Gone.")]
    assert summary(news(told(index("2020")), now)) == [
        ("new", "store_error:beta:2025"),
        ("new", "index_rebuild:alpha:2026"),
        ("cleared", "index_rebuild:alpha:2020"),
    ]


def test_messages_are_known_by_their_words():
    changes = news(told(message("One.")), [message("One.", "error"), message("Two.")])
    assert [(change.status, change.finding.words) for change in changes] == [("changed", "One."), ("new", "Two.")]


def test_of_two_that_cannot_be_told_apart_the_worse_one_counts():
    (change,) = news({}, [index(severity="error"), index()])
    assert change.finding.severity == "error"


def test_what_an_instance_cannot_show_has_not_become_healthy():
    before = [index(), Finding("error", "profile_failed", "alpha", "Mailboxes", "Failed.")]
    stopped = {"instanceID": "alpha", "status": "stopped", "startStopError": "No disk.", "not_gathered": {}}
    now = standing(survey(stopped), before, now=NOW)
    assert summary(news(told(*before), now)) == [("new", "instance_not_running:alpha:alpha")]


def test_what_an_instance_cannot_show_is_not_told_again_in_the_words_of_the_server():
    words = "Search indexes of the archive store 2026 of alpha need to be rebuilt."
    feed = [{"type": "warning", "text": words, "tag": None}]
    silent = {"instanceID": "alpha", "status": "stopped", "startStopError": None, "not_gathered": {}}
    now = standing(survey(silent, messages=feed), [index()], now=NOW)
    assert summary(news(told(index()), now)) == [("new", "instance_not_running:alpha:alpha")]


def test_what_an_instance_shows_to_be_mended_is_cleared():
    healthy = instance("alpha", stores=[{"id": 1, "name": "2026"}], worker_results=[], job_results=[])
    assert summary(news(told(index()), standing(survey(healthy), [index()], now=NOW))) == [
        ("cleared", "index_rebuild:alpha:2026")
    ]


def test_the_alerts_of_an_instance_that_was_deleted_are_cleared():
    assert summary(news(told(index()), standing(survey(), [index()], now=NOW))) == [
        ("cleared", "index_rebuild:alpha:2026")
    ]


def test_what_nobody_looks_at_any_more_is_forgotten():
    kept, excluded, outside = index(), index(instance="alphorn"), index(instance="beta")
    words = message("Disk is full.")
    assert within([kept, excluded, outside, words], ["Alph*"], ["alphorn"]) == [kept, words]


def test_an_event_of_an_instance_names_it_and_limits_a_playbook_to_it():
    (change,) = news({}, [index()])
    playbook = "ansible-playbook mops.maintenance.mailstore_maintenance -i mailstore_instances.yml"
    assert event(change, "archive.example.com") == {
        "alert": {
            "id": "index_rebuild:alpha:2026",
            "status": "new",
            "severity": "warning",
            "category": "index_rebuild",
            "server": "archive.example.com",
            "instance": "alpha",
            "store": "2026",
            "subject": "2026",
            "message": "Its search index needs to be rebuilt.",
            "action": "Rebuild search indexes",
            "command": f"""{playbook} --limit alpha -e '{{"mailstore_maintenance_only": ["rebuild"]}}'""",
        },
        "meta": {"hosts": ["alpha"]},
    }


def test_an_event_of_the_server_limits_nothing():
    (change,) = news({}, [silence("archive.example.com", "No answer.")])
    document = event(change, "archive.example.com")
    assert "meta" not in document
    assert (document["alert"]["instance"], document["alert"]["store"]) == (None, None)


def test_nothing_is_to_be_done_about_what_is_cleared():
    (change,) = news(told(index()), [])
    alert = event(change, "archive.example.com")["alert"]
    assert (alert["status"], alert["action"], alert["command"]) == ("cleared", None, None)


def failed_job(**values):
    run = {"jobId": 7, "action": "VerifyStores", "result": "failed", "startTime": "2026-03-09T02:00:00", **values}
    return instance("alpha", stores=[], worker_results=[], job_results=[run])


def test_an_alert_of_a_job_is_the_same_when_its_name_becomes_known():
    before = standing(survey(failed_job()), [], now=NOW)
    assert [(identity(item), item.subject) for item in before] == [("job_failed:alpha:7", "job 7 (VerifyStores)")]
    named = {**failed_job(), "jobs": [{"id": 7, "name": "Nightly verification"}]}
    after = standing(survey(named), before, now=NOW)
    assert [item.subject for item in after] == ["Nightly verification"]
    assert news(told(*before), after) == []


def test_two_failing_profiles_of_one_name_are_two_alerts():
    runs = [
        {"profileId": number, "profileName": "P", "result": "failed", "startTime": "2026-03-09T02:00:00"}
        for number in (4, 5)
    ]
    found = standing(survey(instance("alpha", worker_results=runs)), [], now=NOW)
    assert sorted(identity(item) for item in found) == ["profile_failed:alpha:4", "profile_failed:alpha:5"]


def test_the_index_message_and_the_store_that_it_is_about_are_one_alert():
    feed = [{"type": "error", "text": "Instance alpha on h1: One or more search indexes have to be rebuilt."}]
    flagged = instance("alpha", stores=[{"id": 1, "name": "2026", "searchIndexesNeedRebuild": True}])
    assert summary(news({}, standing(survey(flagged, messages=feed), [], now=NOW))) == [
        ("new", "index_rebuild:alpha:2026")
    ]
    stopped = {"instanceID": "alpha", "status": "stopped", "startMode": "manual", "not_gathered": {}}
    assert standing(survey(stopped, messages=feed), [index()], now=NOW)[1:] == [index()]


def test_what_an_instance_that_withholds_access_showed_before_is_neither_cleared_nor_told_again():
    before = [Finding("error", "profile_failed", "alpha", "P", "Failed.", None, "4")]
    withheld = instance("alpha", stores=[])
    withheld.update(not_gathered={"worker_results": "No."}, not_gathered_kind={"worker_results": "access_withheld"})
    now = standing(survey(withheld), before, now=NOW)
    assert summary(news(told(*before), now)) == [("new", "access_withheld:alpha:alpha")]
    assert event(news({}, now)[-1], "archive")["alert"]["command"] is None


def test_where_some_results_are_missing_only_what_the_others_show_is_cleared():
    before = [Finding("error", "profile_failed", "alpha", "P", "Failed.", None, str(number)) for number in (4, 5)]
    partly = instance("alpha", worker_results=[{"profileId": 4, "result": "succeeded"}])
    partly.update(not_gathered={"worker_results": "Too many."}, not_gathered_kind={"worker_results": "failed"})
    assert summary(news(told(*before), standing(survey(partly), before, now=NOW))) == [
        ("new", "function_failed:alpha:GetWorkerResults"),
        ("cleared", "profile_failed:alpha:4"),
    ]
