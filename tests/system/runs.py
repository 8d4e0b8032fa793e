# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook as a user has them, in a folder of their own, and of a module alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.launch import Simulators

ROOT = Path(__file__).parents[2]
MODULES = "ansible_collections.mops.maintenance.plugins.modules"

PATIENCE_SECONDS = 120.0
"""How long a test waits for an event. It may be slow on a busy machine, and is never a measure of anything."""

HEAD = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


@dataclass(frozen=True)
class Run:
    """What a run printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def everything(self) -> str:
        return self.stdout + self.stderr


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """A home, a place for temporary files and no configuration but what ``more`` says, all below ``folder``."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", ""),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        # By default this is below the home that the system has on record, whatever HOME says.
        "ANSIBLE_REMOTE_TMP": str(folder / "tmp"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        # A test of a server that is down need not wait until it could have restarted.
        "MAILSTORE_RETRY_TIMEOUT": "5",
        **more,
    }


def start(command: Iterable[str], folder: Path, more: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command, found beside the Python that runs the tests, in ``folder``."""
    words = list(command)
    env = environment(folder, more)
    words[0] = shutil.which(words[0], path=env["PATH"]) or words[0]
    return subprocess.Popen(
        words,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 600) -> Run:
    """Wait for a started run. It is killed where it takes longer than ``timeout`` seconds."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Run(process.returncode, stdout, stderr)


def kill(play: subprocess.Popen[str]) -> None:
    """SIGKILL to a play that was started in a process group of its own, and to all that its workers run.

    From ansible-core 2.19 on, each worker has a group of its own. One that is left alone may wait for ever for the play
    to take its result.
    """
    os.kill(play.pid, signal.SIGSTOP)  # so that it starts no other worker meanwhile
    workers = map(int, Path(f"/proc/{play.pid}/task/{play.pid}/children").read_text().split())
    for group in {play.pid, *map(os.getpgid, workers)}:
        os.killpg(group, signal.SIGKILL)
    play.communicate()


def playbook(folder: Path, tasks: str) -> str:
    """Write a playbook of ``tasks`` (YAML, not indented) that run on this machine; returns its path."""
    path = folder / "playbook.yml"
    indented = "".join(f"    {line}\n" if line else "\n" for line in tasks.strip("\n").split("\n"))
    path.write_text(HEAD + "  tasks:\n" + indented)
    return str(path)


def play(folder: Path, tasks: str, more: Mapping[str, str], *options: str) -> Run:
    """Run ``tasks`` with ansible-playbook, to their end."""
    return finish(start(["ansible-playbook", *options, playbook(folder, tasks)], folder, more))


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether the condition becomes true within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def until(path: Path) -> str:
    """A shell's command that ends when there is such a file: something that the test decides about."""
    return f"timeout 600 sh -c 'until [ -e {path} ]; do sleep 0.1; done'"


def processes_of(folder: Path) -> dict[int, str]:
    """What still runs of the plays in ``folder``: command lines by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={folder}/home\0".encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            pass  # it has ended, or is somebody else's
    return found


def module(name: str, folder: Path, simulators: Simulators, **options: object) -> subprocess.Popen[str]:
    """A module as Ansible runs it on a host, in a process of its own, with its options on standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{MODULES}.{name}"],
        env={
            **environment(folder, simulators.environment("session")),
            "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0],
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    process.stdin.close()
    process.stdin = None
    return process


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a module's process has returned."""
    found: dict[str, Any] = json.loads(finish(process).stdout)
    return found
