# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits on posts: per second, for a key and for the service, and in total for a period."""

from __future__ import annotations

from collections import deque


class Window:
    """At most `limit` posts within any `seconds`; `limit` 0 is no limit."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def wait(self, now: float, limit: int, seconds: float) -> float:
        """Seconds until a post is allowed; 0 where it is allowed now."""
        while self._times and self._times[0] <= now - seconds:
            self._times.popleft()
        if limit <= 0 or len(self._times) < limit:
            return 0.0
        return self._times[len(self._times) - limit] + seconds - now

    def count(self, now: float) -> None:
        self._times.append(now)
