# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.history import (
    NEVER,
    History,
    HistoryInUse,
    HistoryUnusable,
    check_writable,
    locked,
)

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)


def store(number, **values):
    return {"id": number, "name": f"S{number}", "databasePath": f"D:\\{number}", **values}


def ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sub" / "a.json"


@pytest.fixture
def read(path):
    return lambda: History(str(path), "a", now=NOW)


@pytest.fixture
def written(path):
    def write(entry, **more):
        path.parent.mkdir()
        document = {"schema": 1, "instance": "a", "stores": {"1": entry}, **more}
        path.write_text(json.dumps(document))

    return write


def test_a_record_is_the_same_when_it_is_read_again(read, path):
    record = read()
    record.remember(store(1), ago(1), "verified")
    record.remember(store(2), ago(2), "compacted")
    record.see([store(1)], NOW)
    record.save()
    again = read()
    assert again.time(store(1), "verified") == "2026-03-09T06:00:00Z"
    assert again.time(store(2), "compacted") == NEVER
    assert os.listdir(path.parent) == ["a.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"schema": 9, "instance": "a", "stores": {}}),
        '{"schema": 1, "instance": "b", "stores": {}}',
        '{"schema": 1, "instance": "a", "stores": {}, "days": 5}',
    ],
)
def test_a_record_that_cannot_be_used_is_said_before_anything_is_done(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(HistoryUnusable, match=r"a\.json.*move it away"):
        History(str(path), "a", now=NOW)
    assert path.read_text() == text


def test_a_record_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryUnusable, match="Not a directory"):
        History(str(tmp_path / "file" / "a.json"), "a", now=NOW)


@pytest.mark.parametrize("time", ["2099-01-01T00:00:00Z", "2026-03-10T07:00:01Z", "yesterday", "2026-3-9T06:00:00Z", 5])
def test_a_time_that_cannot_be_true_counts_as_never_and_is_said(written, read, time):
    written({"path": "D:\\1", "name": "2026", "verified": time, "compacted": "2026-03-09T06:00:00Z"})
    record = read()
    assert record.time(store(1), "verified") == NEVER
    assert record.time(store(1), "compacted") == "2026-03-09T06:00:00Z"
    (doubt,) = record.doubts
    assert f"verified of 2026 ({time})" in doubt
    record.save()
    assert read().doubts == []


def test_an_entry_that_is_none_counts_as_never_and_is_said(written, read):
    written("5")
    record = read()
    assert record.time(store(1), "verified") == NEVER
    assert "all of store 1" in record.doubts[0]


def test_clocks_of_two_machines_may_differ_a_little(written, read):
    written({"path": "D:\\1", "verified": "2026-03-10T06:59:00Z"})
    assert read().doubts == []


def test_what_was_never_done_is_overdue_from_when_the_store_was_first_seen(read):
    record = read()
    record.days = {"verified": 30, "compacted": 0, "overdue": 7}
    record.see([store(1)], ago(8))
    record.see([store(1), store(2)], ago(6))
    assert [(item.store, item.work, item.last) for item in record.overdue(NOW)] == [("S1", "verified", NEVER)]


def test_what_was_done_is_overdue_when_it_is_due_for_too_long(read):
    record = read()
    record.days = {"verified": 30, "compacted": 90, "overdue": 7}
    record.remember(store(1), ago(38), "verified", "compacted")
    record.remember(store(2), ago(36), "verified", "compacted")
    (item,) = record.overdue(NOW)
    assert (item.store, item.work, item.since) == ("S1", "verified", ago(8))


@pytest.mark.parametrize("name", ["müller", "möller", "a/b", "a_b", "a b", "a%2Fb", "."])
def test_the_record_of_an_earlier_version_is_found_by_whom_it_is_of_and_gets_its_new_name(tmp_path, name):
    earlier = tmp_path / "srv" / (re.sub("[^A-Za-z0-9._-]", "_", name) + ".json")
    earlier.parent.mkdir()
    entry = {"path": "D:\\1", "verified": "2026-03-09T06:00:00Z"}
    earlier.write_text(json.dumps({"schema": 1, "instance": name, "stores": {"1": entry}}))
    path = tmp_path / "srv" / f"{quote(name, safe='')}.json"
    record = History(str(path), name, now=NOW)
    assert record.time(store(1), "verified") == "2026-03-09T06:00:00Z"
    record.save()
    assert os.listdir(tmp_path / "srv") == [path.name]


def test_the_record_of_another_instance_with_the_same_earlier_name_is_left_alone(tmp_path):
    earlier = tmp_path / "m_ller.json"
    earlier.write_text(json.dumps({"schema": 1, "instance": "müller", "stores": {}}))
    record = History(str(tmp_path / "m%C3%B6ller.json"), "möller", now=NOW)
    record.save()
    assert earlier.exists()


@pytest.mark.parametrize(("folder", "host"), [("__1", "::1"), ("mgmt", "mgmt"), ("mgmt.example", "x")])
def test_a_folder_of_an_earlier_version_is_found(tmp_path, folder, host):
    earlier = tmp_path / folder / "a.json"
    earlier.parent.mkdir()
    entry = {"path": "D:\\1", "verified": "2026-03-09T06:00:00Z"}
    earlier.write_text(json.dumps({"schema": 1, "instance": "a", "stores": {"1": entry}}))
    path = tmp_path / "mgmt.example" / "a.json"
    assert History(str(path), "a", now=NOW, host=host).time(store(1), "verified") != NEVER


def test_only_one_at_a_time_has_the_record_and_the_other_learns_who(path, monkeypatch):
    monkeypatch.setenv("JOB_ID", "4711")
    with locked(str(path)):
        with pytest.raises(HistoryInUse, match=rf"AWX job 4711, process {os.getpid()} on .*, since 20") as caught:
            with locked(str(path)):
                pass
        assert caught.value.holder.startswith("AWX job 4711")
    with locked(str(path)):
        pass


def test_a_folder_that_cannot_be_written_is_said_before_the_record_is_held(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryUnusable, match="cannot be written"):
        with locked(str(tmp_path / "file" / "a.json")):
            pass


def test_whether_a_record_could_be_written_is_known_without_making_anything(tmp_path, monkeypatch):
    check_writable(str(tmp_path / "new" / "er" / "a.json"))
    assert os.listdir(tmp_path) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryUnusable, match="Not a directory"):
        check_writable(str(tmp_path / "file" / "a.json"))
    monkeypatch.setattr(os, "access", lambda *of: False)
    with pytest.raises(HistoryUnusable, match="Permission denied"):
        check_writable(str(tmp_path / "new" / "a.json"))
