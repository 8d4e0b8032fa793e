# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.backup_window import (
    NotClosed,
    close_lost,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process import lease as lease_module
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.lease import (
    LOST_SECONDS,
    LeaseUnusable,
    drop,
    lost_among,
    note,
    read,
    renewing,
    take,
    take_over,
)
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope, running

URL = "https://host:8470"
ENDS_AT = datetime(2026, 1, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "windows")


@pytest.fixture
def open_window(folder):
    def open_window(*instances, settled=True, process=None, url=URL):
        path = take(folder, url, instances, ENDS_AT)
        note(path, settled=settled, process=process)
        return path

    return open_window


class Holder:
    """Sleeps, and renews leases meanwhile."""

    def __init__(self, clock, *paths):
        self._clock = clock
        self._paths = paths

    def __call__(self, seconds):
        self._clock.sleep(seconds)
        for path in self._paths:
            os.utime(path, ns=(0, int(self._clock.now * 1e9)))


@pytest.fixture
def close(folder, clock):
    """Closes lost windows, while others hold some."""

    def close(*held, **options):
        def new_client():
            return Client(Server("host", "admin", "päss&=%"), clock=clock, sleep=clock.sleep)

        return close_lost(new_client, folder, URL, clock=clock, sleep=Holder(clock, *held), **options)

    return close


def status(**states):
    return envelope(result=[{"instanceID": name, "status": state} for name, state in states.items()])


def functions(server):
    return [(path.rpartition("/")[2], form.get("instanceFilter") or form["token"]) for path, form in server.calls]


def test_a_lease_says_what_the_window_holds_until_when_and_how_far_it_is(folder, open_window):
    path = open_window("a", "b", settled=False, process="4711")
    (lease,) = read(folder, URL)
    assert (lease.path, lease.instances, lease.settled, lease.process) == (path, ["a", "b"], False, "4711")
    assert lease.ends_at == "2026-01-01T01:00:00Z"
    drop(path)
    assert read(folder, URL) == []


def test_leases_of_other_servers_and_what_is_half_written_do_not_count(folder, open_window):
    open_window("a", url="https://other:8470")
    Path(folder, ".x.window.json-abc").write_text("{")
    Path(folder, "notes.txt").write_text("")
    assert read(folder, URL) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}'])
def test_a_damaged_lease_is_named_and_not_passed_over(folder, open_window, text):
    path = open_window("a")
    Path(path).write_text(text)
    with pytest.raises(LeaseUnusable, match=r"is damaged.*Look for frozen instances") as failure:
        read(folder, URL)
    assert path in str(failure.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LeaseUnusable, match=r"file/windows.*cannot be written"):
        take(str(tmp_path / "file" / "windows"), URL, ["a"], ENDS_AT)


def test_a_lease_that_is_renewed_is_held_and_one_that_is_not_is_lost(folder, open_window, clock):
    silent, renewed, removed = open_window("a"), open_window("b"), open_window("c")
    leases = read(folder, URL)
    os.unlink(removed)
    lost, held = lost_among(leases, clock=clock, sleep=Holder(clock, renewed))
    assert ([each.path for each in lost], [each.path for each in held]) == ([silent], [renewed])
    assert clock.now >= LOST_SECONDS


def test_where_all_leases_are_renewed_nobody_waits(folder, open_window, clock):
    path = open_window("a")
    lost_among(read(folder, URL), clock=clock, sleep=Holder(clock, path))
    assert clock.now < 2


def test_a_block_renews_its_leases(monkeypatch, folder, open_window):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    path = open_window("a")
    os.utime(path, ns=(0, 0))
    with renewing(path):
        end = time.monotonic() + 120
        while os.stat(path).st_mtime_ns == 0 and time.monotonic() < end:
            time.sleep(0.01)
    assert os.stat(path).st_mtime_ns > 0


def test_only_one_takes_a_lost_lease_over_and_it_can_be_lost_again(folder, open_window):
    open_window("a")
    (lease,) = read(folder, URL)
    mine = take_over(lease)
    assert take_over(lease) is None
    (again,) = read(folder, URL)
    assert again.path == mine.path != lease.path
    longer = take_over(again)
    assert len(os.path.basename(longer.path)) == len(os.path.basename(mine.path))


def test_a_lost_window_is_closed_and_nothing_that_another_holds_is_touched(server, folder, open_window, close):
    open_window("a", "b")
    held = open_window("b", "c")
    server.script(status(a="frozen"), envelope(), status(a="running"))
    result = close(held)
    assert functions(server) == [("GetInstances", "a"), ("ThawInstances", "a"), ("GetInstances", "a")]
    assert (result.thawed, [each.path for each in result.held]) == (["a"], [held])
    assert [each.path for each in read(folder, URL)] == [held]


def test_instances_of_two_lost_windows_are_thawed(server, folder, open_window, close):
    open_window("a")
    open_window("a")
    server.script(status(a="frozen"), envelope(), status(a="running"), status(a="running"))
    assert close().thawed == ["a"]
    assert read(folder, URL) == []


def test_what_is_frozen_late_in_a_lost_window_is_thawed(server, folder, open_window, close):
    open_window("a", settled=False)
    server.script(status(a="running"), status(a="frozen"), envelope(), status(a="running"))
    server.script(*[status(a="running")] * 23)  # every five seconds, until two minutes are over
    assert close().thawed == ["a"]


def test_what_still_freezes_on_the_server_is_cancelled_first(server, open_window, close):
    open_window("a", settled=False, process="4711")
    server.script(envelope(), running(2), envelope(statusCode="cancelled"), status(a="frozen"), envelope(), status())
    assert close().thawed == ["a"]
    assert functions(server)[:3] == [("cancel-async", "4711"), ("get-status", "4711"), ("get-status", "4711")]


def test_a_process_that_is_not_known_any_more_freezes_nothing(server, open_window, close):
    open_window("a", settled=False, process="4711")
    server.script((404, b"", {}), status(a="running"))
    assert close().thawed == []


def test_a_dry_run_tells_and_touches_nothing(server, folder, open_window, close):
    path = open_window("a")
    server.script(status(a="frozen"))
    assert close(dry=True).thawed == ["a"]
    assert [each.path for each in read(folder, URL)] == [path]


def test_a_lease_stays_where_the_server_cannot_thaw(server, folder, open_window, close):
    open_window("a")
    refusal = envelope(statusCode="failed", error={"message": "Busy.", "details": ""})
    server.script(status(a="frozen"), refusal, status(a="frozen"), refusal)
    with pytest.raises(NotClosed, match=r"Busy\."):
        close(seconds=5)
    assert json.loads(Path(read(folder, URL)[0].path).read_text())["instances"] == ["a"]


def test_only_windows_on_the_named_instances_count(server, folder, open_window, close):
    open_window("a")
    open_window("b")
    server.script(status(b="frozen"), envelope(), status(b="running"))
    assert close(names=["b"]).thawed == ["b"]
    assert [each.instances for each in read(folder, URL)] == [["a"]]
