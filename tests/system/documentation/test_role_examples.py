# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example in a role's README runs.

As they stand, but for three things that the machine of a test has not: root's folders, which are the test's own here, a
user ``consumer``, and a service ``consumer``.
"""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pages import Block, commands, fenced_blocks, here, prepare
from runs import ROOT, finish, start

from simulators.launch import Simulators

READMES = sorted(
    page
    for page in (ROOT / "roles").glob("*/README.md")
    if page.parent.name != "awx_setup"  # It needs an AWX.
)
BLOCKS = [block for page in READMES for block in fenced_blocks(page)]
FOR_READING = ("ansible-output", "json", "text")

INVENTORY = """
all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    ansible_become: false
    mailstore_health_fail_on: never
    mashery_log_shipping_ledger_directory: /var/lib/gateway
    mimecast_event_channels_path: /var/lib/consumer/channel_tokens.json
  children:
    consumers: {hosts: {localhost: }}
    mashery_gateways: {hosts: {localhost: }}
"""
INSTANCES = "plugin: mops.maintenance.mailstore_instances\n"
SNAPSHOT = "- {name: Take a snapshot, ansible.builtin.debug: {msg: taken}}\n"
PRESET = "instance: [[ instance ]]\nconfiguration: {instanceHost: host01.spe.example, displayName: [[ values.name ]]}\n"
CONSUMER_CONTROL = f"#!{sys.executable}\nimport sys\nopen({{here!r}} + '/control', 'a').write(' '.join(sys.argv[1:]))\n"


def joined(blocks: Iterable[Block]) -> list[Block]:
    """The same, but that a block which begins indented, a part of a play, has gone to the end of the play before it."""
    whole: list[Block] = []
    for block in (block for block in blocks if block.language == "yaml"):
        if block.code.startswith(" "):
            block = replace(whole[-1], code=whole.pop().code + block.code)
        whole.append(block)
    return whole


def examples(blocks: Iterable[Block], *languages: str) -> list[object]:
    return [pytest.param(block, id=block.place) for block in blocks if block.language in languages]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the examples are run in, with the files that they name."""
    prepare(tmp_path)
    for name, text in (
        ("inventory", here(INVENTORY, tmp_path)),
        ("mailstore_instances.yml", INSTANCES),
        ("snapshot.yml", SNAPSHOT),
        ("files.yml", SNAPSHOT),
        ("preset.yml", PRESET),
        ("consumer-control", CONSUMER_CONTROL.format(here=str(tmp_path))),
    ):
        (tmp_path / name).write_text(text)
    (tmp_path / "consumer-control").chmod(0o700)
    return tmp_path


@pytest.fixture
def environment(simulators: Simulators, folder: Path) -> dict[str, str]:
    simulators.settings("mailstore", process_seconds=0.5, process_steps=2, brief_seconds=0.1)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    inventory = {"ANSIBLE_INVENTORY": str(folder / "inventory")}
    return {**simulators.environment(), **inventory, "ANSIBLE_PIPELINING": "true", "PATH": path}


def run(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    ended = finish(start(words, folder, environment))
    assert ended.returncode == 0, ended.everything
    assert "[DEPRECATION" not in ended.everything
    return ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("block", examples(BLOCKS, "bash", "shell"))
def test_command(block: Block, folder, environment):
    for command in commands(here(block.code, folder)):
        assert command.startswith("ansible-playbook ")
        run(shlex.split(command), folder, environment)
    assert "mailstore_health" not in block.code or (folder / "mailstore-health/mailstore-health.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("block", examples(joined(BLOCKS), "yaml"))
def test_playbook(block: Block, folder, environment):
    run(["ansible-playbook", playbook(folder, block.code)], folder, environment)
    assert "consumer-control" not in block.code or (folder / "control").read_text() == "reload"


def playbook(folder: Path, code: str) -> str:
    """Write an example where it can run; returns its path."""
    lines = here(code, folder).splitlines(keepends=True)
    kept = [line for line in lines if "_service: consumer" not in line]
    path = folder / "example.yml"
    path.write_text("".join(kept).replace("_owner: consumer", f"_owner: {getpass.getuser()}"))
    return str(path)


def test_nothing_else_in_a_readme_of_a_role_could_be_run():
    assert {block.language for block in BLOCKS} <= {"bash", "shell", "yaml", *FOR_READING}
    assert {page.parent.name for page in READMES} == {block.page.split("/")[1] for block in BLOCKS}
