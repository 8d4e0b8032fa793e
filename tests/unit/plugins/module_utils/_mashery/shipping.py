# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that does with each post what the test wants, records that can be told apart, and time without waiting."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from time import time as wall_clock
from typing import Any, Callable

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    Checkpoint,
    Ledger,
    NoLedger,
    read_only,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import Piece
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.delivery import Delivery, Pace
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.shipper import Plan, Shipment
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Body
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, RetryPolicy


def record(number: int) -> bytes:
    """A record that holds its number."""
    return (
        b'- 158.151.240.64 - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" %d 200 "-" "-" '
        b'0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb76akfzetwb799 "-" "-" "GetCompany" 0 - 5.555555 4.4 0.3 0 -' % number
    )


def lines(first: int, last: int) -> bytes:
    """The records from ``first`` to ``last``, each with its line break."""
    return b"".join([record(number) + b"\n" for number in range(first, last + 1)])


class Killed(BaseException):
    """The process ends here, whatever the code would like to do next."""


def _fail(outcome: BaseException) -> None:
    raise outcome


@dataclass
class Service:
    """``outcomes`` are, one a post: None to take it, an exception to raise; ``lost`` ones after taking it."""

    outcomes: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    wires: list[bytes] = field(default_factory=list)
    tries: int = 0
    before: Callable[[], None] = lambda: None
    """Called when a post comes in, before it is taken."""

    def post(self, body: Body) -> None:
        self.tries += 1
        self.before()
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None and not getattr(outcome, "taken", False):
            _fail(outcome)
        if body.compressed is not None:
            assert gzip.decompress(body.compressed) == body.raw
        self.bodies.append(body.raw)
        self.wires.append(body.wire)
        if outcome is not None:
            _fail(outcome)

    @property
    def numbers(self) -> list[int]:
        """Of the records that were taken, in their order."""
        return [int(line.split(b'HTTP/1.1" ')[1].split(b" ")[0]) for body in self.bodies for line in body.splitlines()]


def taken_but(outcome: BaseException) -> BaseException:
    """The service takes the post, and the client learns this."""
    outcome.taken = True  # type: ignore[attr-defined]
    return outcome


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Run:
    """What a shipment came to."""

    report: Any
    warnings: list[str]
    told: list[str]
    time: Time
    error: Exception | None = None


def ship(
    service: Service,
    *src: Path | str,
    ledger: Path | None = None,
    check: bool = False,
    retries: int = 10,
    retry_timeout: float = 900,
    pace: float = 0,
    fails: type[Exception] | None = None,
    now: float | None = None,
    **plan: Any,
) -> Run:
    """One run. With ``fails``, it must end with that. ``now`` is the time of day, in seconds since 1970."""
    time = Time()
    told: list[str] = []
    opened = NoLedger() if ledger is None else read_only(str(ledger)) if check else Ledger(str(ledger))
    error = None
    try:
        wanted = Plan(src=[str(path) for path in src], **plan)
        shipment = Shipment(
            wanted,
            opened,
            durable=ledger is not None,
            tell=told.append,
            clock=time.clock,
            now=wall_clock if now is None else lambda: now,
        )
        retry = Retry(RetryPolicy(retries, retry_timeout), clock=time.clock, sleep=time.sleep)
        delivery = Delivery(
            service,  # type: ignore[arg-type]
            opened,
            retry,
            Pace(pace, clock=time.clock, sleep=time.sleep),
            resend=wanted.resend,
        )
        try:
            shipment.validate() if check else shipment.ship(lambda: delivery)
        except Exception as caught:
            if fails is None or not isinstance(caught, fails):
                raise
            error = caught
        else:
            assert fails is None, f"{fails} was expected"
    finally:
        opened.close()
    return Run(shipment.report, shipment.warnings, told, time, error)


def piece(*log: str | bytes, first: int = 1) -> Piece:
    """The piece of a log that these lines are, the first of which has this number."""
    raw = b"".join([(line if isinstance(line, bytes) else line.encode()) + b"\n" for line in log])
    start = Checkpoint(0, first - 1, "", "")
    return Piece(start, Checkpoint(len(raw), first - 1 + len(log), "", ""), raw)
