# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of runs before the simulator was started: one a day, the same for the same seed, whenever one asks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(days=400)
STARTED = datetime.now()
"""No run ends later: between two questions nothing happens that nobody has asked for."""
RARE = ("completedWithWarnings", "completedWithErrors", "cancelled")


@dataclass(frozen=True)
class Run:
    id: int
    result: str
    items: int
    start: datetime
    complete: datetime


def runs(key: str, failing: bool, begin: datetime, end: datetime) -> Iterator[Run]:
    """The runs that began within [begin, end) and have ended. The last days of a failing one failed."""
    end = min(end, STARTED)
    day = max(begin, end - LONGEST).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        chance = random.Random(f"{key}/{day.toordinal()}")
        start = day + timedelta(hours=2, seconds=chance.randint(0, 1800))
        complete = start + timedelta(seconds=chance.randint(20, 4000))
        if begin <= start < end and complete < STARTED:
            result = chance.choice(RARE) if chance.random() < 0.02 else "succeeded"
            if failing and STARTED - start < timedelta(days=3):
                result = "failed"
            yield Run(day.toordinal() * 10, result, chance.randint(1, 400), start, complete)
        day += timedelta(days=1)
