# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded shapes: what real servers answered, with made-up values. The one place for a fact about an answer.

Each file is named by its function and holds ``source``, an optional ``note``, and ``answers``: one or more results
that a server gives. Sources: ``seen`` in answers of a server, ``vendor``'s documentation and clients, ``field`` (what
others wrote about their servers), ``seed`` (the published page on version 8). Simulators build their answers from these
files, and unit tests read them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent


def recorded(service: str, generation: str, function: str) -> Any:
    """A copy of the first recorded answer of a function. Raises FileNotFoundError where none is recorded."""
    return copy.deepcopy(_answers(service, generation, function)[0])


def functions(service: str, generation: str) -> list[str]:
    """What has a recorded shape, sorted."""
    return sorted(path.stem for path in (ROOT / service / generation).glob("*.json"))


def differences(service: str, generation: str, function: str, answer: Any) -> list[str]:
    """Where an answer differs from the recorded ones in names, types or nesting; values do not matter.

    A name that one recorded row has and another lacks may be missing; so may a type differ that differs among them.
    """
    return list(_differences(function, answer, _answers(service, generation, function)))


@lru_cache(maxsize=None)
def _answers(service: str, generation: str, function: str) -> list[Any]:
    text = (ROOT / service / generation / f"{function}.json").read_text("utf-8")
    answers: list[Any] = json.loads(text)["answers"]
    return answers


def _differences(where: str, answer: Any, examples: list[Any]) -> Iterator[str]:
    kinds = {_kind(example) for example in examples}
    if _kind(answer) not in kinds:
        yield f"{where} is {_kind(answer)}, not {' or '.join(sorted(kinds))}"
        return
    alike = [example for example in examples if _kind(example) == _kind(answer)]
    if isinstance(answer, dict):
        yield from _differences_of_names(where, answer, alike)
    elif isinstance(answer, list):
        rows = [row for example in alike for row in example]
        for row in answer if rows else []:
            yield from _differences(f"{where}[]", row, rows)


def _differences_of_names(where: str, answer: dict[str, Any], examples: list[dict[str, Any]]) -> Iterator[str]:
    known = {name for example in examples for name in example}
    for name in sorted(known - set(answer)):
        if all(name in example for example in examples):
            yield f"{where}.{name} is missing"
    for name, value in answer.items():
        if name not in known:
            yield f"{where}.{name} is not in the recorded shape"
        else:
            yield from _differences(
                f"{where}.{name}", value, [example[name] for example in examples if name in example]
            )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "list", dict: "object"}
    return names[type(value)]
