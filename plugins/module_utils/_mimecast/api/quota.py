# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Rate limits: how much of the quota is left, and how long the service wants to be left alone.

The quota is one for the user over all keys (API 1.0), or one for each function and application (API 2.0).
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer

_MILLISECONDS = ("X-RateLimit-Reset", "X-Mimecast-RateLimit-Reset")


class RateLimit(NamedTuple):
    """The quota, as the headers of every answer tell it. A number that the service did not send is None."""

    limit: int | None
    remaining: int | None
    reset_ms: int | None
    """Milliseconds until a request is added to the quota."""


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """The quota's state, or None where the answer does not tell it."""
    numbers = [_number(headers.get("X-RateLimit-" + name)) for name in ("Limit", "Remaining", "Reset")]
    return None if numbers == [None, None, None] else RateLimit(*numbers)


def dictated_wait(answer: Answer, now: float) -> float | None:
    """Seconds that the service wants to be left alone for, or None where it does not say.

    Of several headers the longest time holds. ``now`` is in Unix seconds; a date is compared with the answer's own
    ``Date``, where there is one, so that a clock that is off does no harm.
    """
    waits = [number / 1000 for number in (_number(answer.headers.get(name)) for name in _MILLISECONDS) if number]
    after = answer.headers.get("Retry-After", "").strip()
    seconds = _number(after)
    moment = _unix_seconds(after) if seconds is None else None
    if seconds is not None:
        waits.append(float(seconds))
    elif moment is not None:
        sent = _unix_seconds(answer.headers.get("Date", ""))
        waits.append(max(0.0, moment - (now if sent is None else sent)))
    return max(waits, default=None)


def _unix_seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 12 else None
