# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every code block of a guide runs, in the order in which a reader meets them, against the simulators.

- A block with a caption is a file of that name in the reader's folder.
- Other ``yaml`` is run: tasks, plays and imports of playbooks. Blocks that follow each other are one playbook.
- ``bash`` is run in the reader's folder; what a block exports, and where it goes, holds for those after it.
- ``console`` is the same, with what the commands print: lines that begin with ``$`` are commands.
- ``ansible-output`` is what the run before it has printed. Its lines must come in that order; numbers and times may
  differ, ``…`` stands for anything, and other lines may come between.
- ``text``, ``json`` and ``ini`` are for reading.

Two comments before a block say otherwise, with a reason: ``.. not run: …`` and ``.. fails: …``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import Block, commands, guide_blocks, here, prepare, variables
from runs import HEAD, ROOT, finish, start

GUIDES = sorted((ROOT / "docs/docsite/rst").glob("*.rst"))
SLOW = ("as_code", "fleet", "gateways", "tenants")
"""Half a minute or more each. Other tests run what they show."""
BLOCKS = [block for guide in GUIDES for block in guide_blocks(guide)]
YAML = ("yaml", "yaml+jinja")
SHELL = ("bash", "console")
FOR_READING = ("text", "json", "ini")

MAKE = r"""#!/bin/sh
# Stands for make, whose commands set up what the tests have set up already: they must exist.
grep -q "^$1:" '{makefile}' || {{ echo "make has no target $1" >&2; exit 2; }}
"""

SHELL_SCRIPT = """
test ! -e "$READER_STATE" || . "$READER_STATE"
{code}
{{ printf 'cd %q\n' "$PWD"; export -p; }} > "$READER_STATE"
"""


class Reader:
    """Goes through a guide from the top, in a folder of their own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = prepare(folder)
        path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {**environment, "PATH": path, "READER_STATE": str(folder / "state")}
        self._plays: list[Block] = []
        self._printed = ""
        self._write("bin/make", MAKE.format(makefile=ROOT / "Makefile")).chmod(0o755)

    def read(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if block.not_run:
                continue
            if block.language in YAML and block.file is None:
                if block.fails:
                    self._run_plays()
                self._plays.append(block)
                if block.fails:
                    self._run_plays()
            else:
                self._run_plays()
                self._follow(block)
        self._run_plays()

    def _follow(self, block: Block) -> None:
        if block.file is not None:
            self._write(block.file, block.code)
        elif block.language in SHELL:
            self._run_shell(block)
        elif block.language == "ansible-output":
            assert_printed(block, block.code.splitlines(), self._printed)
        else:
            assert block.language in FOR_READING, f"{block.place}: it is not known what to do with {block.language}"

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / here(name, self._folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(here(text, self._folder))
        return path

    def _run_plays(self) -> None:
        if self._plays:
            playbook = self._write("blocks.yml", "\n".join(map(plays, self._plays)))
            self._run(self._plays[0], ["ansible-playbook", str(playbook)])
            self._plays = []

    def _run_shell(self, block: Block) -> None:
        shown = block.language == "console"
        code = here("\n".join(commands(block.code)) if shown else block.code, self._folder)
        self._run(block, ["bash", "-eo", "pipefail", "-c", SHELL_SCRIPT.format(code=code)])
        if shown:
            lines = block.code.replace("\\\n", " ").splitlines()
            printed = [line for line in lines if not line.startswith(("$ ", "#"))]
            assert_printed(block, printed, self._printed)

    def _run(self, block: Block, command: list[str]) -> None:
        run = finish(start(command, self._folder, self._environment), timeout=300)
        assert (run.returncode != 0) == bool(block.fails), f"{block.place}\n{run.everything}"
        self._printed = run.everything.replace(str(self._folder), "")


def plays(block: Block) -> str:
    """The block as part of a playbook: tasks become a play."""
    content = yaml.safe_load(block.code)
    assert isinstance(content, list), f"{block.place} is no list of tasks or plays: it needs a caption, or a reason"
    if is_playbook(content):
        return block.code
    return HEAD + "  tasks:\n" + "".join(f"    {line}\n" if line else "\n" for line in block.code.splitlines())


def is_playbook(content: Any) -> bool:
    return isinstance(content, list) and any(
        key in item for item in content for key in ("hosts", "import_playbook", "ansible.builtin.import_playbook")
    )


def assert_printed(block: Block, expected: Iterable[str], printed: str) -> None:
    """Each expected line is there, in this order."""
    lines = iter([comparable(line) for line in printed.splitlines()])
    for wanted in filter(None, map(comparable, expected)):
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))))
        assert any(pattern.fullmatch(line) for line in lines), f"{block.place} shows {wanted!r}, not in:\n{printed}"


def comparable(line: str) -> str:
    """The line without what differs from run to run, and from one width of the terminal to another."""
    return re.sub(r"\*{3,}", "***", re.sub(r"\d+", "0", line)).strip()


@pytest.mark.parametrize(
    "guide",
    [pytest.param(guide, id=guide.stem, marks=[pytest.mark.slow] if guide.stem in SLOW else []) for guide in GUIDES],
)
def test_guide_runs_from_top_to_bottom(guide, tmp_path, simulators):
    Reader(tmp_path, variables(simulators)).read(guide_blocks(guide))


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.not_run], ids=lambda block: block.place)
def test_block_is_not_run(block):
    """These are listed as skipped, each with its reason; what they hold is at least well formed."""
    if block.language in YAML:
        list(yaml.safe_load_all(block.code))
    pytest.skip(f"{block.place}: {block.not_run}")


def test_every_playbook_that_a_guide_has_in_a_file_is_run_by_a_command_after_it():
    for number, block in enumerate(BLOCKS):
        if block.file and block.language in YAML and is_playbook(yaml.safe_load(block.code)):
            after = [later.code for later in BLOCKS[number:] if later.page == block.page and later.language in SHELL]
            assert any(block.file in code for code in after), block.place


def test_every_code_block_is_found():
    """One that is written in another way would be passed over in silence."""
    written = sum(len(re.findall(r"^ *\.\. code-block::", guide.read_text(), re.MULTILINE)) for guide in GUIDES)
    assert len(BLOCKS) == written


def test_every_guide_is_listed():
    listed = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text())
    names = [name for section in listed["sections"] for name in section["toctree"]]
    assert sorted(names) == [guide.stem for guide in GUIDES]
