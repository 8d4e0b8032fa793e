# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.history import History, HistoryUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.maintenance import (
    Budget,
    Maintainer,
    Policy,
    repairs,
    rota,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)
NEVER = Policy(verify_days=0, compact_days=0)
NO_JOBS = envelope(result=[])


def store(number, **values):
    return {
        "id": number,
        "name": f"S{number}",
        "databasePath": f"D:\\{number}",
        "requestedState": "normal",
        "error": None,
        "searchIndexesNeedRebuild": False,
        "needsUpgrade": False,
        **values,
    }


@pytest.fixture
def record(tmp_path):
    return History(str(tmp_path / "sub" / "a.json"), "a", now=NOW)


def ago(days):
    return NOW - timedelta(days=days)


def names(steps):
    return [str(step) for step in steps]


def test_a_store_in_order_needs_no_repair(record):
    assert repairs([store(1)], record, Policy()) == []


def test_stores_are_opened_then_upgraded_then_indexes_are_rebuilt_all_at_once(record):
    stores = [
        store(1, searchIndexesNeedRebuild=True),
        store(2, needsUpgrade=True),
        store(3, error="Locked."),
        store(4, searchIndexesNeedRebuild=True, needsUpgrade=True),
    ]
    assert names(repairs(stores, record, Policy())) == [
        "RetryOpenStores",
        "UpgradeStore S2",
        "UpgradeStore S4",
        "RebuildSelectedStoreIndexes",
    ]
    assert repairs(stores, record, Policy())[-1].why == "The search index of S1, S4 needs to be rebuilt."


def test_a_disabled_store_is_left_alone(record):
    disabled = store(1, requestedState="disabled", error="E", needsUpgrade=True, searchIndexesNeedRebuild=True)
    assert repairs([disabled], record, Policy()) == []
    assert rota([disabled], record, Policy(), NOW) == []


def test_what_is_not_known_is_due_and_what_was_done_is_not_before_its_time(record):
    for number, days in ((1, 30), (2, 29), (3, 400)):
        record.remember(store(number), ago(days), "verified", "verified_tried")
    policy = Policy(verify_days=30, compact_days=0)
    assert names(rota([store(number) for number in range(1, 5)], record, policy, NOW)) == [
        "VerifyStore S4",
        "VerifyStore S3",
        "VerifyStore S1",
    ]


def test_a_store_that_fails_is_tried_again_but_holds_up_no_other_one(record):
    record.remember(store(1), ago(1), "verified_tried")
    record.remember(store(2), ago(40), "verified", "verified_tried")
    assert names(rota([store(1), store(2)], record, Policy(compact_days=0), NOW)) == [
        "VerifyStore S2",
        "VerifyStore S1",
    ]


def test_a_write_protected_store_is_verified_but_not_compacted_and_a_closed_one_neither(record):
    stores = [store(1, requestedState="writeProtected"), store(2, error="E")]
    assert names(rota(stores, record, Policy(), NOW)) == ["VerifyStore S1"]


def test_a_store_that_was_moved_is_another_one(record):
    record.remember(store(1), NOW, "verified", "compacted")
    assert len(rota([store(1, databasePath="E:\\")], record, Policy(), NOW)) == 2


def test_only_the_kinds_of_work_that_are_wanted_are_due(record):
    stores = [store(1, error="E"), store(2, needsUpgrade=True, searchIndexesNeedRebuild=True)]
    policy = Policy(only=["upgrade", "compact"])
    due = [*repairs(stores, record, policy), *rota(stores, record, policy, NOW)]
    assert names(due) == ["UpgradeStore S2", "CompactStore S2"]


def test_an_upgrade_that_fails_holds_up_no_other_one(record):
    record.remember(store(1), ago(1), "upgraded_tried")
    stores = [store(1, needsUpgrade=True), store(2, needsUpgrade=True)]
    assert names(repairs(stores, record, Policy())) == ["UpgradeStore S2", "UpgradeStore S1"]


def test_what_is_due_for_too_long_is_overdue(record):
    record.remember(store(1), ago(38), "verified", "verified_tried")
    record.remember(store(2), ago(36), "verified", "verified_tried")
    steps = rota([store(1), store(2), store(3)], record, Policy(compact_days=0), NOW)
    assert [(str(step), step.overdue) for step in steps] == [
        ("VerifyStore S3", False),
        ("VerifyStore S1", True),
        ("VerifyStore S2", False),
    ]
    record.see([store(3)], ago(8))
    assert rota([store(3)], record, Policy(compact_days=0), NOW)[0].overdue


def test_to_want_no_kind_of_work_is_refused():
    with pytest.raises(InvalidOption, match="only"):
        Policy(only=[]).check()


@pytest.mark.parametrize("budget", [Budget(-1), Budget(repairs=-1), Budget(float("nan"))])
def test_a_budget_that_cannot_be_is_refused(budget):
    with pytest.raises(InvalidOption, match="budget must be a number of seconds"):
        budget.check()


@pytest.mark.parametrize("policy", [Policy(verify_days=-1), Policy(compact_days=100_000), Policy(overdue_days=-1)])
def test_days_that_cannot_be_are_refused(policy):
    with pytest.raises(InvalidOption, match="days"):
        policy.check()


@pytest.fixture
def interruption():
    return Interruption()


@pytest.fixture
def maintain(server, clock, record, interruption):
    def maintain(policy=NEVER, **budget):
        nowhere = Progress(None, interval=60)
        following = Following(Server("host", "admin", "päss&=%"), Waiting(), interruption, nowhere, clock=clock)
        try:
            return Maintainer(following, "a", record, policy, now=lambda: NOW).run(Budget(**budget))
        finally:
            assert server.open == {}

    return maintain


def stores(*items):
    return envelope(result=list(items))


def functions(server):
    return [path.rpartition("/")[2] for path, _form in server.calls]


def test_where_nothing_is_due_the_server_is_asked_once(server, maintain):
    server.script(stores(store(1)))
    assert maintain() == []
    assert functions(server) == ["GetStores"]


def test_an_index_is_selected_and_rebuilt_and_then_looked_at_again(server, maintain):
    server.script(stores(store(1, searchIndexesNeedRebuild=True)), envelope(), envelope(), stores(store(1)))
    (step,) = maintain()
    assert step.state == "done"
    assert functions(server) == [
        "GetStores",
        "SelectAllStoreIndexesForRebuild",
        "RebuildSelectedStoreIndexes",
        "GetStores",
    ]


def test_a_repair_that_did_not_help_has_failed(server, maintain):
    closed = store(1, error="Locked.")
    server.script(stores(closed), envelope(), stores(closed))
    (step,) = maintain()
    assert (step.state, step.failure) == ("failed", "It was done, but is due all the same: S1 could not be opened.")


def test_what_fails_keeps_nothing_else_from_being_done(server, maintain, record):
    refused = envelope(statusCode="failed", error={"message": "Disk full.", "details": ""})
    outdated = store(1, needsUpgrade=True)
    server.script(stores(outdated, store(2)), refused, stores(outdated, store(2)), NO_JOBS, refused, envelope())
    steps = maintain(Policy(compact_days=0))
    assert [(str(step), step.state) for step in steps] == [
        ("UpgradeStore S1", "failed"),
        ("VerifyStore S1", "failed"),
        ("VerifyStore S2", "done"),
    ]
    assert "Disk full." in steps[0].failure
    assert record.time(store(1), "verified") == ""
    assert record.time(store(1), "verified_tried") != ""


def test_nothing_of_the_rota_is_begun_when_the_budget_is_used_up(server, maintain, clock, record):
    def slowly(form):
        clock.sleep(100)
        return envelope()

    server.script(stores(*map(store, (1, 2, 3))), NO_JOBS, slowly, slowly)
    steps = maintain(Policy(compact_days=0), rota=150)
    assert [step.state for step in steps] == ["done", "done", "left"]
    assert [step.elapsed for step in steps] == [100, 100, 0]
    assert record.time(store(3), "verified_tried") == ""


def test_a_repair_is_done_even_without_a_budget(server, maintain):
    server.script(stores(store(1, needsUpgrade=True)), envelope(), stores(store(1)), NO_JOBS)
    assert [step.state for step in maintain(Policy(), rota=0)] == ["done", "left", "left"]


def test_repairs_are_begun_within_their_own_budget(server, maintain, clock):
    def slowly(form):
        clock.sleep(100)
        return envelope()

    upgrades = [store(number, needsUpgrade=True) for number in (1, 2, 3)]
    server.script(stores(*upgrades), slowly, slowly, stores(store(1), store(2), upgrades[2]))
    steps = maintain(repairs=150)
    assert [(str(step), step.state) for step in steps] == [
        ("UpgradeStore S1", "done"),
        ("UpgradeStore S2", "done"),
        ("UpgradeStore S3", "left"),
    ]


def test_nothing_is_repaired_without_a_budget_for_it(server, maintain):
    server.script(stores(store(1, needsUpgrade=True)))
    assert [step.state for step in maintain(repairs=0)] == ["left"]


def test_a_record_that_cannot_be_written_is_said_before_the_server_is_asked(maintain, tmp_path):
    (tmp_path / "sub").write_text("")
    with pytest.raises(HistoryUnusable, match=r"a\.json cannot be written"):
        maintain()


def test_what_was_done_is_said_also_where_the_record_cannot_be_written_any_more(server, maintain, tmp_path):
    def fill(form):
        (tmp_path / "sub").rename(tmp_path / "gone")
        (tmp_path / "sub").write_text("")
        return envelope()

    server.script(stores(store(1), store(2)), NO_JOBS, fill)
    with pytest.raises(HistoryUnusable, match="cannot be written") as caught:
        maintain(Policy(compact_days=0))
    assert [(step["function"], step["state"]) for step in caught.value.facts["steps"]] == [("VerifyStore", "done")]
    assert caught.value.facts["changed"]


def test_a_step_that_was_interrupted_keeps_its_turn(server, maintain, record, interruption):
    def interrupt(form):
        interruption.set("SIGTERM")
        return envelope(statusCode="cancelled")

    server.script(stores(store(1)), NO_JOBS, interrupt)
    assert [step.state for step in maintain(Policy(compact_days=0))] == ["failed"]
    assert record.tried(store(1), "verified") == ""


def test_the_record_is_written_after_every_step(server, maintain, tmp_path):
    seen = []

    def look(form):
        entries = json.loads((tmp_path / "sub" / "a.json").read_text())["stores"]
        seen.extend(key for key, entry in entries.items() if "verified" in entry)
        return envelope()

    server.script(stores(store(1), store(2)), NO_JOBS, envelope(), look)
    maintain(Policy(compact_days=0))
    assert seen == ["1"]


def test_a_verification_includes_indexes_where_wanted(server, maintain):
    server.script(stores(store(1)), NO_JOBS, envelope())
    maintain(Policy(compact_days=0, verify_indexes=True))
    assert server.calls[-1][1] == {"instanceID": "a", "id": "1", "includeIndexes": "true"}


def test_an_interruption_leaves_the_rest_for_another_time(server, maintain, interruption):
    def interrupt(form):
        interruption.set("SIGTERM")
        return envelope()

    server.script(stores(store(1), store(2)), NO_JOBS, interrupt)
    assert [step.state for step in maintain(Policy(compact_days=0))] == ["done", "left"]


def test_a_server_that_does_not_list_the_stores_is_a_failure(server, maintain):
    server.script(envelope(statusCode="failed", error={"message": "Instance 'a' is not running.", "details": ""}))
    with pytest.raises(MopsError, match="not running"):
        maintain()


def jobs(*actions):
    return envelope(result=[{"id": number, "action": action} for number, action in enumerate(actions, 1)])


def runs(*ends):
    """Results of a job, by the days before now when it ended and how."""
    rows = [
        {"completeTime": f"{ago(days):%Y-%m-%dT%H:%M:%S}", "result": result, "jobResultId": number}
        for number, (days, result) in enumerate(ends)
    ]
    return envelope(result=rows)


def test_what_the_instance_s_own_job_has_verified_is_not_verified_again(server, maintain, record):
    server.script(stores(store(1), store(2)), jobs("SendStatusReport", "VerifyStores"), runs((12, "succeeded")))
    assert maintain(Policy(compact_days=0)) == []
    path, form = server.calls[-1]
    assert (path.rpartition("/")[2], form["jobId"], form["fromIncluding"]) == (
        "GetJobResults",
        "2",
        "2026-02-07T06:00:00",
    )
    assert record.time(store(1), "verified") == "2026-02-25T16:00:00Z"  # fourteen hours before what the server says


def test_only_a_job_s_run_that_succeeded_within_the_days_counts(server, maintain):
    ends = ((40, "succeeded"), (3, "failed"), (2, "completedWithErrors"), (1, "cancelled"))
    server.script(stores(store(1)), jobs("VerifyStores"), runs(*ends), envelope())
    (step,) = maintain(Policy(compact_days=0))
    assert (str(step), step.state, step.why) == ("VerifyStore S1", "done", "It was last verified on 2026-01-28.")


def test_a_job_may_be_about_one_store(server, maintain):
    mine = jobs("CompactStore --id=2", "VerifyStore --id 1 --includeIndexes=false")
    server.script(stores(store(1), store(2)), mine, runs((1, "succeeded")), runs((1, "succeeded")))
    steps = maintain(Policy(), rota=0)
    assert names(steps) == ["VerifyStore S2", "CompactStore S1"]


def test_a_job_without_the_indexes_does_not_do_where_they_are_wanted(server, maintain):
    mine = jobs("VerifyStores --includeIndexes=false", "VerifyStore --id=2 --includeIndexes=true")
    server.script(stores(store(1), store(2)), mine, runs((1, "succeeded")), runs((1, "succeeded")))
    steps = maintain(Policy(compact_days=0, verify_indexes=True), rota=0)
    assert names(steps) == ["VerifyStore S1"]


def test_a_store_that_came_after_the_job_had_run_was_not_verified_by_it(server, maintain, record):
    record.see([store(1)], ago(30))
    record.see([store(1), store(2)], ago(3))
    server.script(stores(store(1), store(2)), jobs("VerifyStores"), runs((10, "succeeded")))
    assert names(maintain(Policy(compact_days=0), rota=0)) == ["VerifyStore S2"]


def test_what_was_done_later_than_by_the_job_is_what_counts(server, maintain, record):
    record.remember(store(1), ago(5), "verified", "verified_tried")
    server.script(stores(store(1), store(2)), jobs("VerifyStores"), runs((10, "succeeded")))
    maintain(Policy(compact_days=0))
    assert record.time(store(1), "verified") == "2026-03-05T06:00:00Z"


FAILED = envelope(statusCode="failed", error={"message": "Access denied.", "details": ""})


@pytest.mark.parametrize(
    "answers",
    [
        (FAILED, envelope(result=False)),  # the second one tells that the tenant withholds access
        (FAILED, envelope(result=True)),
        ((404, b""),),
        (envelope(result=[{"id": 1, "action": None}, {"id": 2, "action": "VerifyStores --id=1"}, {}]),),
        (jobs("VerifyStores"), FAILED, envelope(result=True)),
        (jobs("VerifyStores"), envelope(result=[{"result": "succeeded", "completeTime": None}, {}])),
    ],
)
def test_where_the_jobs_are_not_told_the_history_alone_counts(server, maintain, answers):
    server.script(stores(store(1)), *answers, envelope())
    assert [step.state for step in maintain(Policy(compact_days=0))] == ["done"]
