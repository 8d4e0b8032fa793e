# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import threading

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._lock import Locked, lock_file, locked


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "a.lock")


def test_only_one_holds_it_and_the_other_learns_who(path, monkeypatch):
    monkeypatch.setenv("JOB_ID", "4711")
    with locked(path):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with pytest.raises(Locked, match=rf"^AWX job 4711, process {os.getpid()} on .*, since 20\d\d-"):
            with locked(path):
                pass
    with locked(path):
        pass


def test_nothing_is_left_of_it_whatever_ended_the_block(path, tmp_path):
    with pytest.raises(KeyError), locked(path):
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_what_a_killed_holder_has_left_is_taken_over(path):
    os.close(lock_file(path))
    assert os.path.exists(path)
    with locked(path):
        pass


def test_one_that_is_released_in_time_is_waited_for(path):
    held = lock_file(path)
    waits = threading.Event()

    def release():
        waits.wait(60)
        os.close(held)

    other = threading.Thread(target=release)
    other.start()
    with pytest.raises(Locked, match=r"^\?$"):
        lock_file(path, wait_seconds=0.05)
    waits.set()
    with locked(path, wait_seconds=60):
        pass
    other.join()


def test_a_file_that_was_removed_while_it_was_waited_for_is_made_anew(path):
    first = lock_file(path)
    os.unlink(path)
    second = lock_file(path)  # the lock on the first one is no lock on the name
    assert not os.path.samestat(os.fstat(first), os.fstat(second))
    os.close(first)
    os.close(second)


@pytest.mark.parametrize("kind", ["missing", "link"])
def test_a_place_where_it_cannot_be_is_an_error_of_the_system(tmp_path, kind):
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError):
        with locked(str(tmp_path / "link" if kind == "link" else tmp_path / "missing" / "a.lock")):
            pass
