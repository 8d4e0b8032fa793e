# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of runs in the past: one run a day, the same for the same seed whoever asks and whenever."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(days=400)
RARE = ("completedWithWarnings", "completedWithErrors", "cancelled")


@dataclass(frozen=True)
class Run:
    id: int
    result: str
    items: int
    start: datetime
    complete: datetime


def runs(key: str, failing: bool, begin: datetime, end: datetime) -> Iterator[Run]:
    """The runs that began within [begin, end) and not in the future. The last days of a failing one failed."""
    now = datetime.now()
    end = min(end, now)
    day = max(begin, end - LONGEST).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        chance = random.Random(f"{key}/{day.toordinal()}")
        start = day + timedelta(hours=2, seconds=chance.randint(0, 1800))
        complete = start + timedelta(seconds=chance.randint(20, 4000))
        if begin <= start < end and complete < now:
            result = chance.choice(RARE) if chance.random() < 0.02 else "succeeded"
            if failing and now - start < timedelta(days=3):
                result = "failed"
            yield Run(day.toordinal() * 10, result, chance.randint(1, 400), start, complete)
        day += timedelta(days=1)
