# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is promised of AWX, of cancelling and of containers is shown by a test: tests/promises.yml says by which."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PROMISES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "tests/promises.yml").read_text())
ABOUT = re.compile(r"\b(?:cancel|container(?!_)|kill|ctrl-c|thaw(?:s|ed)\b)", re.IGNORECASE)
"""What a sentence has that has to be listed, in the parts that are complete."""

COMMENT_OR_HEADING = re.compile(r"^( *\.\. not run: .*|.*\n-{4,})$", re.MULTILINE)

COMPLETE = {
    "README.md": ("In **AWX** and", "## Use cases"),
    "docs/docsite/rst/containers.rst": ("Ctrl-C, ``podman stop``", None),
    "docs/docsite/rst/awx.rst": ("The workflow *MailStore SPE health, mended*", "``This needs the collection awx.awx"),
    "docs/docsite/rst/long_running_tasks.rst": ("The modules that follow processes hear of every end", None),
}
"""The parts of documents in which each such sentence is listed: from where, and up to where."""


def words(text: str) -> str:
    return " ".join(text.split())


def listed(document: str) -> list[str]:
    """Longest first, so that a sentence is not taken for a part of another one."""
    return sorted([*PROMISES[document]["shown"], *PROMISES[document]["explains"]], key=len, reverse=True)


@pytest.mark.parametrize("document", PROMISES)
def test_each_sentence_is_in_its_document(document: str) -> None:
    text = words((ROOT / document).read_text())
    assert [sentence for sentence in listed(document) if words(sentence) not in text] == []


@pytest.mark.parametrize("document", COMPLETE)
def test_each_sentence_about_it_is_listed(document: str) -> None:
    text = re.sub(COMMENT_OR_HEADING, "", (ROOT / document).read_text())
    begin, end = COMPLETE[document]
    part = words(text[text.index(begin) : None if end is None else text.index(end)])
    for sentence in listed(document):
        part = part.replace(words(sentence), "")
    assert [part[max(0, found.start() - 60) : found.end() + 60] for found in ABOUT.finditer(part)] == []


def test_each_test_is_there() -> None:
    shown = {test for promises in PROMISES.values() for tests in promises["shown"].values() for test in tests}
    assert [test for test in sorted(shown) if not is_there(test)] == []
    assert all(tests for promises in PROMISES.values() for tests in promises["shown"].values())


def is_there(test: str) -> bool:
    """Whether there is such a function of a file of tests, or such an integration target."""
    file, colons, name = test.partition("::")
    if not colons:
        return (ROOT / "tests/integration/targets" / test / "tasks").is_dir()
    path = ROOT / file
    functions = ast.walk(ast.parse(path.read_text())) if path.is_file() else ()
    return name in [node.name for node in functions if isinstance(node, ast.FunctionDef)]
