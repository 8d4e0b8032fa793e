# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook as a user has them, in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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


def finish(process: subprocess.Popen[str], timeout: float = 120) -> Run:
    """Wait for a started run. It is killed where it takes longer than ``timeout`` seconds."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Run(process.returncode, stdout, stderr)


def playbook(folder: Path, tasks: str) -> str:
    """Write a playbook of ``tasks`` (YAML, not indented) that run on this machine; returns its path."""
    path = folder / "playbook.yml"
    indented = "".join(f"    {line}\n" if line else "\n" for line in tasks.strip("\n").split("\n"))
    path.write_text(HEAD + "  tasks:\n" + indented)
    return str(path)


def play(folder: Path, tasks: str, more: Mapping[str, str], *options: str) -> Run:
    """Run ``tasks`` with ansible-playbook, to their end."""
    return finish(start(["ansible-playbook", *options, playbook(folder, tasks)], folder, more))
