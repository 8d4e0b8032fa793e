# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request bodies: JSON, and the single-quoted thing that the published Python sample sends."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Body:
    """`data` as a list of objects and `meta`; `lenient` where it was not JSON and passed all the same."""

    data: list[dict[str, Any]]
    meta: dict[str, Any]
    lenient: bool


class BodyError(ValueError):
    """Neither JSON nor what the sample sends, or not an object with lists where lists belong."""


def parse(raw: bytes) -> Body:
    """The body, or BodyError. An empty body is an empty list of items."""
    if not raw.strip():
        return Body([], {}, lenient=False)
    document, lenient = _document(raw)
    if not isinstance(document, dict):
        raise BodyError("the body is not an object")
    data, meta = document.get("data", []), document.get("meta", {})
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise BodyError("data is not a list of objects")
    if not isinstance(meta, dict):
        raise BodyError("meta is not an object")
    return Body(data, meta, lenient)


def _document(raw: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(raw), False
    except ValueError:
        pass
    try:
        # str() of a Python dictionary, as the vendor's sample sends it, is a Python literal.
        return ast.literal_eval(raw.decode("utf-8")), True
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise BodyError("the body is not JSON") from error
