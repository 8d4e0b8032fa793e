# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem import event_files
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem.event_files import (
    EventFiles,
    EventFilesError,
)


class Killed(BaseException):
    """As a SIGKILL: nothing catches it and goes on."""


def files_in(folder, layout="append", rotate_bytes=0):
    dest = folder / "events.jsonl" if layout == "append" else folder
    return EventFiles(str(dest), layout=layout, state_file=None, rotate_bytes=rotate_bytes)


def write(files, text, token):
    with files.staging() as file:
        file.write(text.encode())
    files.keep("spam", text.count("\n"), token)


def content(folder):
    return "".join(
        path.read_text() for path in sorted(folder.glob("*.jsonl*")) if not path.name.endswith(("state", "lock"))
    )


@pytest.mark.parametrize("layout", ["append", "batches"])
def test_batches_are_written_in_order_and_the_state_names_the_next_page(tmp_path, layout):
    with files_in(tmp_path, layout).locked() as files:
        assert files.token("spam") is None
        write(files, "1\n2\n", "p2")
        write(files, "3\n", "p3")
    assert content(tmp_path) == "1\n2\n3\n"
    with files_in(tmp_path, layout).locked() as files:
        assert files.token("spam") == "p3"
        assert files.recover() == (0, 0)


def test_each_batch_has_a_file_of_its_own_that_only_its_owner_reads(tmp_path):
    with files_in(tmp_path, "batches").locked() as files:
        write(files, "1\n", "p2")
        write(files, "2\n", "p3")
        assert [os.path.basename(path) for path in files.files] == ["spam-00000001.jsonl", "spam-00000002.jsonl"]
    assert (tmp_path / "spam-00000001.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_file_is_rotated_before_it_would_be_too_large(tmp_path):
    with files_in(tmp_path, rotate_bytes=5).locked() as files:
        for text in ("1\n2\n", "3\n4\n", "5678\n", "9\n"):
            write(files, text, text)
    rotated = sorted(path.read_text() for path in tmp_path.glob("events.jsonl.2*"))
    assert rotated == ["1\n2\n", "3\n4\n", "5678\n"]
    assert (tmp_path / "events.jsonl").read_text() == "9\n"


STEPS = ("_save_state", "_finish", "_write_rest", "_rename", "_target")


@pytest.mark.parametrize("layout", ["append", "batches"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_run_that_is_killed_at_any_step_is_finished_by_the_next(tmp_path, monkeypatch, layout, step, when, number):
    with files_in(tmp_path, layout).locked() as files:
        write(files, "1\n", "p1")
    calls = []
    true_step = getattr(EventFiles, step)

    def killing(self, *arguments):
        calls.append(step)
        if len(calls) == number and when == "before":
            raise Killed
        result = true_step(self, *arguments)
        if len(calls) == number:
            raise Killed
        return result

    monkeypatch.setattr(EventFiles, step, killing)
    try:
        with files_in(tmp_path, layout).locked() as files:
            write(files, "2\n3\n", "p2")
    except Killed:
        pass
    monkeypatch.setattr(EventFiles, step, true_step)
    with files_in(tmp_path, layout).locked() as files:
        recovered = files.recover()
        assert recovered.possibly_duplicated == 0
        if files.token("spam") == "p1":  # the page is fetched again
            write(files, "2\n3\n", "p2")
    assert content(tmp_path) == "1\n2\n3\n"
    assert not list(tmp_path.glob("*staged*"))


@pytest.mark.parametrize("written", range(7))
def test_an_append_that_broke_off_is_completed(tmp_path, monkeypatch, written):
    batch = "22\n333\n"
    monkeypatch.setattr(event_files, "_PART_BYTES", 2)
    with files_in(tmp_path).locked() as files:
        write(files, "1\n", "p1")
        monkeypatch.setattr(EventFiles, "_finish", lambda self: None)
        write(files, batch, "p2")
    monkeypatch.undo()
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write(batch[:written])
    with files_in(tmp_path).locked() as files:
        assert files.recover() == (2, 0)
    assert (tmp_path / "events.jsonl").read_text() == "1\n" + batch


@pytest.mark.parametrize("change", ["rotated", "cut", "overwritten"])
def test_where_somebody_changed_the_file_the_batch_is_counted_as_doubtful(tmp_path, monkeypatch, change):
    dest = tmp_path / "events.jsonl"
    with files_in(tmp_path).locked() as files:
        write(files, "1\n", "p1")
        monkeypatch.setattr(EventFiles, "_finish", lambda self: None)
        write(files, "2\n3\n", "p2")
    monkeypatch.undo()
    if change == "rotated":
        dest.rename(tmp_path / "old")
        dest.write_text("")
    else:
        dest.write_text("" if change == "cut" else "1\nsomething else\n")
    with files_in(tmp_path).locked() as files:
        assert files.recover() == (2, 2)
        assert files.token("spam") == "p2"
    assert dest.read_text().endswith("2\n3\n")


def test_a_staged_batch_that_somebody_removed_is_fetched_again(tmp_path, monkeypatch):
    with files_in(tmp_path).locked() as files:
        monkeypatch.setattr(EventFiles, "_finish", lambda self: None)
        write(files, "2\n3\n", "p2")
    monkeypatch.undo()
    next(tmp_path.glob("*staged")).unlink()
    with files_in(tmp_path).locked() as files:
        assert files.recover() == (0, 2)
        assert files.token("spam") is None


def test_two_runs_at_once_are_one_too_many(tmp_path):
    with files_in(tmp_path).locked(), pytest.raises(EventFilesError, match="Another run collects"):
        with files_in(tmp_path).locked():
            pass


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"types": []}', '{"types": {}, "version": 9}'])
def test_a_state_file_of_something_else_is_left_alone(tmp_path, text):
    state = tmp_path / "events.jsonl.state"
    state.write_text(text)
    with pytest.raises(EventFilesError, match="left as it is"):
        with files_in(tmp_path).locked():
            pass
    assert state.read_text() == text


def test_a_disk_that_is_full_leaves_the_state_as_it_was(tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device")

    with files_in(tmp_path).locked() as files:
        write(files, "1\n", "p1")
        monkeypatch.setattr(event_files, "replace", full)
        with pytest.raises(EventFilesError, match="no space left on device"):
            write(files, "2\n", "p2")
    assert json.loads((tmp_path / "events.jsonl.state").read_text())["types"]["spam"]["next_page"] == "p1"


def test_folders_that_are_not_there_are_said_at_once(tmp_path):
    with pytest.raises(InvalidOption, match="dest cannot be written: there is no folder"):
        files_in(tmp_path / "missing")
    with pytest.raises(InvalidOption, match="state_file cannot be written: there is no folder"):
        EventFiles(str(tmp_path / "x"), layout="append", state_file=str(tmp_path / "y/z"), rotate_bytes=0)
    with pytest.raises(InvalidOption, match="is a folder"):
        EventFiles(str(tmp_path), layout="append", state_file=None, rotate_bytes=0)
