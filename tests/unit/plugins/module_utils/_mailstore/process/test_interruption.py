# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process import (
    interruption as interruption_module,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import (
    Ancestor,
    Interruption,
    Orphaned,
    Terminal,
    ancestors_that_wait,
)

PLAYBOOK = ["/usr/bin/python3", "/usr/bin/ansible-playbook", "site.yml"]
SHELL = ["/bin/sh", "-c", "python AnsiballZ_mailstore_invoke.py && sleep 0"]


@pytest.fixture
def family(monkeypatch):
    """Sets the command lines of this process's ancestors, parent first; they have the numbers 100, 101…"""

    def be(*commands, last_parent=0):
        numbers = {100 + index: command for index, command in enumerate(commands)}
        parents = {number: number + 1 if number + 1 in numbers else last_parent for number in numbers}
        monkeypatch.setattr(os, "getppid", lambda: 100)
        monkeypatch.setattr(
            interruption_module, "_process", lambda pid: ("S", parents[pid], f"at {pid}") if pid in numbers else None
        )
        monkeypatch.setattr(interruption_module, "_command", numbers.get)

    return be


def test_on_a_controller_all_up_to_the_plays_own_process_wait(family):
    family(SHELL, SHELL, PLAYBOOK, PLAYBOOK, ["bash"], ["sshd"])
    assert [ancestor.pid for ancestor in ancestors_that_wait()] == [100, 101, 102, 103]


def test_a_shell_between_shells_with_the_same_command_is_no_play(family):
    family(SHELL, SHELL, ["sshd: operator"])
    assert ancestors_that_wait() == [Ancestor(100, "at 100")]


def test_a_worker_whose_play_has_gone_is_noticed(family):
    family(SHELL, PLAYBOOK, ["/sbin/init"])
    with pytest.raises(Orphaned):
        ancestors_that_wait()


def test_a_play_that_is_the_first_process_of_a_container_counts_as_one(family):
    family(SHELL, PLAYBOOK, PLAYBOOK, last_parent=0)
    assert len(ancestors_that_wait()) == 3


def test_without_proc_nobody_is_watched(monkeypatch):
    monkeypatch.setattr(interruption_module, "_process", lambda pid: None)
    assert ancestors_that_wait() == []


@pytest.fixture
def reader():
    """Reads what a play prints on its terminal, the writing end of which is ``reader.play``."""
    master, slave = pty.openpty()
    yield SimpleNamespace(descriptor=master, play=slave)
    os.close(master)


def ends(reader, seconds):
    """Whether the reader comes to the end within so many seconds."""
    return bool(select.select([reader.descriptor], [], [], seconds)[0])


def play_on(output):
    """A process with this output, as an ancestor."""
    play = subprocess.Popen(["sleep", "60"], stdout=output)
    return play, Ancestor(play.pid, "")


def test_the_terminal_of_a_play_outlives_it_for_a_moment(reader):
    play, ancestor = play_on(reader.play)
    terminal = Terminal.of(ancestor)
    play.kill()
    play.wait()
    os.close(reader.play)
    assert terminal is not None
    assert not ends(reader, 0.2)
    terminal.release_after(0.1)
    assert ends(reader, 10)


def test_a_play_that_prints_into_a_pipe_has_no_terminal():
    play, ancestor = play_on(subprocess.PIPE)
    try:
        assert Terminal.of(ancestor) is None
    finally:
        play.kill()
        play.communicate()
    assert Terminal.of(ancestor) is None, "it has ended"


def test_the_first_reason_stands():
    interruption = Interruption()
    interruption.set("SIGTERM")
    interruption.set("SIGINT")
    assert interruption.is_set()
    assert str(interruption) == "The task was interrupted (SIGTERM)."


def test_waiting_ends_when_the_time_is_over_or_the_work_is_to_end():
    interruption = Interruption()
    assert interruption.wait(0.001) is False
    interruption.set("SIGTERM")
    assert interruption.wait(3600) is True


def test_looking_ends_when_the_work_is_done(monkeypatch):
    done = threading.Event()
    done.set()
    assert Interruption(lambda: True).look_until(done) is False


def test_looking_ends_when_nobody_waits_any_more(monkeypatch):
    monkeypatch.setattr(interruption_module, "_LOOK_EVERY_SECONDS", 0.01)
    interruption = Interruption(lambda: True)
    assert interruption.look_until(threading.Event()) is True
    assert "nobody waits" in interruption.reason


PROGRAM = """
    import os, sys, threading, time
    from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
    from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart

    before = os.getpid()
    try:
        interruption = work_apart()
    except MopsError as error:
        print(error)
        sys.exit(4)
    print(f"started {before} {os.getpid()}", flush=True)
    {body}
"""


def start(program):
    """Another Python, which finds the collection where this one has found it."""
    root = str(Path(interruption_module.__file__).parents[7])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)


def run(body):
    """A process that works apart; the first line that it prints tells the numbers of both."""
    process = start(textwrap.dedent(PROGRAM).replace("{body}", body))
    front, worker = map(int, process.stdout.readline().split()[1:])
    return process, front, worker


WAIT = "interruption.look_until(threading.Event()); print(interruption.reason, flush=True)"


def test_the_work_is_done_in_another_process_and_ends_both_with_its_code():
    process, front, worker = run("sys.exit(3)")
    assert (front, process.wait(120)) == (process.pid, 3)
    assert worker != front
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_work(number):
    process, front, _worker = run(WAIT)
    os.kill(front, number)
    stdout, _stderr = process.communicate(timeout=120)
    assert (stdout.strip(), process.returncode) == (number.name, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_before_the_work_starts_reaches_it(number):
    program = textwrap.dedent(PROGRAM).replace("{body}", WAIT)
    process = start(
        "import os, signal; fork = os.fork\n"
        f"os.fork = lambda: (worker := fork()) and (os.kill(os.getpid(), signal.{number.name}) or worker)\n{program}"
    )
    stdout, _stderr = process.communicate(timeout=120)
    assert (stdout.splitlines()[-1], process.returncode) == (number.name, 0)


def test_the_work_outlives_a_kill_and_notices_it():
    process, front, _worker = run(WAIT)
    os.kill(front, signal.SIGKILL)
    stdout, _stderr = process.communicate(timeout=120)
    assert (stdout.strip(), process.returncode) == ("nobody waits for the result any more", -signal.SIGKILL)


def test_the_work_notices_that_its_output_is_read_by_nobody(tmp_path):
    log = tmp_path / "log"
    process, _front, _worker = run(
        f"interruption.look_until(threading.Event()); open({str(log)!r}, 'w').write(interruption.reason); os._exit(0)"
    )
    process.stdout.close()
    assert process.wait(120) == 0
    assert "nobody waits" in log.read_text()


def test_a_killed_worker_is_said_to_be_so():
    process, _front, worker = run("time.sleep(60)")
    os.kill(worker, signal.SIGKILL)
    stdout, _stderr = process.communicate(timeout=120)
    assert "was ended by signal 9 from outside" in stdout
    assert process.returncode == 4


def test_a_signal_that_was_ignored_before_stays_ignored():
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);" + textwrap.dedent(PROGRAM).replace(
        "{body}", WAIT
    )
    process = start(program)
    front = int(process.stdout.readline().split()[1])
    os.kill(front, signal.SIGHUP)
    os.kill(front, signal.SIGTERM)
    stdout, _stderr = process.communicate(timeout=120)
    assert stdout.strip() == "SIGTERM"
