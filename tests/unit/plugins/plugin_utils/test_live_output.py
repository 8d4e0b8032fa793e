# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import os
import select
import sys
import threading
import time

import pytest
from ansible_collections.mops.maintenance.plugins.plugin_utils import _live_output

PATIENCE_SECONDS = 120


@pytest.fixture
def pipe(monkeypatch):
    """A pipe, buffered as Python has it for standard output, and its reader."""
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stdout, open(reader, "rb", buffering=0) as output:
        yield stdout, output


@pytest.fixture
def live(pipe, monkeypatch):
    monkeypatch.setattr(sys, "stdout", pipe[0])
    live = _live_output.begin()
    monkeypatch.undo()
    yield live
    live.close()


def test_a_line_leaves_the_process_without_another_one(pipe, live):
    stdout, output = pipe
    for number in range(3):
        stdout.write(f"line {number}\n")
        assert select.select([output], [], [], PATIENCE_SECONDS)[0], "nothing came"
        assert output.read(100) == b"line %d\n" % number


def test_a_reader_that_has_gone_ends_nothing(pipe, live):
    stdout, output = pipe
    output.close()
    live._thread.join(PATIENCE_SECONDS)  # it notices without a line being printed
    for _line in range(1000):
        stdout.write("a line of a play that goes on\n")
        stdout.flush()


class Locked(io.TextIOWrapper):
    """Standard output as Ansible has it: each flush waits for a lock, and Ansible forks while it holds that lock."""

    lock = threading.Lock()
    entered = 0
    left = 0
    busy = False

    def flush(self):
        self.entered += 1
        with self.lock:
            self.busy = True
            time.sleep(0.05)
            self.busy = False
        self.left += 1


def test_workers_are_forked_beside_it_and_never_in_the_middle_of_a_flush(monkeypatch):
    reader, writer = os.pipe()
    stream = Locked(io.FileIO(writer, "w"))
    monkeypatch.setattr(sys, "stdout", stream)
    live = _live_output.begin()
    monkeypatch.undo()
    for _worker in range(10):
        with stream.lock:
            end = time.monotonic() + 60
            # Whoever has entered a flush stays there, for the lock is held here.
            while stream.entered == stream.left:
                assert time.monotonic() < end, "it flushes no more"
                time.sleep(0.005)
            child = os.fork()
            if child == 0:
                os._exit(stream.busy)
        assert os.waitpid(child, 0)[1] == 0
    live.close()
    os.close(reader)


@pytest.mark.parametrize(
    "stdout",
    [
        io.StringIO(),
        io.TextIOWrapper(io.BytesIO()),
        io.TextIOWrapper(io.BytesIO(), line_buffering=True),
        io.TextIOWrapper(io.BytesIO(), write_through=True),
    ],
)
def test_what_needs_no_flush_is_left_alone(monkeypatch, stdout):
    monkeypatch.setattr(sys, "stdout", stdout)
    assert _live_output.begin() is None
