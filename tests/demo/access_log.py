# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API gateway's access log, made up: the same seed makes the same log."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Iterator

_METHODS = ("GetCompanyDetail", "SearchProducts", "PlaceOrder", "CancelOrder", "GetInvoice")
_VERBS = ("GET", "GET", "GET", "POST", "PUT", "DELETE")
_STATUSES = (200, 200, 200, 200, 201, 204, 304, 400, 401, 404, 500, 503)


def write(path: Path, records: int, *, seed: int = 1, start: datetime | None = None) -> None:
    """Write ``records`` lines in the format of the Mashery Reporting Event Post API, the first at ``start``."""
    with path.open("w", encoding="ascii") as log:
        log.writelines(lines(records, seed=seed, start=start))


def lines(records: int, *, seed: int = 1, start: datetime | None = None) -> Iterator[str]:
    """The lines of such a log, each with its line feed, in the order of their times."""
    chance = random.Random(seed)
    keys = [_key(chance) for _count in range(20)]
    service = _key(chance)
    time = start or datetime(2026, 1, 1, tzinfo=timezone.utc)
    for _count in range(records):
        time += timedelta(milliseconds=chance.randrange(80))
        yield _line(chance, time, chance.choice(keys), service)


def _line(chance: random.Random, time: datetime, key: str, service: str) -> str:
    address = f"198.51.{chance.randrange(100, 104)}.{chance.randrange(1, 255)}"
    connected = chance.uniform(0.0005, 0.01)
    first_byte = chance.uniform(0.001, 0.4)
    backend = connected + first_byte
    return (
        f"- {address} - - [{time:%d/%b/%Y:%H:%M:%S +0000}] "
        f'"{chance.choice(_VERBS)} - HTTP/1.1" {chance.randrange(40, 60000)} {chance.choice(_STATUSES)} "-" "-" '
        f'0_{key}_{service} "-" "-" "{chance.choice(_METHODS)}" {int(chance.random() < 0.2)} - '
        f"{backend + 0.004:.6f} {backend:.6f} {connected:.6f} {first_byte:.6f} -\n"
    )


def _key(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=24))
