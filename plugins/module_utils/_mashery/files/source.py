# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A log read from a checkpoint on, in pieces of whole lines. Sizes and offsets are in bytes before compression."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import Content
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    FINGERPRINT_BYTES,
    Checkpoint,
    fingerprint,
)

_BLOCK_BYTES = 512 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Piece:
    """Whole lines of a log, as many as fit into a post."""

    start: Checkpoint
    end: Checkpoint
    raw: bytes
    too_long: bool = False
    """It is one line, too long for a post, of which ``raw`` is only the beginning."""
    unfinished: bool = False
    """It is what follows the last line break, with one added."""


class LineReader:
    """Reads a content on from a checkpoint. Its methods raise what the content's do."""

    def __init__(self, content: Content, start: Checkpoint) -> None:
        self._content = content
        self._checkpoint = start
        size = min(start.offset, FINGERPRINT_BYTES)
        self._before = content.read(start.offset - size, size)
        """The last bytes before the checkpoint, of which a fingerprint is taken."""
        self._before_last = self._before
        """The same before the last piece."""
        self._buffer = b""
        """What is behind the checkpoint, as far as it was read."""
        self._breaks = 0
        """Line breaks in the buffer."""
        self._read_all = False
        self._line_bytes = 0.0
        """The average length of a line in the last piece."""
        self._rest: Piece | None = None

    @property
    def ended(self) -> bool:
        """Whether no whole line is left."""
        return self._read_all and not self._breaks

    def take(self, lines: int, size: int, likely: int = 0) -> Piece | None:
        """The next lines, at most so many and so many bytes; None where the next one is longer, or has no end yet.

        ``likely`` is how many bytes they will probably have, where that is known: it saves time.
        """
        self._fill(lines, size, likely or min(size, int(self._line_bytes * lines * 33 / 32)))
        length, number = _whole_lines(self._buffer, self._breaks, lines, size)
        if not length:
            return None
        raw = self._buffer[:length]
        # What is read too much is read once more with the next piece: quicker than to put a large one together.
        rest = self._buffer[length:] if self._read_all else b""
        self._line_bytes = length / number
        return self._advance(Piece(self._checkpoint, self._behind(raw, length, number), raw), raw, rest, number)

    def put_back(self, piece: Piece) -> None:
        """Undo the last `take`."""
        self._checkpoint, self._before = piece.start, self._before_last
        self._buffer = piece.raw + self._buffer if self._read_all else b""
        self._breaks = self._buffer.count(b"\n")

    def take_long_line(self) -> Piece | None:
        """A single line of any length, of which only the beginning is kept; None where it has no end yet."""
        start, beginning, length = self._checkpoint, self._buffer[:FINGERPRINT_BYTES].partition(b"\n")[0], 0
        while b"\n" not in self._buffer:
            length += len(self._buffer)
            self._before = _end(self._before, self._buffer)
            self._buffer = self._content.read(start.offset + length, _BLOCK_BYTES)
            if not self._buffer:
                self._read_all, self._breaks = True, 0
                self._rest = Piece(start, self._behind(b"", length, 1), beginning, too_long=True, unfinished=True)
                return None
        self._breaks = self._buffer.count(b"\n")
        end = self._buffer.index(b"\n") + 1
        raw, rest = self._buffer[:end], self._buffer[end:]
        piece = Piece(start, self._behind(raw, length + end, 1), beginning, too_long=True)
        return self._advance(piece, raw, rest if self._read_all else b"", 1)

    def rest(self) -> Piece | None:
        """What follows the last line break, with one added."""
        if self._rest is None and self.ended and self._buffer:
            raw = self._buffer
            end = self._behind(raw, len(raw), 1)
            return Piece(self._checkpoint, end, raw + b"\n", unfinished=True)
        return self._rest

    def _fill(self, lines: int, size: int, likely: int) -> None:
        while not self._read_all and len(self._buffer) < size and self._breaks < lines:
            wanted = likely - len(self._buffer) if likely > len(self._buffer) else _BLOCK_BYTES
            block = self._content.read(self._checkpoint.offset + len(self._buffer), wanted)
            self._buffer, self._breaks = self._buffer + block, self._breaks + block.count(b"\n")
            self._read_all = not block
            if self._buffer.startswith(b"\0"):
                # What a writer leaves that goes on at its old offset in a file that was cut to nothing.
                self._pass_over(len(self._buffer) - len(self._buffer.lstrip(b"\0")))
            if not self._checkpoint.offset and self._buffer.startswith(_BYTE_ORDER_MARK):
                self._pass_over(len(_BYTE_ORDER_MARK))

    def _pass_over(self, length: int) -> None:
        skipped, self._buffer = self._buffer[:length], self._buffer[length:]
        self._checkpoint = self._behind(skipped, length, 0)
        self._before = _end(self._before, skipped)

    def _advance(self, piece: Piece, raw: bytes, rest: bytes, number: int) -> Piece:
        self._checkpoint = piece.end
        self._before_last = self._before
        self._before = _end(self._before, raw)
        self._buffer = rest
        self._breaks = self._breaks - number if rest else 0
        return piece

    def _behind(self, raw: bytes, length: int, lines: int) -> Checkpoint:
        """The checkpoint behind so many bytes and lines, the last of which are ``raw``."""
        offset = self._checkpoint.offset + length
        head = self._content.read(0, min(offset, FINGERPRINT_BYTES))
        tail = fingerprint(_end(self._before, raw))
        return Checkpoint(offset, self._checkpoint.lines + lines, fingerprint(head), tail)


def _whole_lines(buffer: bytes, count: int, lines: int, size: int) -> tuple[int, int]:
    """Where the last of the whole lines ends that are at most so many and so long, and how many those are.

    ``count`` is the number of line breaks in the buffer.
    """
    if count > lines:
        # Lines are much alike: a guess and a few steps from there, since counting is what takes time here.
        end = len(buffer) * lines // count
        count -= buffer.count(b"\n", end)
        while count < lines:
            end, count = buffer.index(b"\n", end) + 1, count + 1
        while count > lines:
            end, count = buffer.rindex(b"\n", 0, end), count - 1
    else:
        end = len(buffer)
    end = buffer.rfind(b"\n", 0, end) + 1
    if end <= size:
        return end, count
    end = buffer.rfind(b"\n", 0, size) + 1
    return end, buffer.count(b"\n", 0, end)


def _end(before: bytes, more: bytes) -> bytes:
    """The last bytes of both, of which a fingerprint is taken."""
    return more[-FINGERPRINT_BYTES:] if len(more) >= FINGERPRINT_BYTES else (before + more)[-FINGERPRINT_BYTES:]
