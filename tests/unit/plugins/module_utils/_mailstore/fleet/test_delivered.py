# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._lock import locked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet import delivered
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.alerts import (
    CLEARED,
    NEW,
    News,
    identity,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.delivered import (
    DeliveredAlerts,
    DeliveredUnusable,
    file_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.health import Finding

HOST, SERVER = "archive.example.com", "MGMT01"
INDEX = Finding("warning", "index_rebuild", "alpha", "2026", "Its search index needs to be rebuilt.")
PROFILE = Finding(
    "error", "profile_failed", "alpha", "Mailboxes", "Failed.", {"function": "RunProfile", "arguments": {}}
)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "state" / "alerts.json")


def tell(path, *changes):
    with DeliveredAlerts(path, HOST, SERVER) as told:
        for change in changes:
            told.remember(change)
        told.save()


def test_what_was_told_is_known_after_a_restart_until_it_is_cleared(path):
    tell(path, News(NEW, INDEX), News(NEW, PROFILE))
    with DeliveredAlerts(path, HOST, SERVER) as told:
        assert list(told.alerts.values()) == [INDEX, PROFILE]
        assert told.note is None
    tell(path, News(CLEARED, INDEX))
    with DeliveredAlerts(path, HOST, SERVER) as told:
        assert list(told.alerts.values()) == [PROFILE]


def test_nobody_else_reads_it(path):
    tell(path, News(NEW, INDEX))
    folder = os.path.dirname(path)
    assert [stat.S_IMODE(os.stat(name).st_mode) for name in (folder, path)] == [0o700, 0o600]
    assert os.listdir(folder) == ["alerts.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"schema": 1, "serv',
        "[]",
        '{"schema": 2, "server": "archive.example.com", "alerts": {}}',
        '{"schema": 1, "server": "archive.example.com", "alerts": {"x": {"severity": "error"}}}',
        json.dumps({"schema": 1, "server": SERVER, "alerts": {"x": {**INDEX.__dict__, "kind": "unheard_of"}}}),
        json.dumps({"schema": 1, "server": SERVER, "alerts": {"x": {**INDEX.__dict__, "instance": 5}}}),
        "\xff",
    ],
)
def test_a_damaged_file_is_moved_aside_and_all_is_new(path, text):
    os.makedirs(os.path.dirname(path))
    with open(path, "w", encoding="latin-1") as file:
        file.write(text)
    with DeliveredAlerts(path, HOST, SERVER) as told:
        assert told.alerts == {}
        assert f"{path}.damaged" in told.note
    with open(f"{path}.damaged", encoding="latin-1") as file:
        assert file.read() == text
    with DeliveredAlerts(path, HOST, SERVER) as told:
        assert told.note is None


def test_the_file_of_another_server_is_refused_and_left_alone(path):
    tell(path, News(NEW, INDEX))
    with pytest.raises(DeliveredUnusable, match=r"told of MGMT01, not of MGMT02: name another file"):
        DeliveredAlerts(path, "other.example.com", "MGMT02").__enter__()
    with DeliveredAlerts(path, HOST, SERVER) as told:
        assert list(told.alerts.values()) == [INDEX]


def test_only_one_source_at_a_time_has_the_file(path):
    with DeliveredAlerts(path, HOST, SERVER):
        with pytest.raises(DeliveredUnusable, match="in use by another source"):
            DeliveredAlerts(path, HOST, SERVER).__enter__()
    with DeliveredAlerts(path, HOST, SERVER):
        pass


def test_a_place_that_cannot_be_written_is_found_out_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveredUnusable, match=r"cannot be used: (not a directory|file exists)"):
        DeliveredAlerts(str(tmp_path / "file" / "alerts.json"), HOST, SERVER).__enter__()


def test_a_write_that_fails_leaves_what_was_written_before(path, monkeypatch):
    tell(path, News(NEW, INDEX))
    with DeliveredAlerts(path, HOST, SERVER) as told:
        told.remember(News(CLEARED, INDEX))

        def fail(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(DeliveredUnusable, match="cannot be written: no space left on device"):
            told.save()
    monkeypatch.undo()
    with DeliveredAlerts(path, HOST, SERVER) as told:
        assert list(told.alerts.values()) == [INDEX]
    assert os.listdir(os.path.dirname(path)) == ["alerts.json"]


def old(path, host):
    """A file as an earlier version wrote it."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"schema": 1, "server": host, "alerts": {identity(INDEX): INDEX.__dict__}}))


def known(path, host, name):
    with DeliveredAlerts(str(path), host, name) as told:
        return list(told.alerts.values())


@pytest.mark.parametrize(("host", "name"), [("10.1.1.1", SERVER), (HOST, SERVER), (HOST, None), (HOST, "renamed")])
def test_a_server_is_known_again_by_its_own_name_or_by_how_it_is_reached(path, host, name):
    tell(path, News(NEW, INDEX))
    assert known(path, host, name) == [INDEX]


def test_a_name_that_was_known_is_kept_while_the_server_does_not_answer(path):
    tell(path, News(NEW, INDEX))
    assert known(path, HOST, None) == known(path, "10.1.1.1", SERVER) == [INDEX]


def test_a_server_that_is_reached_by_another_name_and_does_not_answer_cannot_be_known_again(path):
    tell(path, News(NEW, INDEX))
    with pytest.raises(DeliveredUnusable, match=r"told of MGMT01, not of 10\.1\.1\.1"):
        known(path, "10.1.1.1", None)


def test_a_file_of_an_earlier_version_is_read_and_renamed(tmp_path):
    old(tmp_path / "__1.json", "::1")
    path = file_of(str(tmp_path), "::1", "MGMT 01")
    assert known(path, "::1", "MGMT 01") == [INDEX]
    assert os.readlink(tmp_path / "__1.json") == "MGMT%2001.json"
    assert sorted(os.listdir(tmp_path)) == ["MGMT%2001.json", "__1.json"]


def test_each_name_by_which_a_server_is_reached_leads_to_the_one_file(tmp_path):
    old(tmp_path / f"{HOST}.json", HOST)
    for host in (HOST, "10.1.1.1", SERVER):
        path = file_of(str(tmp_path), host, SERVER)
        assert path == str(tmp_path / "MGMT01.json")
        assert known(path, host, SERVER) == [INDEX]
    for host in (HOST, "10.1.1.1"):
        assert file_of(str(tmp_path), host, None) == str(tmp_path / "MGMT01.json")


def test_a_server_that_never_answered_is_remembered_by_how_it_is_reached_until_it_does(tmp_path):
    tell(file_of(str(tmp_path), HOST, None), News(NEW, INDEX))
    assert os.listdir(tmp_path) == [f"{HOST}.json"]
    assert known(file_of(str(tmp_path), HOST, SERVER), HOST, SERVER) == [INDEX]


def test_the_file_of_a_server_that_calls_itself_as_another_one_is_reached_is_left_alone(tmp_path):
    tell(file_of(str(tmp_path), HOST, SERVER), News(NEW, INDEX))
    assert known(file_of(str(tmp_path), SERVER, "other"), SERVER, "other") == []
    assert known(file_of(str(tmp_path), HOST, SERVER), HOST, SERVER) == [INDEX]


def test_a_file_that_a_source_of_an_earlier_version_has_is_not_taken_from_it(tmp_path, monkeypatch):
    monkeypatch.setattr(delivered, "_LINK_SECONDS", 0.0)
    old(tmp_path / f"{HOST}.json", HOST)
    with locked(str(tmp_path / f"{HOST}.json.lock")), pytest.raises(DeliveredUnusable, match="in use by another"):
        file_of(str(tmp_path), HOST, SERVER)
    assert (tmp_path / f"{HOST}.json").is_file()


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1, "server": null, "host": null, "alerts": {}}'])
def test_a_damaged_file_of_an_earlier_version_is_left_alone(tmp_path, text):
    (tmp_path / f"{HOST}.json").write_text(text)
    assert file_of(str(tmp_path), HOST, SERVER) == str(tmp_path / "MGMT01.json")
    assert (tmp_path / f"{HOST}.json").read_text() == text
