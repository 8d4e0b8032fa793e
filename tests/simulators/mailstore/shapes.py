# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers made from recorded ones: a name that a real server does not send cannot get in by mistake."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

from shapes import recorded

CURRENT = "25"
FIRST = "8"
SERVER = "server"


def document(function: str, /, generation: str = CURRENT, **values: Any) -> dict[str, Any]:
    """The recorded result of a function, an object, with these values. Raises KeyError for a name that it lacks."""
    return _filled(_recorded(function, generation), values)


def row(function: str, /, **values: Any) -> dict[str, Any]:
    """The first row of a function's recorded result, a list, with these values. Raises KeyError as `document` does."""
    return _filled(_recorded(function, CURRENT)[0], values)


@lru_cache(maxsize=None)
def _recorded(function: str, generation: str) -> Any:
    return recorded("mailstore", generation, function)


def _filled(example: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(example)
    if unknown:
        raise KeyError(f"not in the recorded shape: {', '.join(sorted(unknown))}")
    return {**copy.deepcopy(example), **values}
