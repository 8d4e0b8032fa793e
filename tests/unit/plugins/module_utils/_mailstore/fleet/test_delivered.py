# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.alerts import CLEARED, NEW, News
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.delivered import (
    DeliveredAlerts,
    DeliveredUnusable,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.health import Finding

SERVER = "archive.example.com"
INDEX = Finding("warning", "index_rebuild", "alpha", "2026", "Its search index needs to be rebuilt.")
PROFILE = Finding(
    "error", "profile_failed", "alpha", "Mailboxes", "Failed.", {"function": "RunProfile", "arguments": {}}
)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "state" / "alerts.json")


def tell(path, *changes):
    with DeliveredAlerts(path, SERVER) as told:
        for change in changes:
            told.remember(change)
        told.save()


def test_what_was_told_is_known_after_a_restart_until_it_is_cleared(path):
    tell(path, News(NEW, INDEX), News(NEW, PROFILE))
    with DeliveredAlerts(path, SERVER) as told:
        assert list(told.alerts.values()) == [INDEX, PROFILE]
        assert told.note is None
    tell(path, News(CLEARED, INDEX))
    with DeliveredAlerts(path, SERVER) as told:
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
    with DeliveredAlerts(path, SERVER) as told:
        assert told.alerts == {}
        assert f"{path}.damaged" in told.note
    with open(f"{path}.damaged", encoding="latin-1") as file:
        assert file.read() == text
    with DeliveredAlerts(path, SERVER) as told:
        assert told.note is None


def test_the_file_of_another_server_is_refused_and_left_alone(path):
    tell(path, News(NEW, INDEX))
    with pytest.raises(
        DeliveredUnusable, match=r"archive\.example\.com, not of other\.example\.com: name another file"
    ):
        DeliveredAlerts(path, "other.example.com").__enter__()
    with DeliveredAlerts(path, SERVER) as told:
        assert list(told.alerts.values()) == [INDEX]


def test_only_one_source_at_a_time_has_the_file(path):
    with DeliveredAlerts(path, SERVER):
        with pytest.raises(DeliveredUnusable, match="in use by another source"):
            DeliveredAlerts(path, SERVER).__enter__()
    with DeliveredAlerts(path, SERVER):
        pass


def test_a_place_that_cannot_be_written_is_found_out_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveredUnusable, match=r"cannot be used: (not a directory|file exists)"):
        DeliveredAlerts(str(tmp_path / "file" / "alerts.json"), SERVER).__enter__()


def test_a_write_that_fails_leaves_what_was_written_before(path, monkeypatch):
    tell(path, News(NEW, INDEX))
    with DeliveredAlerts(path, SERVER) as told:
        told.remember(News(CLEARED, INDEX))

        def fail(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(DeliveredUnusable, match="cannot be written: no space left on device"):
            told.save()
    monkeypatch.undo()
    with DeliveredAlerts(path, SERVER) as told:
        assert list(told.alerts.values()) == [INDEX]
    assert os.listdir(os.path.dirname(path)) == ["alerts.json"]
