# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.maintenance import (
    Maintainer,
    Policy,
    Record,
    RecordUnusable,
    repairs,
    rota,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)
NEVER = Policy(verify_days=0, compact_days=0)


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
    return Record(str(tmp_path / "sub" / "a.json"), "a")


def ago(days):
    return NOW - timedelta(days=days)


def names(steps):
    return [str(step) for step in steps]


def test_a_store_in_order_needs_no_repair():
    assert repairs([store(1)]) == []


def test_stores_are_opened_then_upgraded_then_indexes_are_rebuilt_all_at_once():
    stores = [
        store(1, searchIndexesNeedRebuild=True),
        store(2, needsUpgrade=True),
        store(3, error="Locked."),
        store(4, searchIndexesNeedRebuild=True, needsUpgrade=True),
    ]
    assert names(repairs(stores)) == [
        "RetryOpenStores",
        "UpgradeStore S2",
        "UpgradeStore S4",
        "RebuildSelectedStoreIndexes",
    ]
    assert repairs(stores)[-1].why == "The search index of S1, S4 needs to be rebuilt."


def test_a_disabled_store_is_left_alone(record):
    disabled = store(1, requestedState="disabled", error="E", needsUpgrade=True, searchIndexesNeedRebuild=True)
    assert repairs([disabled]) == []
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


def test_a_record_is_the_same_when_it_is_read_again(record, tmp_path):
    record.remember(store(1), ago(1), "verified")
    record.remember(store(2), ago(2), "compacted")
    record.keep([store(1)])
    record.save()
    again = Record(str(tmp_path / "sub" / "a.json"), "a")
    assert again.time(store(1), "verified") == "2026-03-09T06:00:00Z"
    assert again.time(store(2), "compacted") == ""
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"schema": 9, "instance": "a", "stores": {}}),
        '{"schema": 1, "instance": "b", "stores": {}}',
    ],
)
def test_a_record_that_cannot_be_used_is_said_before_anything_is_done(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(RecordUnusable, match=r"a\.json.*move it away"):
        Record(str(path), "a")
    assert path.read_text() == text


def test_a_record_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordUnusable, match="Not a directory"):
        Record(str(tmp_path / "file" / "a.json"), "a")


@pytest.mark.parametrize("policy", [Policy(verify_days=-1), Policy(compact_days=100_000)])
def test_days_that_cannot_be_are_refused(policy):
    with pytest.raises(InvalidOption, match="days"):
        policy.check()


@pytest.fixture
def interruption():
    return Interruption()


@pytest.fixture
def maintain(server, clock, record, interruption):
    def maintain(policy=NEVER, budget=1e9):
        nowhere = Progress(None, interval=60)
        following = Following(Server("host", "admin", "päss&=%"), Waiting(), interruption, nowhere, clock=clock)
        try:
            return Maintainer(following, "a", record, policy, now=lambda: NOW).run(budget)
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
    server.script(stores(outdated, store(2)), refused, stores(outdated, store(2)), refused, envelope())
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

    server.script(stores(*map(store, (1, 2, 3))), slowly, slowly)
    steps = maintain(Policy(compact_days=0), budget=150)
    assert [step.state for step in steps] == ["done", "done", "left"]
    assert [step.elapsed for step in steps] == [100, 100, 0]
    assert record.time(store(3), "verified_tried") == ""


def test_a_repair_is_done_even_without_a_budget(server, maintain):
    server.script(stores(store(1, needsUpgrade=True)), envelope(), stores(store(1)))
    assert [step.state for step in maintain(Policy(), budget=0)] == ["done", "left", "left"]


def test_the_record_is_written_after_every_step(server, maintain, tmp_path):
    seen = []

    def look(form):
        seen.extend(json.loads((tmp_path / "sub" / "a.json").read_text())["stores"])
        return envelope()

    server.script(stores(store(1), store(2)), envelope(), look)
    maintain(Policy(compact_days=0))
    assert seen == ["1"]


def test_a_verification_includes_indexes_where_wanted(server, maintain):
    server.script(stores(store(1)), envelope())
    maintain(Policy(compact_days=0, verify_indexes=True))
    assert server.calls[-1][1] == {"instanceID": "a", "id": "1", "includeIndexes": "true"}


def test_an_interruption_leaves_the_rest_for_another_time(server, maintain, interruption):
    def interrupt(form):
        interruption.set("SIGTERM")
        return envelope()

    server.script(stores(store(1), store(2)), interrupt)
    assert [step.state for step in maintain(Policy(compact_days=0))] == ["done", "left"]


def test_a_server_that_does_not_list_the_stores_is_a_failure(server, maintain):
    server.script(envelope(statusCode="failed", error={"message": "Instance 'a' is not running.", "details": ""}))
    with pytest.raises(MopsError, match="not running"):
        maintain()
