# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make`` does what README says, from a fresh clone: the demo, which leaves nothing behind, and the benches."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from runs import ROOT, eventually

MARK = "MOPS_TEST_MARK"
TABLES = (
    *("Shipping 2000 records", "peak memory", "a rerun of ours", "level 9", "Processor time per record"),
    *("GetInstances once", "20 processes of 2 s", "the end is noticed", "a process of 2 s / by hand"),
    *("one call / the same by hand", "100 channels / one channel"),
)
"""Rows of every table of the benches."""


def test_make_demo_and_bench_in_a_fresh_clone_with_an_empty_home(tmp_path):
    home, clone = tmp_path / "home", tmp_path / "clone"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    }

    def make(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "-C", str(clone), *words]
        made = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        return made

    demo = make("demo")
    table = demo.stdout.split("What each service saw")[1]
    assert table.split() == [
        *("Mimecast", "1", "request", "3", "tokens", "issued"),
        *("Mashery", "3", "posts", "25,000", "records", "accepted,", "25,000", "of", "them", "different"),
        *table.split()[table.split().index("MailStore") :],
    ]
    assert "0 left open" in table
    assert demo.stdout.count(" changed=0 ") == 3, "the second run of each, and the verification, change nothing"

    bench = make("bench", "BENCH=--tiny")
    for row in TABLES:
        assert row in bench.stdout, bench.stdout
    assert not re.search(r"\bnan\b|\binf\b", bench.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.2, 4, 14])  # while it starts, and in the middle of its work
def test_an_interrupted_demo_leaves_no_process(tmp_path, seconds):
    mark = uuid.uuid4().hex
    environment = {**os.environ, MARK: mark, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT / "tests")}
    # As in a terminal, Ctrl-C reaches every process of the foreground group.
    demo = subprocess.Popen(
        [sys.executable, "-m", "demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(demo.pid, signal.SIGINT)
    demo.communicate(timeout=60)
    assert eventually(lambda: not processes_with(mark)), f"still there: {processes_with(mark)}"
    assert not list(tmp_path.iterdir()), "temporary files are still there"


def processes_with(mark: str) -> list[str]:
    """The command lines of all processes that were started with this mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            pass  # it has ended, or is somebody else's
    return found
