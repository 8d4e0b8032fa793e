# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock by which a service counts seconds: a test can stop it and set it forward, so that no test has to hurry."""

from __future__ import annotations

import time


class Clock:
    """Seconds since some moment. They go by themselves unless the clock is stopped."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped_at: float | None = None

    def __call__(self) -> float:
        return self._ahead + (time.monotonic() if self._stopped_at is None else self._stopped_at)

    def change(self, advance: float = 0.0, stop: bool | None = None) -> dict[str, float]:
        """Stops the clock, or lets it go on, and sets it forward."""
        if stop:
            now = self()
            self._ahead, self._stopped_at = 0.0, now
        elif stop is False and self._stopped_at is not None:
            self._ahead, self._stopped_at = self() - time.monotonic(), None
        self._ahead += advance
        return {"now": self()}
