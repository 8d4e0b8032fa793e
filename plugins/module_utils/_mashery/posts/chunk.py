# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What a run does about the log files: from where each log was left, in chunks, of which posts are filled."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Callable, Iterator, Mapping, Sequence, Tuple

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import (
    Content,
    Damaged,
    NotText,
    Rotated,
    SourceError,
    TextContent,
    file_id,
    open_log,
    status,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    BEGINNING,
    FINGERPRINT_BYTES,
    Checkpoint,
    Entry,
    Log,
    Registry,
    fingerprint,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.rotation import (
    LogFile,
    Neighbours,
    log_files,
    matches,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import LineReader, Piece
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch, Fault
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format

FINISHED_SECONDS = 60.0
"""A file that has a successor and has not changed for so long is not written to any more."""

_SCANS = 50

_EMPTY = Batch(b"", 0)

Key = Tuple[int, int, int]
"""A log's number, and where in it a chunk begins and ends, in bytes."""


@dataclass(frozen=True)
class Chunk:
    """A piece of a log, and what is done about it."""

    entry: Entry | None
    """What the ledger says of it; None where the log stays where it is."""
    batch: Batch = _EMPTY
    start: int = 0
    """Where in the log the piece begins, in bytes."""
    lost: int = 0
    """Records that are left out because the service may have taken them."""
    bytes_ahead: int = 0
    """About how much is to be read behind it."""

    @property
    def key(self) -> Key:
        if self.entry is None:
            raise AssertionError("The chunk has no entry in the ledger.")
        return (self.entry.log, self.start, self.entry.to.offset)


@dataclass(frozen=True)
class Post:
    """Chunks of one or more logs that go out together; or, where they hold no record, that are skipped together."""

    chunks: Sequence[Chunk]

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """One for each log."""
        entries: dict[int, Entry] = {}
        for chunk in self.chunks:
            if chunk.entry is not None:
                before = entries.get(chunk.entry.log)
                records = before.records if before else 0
                entries[chunk.entry.log] = replace(chunk.entry, records=chunk.entry.records + records)
        return list(entries.values())

    @cached_property
    def body(self) -> bytes:
        bodies = [chunk.batch.body for chunk in self.chunks if chunk.batch.records]
        return bodies[0] if len(bodies) == 1 else b"".join(bodies)

    @cached_property
    def records(self) -> int:
        return sum(chunk.batch.records for chunk in self.chunks)

    @property
    def faults(self) -> Sequence[Fault]:
        return [fault for chunk in self.chunks for fault in chunk.batch.faults]

    @property
    def lost(self) -> int:
        return sum(chunk.lost for chunk in self.chunks)

    @property
    def bytes_ahead(self) -> int:
        return self.chunks[-1].bytes_ahead

    @property
    def key(self) -> tuple[Key, ...]:
        return tuple(chunk.key for chunk in self.chunks)


class Reader:
    """Goes through the files once, and makes posts of what is new in them.

    ``registry`` is what was sent; it is carried on as if every post were, so give a copy. ``valid`` are chunks whose
    pieces are known to be records as they stand: by log and where they begin, where they end, and how many records.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        log_format: Format,
        records: int,
        size: int,
        durable: bool,
        resend: bool,
        skip_invalid: bool,
        valid: Mapping[tuple[int, int], tuple[int, int]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``records`` and ``size`` are the most in a post.

        ``durable`` is whether a ledger will know in the next run what was sent in this one.
        """
        self._registry = registry
        self._format = log_format
        self._records = records
        self._size = size
        self._durable = durable
        self._resend = resend
        self._skip_invalid = skip_invalid
        self._valid = valid or {}
        self._now = now
        self._open: list[Chunk] = []
        """The post that is being filled."""
        self._open_logs: set[int] = set()
        self._open_records = self._open_bytes = self._open_faults = 0
        self._growth = 1.0
        """By how much records are longer than their lines, at most."""
        self._whole: set[int] = set()
        self._rotated: set[int] = set()
        """Logs that are not any more where they were, but were found."""
        self._bytes_in_later_files = 0
        self.warnings: list[str] = []

    def files(self, src: Sequence[str]) -> Iterator[Post]:
        """Raises `InvalidOption` and `SourceError`."""
        for _scan in range(_SCANS):
            try:
                yield from self._scan(src)
            except Rotated:
                continue
            yield from self._send()
            return
        raise SourceError(
            "The log files are rotated faster than they can be read. Run the task again when that is over."
        )

    def events(self, text: bytes) -> Iterator[Post]:
        """Records as JSON, one a line."""
        yield from self._content(LogFile("events"), TextContent(text))
        yield from self._send()

    def _scan(self, src: Sequence[str]) -> Iterator[Post]:
        self._whole.clear()
        followed = self._registry.followed()
        neighbours = Neighbours()
        files = log_files(src, sorted(followed), neighbours)
        if self._durable:
            for path, number in self._registry.newest().items():
                if path in src or (os.path.exists(path) and any(matches(pattern, path) for pattern in src)):
                    yield from self._look_for(path, number, files, neighbours)
            yield from self._begin_to_follow([file for file in files if file.path in src], files, followed, neighbours)
            for path in src:
                if path in followed and not os.path.lexists(path) and not neighbours.rotations(path):
                    self._warn(f"The log file {path} is not there, and no rotation of it either: nothing was read.")
        found = [status(file.path) for file in files]
        self._bytes_in_later_files = sum(one.st_size for one in found)
        for file, expected in zip(files, found):
            self._bytes_in_later_files -= expected.st_size
            yield from self._file(file, expected)

    def _file(self, file: LogFile, expected: os.stat_result) -> Iterator[Post]:
        try:
            content = open_log(file.path, expected)
        except (NotText, SourceError) as error:
            if file.beside:
                if not self._is_ignored(file.path):
                    self._warn(f"{file.path} is a rotation by its name, and is not read: {error}.")
            elif isinstance(error, NotText):
                yield from self._fault(file.path, 1, f"the file is no log: {error}")
            else:
                raise
        except Damaged as error:
            yield from self._fault(file.path, 1, f"the file {error}")
        else:
            with closing(content):
                yield from self._content(file, content)

    def _look_for(self, path: str, number: int, files: list[LogFile], neighbours: Neighbours) -> Iterator[Post]:
        """Where a log is that was at a path when it was last sent from; and say so where it is nowhere."""
        log = self._registry.logs[number]
        try:
            if self._holds(path, log.known):
                return
        except SourceError:
            return  # said where it is to be read
        self._rotated.add(number)
        if any(self._begins(file.path, log.known) for file in files if file.path != path):
            return
        for other in neighbours.others(path):
            if self._begins(other, log.known) and self._holds(other, log.known):
                position = next((place for place, file in enumerate(files) if file.path == path), len(files))
                files.insert(position, LogFile(other, has_successor=position < len(files)))
                return
        unread = [file.path for file in files if file.beside and self._why_not_read(file.path)]
        if neighbours.rotations(path) != Neighbours().rotations(path):
            raise Rotated
        self._warn(
            f"The log that was {path} is gone: it was deleted, truncated, or rotated to where it is not found. It was "
            f"sent up to byte {log.known.offset} (line {log.known.lines}); what came after that is lost to this run."
            + (f" It may be in {', '.join(unread)}, which cannot be read." if unread else "")
        )
        lost = log.records_in_doubt if log.in_doubt else 0
        yield from self._add(Chunk(Entry(number, path, log.known, gone=True), lost=lost))

    def _begin_to_follow(
        self, named: Sequence[LogFile], files: Sequence[LogFile], followed: set[str], neighbours: Neighbours
    ) -> Iterator[Post]:
        """What is already rotated was never asked for. What will be rotated from now on was."""
        wanted = {file.path for file in files}
        chunks = []
        for file in named:
            if file.path in followed:
                continue
            log = self._head(file.path)
            for rotated in neighbours.rotations(file.path):
                if rotated in wanted:
                    continue
                head = self._head(rotated)
                # A copy of the log as it is now may lie beside it, where copy-truncate is at work.
                if head and not (log.startswith(head) or head.startswith(log)):
                    there = Checkpoint(len(head), 0, fingerprint(head), fingerprint(head))
                    chunks.append(self._done(Entry(self._registry.new(), rotated, there, ignored=True)))
                elif self._why_not_read(rotated):
                    entry = Entry(self._registry.new(), rotated, BEGINNING, ignored=True, file=file_id(status(rotated)))
                    chunks.append(self._done(entry))
            chunks.append(self._done(Entry(self._registry.new(), file.path, BEGINNING)))
        if chunks:
            yield Post(chunks)

    def _content(self, file: LogFile, content: Content) -> Iterator[Post]:
        number: int | None = None
        try:
            number = self._registry.recognise(content, file.path, self._whole)
            start = BEGINNING
            if number is None:
                number = self._registry.new()
            else:
                self._whole.add(number)
                log = self._registry.logs[number]
                if log.ignored or (log.file is not None and log.file == content.file):
                    return
                start = log.sent
                if log.in_doubt is not None and not self._resend:
                    start = log.in_doubt
                    yield from self._add(Chunk(Entry(number, file.path, start), lost=log.records_in_doubt))
            if not content.ends_at(start.offset):
                yield from self._lines(number, file, content, LineReader(content, start))
            yield from self._note(number, file, content)
        except Damaged as error:
            sent = self._registry.logs[number].sent.lines if number in self._registry.logs else 0
            yield from self._fault(file.path, sent + 1, f"the file {error}")

    def _lines(self, number: int, file: LogFile, content: Content, reader: LineReader) -> Iterator[Post]:
        start = self._registry.logs.get(number, Log(file.path)).sent.offset
        while True:
            end, _records = self._valid.get((number, start), (0, 0))
            room = int((self._size - self._open_bytes) / self._growth)
            piece = reader.take(self._records - self._open_records, room, max(0, end - start))
            if piece is None and not reader.ended:
                if self._open:
                    yield from self._send()
                    continue
                piece = reader.take_long_line()
            if piece is None:
                break
            batch = self._batch(number, piece, file.path)
            if len(batch.body) > self._size - self._open_bytes:
                # Records that are longer than their lines.
                self._growth = max(self._growth, len(batch.body) / len(piece.raw))
                reader.put_back(piece)
                if self._open:
                    yield from self._send()
                continue
            start = piece.end.offset
            yield from self._chunk(number, file.path, content, piece, batch)
        rest = reader.rest()
        finished = not (content.may_grow or content.cut_off)
        if content.cut_off or file.has_successor:
            finished = finished or self._now() - content.changed >= FINISHED_SECONDS
        if content.cut_off and finished:
            raise Damaged("is cut off: its end is missing")
        if rest is not None and (finished or not self._durable):
            batch = self._batch(number, rest, file.path)
            if batch.faults and not finished:
                self._warn(f"The last line of {file.path} is not finished, and was left out.")
            else:
                if len(batch.body) > self._size - self._open_bytes and self._open:
                    yield from self._send()
                yield from self._chunk(number, file.path, content, rest, batch)

    def _chunk(self, number: int, path: str, content: Content, piece: Piece, batch: Batch) -> Iterator[Post]:
        ahead = max(0, content.size() - piece.end.offset) + self._bytes_in_later_files
        entry = Entry(number, path, piece.end, batch.records)
        yield from self._add(Chunk(entry, batch, piece.start.offset, bytes_ahead=ahead))

    def _note(self, number: int, file: LogFile, content: Content) -> Iterator[Post]:
        """What spares the next run a look at the file, and tells it where the log is."""
        log = self._registry.logs.get(number)
        if not self._durable or log is None or log.in_doubt is not None or content.cut_off:
            return
        if content.file is not None or (number in self._rotated and log.path != file.path):
            yield from self._add(Chunk(Entry(number, file.path, log.sent, file=content.file)))

    def _batch(self, number: int, piece: Piece, path: str) -> Batch:
        end, records = self._valid.get((number, piece.start.offset), (0, 0))
        if end == piece.end.offset and not piece.unfinished:
            return Batch(piece.raw, records, as_it_stands=True)
        return self._format.batch(piece, path)

    def _add(self, chunk: Chunk) -> Iterator[Post]:
        """Put a chunk into the post, and yield the post when it is full.

        A chunk without records does not wait for the post, unless an earlier piece of its log is in it.
        """
        if chunk.entry is not None:
            self._registry.taken([chunk.entry])
        batch = chunk.batch
        waits = batch.records or (chunk.entry is not None and chunk.entry.log in self._open_logs)
        if batch.faults and not self._skip_invalid:
            yield from self._send()  # what stands before the line is sent
            waits = False
        if not waits:
            yield Post([chunk])
            return
        self._open.append(chunk)
        self._open_records += batch.records
        self._open_bytes += len(batch.body)
        self._open_faults += len(batch.faults)
        if chunk.entry is not None:
            self._open_logs.add(chunk.entry.log)
        if max(self._open_records, self._open_faults) >= self._records:
            yield from self._send()

    def _send(self) -> Iterator[Post]:
        if self._open:
            post = Post(self._open)
            self._open, self._open_logs = [], set()
            self._open_records = self._open_bytes = self._open_faults = 0
            yield post

    def _done(self, entry: Entry) -> Chunk:
        self._registry.taken([entry])
        return Chunk(entry)

    def _fault(self, path: str, line: int, reason: str) -> Iterator[Post]:
        yield from self._add(Chunk(None, Batch(b"", 0, (Fault(path, line, None, reason, b""),))))

    def _holds(self, path: str, known: Checkpoint) -> bool:
        """Whether a file's content is the same up to a checkpoint."""
        if not os.path.isfile(path):
            return False
        try:
            with closing(open_log(path, status(path))) as content:
                return known.is_in(content, content.read(0, FINGERPRINT_BYTES))
        except (Damaged, NotText):
            return False

    def _begins(self, path: str, known: Checkpoint) -> bool:
        return known.begins(self._head(path))

    def _head(self, path: str) -> bytes:
        try:
            with closing(open_log(path, status(path))) as content:
                return content.read(0, FINGERPRINT_BYTES)
        except (SourceError, Damaged, NotText):
            return b""

    def _why_not_read(self, path: str) -> str:
        try:
            open_log(path, status(path)).close()
        except (SourceError, NotText) as error:
            return str(error)
        except Damaged:
            pass
        return ""

    def _is_ignored(self, path: str) -> bool:
        """Whether a file that cannot be read was there before the log was followed."""
        file = file_id(status(path))
        return any(log.ignored and log.file == file for log in self._registry.logs.values())

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
