# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A run: log files into posts, nothing lost, and nothing twice unless it cannot be known.

Posts go out one by one, in the order of the lines, while the next ones are made. A run holds a few posts in memory,
however large the logs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import Ledger, NoLedger
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.chunk import Post, Reader
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.encoder import Encoder
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Body
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.rejects import Rejects

if TYPE_CHECKING:
    # Not for a run that finds nothing new: what it imports takes longer than the run.
    from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.delivery import Delivery

RECORDS_IN_A_POST = 10_000
"""The most that the guide allows."""

FAULTS_NAMED = 20


class InvalidRecords(MopsError):
    """Some lines are not valid records, and each had to be one."""


@dataclass(frozen=True)
class Plan:
    """What to send, and how."""

    src: Sequence[str] = ()
    events: bytes | None = None
    """Records as JSON, one a line, in the place of files."""
    log_format: Format = field(default_factory=Format)
    """Of the lines of ``src``."""
    batch_size: int = RECORDS_IN_A_POST
    max_bytes: int = 4 * 1024 * 1024
    """Of a post, before compression."""
    compress_level: int | None = 4
    """None to send posts as they are."""
    skip_invalid: bool = False
    """Send the rest where some lines are not valid records; else send nothing."""
    resend: bool = True
    """Send again what the service may have taken; else leave it out."""
    rejects: str | None = None
    """A file for what is skipped."""
    buffer_directory: str | None = None

    def check(self) -> None:
        """Raise `InvalidOption`."""
        if not 1 <= self.batch_size <= RECORDS_IN_A_POST:
            raise InvalidOption(f"batch_size must be from 1 to {RECORDS_IN_A_POST}, not {self.batch_size}.")
        if not 1024 <= self.max_bytes <= 2**30:
            raise InvalidOption(f"max_bytes must be from 1024 to {2**30}, not {self.max_bytes}.")
        if self.compress_level is not None and not 1 <= self.compress_level <= 9:
            raise InvalidOption(f"compress_level must be from 1 to 9, not {self.compress_level}.")


@dataclass
class Report:
    """What a run did, or, where nothing is posted, would have done."""

    posted: int = 0
    """Records."""
    posts: int = 0
    skipped_records: int = 0
    """Lines that are not valid records."""
    missing_keys: int = 0
    """Those of them that have no API key, or none that is known."""
    ignored: int = 0
    """Lines that the mapping says are not reported."""
    invalid: list[dict[str, Any]] = field(default_factory=list)
    """The first `FAULTS_NAMED` of them."""
    possibly_duplicated: int = 0
    """Records that were sent again because the service may or may not have taken them before."""
    possibly_lost: int = 0
    """Records that were not sent again although the service may not have taken them."""
    retries: int = 0
    bytes_raw: int = 0
    bytes_sent: int = 0
    elapsed: float = 0.0
    """Seconds."""

    def add(self, post: Post) -> None:
        self.skipped_records += len(post.faults)
        for fault in post.faults[: FAULTS_NAMED - len(self.invalid)]:
            self.invalid.append({"file": fault.file, "line": fault.line, "field": fault.field, "reason": fault.reason})
        self.missing_keys += sum(fault.no_key for fault in post.faults)
        self.ignored += sum(chunk.batch.ignored for chunk in post.chunks)
        self.possibly_lost += post.lost

    def add_post(self, post: Post, body: Body) -> None:
        self.posted += post.records
        self.posts += 1
        self.bytes_raw += len(body.raw)
        self.bytes_sent += len(body.wire)


class Shipment:
    """One run. After it, and after its failure, ``report`` and ``warnings`` tell what came of it."""

    def __init__(
        self,
        plan: Plan,
        ledger: Ledger | NoLedger,
        *,
        durable: bool,
        tell: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``durable`` is whether there is a ledger on the disk. ``tell`` is told in words how far it is.

        ``now`` is the time of the files' times, in seconds since 1970.
        """
        plan.check()
        self.report = Report()
        self.warnings: list[str] = list(ledger.warnings)
        self._plan = plan
        self._ledger = ledger
        self._durable = durable
        self._tell = tell
        self._clock = clock
        self._now = now
        self._started = clock()
        self._valid: dict[tuple[int, int], tuple[int, int]] = {}
        self._connect: Callable[[], Delivery] | None = None
        self._connected: Delivery | None = None

    @property
    def changed(self) -> bool:
        """Whether something was sent or put aside, or would be."""
        return bool(
            self.report.posts or (self.report.skipped_records and self._plan.skip_invalid and self._plan.rejects)
        )

    def validate(self) -> None:
        """Do everything but post, for check mode. Raises `InvalidRecords` where it would."""
        if self._something_new():
            with self._encoder() as encoder:
                for post, body in encoder.encoded(self._posts()):
                    self.report.add(post)
                    if body is not None:
                        self.report.add_post(post, body)
                        self._tell(f"checked {self.report.posted} records")
        self.report.elapsed = self._clock() - self._started
        if not self._plan.skip_invalid:
            self._refuse_faults("nothing would be sent")

    def ship(self, connect: Callable[[], Delivery]) -> None:
        """Post what is new. Raises `InvalidRecords` before anything is sent, and what a post can end with.

        ``connect`` is called once, at the first record that is new.
        """
        self._connect = connect
        try:
            if self._something_new():
                with self._encoder() as encoder:
                    if not self._plan.skip_invalid:
                        self._validate(encoder)
                    self._deliver(encoder)
        except MopsError:
            self._sum_up()
            raise
        # Not where the run is interrupted: nobody would read the report, and the ledger would take it as told.
        self._sum_up()

    def _something_new(self) -> bool:
        """Whether there is a first post. Most runs find none, and need nothing more than this."""
        return next(self._posts(), None) is not None

    def _encoder(self) -> Encoder:
        return Encoder(self._plan.compress_level, self._plan.buffer_directory)

    def _delivery(self) -> Delivery:
        if self._connected is None:
            if self._connect is None:
                raise AssertionError("Nobody said how to connect.")
            self._connected = self._connect()
        return self._connected

    def _sum_up(self) -> None:
        self.report.possibly_duplicated = self._ledger.report()
        if self._connected is not None:
            self.report.possibly_lost += self._connected.possibly_lost
            self.report.retries = self._connected.retries
        self.report.elapsed = self._clock() - self._started

    def _validate(self, encoder: Encoder) -> None:
        """Validate everything before anything is sent; what a free processor can compress meanwhile is kept."""
        checked = 0
        for post in self._posts():
            self.report.add(post)
            if post.records:
                self._delivery()  # what is wrong with the connection's options is said before hours of reading
                checked += post.records
                self._tell(f"checked {checked} records")
            as_they_stand = [chunk for chunk in post.chunks if chunk.batch.as_it_stands]
            self._valid.update({chunk.key[:2]: (chunk.key[2], chunk.batch.records) for chunk in as_they_stand})
            if post.records and len(as_they_stand) == len(post.chunks):
                encoder.offer(post)
        self._refuse_faults("nothing was sent")
        self.report = Report()

    def _deliver(self, encoder: Encoder) -> None:
        rejects = Rejects(self._plan.rejects) if self._plan.rejects else None
        for post, body in encoder.encoded(self._posts()):
            self.report.add(post)
            if post.faults and not self._plan.skip_invalid:
                self._refuse_faults("came while this ran; what stands before them was sent")
            if post.faults and rejects is not None:
                rejects.add(post.faults)
            if body is not None:
                self._delivery().deliver(post.entries, body)
                self.report.add_post(post, body)
                self._tell(self._progress(post))
            elif post.entries:
                self._ledger.skip(post.entries)

    def _refuse_faults(self, so: str) -> None:
        count = self.report.skipped_records
        if not count:
            return
        named = "; ".join(
            f"{fault['file']} line {fault['line']}"
            + (f", {fault['field']}" if fault["field"] else "")
            + f": {fault['reason']}"
            for fault in self.report.invalid
        )
        lines = "1 line is not valid" if count == 1 else f"{count} lines are not valid"
        more = f"; and {count - len(self.report.invalid)} more" if count > len(self.report.invalid) else ""
        raise InvalidRecords(f"{lines}; {so}. {named}{more}. Fix them, or set on_invalid to skip to send the rest.")

    def _posts(self) -> Iterator[Post]:
        plan = self._plan
        reader = Reader(
            self._ledger.registry.copy(),
            log_format=plan.log_format if plan.events is None else Format("jsonl"),
            records=plan.batch_size,
            size=plan.max_bytes,
            durable=self._durable,
            resend=plan.resend,
            skip_invalid=plan.skip_invalid,
            valid=self._valid,
            now=self._now,
        )
        yield from reader.files(plan.src) if plan.events is None else reader.events(plan.events)
        self.warnings += [warning for warning in reader.warnings if warning not in self.warnings]

    def _progress(self, post: Post) -> str:
        seconds = max(self._clock() - self._started, 0.001)
        rate = self.report.posted / seconds
        text = f"{self.report.posted} records in {self.report.posts} posts, {rate:.0f} records/s"
        left = post.bytes_ahead / (self.report.bytes_raw / seconds)
        return text + (f", about {_duration(left)} left" if post.bytes_ahead else "")


def _duration(seconds: float) -> str:
    minutes, second = divmod(int(seconds + 0.5), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"
