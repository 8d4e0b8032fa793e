# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What is in a log file, whether it is plain or compressed, and still being written or not.

Sizes and offsets are in bytes of the content before compression.
"""

from __future__ import annotations

import importlib
import io
import os
import zlib
from typing import Any, Tuple, Union

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import FINGERPRINT_BYTES

FileId = Tuple[int, int, int]
"""Inode, size, and time of the last change in nanoseconds: a file that has the same ones has the same content."""


class Rotated(Exception):
    """The files are no longer what they were when they were listed: list them again."""


class Damaged(MopsError):
    """A compressed file cannot be read any further."""


class SourceError(MopsError):
    """A log file cannot be read."""


class NotText(MopsError):
    """A file is no log: it is binary, or compressed with what this Python cannot read."""


class TextContent:
    """Content that is in memory."""

    file: FileId | None = None
    changed = 0.0
    may_grow = False
    cut_off = False

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

    file: FileId | None = None
    may_grow = True
    cut_off = False

    def __init__(self, path: str, file: int) -> None:
        self.path = path
        self.changed = os.fstat(file).st_mtime
        self._file = file
        self._head = self._pread(0, FINGERPRINT_BYTES)

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


class CompressedContent:
    """A compressed rotation: complete, unless it is just being written."""

    may_grow = False

    def __init__(self, path: str, file: int, compression: str, library: Any) -> None:
        """``library`` is the module that reads it: gzip or one with the same interface."""
        self.path = path
        self._compression = compression
        found = os.fstat(file)
        self.file: FileId | None = file_id(found)
        self.changed = found.st_mtime
        self.cut_off = False
        """The end of the file was found to be missing."""
        self._errors = tuple(
            getattr(library, name) for name in ("LZMAError", "ZstdError") if hasattr(library, name)
        ) + (OSError, zlib.error)
        self._file = file
        self._raw = io.FileIO(file, closefd=False)
        self._text = library.open(self._raw, "rb")
        self._head = b""
        self._last = (0, b"")
        self._head = self.read(0, FINGERPRINT_BYTES)

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
            more = self._text.seek(offset) == offset
            while more and len(data) < size:
                block = self._text.read1(size - len(data))  # unlike read(), it loses nothing where the file is cut off
                data += block
                more = bool(block)
        except EOFError:
            self.cut_off = True
        except self._errors as error:
            failure = getattr(error, "strerror", None) or str(error)
        if failure:
            raise Damaged(
                f"is damaged as {self._compression} ({failure}) after about {self._text.tell()} bytes of text"
            )
        return data

    def ends_at(self, offset: int) -> bool:
        """By the length at the end of the file, which only gzip writes."""
        return self._compression == "gzip" and self._length_at_the_end() == offset & 0xFFFFFFFF

    def size(self) -> int:
        """An estimate: what the end of the file says, which is of its last part and modulo 4 GiB."""
        compressed = os.fstat(self._file).st_size
        return max(compressed, self._length_at_the_end()) if self._compression == "gzip" else compressed * 10

    def close(self) -> None:
        self._text.close()
        self._raw.close()
        os.close(self._file)

    def _length_at_the_end(self) -> int:
        size = os.fstat(self._file).st_size
        return int.from_bytes(os.pread(self._file, 4, max(0, size - 4)), "little")


Content = Union[PlainContent, CompressedContent, TextContent]

_READABLE = (
    (b"\x1f\x8b", "gzip", "gzip"),
    (b"BZh", "bzip2", "bz2"),
    (b"\xfd7zXZ\0", "xz", "lzma"),
    (b"\x5d\0\0", "lzma", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zstd", "compression.zstd"),  # from Python 3.14 on
)
"""How a file begins, what it is compressed with, and the module that reads it."""
_NOT_READABLE = (
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x89LZO\0", "lzop"),
    (b"\x1f\x9d", "compress"),
)


def file_id(found: os.stat_result) -> FileId:
    return found.st_ino, found.st_size, found.st_mtime_ns


def status(path: str) -> os.stat_result:
    """Which file has the name at the moment. Raises `Rotated` where none has it."""
    try:
        return os.stat(path)
    except OSError:
        raise Rotated from None


def open_log(path: str, expected: os.stat_result) -> PlainContent | CompressedContent:
    """A file's content, compressed or not by what it is and not by its name.

    Raises `SourceError`, `Damaged`, `NotText`, and `Rotated` where another file has the name by now.
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
        try:
            if not os.path.samestat(os.fstat(file), expected):
                raise Rotated
            return _content(path, file)
        except (MopsError, Rotated):
            os.close(file)
            raise
    raise SourceError(f"{path} cannot be read: {failure.strerror}.")


def _content(path: str, file: int) -> PlainContent | CompressedContent:
    plain = PlainContent(path, file)
    head = plain.read(0, FINGERPRINT_BYTES)
    for magic, compression, name in _READABLE:
        if head.startswith(magic):
            try:
                library = importlib.import_module(name)
            except ImportError:
                raise NotText(f"it is compressed with {compression}, which this Python cannot read") from None
            return CompressedContent(path, file, compression, library)
    for magic, compression in _NOT_READABLE:
        if head.startswith(magic):
            raise NotText(f"it is compressed with {compression}, which cannot be read")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotText("it is UTF-16, not UTF-8")
    # Not what a writer leaves that goes on at its old place in a file that was cut to nothing, or a power cut.
    lines = head.lstrip(b"\0").split(b"\n")
    if 2 * sum(b"\0" in line for line in lines) > len(lines):
        raise NotText("it is binary: it holds NUL bytes")
    return plain
