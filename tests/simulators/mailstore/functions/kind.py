# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a function is: given the archive and typed arguments it returns its result, or the plan of a process."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ..archive import Archive
from ..arguments import ApiError, Arguments

Function = Callable[[Archive, Arguments], Any]

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def one_of(arguments: Arguments, name: str, allowed: tuple[str, ...], default: str) -> str:
    """The value of an argument that takes one of a few words."""
    value: str = arguments.get(name, default)
    if value not in allowed:
        raise ApiError(f"Invalid value '{value}' for argument '{name}'.", f"Allowed: {', '.join(allowed)}.")
    return value


def word_list(text: str, allowed: tuple[str, ...], alone: tuple[str, ...], name: str) -> list[str]:
    """A comma-separated list of words; those in `alone` stand for themselves, `none` for an empty list."""
    words = [word.strip() for word in text.split(",")]
    if len(words) == 1 and words[0] in alone:
        return [] if words[0] == "none" else words
    unknown = [word for word in words if word not in allowed]
    if unknown:
        raise ApiError(
            f"Invalid value '{unknown[0]}' for argument '{name}'.", f"Allowed: {', '.join(alone + allowed)}."
        )
    return words


def moment(arguments: Arguments, name: str) -> datetime:
    """A time without zone and without fraction."""
    text = arguments[name]
    if not MOMENT.fullmatch(text):
        raise ApiError(f"Invalid value for argument '{name}'.", "Times look like 2026-01-01T00:00:00.")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ApiError(f"Invalid value for argument '{name}'.", str(error)) from error


def zone_shift(arguments: Arguments, name: str) -> timedelta:
    """What to add to the server's local time to have it in the zone that the optional argument names."""
    zone = arguments.get(name, "$Local")
    if zone == "$Local":
        return timedelta(0)
    if zone == "UTC":
        return -(datetime.now().astimezone().utcoffset() or timedelta(0))
    raise ApiError(f"The time zone ID '{zone}' was not found.")


def shifted(row: dict[str, Any], shift: timedelta) -> dict[str, Any]:
    """The row of a result with its times in another zone."""
    times = {key: row[key] for key in ("startTime", "completeTime") if row.get(key)}
    return {**row, **{key: (datetime.fromisoformat(text) + shift).isoformat() for key, text in times.items()}}
