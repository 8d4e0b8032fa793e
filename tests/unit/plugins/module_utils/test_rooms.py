# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folder may import which: imports run downwards, and from another folder only what its __init__ names."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).parents[4]
MODULE_UTILS = ROOT / "plugins/module_utils"
PACKAGE = "ansible_collections.mops.maintenance.plugins.module_utils."
FLOORS = {
    "_mashery": ["files", "records", "posts"],
    "_mailstore": ["api", "process", "state", "fleet"],
    "_mimecast": ["api", "channels", "siem"],
}
"""Each vendor's folders, the lowest first."""
KNOWS_ANSIBLE = {
    "_mailstore/arguments.py",
    "_mimecast/data_module.py",
    "_module.py",
    "_secrets.py",
}
FILES = sorted(file for folder in ("plugins", "extensions") for file in (ROOT / folder).rglob("*.py"))


@functools.lru_cache(maxsize=None)
def imports(file: Path) -> set[str]:
    """The module_utils of the collection that a file imports, as dotted names below module_utils."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(PACKAGE):
            module = str(node.module)[len(PACKAGE) :]
            inner = MODULE_UTILS / module.replace(".", "/")
            found |= {f"{module}.{name.name}".lstrip(".") for name in node.names} if inner.is_dir() else {module}
    return found


@functools.lru_cache(maxsize=None)
def names_for_others(folder: Path) -> list[str]:
    tree = ast.parse((folder / "__init__.py").read_text())
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]
    ]
    return list(ast.literal_eval(values[0])) if values else []


def test_every_folder_has_its_floor():
    there = {
        vendor: {folder.parent.name for folder in (MODULE_UTILS / vendor).glob("*/__init__.py")} for vendor in FLOORS
    }
    assert there == {vendor: set(floors) for vendor, floors in FLOORS.items()}


def test_imports_run_downwards_and_through_the_face_of_a_folder():
    wrong = [f"{file.relative_to(ROOT)}: {complaint}" for file in FILES for complaint in complaints(file)]
    assert wrong == []


def complaints(file: Path) -> Iterator[str]:
    here = file.relative_to(MODULE_UTILS).parts if MODULE_UTILS in file.parents else ()
    for name in imports(file):
        vendor, *rest = name.split(".")
        if here and vendor in FLOORS and here[0] != vendor:
            yield f"{name} is the folder of another vendor, or of a vendor from below"
        if vendor not in FLOORS or len(rest) < 2 or here[:2] == (vendor, rest[0]):
            continue
        if rest[1] not in names_for_others(MODULE_UTILS / vendor / rest[0]):
            yield f"{name} is not one of the files that {rest[0]}/__init__.py names for others"
        floors = FLOORS[vendor]
        if len(here) == 3 and floors.index(rest[0]) > floors.index(here[1]):
            yield f"{name} is above {here[1]}"


@pytest.mark.parametrize("folder", [f"{vendor}/{floor}" for vendor, floors in FLOORS.items() for floor in floors])
def test_a_folder_names_only_what_others_import(folder):
    dotted = folder.replace("/", ".")
    outside = [file for file in FILES if (MODULE_UTILS / folder) not in file.parents]
    used = {name.split(".")[2] for file in outside for name in imports(file) if name.startswith(f"{dotted}.")}
    assert names_for_others(MODULE_UTILS / folder) == sorted(used)


def test_only_these_files_know_ansible():
    knows = {
        str(file.relative_to(MODULE_UTILS))
        for file in MODULE_UTILS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ansible.")
    }
    assert knows == KNOWS_ANSIBLE
