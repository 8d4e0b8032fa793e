# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import stat
import threading
from datetime import datetime, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels import token_file
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels.token_file import (
    TokenFile,
    TokenFileError,
    overview,
    tokens,
    with_tokens,
    without_channels,
)

NOW = datetime(2026, 11, 22, 13, 4, 5, tzinfo=timezone.utc)
EMPTY: dict = {"channels": {}}


def entry(token, **others):
    return {"token": token, "fetched_at": "2026-01-01T00:00:00Z", **others}


def add(channel_id, token="t", *, force=False):
    return lambda content: with_tokens(content, {channel_id: token}, NOW, force=force)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_new_token_comes_with_the_time_in_utc():
    content = with_tokens(EMPTY, {"a": "ta"}, NOW, force=False)
    assert content == {"channels": {"a": {"token": "ta", "fetched_at": "2026-11-22T13:04:05Z"}}}


def test_a_token_that_is_there_stays_unless_forced():
    content = {"channels": {"a": entry("old")}}
    assert with_tokens(content, {"a": "new"}, NOW, force=False) == content
    assert tokens(with_tokens(content, {"a": "new"}, NOW, force=True)) == {"a": "new"}


def test_the_same_token_is_no_change():
    content = {"channels": {"a": entry("same")}}
    assert with_tokens(content, {"a": "same"}, NOW, force=True) == content


def test_what_is_not_understood_is_kept():
    content = {"version": 2, "channels": {"a": entry("old", note="mine"), "b": "?"}}
    after = with_tokens(content, {"a": "new", "c": "tc"}, NOW, force=True)
    assert (after["version"], after["channels"]["a"]["note"], after["channels"]["b"]) == (2, "mine", "?")


@pytest.mark.parametrize("broken", [None, {}, {"token": ""}, {"token": 7}, "t", []])
def test_an_entry_without_a_token_counts_as_none_and_gets_one(broken):
    content = {"channels": {"a": broken}}
    assert tokens(content) == {}
    assert tokens(with_tokens(content, {"a": "ta"}, NOW, force=False)) == {"a": "ta"}


def test_a_channel_is_forgotten_and_the_rest_is_not():
    content = {"channels": {"a": entry("ta"), "b": entry("tb")}, "other": 1}
    assert without_channels(content, ["a", "z"]) == {"channels": {"b": entry("tb")}, "other": 1}


def test_the_overview_holds_no_token():
    assert overview({"channels": {"a": entry("secret")}}) == {"a": "2026-01-01T00:00:00Z"}


def test_a_file_is_private_from_its_first_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", os.umask)
    before = os.umask(0)
    try:
        seen = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode)))
        TokenFile(str(tmp_path / "tokens.json")).update(add("a"))
    finally:
        os.umask(before)
    assert seen[0] == 0o600
    assert mode(tmp_path / "tokens.json") == 0o600


def test_a_replaced_file_keeps_its_mode(tmp_path):
    path = tmp_path / "tokens.json"
    TokenFile(str(path)).update(add("a"))
    path.chmod(0o640)
    TokenFile(str(path)).update(add("b"))
    assert mode(path) == 0o640
    assert set(tokens(json.loads(path.read_text()))) == {"a", "b"}


def test_nothing_but_the_file_is_left_behind(tmp_path):
    TokenFile(str(tmp_path / "tokens.json")).update(add("a"))
    assert os.listdir(tmp_path) == ["tokens.json"]


def test_no_change_touches_nothing(tmp_path):
    def written() -> tuple[int, int, int]:
        found = path.stat()  # but not when it was last read
        return found.st_ino, found.st_mtime_ns, found.st_mode

    path = tmp_path / "tokens.json"
    file = TokenFile(str(path))
    file.update(add("a"))
    before = written()
    assert not file.update(add("a")).changed
    assert written() == before


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "tokens.json"
    link.symlink_to(tmp_path / "real" / "tokens.json")
    TokenFile(str(link)).update(add("a"))
    assert link.is_symlink()
    assert tokens(TokenFile(str(tmp_path / "real" / "tokens.json")).read()) == {"a": "t"}


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_holds_no_channels(tmp_path, text):
    path = tmp_path / "tokens.json"
    path.write_text(text)
    assert TokenFile(str(path)).read() == EMPTY


@pytest.mark.parametrize("text", ["{", "[]", '{"channels": []}', "null", "[" * 100_000])
def test_a_file_that_is_something_else_is_left_as_it_is(tmp_path, text):
    path = tmp_path / "tokens.json"
    path.write_text(text)
    with pytest.raises(TokenFileError, match="was left as it is"):
        TokenFile(str(path)).update(add("a"))
    assert path.read_text() == text


def test_a_file_that_is_not_text_is_said(tmp_path):
    path = tmp_path / "tokens.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TokenFileError, match="not text in UTF-8"):
        TokenFile(str(path)).read()


def test_a_folder_in_the_files_place_is_said(tmp_path):
    with pytest.raises(TokenFileError, match="is a directory"):
        TokenFile(str(tmp_path)).read()


def test_a_missing_folder_is_said_before_anything_is_asked(tmp_path):
    with pytest.raises(TokenFileError, match=f"there is no folder {tmp_path}/none"):
        TokenFile(str(tmp_path / "none" / "tokens.json")).check_writable()


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "tokens.json"
    file = TokenFile(str(path))
    file.update(add("a"))
    before = path.read_text()

    def no_space(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(TokenFileError, match="cannot be written: no space left on device"):
        file.update(add("b"))
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["tokens.json"]


def test_what_a_crash_left_behind_is_no_obstacle(tmp_path):
    (tmp_path / ".tokens.json.new").write_text('{"chann')
    (tmp_path / ".tokens.json.lock").touch()
    TokenFile(str(tmp_path / "tokens.json")).update(add("a"))
    assert os.listdir(tmp_path) == ["tokens.json"]


def test_a_crash_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path, monkeypatch):
    """Every call that changes something on disk is in turn the last one that the process makes."""
    steps = ["open", "unlink", "chown", "fsync", "replace", "close"]
    path = tmp_path / "tokens.json"
    seen = set()
    for last in range(40):
        for name in os.listdir(tmp_path):
            os.unlink(tmp_path / name)
        TokenFile(str(path)).update(add("a"))
        child = multiprocessing.get_context("fork").Process(target=_crash_after, args=(str(path), last, steps))
        child.start()
        child.join()
        channels = frozenset(tokens(TokenFile(str(path)).read()))
        assert channels in ({"a"}, {"a", "b"})
        seen.add((child.exitcode, channels))
        TokenFile(str(path)).update(add("c"))
        assert os.listdir(tmp_path) == ["tokens.json"]
    assert {(9, frozenset("a")), (9, frozenset("ab")), (0, frozenset("ab"))} == seen


def _crash_after(path, last, steps):
    count = [0]

    def counted(function):
        def call(*args, **kwargs):
            if count[0] == last:
                os._exit(9)
            count[0] += 1
            return function(*args, **kwargs)

        return call

    for name in steps:
        setattr(os, name, counted(getattr(os, name)))
    TokenFile(path).update(add("b"))
    os._exit(0)


def test_runs_at_the_same_time_lose_no_channel(tmp_path):
    path = str(tmp_path / "tokens.json")
    workers = [
        multiprocessing.get_context("fork").Process(target=_add_many, args=(path, worker)) for worker in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert len(tokens(TokenFile(path).read())) == 60
    assert os.listdir(tmp_path) == ["tokens.json"]


def _add_many(path, worker):
    for number in range(10):
        TokenFile(path).update(add(f"{worker}-{number}"))


def test_of_two_runs_the_faster_ones_token_stays(tmp_path):
    file = TokenFile(str(tmp_path / "tokens.json"))
    file.update(add("a", "first"))
    change = file.update(add("a", "second"))
    assert not change.changed
    assert tokens(change.after) == {"a": "first"}


def test_a_lock_that_does_not_open_is_said(tmp_path):
    lock = os.open(tmp_path / ".tokens.json.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(TokenFileError, match="is being written by another run"):
        TokenFile(str(tmp_path / "tokens.json"), lock_seconds=0.05).update(add("a"))
    os.close(lock)


def test_a_lock_that_opens_in_time_is_waited_for(tmp_path):
    lock = os.open(tmp_path / ".tokens.json.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    threading.Timer(0.1, os.close, [lock]).start()
    assert TokenFile(str(tmp_path / "tokens.json"), lock_seconds=120).update(add("a")).changed


def test_the_file_is_on_disk_before_it_takes_the_old_ones_place(tmp_path, monkeypatch):
    done = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(token_file.os, name, _recorded(done, name, real))
    TokenFile(str(tmp_path / "tokens.json")).update(add("a"))
    assert done == ["fsync", "replace", "fsync"]


def _recorded(done, name, function):
    def call(*args):
        done.append(name)
        return function(*args)

    return call
