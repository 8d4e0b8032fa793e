# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later


"""However a backup window's play ends, no instance stays frozen, no session open, and no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from runs import Run, eventually, finish, play, playbook, start, until

from simulators.launch import Simulators

WINDOW = """
- ansible.builtin.include_role:
    name: mops.maintenance.mailstore_backup_window
  vars:
    mailstore_backup_window_instances: [alpha, beta]
    mailstore_backup_window_tasks: {folder}/backup.yml
    mailstore_backup_window_max_duration: {seconds}
"""


def window(folder: Path, backup: str, seconds: float = 600) -> str:
    """Tasks that run ``backup`` (YAML) in a window of at most ``seconds``."""
    (folder / "backup.yml").write_text(backup)
    return WINDOW.format(folder=folder, seconds=float(seconds))


def nap(folder: Path, seconds: int = 300) -> str:
    return f"- ansible.builtin.shell: touch {folder}/begun; sleep {seconds}\n"


def wait_for(path: Path) -> str:
    return f"- ansible.builtin.shell: touch {path.parent}/begun; {until(path)}\n"


def frozen(simulators: Simulators) -> list[str]:
    status: dict[str, str] = simulators.state("mailstore")["instances"]
    return [name for name, state in status.items() if state == "frozen"]


def at_work(simulators: Simulators) -> bool:
    return any(process["status_code"] == "running" for process in simulators.state("mailstore")["processes"])


def tidy(simulators: Simulators, folder: Path) -> bool:
    """Nothing frozen, no session open, and what watched has taken its pipe away."""
    state = simulators.state("mailstore")
    return not frozen(simulators) and not state["sessions"] and not list((folder / "tmp").glob("mops-watch-*"))


def begun(simulators: Simulators, folder: Path, backup: str) -> subprocess.Popen[str]:
    """A play whose backup has begun, in a process group of its own."""
    command = ["ansible-playbook", playbook(folder, window(folder, backup))]
    process = start(["setsid", "--wait", *command], folder, simulators.environment())
    assert eventually((folder / "begun").exists), finish(process, 5).everything
    assert frozen(simulators) == ["alpha", "beta"]
    return process


def group_of(process: subprocess.Popen[str]) -> int:
    """The process group of the play, which setsid has started."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def run(simulators: Simulators, folder: Path, backup: str, **options: float) -> Run:
    return play(folder, window(folder, backup, **options), simulators.environment())


def test_a_backup_that_succeeds_is_made_while_the_instances_are_frozen(simulators: Simulators, tmp_path: Path) -> None:
    backup = (
        "- mops.maintenance.mailstore_info: {gather_subset: instances}\n  register: seen\n"
        "- ansible.builtin.assert:\n"
        "    that: seen.instances | map(attribute='status') | select('eq', 'frozen') | length == 2\n"
    )
    result = run(simulators, tmp_path, backup)
    assert result.returncode == 0, result.everything
    assert eventually(lambda: tidy(simulators, tmp_path))


def test_a_backup_that_fails_leaves_nothing_frozen(simulators: Simulators, tmp_path: Path) -> None:
    result = run(simulators, tmp_path, "- ansible.builtin.fail: {msg: The snapshot failed.}\n")
    assert result.returncode != 0
    assert "The snapshot failed." in result.everything
    assert eventually(lambda: tidy(simulators, tmp_path))


def test_a_host_that_is_unreachable_in_the_middle_leaves_nothing_frozen(simulators: Simulators, tmp_path: Path) -> None:
    backup = (
        "- ansible.builtin.command: /bin/true\n  delegate_to: 127.0.0.2\n"
        "  vars: {ansible_connection: ssh, ansible_port: 1}\n"
    )
    result = run(simulators, tmp_path, backup)
    assert "unreachable=1" in result.everything
    assert eventually(lambda: tidy(simulators, tmp_path))


@pytest.mark.parametrize(
    ("whom", "number"),
    [
        ("group", signal.SIGINT),  # Ctrl-C
        ("group", signal.SIGKILL),  # ansible-runner
        ("playbook", signal.SIGTERM),
        ("playbook", signal.SIGKILL),  # want of memory
    ],
)
def test_a_play_that_is_ended_leaves_nothing_frozen(
    simulators: Simulators, tmp_path: Path, whom: str, number: signal.Signals
) -> None:
    process = begun(simulators, tmp_path, nap(tmp_path))
    group = group_of(process)
    if whom == "group":
        os.killpg(group, number)
    else:
        os.kill(group, number)
    try:
        assert eventually(lambda: tidy(simulators, tmp_path))
    finally:
        _end(group)
        finish(process)


def test_a_play_that_is_killed_while_it_freezes_leaves_nothing_frozen(simulators: Simulators, tmp_path: Path) -> None:
    simulators.processes({"function": "FreezeInstances", "seconds": 3})
    command = ["ansible-playbook", playbook(tmp_path, window(tmp_path, nap(tmp_path)))]
    process = start(["setsid", "--wait", *command], tmp_path, simulators.environment())
    assert eventually(lambda: bool(simulators.state("mailstore")["processes"]))
    os.killpg(group_of(process), signal.SIGKILL)
    finish(process)
    # Once the server has frozen them, or has been asked not to.
    assert eventually(lambda: not at_work(simulators) and tidy(simulators, tmp_path))


def test_a_backup_that_takes_too_long_is_ended_and_not_trusted(simulators: Simulators, tmp_path: Path) -> None:
    command = ["ansible-playbook", playbook(tmp_path, window(tmp_path, wait_for(tmp_path / "thawed"), seconds=3))]
    process = start(command, tmp_path, simulators.environment())
    try:
        assert eventually((tmp_path / "begun").exists)
        assert eventually(lambda: not frozen(simulators))
    finally:
        (tmp_path / "thawed").touch()
        result = finish(process)
    assert result.returncode != 0
    assert "cannot be trusted" in result.everything
    assert "max_duration" in result.everything
    assert eventually(lambda: tidy(simulators, tmp_path))


def test_a_thaw_that_fails_at_first_is_tried_again_when_the_play_has_gone(
    simulators: Simulators, tmp_path: Path
) -> None:
    process = begun(simulators, tmp_path, nap(tmp_path))
    simulators.faults(
        "mailstore", [{"action": "status", "status": 503, "path": "/api/invoke/ThawInstances", "times": 2}]
    )
    os.killpg(group_of(process), signal.SIGKILL)
    finish(process)
    assert eventually(lambda: tidy(simulators, tmp_path))


def test_no_secret_is_seen_while_the_window_is_open(simulators: Simulators, tmp_path: Path) -> None:
    backup = f"- ansible.builtin.shell: cat /proc/[0-9]*/cmdline | tr '\\0' ' ' > {tmp_path}/processes\n"
    result = play(tmp_path, window(tmp_path, backup), simulators.environment(), "-vvvvv")
    assert result.returncode == 0, result.everything
    shown = result.everything + (tmp_path / "processes").read_text()
    assert [secret for secret in simulators.secrets() if secret in shown] == []


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
