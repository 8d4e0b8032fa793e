# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code blocks of README and the guides, and the host on which their examples run.

They run as they stand, with credentials in the environment, but for paths: what is below ``/etc`` and ``/var`` in an
example is below the test's own folder here.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gateways
from demo import access_log
from runs import ROOT

from simulators.launch import Simulators

FENCED = re.compile(r"^```(?P<language>\S+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)

DIRECTIVE = re.compile(
    r"""
    ^(?P<indent>\ *)
    (?:\.\.\ (?P<mark>not\ run|fails):\ (?P<reason>(?:.+\n)+)\n(?P=indent))?    # a comment, invisible to the reader
    \.\.\ code-block::\ (?P<language>\S+)\n
    (?P<options>(?:\ +:.+\n)*)
    \n
    (?P<code>(?:(?P=indent)\ +.*\n|\n)+)
    """,
    re.MULTILINE | re.VERBOSE,
)
CAPTION = re.compile(r"^ +:caption: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    ``file`` is the name that its caption gives it; ``not_run`` and ``fails`` the reasons that its author gives for
    that.
    """

    page: str
    line: int
    language: str
    code: str
    file: str | None = None
    not_run: str | None = None
    fails: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def fenced_blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in Markdown."""
    text = page.read_text()
    for found in FENCED.finditer(text):
        yield Block(name_of(page), line_of(text, found.start("language")), found["language"], found["code"])


def guide_blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in reStructuredText. documentation/test_guides.py tells what is done with them."""
    text = page.read_text() + "\n"
    for found in DIRECTIVE.finditer(text):
        caption = CAPTION.search(found["options"])
        reason = " ".join((found["reason"] or "").split())
        yield Block(
            page=name_of(page),
            line=line_of(text, found.start("language")),
            language=found["language"],
            code=textwrap.dedent(found["code"]).strip("\n") + "\n",
            file=caption[1] if caption else None,
            not_run=reason if found["mark"] == "not run" else None,
            fails=reason if found["mark"] == "fails" else None,
        )


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def prepare(folder: Path) -> Path:
    """Make ``folder`` stand for the host that the examples speak of, with a gateway's log on it."""
    for name in (
        *("etc/consumer", "var/lib/consumer", "var/lib/gateway", "var/lib/mops", "var/log/gateway", "var/log/mimecast"),
        *("var/log/nginx", "var/spool/mimecast", "var/www", "var/lib/prometheus/node-exporter", "var/lib/billing"),
    ):
        (folder / name).mkdir(parents=True)
    access_log.write(folder / "var/log/gateway/access.log", 1000)
    lines, _expected = gateways.log("nginx_combined", 100)
    (folder / "var/log/nginx/access.log").write_text("\n".join(lines) + "\n")
    return folder


def variables(simulators: Simulators) -> dict[str, str]:
    """The environment that the examples expect: credentials, and an inventory."""
    passwords = dict.fromkeys(("ANNAS_PASSWORD", "ANNAS_MAIL_PASSWORD", "CARLAS_PASSWORD"), "made-up-Pa55word")
    return {**simulators.environment(), **passwords, "ANSIBLE_INVENTORY": str(ROOT / "tests/demo/inventory.yml")}


def here(example: str, folder: Path) -> str:
    """The example with the paths of the host that ``folder`` stands for."""
    return re.sub(r"(?<![\w/.])/(etc|var)/", lambda found: f"{folder}/{found.group(1)}/", example)


def commands(code: str) -> list[str]:
    """The commands of a block, a continued line joined, without what they print."""
    lines = code.replace("\\\n", " ").splitlines()
    shown = [line[2:] for line in lines if line.startswith("$ ")] or lines
    return [line.strip() for line in shown if line.strip() and not line.startswith("#")]
