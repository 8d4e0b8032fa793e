# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides as extra-docs.yml has them, and each plugin and role: beside every page, and listed on the first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

GUIDES = Path(__file__).parents[1] / "docsite/extra-docs.yml"
KINDS = {
    "role": "Roles",
    "module": "Modules",
    "inventory": "Inventory",
    "lookup": "Lookup",
    "filter": "Filters",
}


def complete_index(app: Any, docname: str, source: list[str]) -> None:
    if docname == "index":
        source[0] += "".join([*guides(), *reference(Path(app.srcdir))])


def guides() -> Iterable[str]:
    for section in yaml.safe_load(GUIDES.read_text("utf-8"))["sections"]:
        yield toctree(section["title"], [f"docsite/{name}" for name in section["toctree"]])


def reference(pages: Path) -> Iterable[str]:
    for kind, caption in KINDS.items():
        names = sorted(page.stem for page in pages.glob(f"*_{kind}.rst"))
        yield toctree(caption, [f"{name[: -len(kind) - 1]} <{name}>" for name in names])
        yield f"\n**{caption}**\n\n" + "".join(f"- :doc:`{name}`\n" for name in names)


def toctree(caption: str, entries: Iterable[str]) -> str:
    return f"\n.. toctree::\n   :hidden:\n   :caption: {caption}\n\n" + "".join(f"   {entry}\n" for entry in entries)


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", complete_index)
    return {"parallel_read_safe": True}
