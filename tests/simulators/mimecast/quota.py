# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket of requests: each takes one out, one comes back at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """What the three rate-limit headers say; `allowed` is whether this request was in the bucket."""

    allowed: bool
    limit: int
    remaining: int
    reset_ms: int

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_ms),
        }


class Bucket:
    """Starts full. The clock (seconds, monotonic) is passed in."""

    def __init__(self, now: float) -> None:
        self._used = 0.0
        self._since = now

    def take(self, now: float, limit: int, refill_ms: float) -> Level:
        """Takes one request out if one is there."""
        refilled = (now - self._since) * 1000.0 / refill_ms
        # Only whole requests come back, so that a reset time is the time of the next whole one.
        whole = min(math.floor(refilled), math.ceil(self._used))
        self._used -= whole
        self._since = now if self._used <= 0 else self._since + whole * refill_ms / 1000.0
        allowed = self._used < limit
        if allowed:
            if self._used <= 0:
                self._since = now
            self._used += 1
        reset = max(0.0, refill_ms - (now - self._since) * 1000.0)
        return Level(allowed, limit, max(0, int(limit - self._used)), math.ceil(reset))
