# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.history import History
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.rota import order, overdue, summary

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)


def step(kind="verify", tried=None, **values):
    return {
        "kind": kind,
        "function": "VerifyStore",
        "store": "2026",
        "why": "W.",
        "tried": tried,
        "overdue": False,
        "state": "due",
        **values,
    }


def due(*steps, last_tried=None):
    return {"steps": list(steps), "last_tried": last_tried}


def test_what_was_tried_longest_ago_comes_first_over_all_hosts():
    results = {
        "a": due(step(tried="2026-03-09T02:00:00Z")),
        "b": due(step(tried="2026-03-09T02:00:00Z"), step(tried="2026-03-07T02:00:00Z")),
        "c": due(step()),
        "d": due(step(tried="2026-03-08T02:00:00Z")),
    }
    assert order(results) == ["c", "b", "d", "a"]


def test_where_nothing_is_due_is_not_in_the_order():
    assert order({"a": due(), "b": due(step()), "c": {"failed": True, "msg": "M"}}) == ["b"]


def test_repairs_come_first_and_among_them_what_was_tried_longest_ago():
    results = {
        "a": due(step()),
        "b": due(step("upgrade", "2026-03-09T02:00:00Z"), step()),
        "c": due(step("retry"), step(tried="2026-03-09T02:00:00Z")),
    }
    assert order(results) == ["c", "b", "a"]


def test_a_host_with_much_to_do_that_had_its_turn_lets_the_others_go_first():
    results = {"a": due(step(), step(), last_tried="2026-03-09T02:00:00Z"), "b": due(step()), "c": due(step())}
    assert order(results) == ["b", "c", "a"]


def test_a_summary_counts_by_kind_and_names_what_is_left_overdue_locked_and_failed():
    results = {
        "a": {**due(step(state="done"), step(state="failed")), "failed": True, "msg": "1 of 2 steps on a failed."},
        "b": due(step("upgrade", state="done"), step(state="left", overdue=True, tried="2026-01-02T02:00:00Z")),
        "c": {**due(), "locked_by": "process 5"},
        "d": {"failed": True, "msg": "No connection."},
        "e": due(),
        "f": {},
    }
    assert summary(results) == {
        "counts": {"upgrade": {"done": 1}, "verify": {"done": 1, "failed": 1, "left": 1}},
        "lines": [
            "upgrade: 1 done",
            "verify: 1 done, 1 failed, 1 left",
            "Left for another time: 1 on b (1).",
            "Overdue for maintenance: 1, b/2026 (verify, last tried on 2026-01-02).",
            "Not maintained, since another run does so: c (process 5).",
            "Not begun, since the play ended before: f.",
            "Instances with failures: 2 of 6.",
            "a: 1 of 2 steps on a failed.",
            "d: No connection.",
        ],
    }


def test_a_summary_of_nothing_says_so():
    assert summary({"a": due()})["lines"] == ["Nothing is due."]


def test_a_summary_of_what_is_due_names_it():
    assert summary({"a": due(step())})["lines"] == ["verify: 1 due", "a: VerifyStore 2026: W."]


def test_a_summary_of_hundreds_stays_short():
    failed = {f"h{number}": {"failed": True, "msg": "M"} for number in range(300)}
    left = {f"l{number}": due(step(state="left")) for number in range(300)}
    lines = summary({**failed, **left})["lines"]
    assert len(lines) == 24
    assert lines[1].endswith("l19 (1) and 280 more.")
    assert lines[-1] == "and 280 more, shown above."


def store(number, **values):
    return {"id": number, "name": f"S{number}", "databasePath": f"D:\\{number}", **values}


def test_what_is_overdue_by_the_records_is_found_on_stores_that_are_there(tmp_path):
    path = str(tmp_path / "a.json")
    record = History(path, "a", now=NOW)
    record.days = {"verified": 30, "compacted": 90, "overdue": 7}
    record.see([store(number) for number in range(1, 6)], NOW - timedelta(days=8))
    record.remember(store(1), NOW - timedelta(days=60), "verified", "compacted")
    record.remember(store(2), NOW, "verified", "compacted")
    record.save()
    (tmp_path / "b.json").write_text("{")
    stores = [
        store(1),
        store(2),
        store(3, requestedState="writeProtected"),
        store(4, requestedState="disabled"),
        store(5, databasePath="E:\\"),
    ]
    found, notes = overdue([{"instanceID": "a", "stores": stores}], [path, str(tmp_path / "b.json")], NOW)
    assert [(item.kind, item.instance, item.subject, item.words) for item in found] == [
        (
            "verification_overdue",
            "a",
            "S1",
            "It was last verified on 2026-01-09, and has been due since 2026-02-08.",
        ),
        ("verification_overdue", "a", "S3", "It has never been verified, and has been due since 2026-03-02."),
    ]
    assert notes == [f"{tmp_path}/b.json cannot be read, so it is not known whether maintenance is overdue there."]
    assert overdue([{"instanceID": "other", "stores": stores}], [path], NOW)[0] == []
