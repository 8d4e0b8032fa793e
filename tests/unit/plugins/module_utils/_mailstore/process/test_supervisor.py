# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.supervisor import (
    ACT,
    RELEASE,
    SETTLED,
    start,
    tell,
    watch,
)


class Time:
    """Passes by a second with each look."""

    def __init__(self, *words, over_at=10**9):
        self.now = 0
        self._words = list(words)
        self._over_at = over_at

    def heard(self):
        self.now += 1
        return self._words.pop(0) if self._words else b""

    def watch(self, seconds=100):
        return watch(self.heard, lambda: self.now >= self._over_at, seconds, clock=lambda: self.now)


def test_it_does_nothing_when_it_is_released():
    moment = Time(b"", SETTLED, b"", RELEASE)
    assert moment.watch() is None
    assert moment.now == 4


def test_a_release_counts_even_where_the_play_has_ended_at_the_same_moment():
    assert Time(SETTLED + RELEASE, over_at=1).watch() is None


@pytest.mark.parametrize(("words", "settled"), [((b"",), False), ((SETTLED,), True)])
def test_it_acts_when_the_play_has_gone_and_knows_whether_things_had_settled(words, settled):
    assert Time(*words, over_at=3).watch() is settled


def test_it_acts_when_it_is_told_to():
    moment = Time(b"", ACT)
    assert moment.watch() is False
    assert moment.now == 2


def test_it_acts_when_its_time_is_up():
    moment = Time(SETTLED)
    assert moment.watch(seconds=30) is True
    assert moment.now == 30


def eventually(true):
    end = time.monotonic() + 120
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def test_a_process_of_its_own_acts_once_and_takes_its_pipe_away(tmp_path):
    path = start(lambda settled: (tmp_path / f"settled-{settled}").touch(), None, 600)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert tell(path, SETTLED)
    assert tell(path, ACT)
    assert eventually((tmp_path / "settled-True").exists)
    assert eventually(lambda: not Path(path).parent.exists())
    assert not tell(path, RELEASE)


def test_a_process_of_its_own_that_is_released_ends_without_acting(tmp_path):
    path = start(lambda settled: (tmp_path / "acted").touch(), None, 600)
    assert tell(path, RELEASE)
    assert eventually(lambda: not Path(path).parent.exists())
    assert not (tmp_path / "acted").exists()


def test_nothing_is_told_where_nobody_watches(tmp_path):
    assert not tell(str(tmp_path / "nothing"), RELEASE)
