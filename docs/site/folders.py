# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw the folders of plugins/module_utils, and which imports which, as the code has it: ``python folders.py FILE``."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

MODULE_UTILS = Path(__file__).parents[2] / "plugins/module_utils"
IMPORT = re.compile(r"\.module_utils\.(_[a-z]+)\.([a-z]+)\b")
WIDTH, HEIGHT, GAP = 420, 84, 20
PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" role="img" font-size="14"
     font-family="system-ui, sans-serif">
  <title>The folders of plugins/module_utils and their imports</title>
  <defs>
    <marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0 0 L10 5 L0 10 z" fill="#1d4ed8"/>
    </marker>
  </defs>
  <rect width="{{ width }}" height="{{ height }}" rx="10" fill="#ffffff"/>
{%- for vendor in vendors %}
  <text x="20" y="{{ vendor.y }}" font-weight="600" fill="#334155">{{ vendor.name }}</text>
{%- for room in vendor.rooms %}
  <rect x="20" y="{{ room.y }}" width="{{ box }}" height="{{ room_height }}" rx="6" fill="#eef2f7" stroke="#64748b"/>
  <text x="34" y="{{ room.y + 24 }}" font-weight="600" fill="#0f172a">{{ room.name }}</text>
{%- for line in room.files %}
  <text x="34" y="{{ room.y + 42 + 17 * loop.index0 }}" font-size="12" fill="#475569">{{ line }}</text>
{%- endfor %}
{%- endfor %}
{%- for x, start, end in vendor.arrows %}
  <path d="M{{ box + 20 }} {{ start }} C{{ x }} {{ start }} {{ x }} {{ end }} {{ box + 20 }} {{ end }}" fill="none"
        stroke="#1d4ed8" stroke-width="2" marker-end="url(#head)"/>
{%- endfor %}
{%- endfor %}
</svg>
"""


@dataclass
class Room:
    name: str
    files: list[str]
    imports: set[str]
    y: int = 0


@dataclass
class Vendor:
    name: str
    rooms: list[Room]
    y: int
    arrows: list[tuple[int, int, int]] = field(default_factory=list)


def rooms_of(vendor: Path) -> list[Room]:
    """The folders of a vendor, each above those that it imports."""
    rooms = []
    for folder in sorted(file.parent for file in vendor.glob("*/__init__.py")):
        files = sorted(folder.glob("[a-z]*.py"))
        modules = {
            str(node.module)
            for file in files
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        found = {match.groups() for module in modules if (match := IMPORT.search(module))}
        imports = {room for owner, room in found if owner == vendor.name and room != folder.name}
        rooms.append(Room(folder.name, textwrap.wrap(", ".join(file.stem for file in files), 58), imports))
    names = {room.name for room in rooms}
    return sorted(rooms, key=lambda room: -len(room.imports & names))


def picture() -> str:
    y, vendors = 34, []
    for folder in sorted(MODULE_UTILS.glob("_m*/")):
        vendor = Vendor(folder.name, rooms_of(folder), y)
        for number, room in enumerate(vendor.rooms):
            room.y = y + 14 + number * (HEIGHT + GAP)
        places = {room.name: room.y for room in vendor.rooms}
        for room in vendor.rooms:
            for number, other in enumerate(sorted(room.imports & set(places), key=lambda name: places[name])):
                end = places[other] + 20 + 6 * vendor.rooms.index(room)
                vendor.arrows.append((WIDTH + 60 + 30 * number, room.y + 30 + 8 * number, end))
        vendors.append(vendor)
        y += 14 + len(vendor.rooms) * (HEIGHT + GAP) + 22
    names = {"vendors": vendors, "width": WIDTH + 140, "height": y, "box": WIDTH, "room_height": HEIGHT}
    return jinja2.Template(PICTURE, autoescape=True).render(names)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture())
