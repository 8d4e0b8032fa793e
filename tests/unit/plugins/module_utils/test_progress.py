# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import threading

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._progress import (
    LINE_MAX_CHARACTERS,
    PROGRESS_FILE_VARIABLE,
    Progress,
    line,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class StillProgress(Progress):
    """Its time passes only where a test lets it."""

    def _start_timer(self) -> None:
        pass


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def progress(clock, lines):
    return StillProgress(lines.append, interval=60, quiet=1, clock=clock)


def test_a_change_is_shown_with_the_time_since_the_start(progress, clock, lines):
    progress.update("VerifyStore", "0 %")
    clock.now = 83
    progress.update("VerifyStore", "42 %")
    assert lines == ["VerifyStore: 0 % (0:00:00)", "VerifyStore: 42 % (0:01:23)"]


def test_what_did_not_change_is_not_repeated_before_the_interval(progress, clock, lines):
    progress.update("VerifyStore", "0 %")
    clock.now = 59.9
    progress.update("VerifyStore", "0 %")
    assert len(lines) == 1


def test_a_subject_that_is_silent_is_shown_again_after_the_interval(progress, clock, lines):
    progress.update("VerifyStore", "0 %")
    clock.now = 60
    assert progress.show_due() == 60
    assert lines[-1] == "VerifyStore: 0 % (0:01:00)"


def test_of_many_changes_within_a_second_the_newest_is_shown(progress, clock, lines):
    progress.update("VerifyStore", "0 %")
    for percent in range(1, 10):
        clock.now = percent / 10
        progress.update("VerifyStore", f"{percent} %")
    clock.now = 1
    progress.show_due()
    assert lines == ["VerifyStore: 0 % (0:00:00)", "VerifyStore: 9 % (0:00:01)"]


def test_after_its_first_minute_a_subject_that_changes_all_the_time_has_a_line_every_ten_seconds(clock, lines):
    progress = StillProgress(lines.append, interval=60, min_interval=10, clock=clock)
    for second in range(121):
        clock.now = second
        progress.update("VerifyStore", f"{second} s")
    assert [text.split()[1] for text in lines] == [*map(str, range(60)), "69", "79", "89", "99", "109", "119"]
    clock.now = 200
    progress.update("another", "a")
    assert lines[-1] == "another: a (0:00:00)"
    progress.finish("VerifyStore", "succeeded")
    assert lines[-1] == "VerifyStore: succeeded (0:03:20)"


def test_the_interval_counts_where_it_is_less_than_the_least_one(clock, lines):
    progress = StillProgress(lines.append, interval=2, min_interval=10, clock=clock)
    for second in range(100):
        clock.now = second
        progress.update("VerifyStore", f"{second} s")
    assert lines[-2:] == ["VerifyStore: 97 s (0:01:37)", "VerifyStore: 99 s (0:01:39)"]


def test_the_seconds_until_a_retry_are_those_of_the_moment(progress, clock, lines):
    progress.update("VerifyStore", "The server is gone.", retry_in=90)
    clock.now = 60
    progress.show_due()
    clock.now = 120
    progress.show_due()
    progress.update("VerifyStore", "50 %")
    clock.now = 121
    progress.show_due()
    assert lines == [
        "VerifyStore: The server is gone. Retrying in 90 s. (0:00:00)",
        "VerifyStore: The server is gone. Retrying in 30 s. (0:01:00)",
        "VerifyStore: The server is gone. Retrying at once. (0:02:00)",
        "VerifyStore: 50 % (0:02:01)",
    ]


def test_subjects_do_not_wait_for_each_other(progress, lines):
    progress.update("one", "a")
    progress.update("two", "b")
    assert lines == ["one: a (0:00:00)", "two: b (0:00:00)"]


def test_finish_is_shown_at_once_and_ends_the_heartbeat(progress, clock, lines):
    progress.update("one", "a")
    clock.now = 0.1
    progress.finish("one", "succeeded")
    assert lines[-1] == "one: succeeded (0:00:00)"
    clock.now = 1000
    assert progress.show_due() is None
    assert len(lines) == 2


def test_the_heartbeat_needs_no_further_call():
    shown = threading.Semaphore(0)
    with Progress(lambda text: shown.release(), interval=0.01, quiet=0.01) as progress:
        progress.update("one", "a")
        for _count in range(4):
            assert shown.acquire(timeout=120)


def test_a_line_holds_no_control_characters_and_is_cut():
    assert line("one", "a\x1b[31m\r\nb", 3661) == "one: a [31m  b (1:01:01)"
    assert len(line("one", "x" * 10000, 0)) == LINE_MAX_CHARACTERS + len(" (0:00:00)")


class Module:
    params = {"progress": True, "progress_interval": 60, "progress_min_interval": 10}
    no_log_values = {"hunter2"}


def test_without_a_viewer_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.delenv(PROGRESS_FILE_VARIABLE, raising=False)
    with Progress.of(Module()) as progress:
        progress.update("one", "a")
        progress.finish("one", "b")
    assert list(tmp_path.iterdir()) == []


def test_the_viewer_gets_the_lines_without_secrets_and_the_file_has_no_name(monkeypatch, tmp_path):
    path = tmp_path / "progress"
    path.touch(0o600)
    with open(path, encoding="utf-8") as viewer:
        monkeypatch.setenv(PROGRESS_FILE_VARIABLE, str(path))
        with Progress.of(Module()) as progress:
            assert not path.exists()
            progress.update("one", "the password is hunter2")
        assert viewer.read() == "one: the password is ******** (0:00:00)\n"


def test_progress_false_is_silent(monkeypatch, tmp_path):
    path = tmp_path / "progress"
    path.touch(0o600)
    monkeypatch.setenv(PROGRESS_FILE_VARIABLE, str(path))
    module = Module()
    module.params = {"progress": False, "progress_interval": 60, "progress_min_interval": 10}
    with Progress.of(module) as progress:
        progress.update("one", "a")
    assert path.read_bytes() == b""


def test_a_viewer_that_cannot_be_reached_changes_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv(PROGRESS_FILE_VARIABLE, os.fspath(tmp_path / "missing" / "progress"))
    with Progress.of(Module()) as progress:
        progress.update("one", "a")


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf")])
def test_an_interval_that_is_none_is_refused(interval):
    module = Module()
    module.params = {"progress": True, "progress_interval": interval, "progress_min_interval": 10}
    with pytest.raises(InvalidOption, match="progress_interval"):
        Progress.of(module)


@pytest.mark.parametrize("interval", [-1, float("nan"), float("inf")])
def test_a_least_interval_that_is_none_is_refused(interval):
    module = Module()
    module.params = {**Module.params, "progress_min_interval": interval}
    with pytest.raises(InvalidOption, match="progress_min_interval"):
        Progress.of(module)
