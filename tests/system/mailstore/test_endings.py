# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""However a play ends: sessions are closed, and processes are in the state that ``on_timeout`` promises."""

from __future__ import annotations

import functools
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import PATIENCE_SECONDS, eventually, playbook, processes_of, start

from simulators.launch import Simulators

KILLS = int(os.environ.get("MOPS_CRASH_KILLS", "4"))

INVOKE = """
- mops.maintenance.mailstore_invoke:
    function: CompactStore
    arguments: {{instanceID: alpha, id: 1}}
    on_timeout: {on_timeout}
"""

INVOKE_MANY = """
- mops.maintenance.mailstore_invoke:
    invocations:
      - function: CompactStore
        arguments: {{instanceID: alpha, id: 1}}
      - function: CompactStore
        arguments: {{instanceID: alpha, id: 2}}
      - function: VerifyStores
        arguments: {{instanceID: beta}}
    on_timeout: {on_timeout}
"""

INVOKE_ASYNC = """
- mops.maintenance.mailstore_invoke:
    function: CompactStore
    arguments: {{instanceID: alpha, id: 1}}
    on_timeout: {on_timeout}
  async: {seconds}
  poll: 5
"""


def to_all(number: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    """As a terminal does with Ctrl-C, and ansible-runner with SIGKILL: a signal to the whole process group."""
    return lambda play: os.killpg(play.pid, number)


def to_playbook(number: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    """A signal to ansible-playbook alone."""
    return lambda play: os.kill(play.pid, number)


ENDINGS = {
    "Ctrl-C": to_all(signal.SIGINT),
    "terminal closed": to_all(signal.SIGHUP),
    "terminated": to_playbook(signal.SIGTERM),
    "all terminated": to_all(signal.SIGTERM),
    "cancelled by ansible-runner": to_all(signal.SIGKILL),
    "killed": to_playbook(signal.SIGKILL),
}


def processes(simulators: Simulators) -> list[str]:
    return [process["status_code"] for process in simulators.state("mailstore")["processes"]]


def sessions(simulators: Simulators) -> int:
    return int(simulators.state("mailstore")["sessions"])


def is_over(folder: Path) -> bool:
    return not processes_of(folder)


def begin(folder: Path, simulators: Simulators, tasks: str, auth_method: str = "session") -> subprocess.Popen[str]:
    """A play in a process group of its own, with processes that do not end by themselves."""
    simulators.processes({"seconds": 3600, "steps": 3600})
    command = ["setsid", "ansible-playbook", playbook(folder, tasks)]
    return start(command, folder, simulators.environment(auth_method))


def end(play: subprocess.Popen[str]) -> None:
    """Whatever happened, nothing of the test stays behind."""
    play.kill()
    play.communicate()


def expect(simulators: Simulators, folder: Path, on_timeout: str, count: int) -> None:
    """What ``on_timeout`` promises of ``count`` processes, and that nothing is left over."""
    promised = "cancelled" if on_timeout == "cancel" else "running"
    assert eventually(lambda: sessions(simulators) == 0), simulators.state("mailstore")
    assert eventually(lambda: not processes_of(folder)), processes_of(folder)
    state = simulators.state("mailstore")
    assert processes(simulators) == [promised] * count
    assert (state["sessions"], state["stale_tokens"], state["concurrent_requests"]) == (0, 0, 0)


@pytest.mark.parametrize("on_timeout", ["cancel", "detach"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_play_that_is_ended_leaves_what_it_promised(simulators, tmp_path, ending, on_timeout):
    play = begin(tmp_path, simulators, INVOKE.format(on_timeout=on_timeout))
    try:
        assert eventually(lambda: processes(simulators) == ["running"])
        ENDINGS[ending](play)
        expect(simulators, tmp_path, on_timeout, count=1)
    finally:
        end(play)


@pytest.mark.parametrize("auth_method", ["session", "basic"])
@pytest.mark.parametrize("ending", ["Ctrl-C", "cancelled by ansible-runner"])
def test_many_at_once_are_all_cancelled(simulators, tmp_path, ending, auth_method):
    play = begin(tmp_path, simulators, INVOKE_MANY.format(on_timeout="cancel"), auth_method)
    try:
        assert eventually(lambda: processes(simulators) == ["running"] * 3)
        ENDINGS[ending](play)
        expect(simulators, tmp_path, "cancel", count=3)
    finally:
        end(play)


def test_a_play_that_is_killed_at_any_moment_leaves_what_it_promised(simulators, tmp_path):
    moments = random.Random(20140131)
    for number in range(KILLS):
        simulators.reset("mailstore")
        folder = tmp_path / str(number)
        folder.mkdir()
        on_timeout = moments.choice(["cancel", "detach"])
        ending = moments.choice(list(ENDINGS))
        play = begin(folder, simulators, INVOKE_MANY.format(on_timeout=on_timeout))
        try:
            time.sleep(moments.uniform(0.8, 2.0))  # from before the login until after the last process has begun
            ENDINGS[ending](play)
            assert eventually(functools.partial(is_over, folder)), (ending, processes_of(folder))
            expect(simulators, folder, on_timeout, count=len(processes(simulators)))
        finally:
            end(play)


@pytest.mark.parametrize("on_timeout", ["cancel", "detach"])
def test_the_time_limit_of_async_is_an_end_like_any_other(simulators, tmp_path, on_timeout):
    play = begin(tmp_path, simulators, INVOKE_ASYNC.format(on_timeout=on_timeout, seconds=20))
    try:
        assert eventually(lambda: processes(simulators) == ["running"])
        expect(simulators, tmp_path, on_timeout, count=1)
        stdout, _stderr = play.communicate(timeout=PATIENCE_SECONDS)
        assert play.returncode == 2, stdout
    finally:
        end(play)


def test_a_process_outlives_the_play_under_async_without_poll(simulators, tmp_path):
    tasks = INVOKE_ASYNC.format(on_timeout="cancel", seconds=600).replace("poll: 5", "poll: 0")
    simulators.processes({"seconds": 3600, "steps": 4})
    command = ["ansible-playbook", playbook(tmp_path, tasks)]
    play = start(command, tmp_path, simulators.environment())
    try:
        stdout, _stderr = play.communicate(timeout=PATIENCE_SECONDS)
        assert play.returncode == 0, stdout
        assert eventually(lambda: processes(simulators) == ["running"])
        simulators.step()
        assert eventually(lambda: processes(simulators) == ["succeeded"])
        assert eventually(lambda: not processes_of(tmp_path))
        assert sessions(simulators) == 0
    finally:
        end(play)
