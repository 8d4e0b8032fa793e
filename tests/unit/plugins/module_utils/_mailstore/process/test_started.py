# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.lease import LeaseUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.started import Started
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope, running

URL = "https://host:8470"


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "processes")


def list_and_leave(folder, token, on_timeout="cancel", url=URL):
    """A process that was followed until whoever did so was killed."""
    with Started(folder, url, on_timeout).listing(token, f"VerifyStore {token}", lambda: False):
        pass


@pytest.fixture
def cancel(folder, clock):
    def cancel():
        def new_client():
            return Client(Server("host", "admin", "päss&=%"), clock=clock, sleep=clock.sleep)

        started = Started(folder, URL, "cancel")
        return [entry.token for entry in started.cancel_left_over(new_client, clock=clock, sleep=clock.sleep)]

    return cancel


def calls(server):
    return [(path.rpartition("/")[2], form["token"]) for path, form in server.calls]


def test_a_process_is_listed_while_it_runs_and_not_when_it_has_ended(folder):
    started = Started(folder, URL, "detach")
    with started.listing("1", "VerifyStore alpha, 1", lambda: True):
        (entry,) = started.read()
        assert (entry.token, entry.what, entry.on_timeout) == ("1", "VerifyStore alpha, 1", "detach")
    assert started.read() == []
    assert os.listdir(folder) == []


def test_what_others_have_started_on_another_server_does_not_count(folder):
    list_and_leave(folder, "1", url="https://other:8470")
    Path(folder, "x.process.json").write_text("{")
    assert Started(folder, URL, "cancel").read() == []


def test_a_process_that_is_followed_again_keeps_its_file_and_its_time(folder):
    list_and_leave(folder, "1")
    (before,) = Started(folder, URL, "cancel").read()
    with Started(folder, URL, "detach").listing("1", "VerifyStore", lambda: False):
        (entry,) = Started(folder, URL, "cancel").read()
    assert (entry.path, entry.started_at, entry.on_timeout) == (before.path, before.started_at, "detach")


def test_what_is_left_over_is_cancelled_where_that_was_wanted(server, folder, cancel):
    list_and_leave(folder, "1")
    list_and_leave(folder, "2", on_timeout="detach")
    (first, second) = Started(folder, URL, "cancel").read()
    answers = {"1": [running(1), envelope()], "2": [running(1)]}
    server.script(*answers[first.token], *answers[second.token])
    assert cancel() == ["1"]
    assert ("cancel-async", "1") in calls(server)
    assert ("cancel-async", "2") not in calls(server)
    assert [entry.token for entry in Started(folder, URL, "cancel").read()] == ["2"]


@pytest.mark.parametrize("answer", [envelope(), (404, b"", {})])
def test_what_has_ended_is_forgotten(server, folder, cancel, answer):
    list_and_leave(folder, "1")
    server.script(answer)
    assert cancel() == []
    assert os.listdir(folder) == []


def test_where_nothing_can_be_listed_nothing_is_started(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LeaseUnusable, match=r"file/processes.*cannot be written"):
        Started(str(tmp_path / "file/processes"), URL, "cancel")
