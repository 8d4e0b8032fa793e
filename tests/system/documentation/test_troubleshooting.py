# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to error messages has every message that the collection can print, and none that it cannot.

Messages are read from the source: every text in the plugins that could be one, and what roles and playbooks fail with.
``…`` stands for what varies. A message counts as found by its longest constant part, which must stand in the guide word
by word, in an entry's heading or in the lines below it: so a browser's search finds it.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from runs import ROOT

GUIDE = ROOT / "docs/docsite/rst/troubleshooting.rst"

ERRORS_OF_ANSIBLE = frozenset(("AnsibleError", "AnsibleFilterError", "AnsibleOptionsError", "AnsibleParserError"))
"""Whatever derives from `MopsError` counts as well."""

DOCUMENTATION = frozenset(("DOCUMENTATION", "EXAMPLES", "RETURN"))

NOT_MESSAGES = DOCUMENTATION | {
    # patterns, and what cannot happen
    "compile",
    "split",
    "AssertionError",
    # what records and logs look like, and the table that shows them
    "_LINE",
    "PRESET",
    "_table",
    # progress
    "_tell",
    "update",
    "finish",
    "_progress",
    # names of permissions, and of types of events
    "PERMISSIONS",
    "TYPES",
    # help texts of metrics
    "FAMILIES",
    # findings of the health page, which explains them itself
    "Kind",
    "Finding",
    "failing_everywhere",
    "stale",
    "nothing_archived",
    "_about_instance",
    "_ended",
    "_ENDED",
    "_not_looked_at",
    "_not_running",
    "_of_missing",
    "_of_servers",
    "_of_certificates",
    "_about_runs",
    "__repr__",
}
"""What holds texts that are no messages: what is called with them, and functions and constants that they are in."""

FRAGMENTS = frozenset(
    (
        "# Exported by mops.maintenance.mailstore_export, sha256",
        "(as it was)",
        "All is as the documents say.",
        "The server is as the files say.",
        "cannot be done",
        "…, as the server is",
        "Nothing needs doing.",
        "ansible localhost -m mops.maintenance.… -a …",
        "… bytes without a Content-Type",
    )
)
"""Texts that are no message and no part of one by which it could be found."""

FROM_OUTSIDE = (
    "but all of the following are missing",
    "Could not match supplied host pattern",
    "Cannot resolve",
    "couldn't resolve module/action",
    "Failed to import the required Python library",
    "Unsupported parameters for",
    "Validation of arguments failed",
    "missing parameter(s) required by",
    "missing required arguments",
    "one of the following is required",
    "parameters are mutually exclusive",
    "value of … must be one of",
)
"""Messages of Ansible itself that the guide explains."""


class Message(NamedTuple):
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def test_every_message_of_the_collection_is_explained() -> None:
    printed = " ¦ ".join(printed_in_guide())
    missing = [str(message) for message in all_messages() if words_to_find(message.text) not in printed]
    assert missing == [], "Give them an entry in troubleshooting.rst, as they are printed:\n" + "\n".join(missing)


def test_no_entry_explains_what_is_not_printed_any_more() -> None:
    known = {part for message in everything_in_source() for part in parts(message.text)} | set(FROM_OUTSIDE)
    stale = [text for text in printed_in_guide() if not any(part in text for part in known)]
    assert stale == [], "Nothing prints these; correct them in troubleshooting.rst, or take them out:\n" + "\n".join(
        stale
    )


def test_every_entry_says_something() -> None:
    empty = [entry["heading"] for entry in entries() if len(entry["body"].split()) < 8]
    assert empty == []


def test_messages_are_found_in_every_kind_of_source() -> None:
    """Guards the two tests above against finding nothing."""
    sources = {message.where.split("/")[0] for message in all_messages()}
    assert {"plugins", "roles"} <= sources
    assert len(all_messages()) > 200


# The guide


def entries() -> list[dict[str, str]]:
    """Its entries: the heading, the lines of further messages below it, and what is said of them."""
    text = GUIDE.read_text(encoding="utf-8")
    found = re.split(r"^([^\n]+)\n~+$", text.split("\n---", 1)[1], flags=re.MULTILINE)[1:]
    return [{"heading": heading, "body": body} for heading, body in zip(found[::2], found[1::2])]


def printed_in_guide() -> list[str]:
    lines = [line for entry in entries() for line in [entry["heading"], *further_messages(entry["body"])]]
    return [literal for line in lines for literal in re.findall(r"``(.+?)``", line)]


def further_messages(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("| ")]


# The source


@functools.lru_cache(maxsize=None)
def all_messages() -> list[Message]:
    """What a person may see who runs a task, as far as it has enough words to be found by."""
    found = [*messages_of_plugins(NOT_MESSAGES, least=3), *messages_of_roles()]
    return [message for message in dict.fromkeys(found) if message.text not in FRAGMENTS]


def everything_in_source() -> list[Message]:
    """Every text of two words, whatever it is for."""
    return [*messages_of_plugins(DOCUMENTATION, least=2), *messages_of_roles()]


def messages_of_plugins(ignored: frozenset[str], *, least: int) -> Iterator[Message]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in python_files()}
    errors = classes_of_errors(trees.values())
    for path, tree in trees.items():
        for text in Texts(errors, ignored, least).of(tree):
            yield Message(str(path.relative_to(ROOT)), text)


def python_files() -> list[Path]:
    found = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "extensions").rglob("*.py")]
    return sorted(path for path in found if "doc_fragments" not in path.parts)


def classes_of_errors(trees: Any) -> frozenset[str]:
    """The names of all classes whose objects end a task, and of what else is given a message."""
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    errors = {"MopsError", *ERRORS_OF_ANSIBLE}
    while True:
        more = {name for name, parents in bases.items() if parents & errors} - errors
        if not more:
            return frozenset((*errors, "fail_json", "warn", "warning"))
        errors |= more


class Texts:
    """Finds texts that could be shown as a message: of ``least`` words, or of two where an error is made of them."""

    def __init__(self, errors: frozenset[str], ignored: frozenset[str], least: int) -> None:
        self._errors = errors
        self._ignored = ignored
        self._least = least

    def of(self, node: ast.AST, least: int = 0) -> Iterator[str]:
        least = least or self._least
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, (ast.FunctionDef, ast.Call, ast.Assign)):
            name = name_of(node)
            if name in self._ignored:
                return
            least = 2 if name in self._errors else least
        text = constant_text(node)
        if text is not None and len(re.findall(r"[A-Za-z_]{2,}", text)) >= least and " " in text.strip():
            yield " ".join(text.split())
        for child in ast.iter_child_nodes(node):
            if not isinstance(node, ast.JoinedStr):
                yield from self.of(child, least)
            elif isinstance(child, ast.FormattedValue):  # the constants beside it are in the text already
                yield from self.of(child.value, least)


def name_of(node: ast.FunctionDef | ast.Call | ast.Assign) -> str:
    if isinstance(node, ast.FunctionDef):
        return node.name
    target = node.func if isinstance(node, ast.Call) else node.targets[0]
    return str(getattr(target, "id", getattr(target, "attr", "")))


def constant_text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("%s", "…")
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


def messages_of_roles() -> Iterator[Message]:
    for path in sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]):
        for task in tasks_in(yaml.safe_load(path.read_text(encoding="utf-8"))):
            for module, option in (("fail", "msg"), ("assert", "fail_msg")):
                text = (task.get(f"ansible.builtin.{module}") or {}).get(option)
                if text:
                    constant = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "…", text.strip(), flags=re.DOTALL)
                    yield Message(str(path.relative_to(ROOT)), constant)


def tasks_in(tasks: list[dict[str, Any]] | None) -> Iterator[dict[str, Any]]:
    for task in tasks or []:
        yield task
        for part in ("block", "rescue", "always", "tasks"):
            yield from tasks_in(task.get(part))


# What both are compared by


def words_to_find(text: str) -> str:
    """The longest constant part of a message."""
    return max(parts(text), key=len, default="")


def parts(text: str) -> list[str]:
    return [part for part in (part.strip(" .:;,()…'\"") for part in " ".join(text.split()).split("…")) if " " in part]
