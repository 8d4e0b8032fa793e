# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Log files as they are on gateways: rotated, truncated, compressed, and still being written.

Sizes and offsets are in bytes of the content before compression.
"""

from __future__ import annotations

import fnmatch
import glob
import gzip
import os
import re
import stat
import zlib
from dataclasses import dataclass
from typing import Iterator, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    PRINT_BYTES,
    Content,
    Mark,
    digest,
)

_BLOCK_BYTES = 512 * 1024


class Rotated(Exception):
    """The files are no longer what they were when they were listed: list them again."""


class Damaged(MopsError):
    """A compressed file cannot be read any further."""


class SourceError(MopsError):
    """A log file cannot be read."""


@dataclass(frozen=True)
class Piece:
    """Whole lines of a log, as many as fit into a post."""

    start: Mark
    end: Mark
    raw: bytes
    too_long: bool = False
    """It is one line, too long for a post, of which ``raw`` is only the beginning."""
    unfinished: bool = False
    """It is what follows the last line break, with one added."""


class TextContent:
    """Content that is in memory."""

    may_grow = False

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def ends_at(self, offset: int) -> bool:
        return offset == len(self._data)

    def size(self) -> int:
        return len(self._data)

    def close(self) -> None:
        pass


class PlainContent:
    """A file that may be written to, renamed, or cut to nothing and filled again while it is read."""

    may_grow = True

    def __init__(self, path: str, file: int) -> None:
        self.path = path
        self._file = file
        self._head = self._pread(0, PRINT_BYTES)

    def read(self, offset: int, size: int) -> bytes:
        """Raises `Rotated` where the file has been cut since it was opened."""
        data = self._pread(offset, size)
        # Looked at after reading: if the beginning is still the same now, the data was still of this generation.
        if self._pread(0, len(self._head)) != self._head:
            raise Rotated
        return data

    def ends_at(self, offset: int) -> bool:
        return False  # the same length can be another content

    def size(self) -> int:
        return os.fstat(self._file).st_size

    def close(self) -> None:
        os.close(self._file)

    def _pread(self, offset: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, offset)
        except OSError as error:
            failure = error
        raise SourceError(f"{self.path} cannot be read: {failure.strerror}.")


class GzipContent:
    """A compressed rotation: complete, unless gzip is just writing it."""

    may_grow = False

    def __init__(self, path: str, file: int) -> None:
        self.path = path
        self._raw = os.fdopen(file, "rb")
        self._gzip = gzip.GzipFile(fileobj=self._raw)
        self._head = b""
        self._last = (0, b"")
        self._head = self.read(0, PRINT_BYTES)

    def read(self, offset: int, size: int) -> bytes:
        """Quick for what is ahead, and for what was read last. Raises `Damaged`."""
        if offset + size <= len(self._head):
            return self._head[offset : offset + size]
        at, data = self._last
        data = data[offset - at : offset - at + size] if at <= offset else b""
        if len(data) < size:
            data += self._decompressed(offset + len(data), size - len(data))
            self._last = (offset, data)
        return data

    def _decompressed(self, offset: int, size: int) -> bytes:
        failure = ""
        data = b""
        try:
            more = self._gzip.seek(offset) == offset
            while more and len(data) < size:
                chunk = self._gzip.read1(size - len(data))  # unlike read(), it loses nothing where the file is cut off
                data += chunk
                more = bool(chunk)
        except EOFError:
            pass  # gzip has not finished it, or never will
        except (OSError, zlib.error) as error:
            failure = getattr(error, "strerror", None) or str(error)
        if failure:
            raise Damaged(f"is damaged as gzip ({failure}) after about {self._gzip.tell()} bytes of text")
        return data

    def ends_at(self, offset: int) -> bool:
        """By the length at the end of the file."""
        size = os.fstat(self._raw.fileno()).st_size
        return int.from_bytes(os.pread(self._raw.fileno(), 4, max(0, size - 4)), "little") == offset & 0xFFFFFFFF

    def size(self) -> int:
        """An estimate: what the end of the file says, which is of its last part and modulo 4 GiB."""
        compressed = os.fstat(self._raw.fileno()).st_size
        return max(compressed, int.from_bytes(os.pread(self._raw.fileno(), 4, max(0, compressed - 4)), "little"))

    def close(self) -> None:
        self._gzip.close()
        self._raw.close()


def identity(path: str) -> tuple[int, int]:
    """Which file has the name at the moment. Raises `Rotated` where none has it."""
    try:
        found = os.stat(path)
    except OSError:
        raise Rotated from None
    return found.st_dev, found.st_ino


def opened(path: str, expected: tuple[int, int]) -> PlainContent | GzipContent:
    """A file's content, compressed or not by what it is and not by its name.

    Raises `SourceError`, and `Rotated` where another file has the name by now.
    """
    failure: OSError
    try:
        # Not to wait for a writer where the name has become a pipe's.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Rotated from None
    except OSError as error:
        failure = error
    else:
        found = os.fstat(file)
        if (found.st_dev, found.st_ino) != expected:
            os.close(file)
            raise Rotated
        return GzipContent(path, file) if os.pread(file, 2, 0) == b"\x1f\x8b" else PlainContent(path, file)
    raise SourceError(f"{path} cannot be read: {failure.strerror}.")


def pieces(
    content: Content, start: Mark, *, lines: int, size: int, complete: bool, lengths: Mapping[int, int] | None = None
) -> Iterator[Piece]:
    """The content from a mark on, in pieces of at most so many lines and bytes.

    What follows the last line break is a piece only where the content is ``complete``. ``lengths`` are those of pieces
    that were read before, by their offsets, and save time.
    """
    before = content.read(start.offset - min(start.offset, PRINT_BYTES), min(start.offset, PRINT_BYTES))
    mark, buffer, count, ended = start, b"", 0, False
    length = 0
    while True:
        # Lines are much alike: a read as long as the last piece, and a little longer, has the next one whole.
        likely = (lengths or {}).get(mark.offset, min(size, length + length // 32))
        while not ended and len(buffer) < size and count < lines:
            block = content.read(
                mark.offset + len(buffer), likely - len(buffer) if likely > len(buffer) else _BLOCK_BYTES
            )
            buffer, count, ended = buffer + block, count + block.count(b"\n"), not block
            if buffer.startswith(b"\0"):
                # What a writer leaves that goes on at its old place in a file that was cut to nothing.
                hole = len(buffer) - len(buffer.lstrip(b"\0"))
                before = _end(before, buffer[:hole])
                mark, buffer = _mark(content, mark.offset + hole, mark.lines, before), buffer[hole:]
        cut, number = _whole_lines(buffer, count, lines, size)
        if cut:
            # What is read too much is read once more with the next piece: quicker than to put a large one together.
            raw, buffer, length = buffer[:cut], buffer[cut:] if ended else b"", cut
            before = _end(before, raw)
        elif len(buffer) >= size:
            raw, length, before, buffer = _long_line(content, mark.offset, buffer, before)
            number, count = 1, buffer.count(b"\n") + 1
        else:
            break
        if not length:
            return
        end = _mark(content, mark.offset + length, mark.lines + number, before)
        yield Piece(mark, end, raw, too_long=not cut)
        mark, count = end, count - number if buffer else 0
    if complete and buffer:
        before = _end(before, buffer)
        yield Piece(
            mark, _mark(content, mark.offset + len(buffer), mark.lines + 1, before), buffer + b"\n", unfinished=True
        )


def listed(src: Sequence[str], shipped: Sequence[str] = ()) -> list[str]:
    """The files to ship, each once: as in ``src``, and of each log its rotations before it, the oldest first.

    A glob stands for what it matches. A plain path that is among those ``shipped`` before stands for itself and for its
    rotations: what is in them and was not sent yet was in it once. Raises `InvalidOption` for what is not there.
    """
    paths: list[str] = []
    for pattern in src:
        if glob.has_magic(pattern) and not os.path.exists(pattern):
            found = sorted((path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)), key=age_key)
            if not found and not any(_matches(pattern, path) for path in shipped):
                raise InvalidOption(f"No file matches {pattern}.")
            paths += found
        elif pattern in shipped:
            paths += sorted(rotations(pattern), key=age_key)
            if os.path.exists(pattern):  # else it is between being rotated and being opened again
                paths.append(pattern)
        else:
            _check_file(pattern)
            paths.append(pattern)
    return list({os.path.realpath(path): path for path in reversed(paths)}.values())[::-1]


def rotations(path: str) -> list[str]:
    """The files beside a log that have the name of a rotation of it, in no order."""
    folder, name = os.path.split(path)
    if family(name) != name:
        return []
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []
    return [os.path.join(folder, other) for other in names if other != name and family(other) == name]


def family(name: str) -> str:
    """A log file's name without what its rotations add: behind it a number or a date, or a date before its ending."""
    parts = _PARTS(name)
    return parts["log"] + (parts["ending"] or "") if parts else name


def age_key(path: str) -> tuple[str, int, tuple[int, ...], str]:
    """Sorts the files of a log by age, the oldest first, the log itself last, as logrotate and the like name them.

    Numbers count backwards from the newest; dates, and a number behind a date, forwards.
    """
    folder, name = os.path.split(path)
    parts = _PARTS(name)
    log = os.path.join(folder, family(name))
    if not parts:
        return (log, 2, (), name)
    added = parts["suffix"] or parts["date"]
    date = re.match(_DAY, added)
    if date:
        rest = re.findall("[0-9]+", added[date.end() :])
        return (log, 0, tuple(map(int, ["".join(date.groups("00")), *rest])), name)
    return (log, 1, tuple(-int(number) for number in re.findall("[0-9]+", added)), name)


_DAY = r"[._-]((?:19|20)[0-9]{2})[._-]?([0-9]{2})(?:[._-]?([0-9]{2})(?![0-9]))?"
_DATE = r"[._-](?:19|20)[0-9]{2}[._-]?[0-9]{2}(?:[._T:-]?[0-9]+)*"
# A mere number before the ending is no rotation: access-8443.log is the log of another port.
_PARTS = re.compile(
    r"(?P<log>.+?)(?:(?P<suffix>[._-][0-9]+(?:[._T:-]?[0-9]+)*)|(?P<date>"
    + _DATE
    + r")(?P<ending>\.[A-Za-z]+))(?:\.gz)?"
).fullmatch


def _matches(pattern: str, path: str) -> bool:
    return os.path.dirname(pattern) == os.path.dirname(path) and fnmatch.fnmatch(path, pattern)


def _check_file(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        failure = f"The log file {path} cannot be read: {error.strerror}."
    else:
        if stat.S_ISREG(mode):
            return
        failure = f"{path} is {'a directory' if stat.S_ISDIR(mode) else 'no regular file'}, not a log file."
    raise InvalidOption(failure)


def _mark(content: Content, offset: int, lines: int, before: bytes) -> Mark:
    head = content.read(0, min(offset, PRINT_BYTES))
    return Mark(offset, lines, digest(head), digest(before))


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


def _long_line(content: Content, offset: int, buffer: bytes, before: bytes) -> tuple[bytes, int, bytes, bytes]:
    """Skip a line of any length that begins with ``buffer``, and behind ``before``.

    Returns its beginning, its length (0 where it has no end yet), the bytes before its end, and what was read behind.
    """
    beginning, length = buffer[:PRINT_BYTES].partition(b"\n")[0], 0
    while b"\n" not in buffer:
        length += len(buffer)
        before = _end(before, buffer)
        buffer = content.read(offset + length, _BLOCK_BYTES)
        if not buffer:
            return beginning, 0, b"", b""
    end = buffer.index(b"\n") + 1
    return beginning, length + end, _end(before, buffer[:end]), buffer[end:]


def _end(before: bytes, more: bytes) -> bytes:
    """The last bytes of both, of which a print is taken."""
    return more[-PRINT_BYTES:] if len(more) >= PRINT_BYTES else (before + more)[-PRINT_BYTES:]
