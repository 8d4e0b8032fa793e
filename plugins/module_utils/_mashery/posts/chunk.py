# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What a run does about the log files: chunk by chunk, from where each log was left."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from typing import Iterator, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    PRINT_BYTES,
    START,
    Book,
    Entry,
    Mark,
    digest,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import (
    Damaged,
    GzipContent,
    Piece,
    PlainContent,
    Rotated,
    SourceError,
    TextContent,
    identity,
    listed,
    opened,
    pieces,
    rotations,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch, Fault

_SCANS = 50

NOTHING = Batch(b"", 0)


@dataclass(frozen=True)
class Chunk:
    """A piece of a log, and what is done about it: a post, or nothing where no record is in it."""

    entry: Entry | None
    """What the ledger is told; None where the log stays where it is."""
    batch: Batch = NOTHING
    start: int = 0
    """Where in the log the piece begins, in bytes."""
    lost: int = 0
    """Records that are left out because the service may have taken them."""
    bytes_ahead: int = 0
    """About how much is to be read behind it."""

    @property
    def key(self) -> tuple[int, int, int]:
        if self.entry is None:
            raise AssertionError("The chunk has no entry in the ledger.")
        return (self.entry.log, self.start, self.entry.to.offset)


class Reader:
    """Goes through the files once, and makes a chunk of each piece of them that is new.

    ``book`` is what was sent; it is carried on as if every chunk were, so give a copy. ``valid`` are chunks, by
    their keys, whose pieces are known to be records as they stand, and how many.
    """

    def __init__(
        self,
        book: Book,
        *,
        src_format: str,
        lines: int,
        size: int,
        durable: bool,
        resend: bool,
        valid: dict[tuple[int, int, int], int] | None = None,
    ) -> None:
        """``durable`` is whether a ledger will know in the next run what was sent in this one."""
        self._book = book
        self._format = src_format
        self._lines = lines
        # A record in JSON is at least half as long as its line.
        self._size = size if src_format == "mashery" else size // 2
        self._durable = durable
        self._resend = resend
        self._valid = valid or {}
        self._whole: set[int] = set()
        self._bytes_in_later_files = 0
        self.warnings: list[str] = []

    def files(self, src: Sequence[str]) -> Iterator[Chunk]:
        """Raises `InvalidOption` and `SourceError`."""
        for _scan in range(_SCANS):
            try:
                yield from self._scan(src)
            except Rotated:
                continue
            return
        raise SourceError(
            "The log files are rotated faster than they can be read. Run the task again when that is over."
        )

    def events(self, text: bytes) -> Iterator[Chunk]:
        """Records as JSON, one a line."""
        yield from self._content("events", TextContent(text))

    def _scan(self, src: Sequence[str]) -> Iterator[Chunk]:
        self._whole.clear()
        followed = self._book.followed()
        files = [(path, identity(path)) for path in listed(src, sorted(followed))]
        if self._durable:
            for path, expected in files:
                if path in src and path not in followed:
                    yield from self._begin_to_follow(path, expected, {name for name, _identity in files})
        sizes = [os.path.getsize(path) for path, _identity in files]
        for position, (path, expected) in enumerate(files):
            self._bytes_in_later_files = sum(sizes[position + 1 :])
            try:
                content = opened(path, expected)
            except Damaged as error:
                yield self._damaged(path, 1, error)
                continue
            with closing(content):
                yield from self._content(path, content)

    def _begin_to_follow(self, path: str, expected: tuple[int, int], wanted: set[str]) -> Iterator[Chunk]:
        """What is already rotated was never asked for. What will be rotated from now on was."""
        log = self._head(path, expected)
        for rotated in rotations(path):
            head = self._head(rotated, identity(rotated)) if rotated not in wanted else b""
            # A copy of the log as it is now may lie beside it, where copy-truncate is at work.
            if head and not (log.startswith(head) or head.startswith(log)):
                mark = Mark(len(head), 0, digest(head), digest(head))
                yield self._parcel(Chunk(Entry(self._book.new(), rotated, mark, ignored=True)))
        yield self._parcel(Chunk(Entry(self._book.new(), path, START)))

    def _head(self, path: str, expected: tuple[int, int]) -> bytes:
        try:
            with closing(opened(path, expected)) as content:
                return content.read(0, PRINT_BYTES)
        except (SourceError, Damaged):
            return b""

    def _content(self, path: str, content: PlainContent | GzipContent | TextContent) -> Iterator[Chunk]:
        number = self._book.recognise(content, path, self._whole)
        start = START
        if number is None:
            number = self._book.new()
        else:
            self._whole.add(number)
            log = self._book.logs[number]
            if log.ignored:
                return
            start = log.sent
            if log.doubt is not None and not self._resend:
                start = log.doubt
                yield self._parcel(Chunk(Entry(number, path, log.doubt), lost=log.doubtful_records))
            if content.ends_at(start.offset):
                return
        try:
            for piece in pieces(
                content,
                start,
                lines=self._lines,
                size=self._size,
                complete=not (content.may_grow and self._durable),
                lengths={begin: end - begin for log, begin, end in self._valid if log == number},
            ):
                batch = self._batch(number, piece, path)
                if piece.unfinished and batch.faults:
                    self.warnings.append(f"The last line of {path} is not finished, and was left out.")
                    return
                start = piece.end
                ahead = max(0, content.size() - start.offset) + self._bytes_in_later_files
                yield self._parcel(
                    Chunk(Entry(number, path, piece.end, batch.records), batch, piece.start.offset, bytes_ahead=ahead)
                )
        except Damaged as error:
            yield self._damaged(path, start.lines + 1, error)

    def _batch(self, number: int, piece: Piece, path: str) -> Batch:
        records = self._valid.get((number, piece.start.offset, piece.end.offset))
        if records is not None:
            return Batch(piece.raw, records, as_it_stands=True)
        # Not imported by a run that finds nothing new.
        from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import FORMATS

        return FORMATS[self._format](piece, path)

    def _parcel(self, chunk: Chunk) -> Chunk:
        """The chunk, remembered as sent."""
        if chunk.entry is not None:
            self._book.taken(chunk.entry)
        return chunk

    def _damaged(self, path: str, line: int, error: Damaged) -> Chunk:
        return Chunk(None, Batch(b"", 0, (Fault(path, line, None, f"the file {error}", b""),)))
