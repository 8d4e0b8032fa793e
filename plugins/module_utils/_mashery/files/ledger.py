# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What of which log was sent: a journal that survives a kill, a power cut and a full disk.

A log is one generation of a log file, known by its content and not by its name or inode: by a digest of its first
bytes and a digest of the last bytes before a place in it. Whatever a rotation does with names, inodes and compression,
these stay.

The journal has a line for each post::

    ? 1a2b3c4d {"log": 3, "path": "/var/log/gateway/access.log", "to": [2049, 10, "…", "…"], "records": 10, "again": 0}

It is on the disk before the post goes out. Its first character is then changed in place: ``+`` the service has taken
the post, ``-`` it has not. A line that still says ``?`` when the ledger is opened is a post of which nobody knows. The
change in place needs no room, so that a disk which fills up meanwhile cannot turn a certainty into a doubt. The eight
hexits are the CRC-32 of the rest of the line, by which a torn or damaged line is recognised.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import zlib
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Protocol

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError

PRINT_BYTES = 4096
"""How much of a log's beginning, and of what is before a place in it, is looked at to know it again."""

COMPACT_LINES = 2000
"""A journal with more lines is written anew, with what still counts, when it is opened."""

_HEADER = {"mashery_ledger": 1}


class LedgerError(MopsError):
    """The ledger cannot be used; nothing is sent without it."""


class Content(Protocol):
    """What a log holds."""

    def read(self, offset: int, size: int) -> bytes:
        """As many of ``size`` bytes from ``offset`` as there are."""

    def ends_at(self, offset: int) -> bool:
        """Whether the content is known to end there; False where that is not to be had cheaply."""


@dataclass(frozen=True)
class Mark:
    """A place in a log, right behind a line, known again by the bytes around."""

    offset: int
    """In bytes, of the content before compression."""
    lines: int
    """Lines before the place."""
    head: str
    """Digest of the log's first `PRINT_BYTES`, or of all that is before the place."""
    tail: str
    """Digest of the last `PRINT_BYTES` before the place, or of all that is before it."""

    def is_in(self, content: Content, head: bytes) -> bool:
        """Whether the content is the same up to here. ``head`` is its beginning."""
        if not self.begins(head):
            return False
        if self.offset <= PRINT_BYTES or content.ends_at(self.offset):
            return True
        return digest(content.read(self.offset - PRINT_BYTES, PRINT_BYTES)) == self.tail

    def begins(self, head: bytes) -> bool:
        """Whether a content with this beginning has the same as the one that the mark was made in."""
        return len(head) >= min(self.offset, PRINT_BYTES) and digest(head[: self.offset]) == self.head


START = Mark(0, 0, "", "")


@dataclass(frozen=True)
class Log:
    """One generation of a log file."""

    path: str
    """Where it was when it was last looked at."""
    sent: Mark = START
    """Everything before is done with."""
    doubt: Mark | None = None
    """Where the post ended of which nobody knows whether it was taken; it began at ``sent``."""
    doubtful_records: int = 0
    ignored: bool = False
    """It was there, rotated, before the ledger was: never to be sent."""

    @property
    def known(self) -> Mark:
        """The furthest place at which its content is known."""
        return self.doubt or self.sent


@dataclass(frozen=True)
class Entry:
    """One line of the journal: with its post, ``log`` is done with up to ``to``."""

    log: int
    path: str
    to: Mark
    records: int = 0
    again: int = 0
    """Records of this post that the service may have taken before."""
    ignored: bool = False


@dataclass
class Book:
    """What a ledger says, as far as it was read or written."""

    logs: dict[int, Log] = field(default_factory=dict)
    unreported: int = 0
    """Records possibly sent twice of which no run's result has told yet."""

    def copy(self) -> Book:
        return Book(dict(self.logs), self.unreported)

    def followed(self) -> set[str]:
        """Paths of which log files were looked at before."""
        return {log.path for log in self.logs.values() if not log.ignored}

    def possibly_taken(self, number: int) -> int:
        """Records of a log's next post that the service may have taken already."""
        log = self.logs.get(number)
        return log.doubtful_records if log and log.doubt else 0

    def new(self) -> int:
        """The number for a log that was not known."""
        return max(self.logs, default=0) + 1

    def sending(self, entry: Entry) -> None:
        log = self.logs.get(entry.log) or Log(entry.path)
        self.unreported += entry.again
        self.logs[entry.log] = replace(log, path=entry.path, doubt=entry.to, doubtful_records=entry.records)

    def taken(self, entry: Entry) -> None:
        self.logs[entry.log] = Log(entry.path, entry.to, ignored=entry.ignored)

    def not_taken(self, entry: Entry, before: Log | None) -> None:
        self.unreported -= entry.again
        if before is None:
            self.logs.pop(entry.log, None)
        else:
            self.logs[entry.log] = before

    def recognise(self, content: Content, path: str, seen: Iterable[int] = ()) -> int | None:
        """Which log a file's content is, or None where it is a new one.

        ``seen`` are the logs of which a file was found already, by their whole content.
        """
        head = content.read(0, PRINT_BYTES)
        same = [number for number, log in self.logs.items() if log.known.is_in(content, head)]
        if same:
            return max(same, key=lambda number: self.logs[number].known.offset)
        for number, log in self.logs.items():
            # Same beginning, but shorter than what was sent. Under its old name, or beside the whole log, it is a new
            # generation that happens to begin alike; under another name, a copy that copy-truncate took too early.
            if log.known.begins(head) and log.path != path and number not in seen:
                return number
        return None


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


class Ledger:
    """The journal on the disk, for one run at a time. Raises `LedgerError`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.book = Book()
        self.warnings: list[str] = []
        self._length = 0
        self._open: tuple[Entry, int, Log | None] | None = None
        self._file = self._locked()
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def sending(self, entry: Entry) -> None:
        """Write down that a post is about to go out; returns when that is on the disk."""
        place = self._length
        self._append(_line("?", _entry_fields(entry)))
        self._open = (entry, place, self.book.logs.get(entry.log))
        self.book.sending(entry)

    def taken(self) -> None:
        """Write down that the service has taken the post."""
        entry, _before = self._settle(b"+")
        self.book.taken(entry)

    def not_taken(self) -> None:
        """Write down that the service has not taken the post."""
        entry, before = self._settle(b"-")
        self.book.not_taken(entry, before)

    def skip(self, entry: Entry) -> None:
        """Write down that a log is done with up to a place without a post."""
        self._append(_line("+", _entry_fields(entry)))
        self.book.taken(entry)

    def report(self) -> int:
        """Records possibly sent twice since the last report."""
        count = self.book.unreported
        if count:
            try:
                self._append(_line("+", {"reported": count}))
            except LedgerError:
                pass  # told again by the next run, which is better than not at all
            else:
                self.book.unreported = 0
        return count

    def _locked(self) -> int:
        failure = ""
        for _attempt in range(100):
            try:
                file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                failure = f"cannot be opened: {error.strerror}"
                break
            if not stat.S_ISREG(os.fstat(file).st_mode):
                os.close(file)
                failure = "is no regular file"
                break
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(file), os.stat(self.path)):
                    return file
                # Another run has written it anew between opening and locking.
                os.close(file)
            except BlockingIOError:
                os.close(file)
                failure = "is in use by another run; only one at a time may use it"
                break
            except FileNotFoundError:
                os.close(file)
            except OSError as error:
                os.close(file)
                failure = f"cannot be locked: {error.strerror}"
                break
        raise LedgerError(f"The ledger {self.path} {failure or 'is being replaced all the time'}. Nothing was sent.")

    def _load(self) -> None:
        try:
            data = _read_all(self._file)
        except OSError as error:
            raise LedgerError(f"The ledger {self.path} cannot be read: {error.strerror}. Nothing was sent.") from None
        self.book, lines, damage = replay(self.path, data)
        self._length = len(data)
        if damage:
            self.warnings.append(damage)
        if damage or lines == 0 or lines > COMPACT_LINES:
            self._rewrite()

    def _append(self, line: bytes) -> None:
        try:
            os.lseek(self._file, self._length, os.SEEK_SET)
            _write_all(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            failure = error
        else:
            self._length += len(line)
            return
        try:
            os.ftruncate(self._file, self._length)  # takes no room
        except OSError:
            pass  # what is torn will be recognised
        raise LedgerError(
            f"The ledger {self.path} cannot be written: {failure.strerror}. Without it nothing more is sent; "
            "the next run goes on from here."
        )

    def _settle(self, state: bytes) -> tuple[Entry, Log | None]:
        if self._open is None:
            raise AssertionError("The ledger is not open.")
        entry, place, before = self._open
        try:
            os.pwrite(self._file, state, place)
            _sync_data(self._file)
        except OSError as error:
            failure = error
        else:
            self._open = None
            return entry, before
        raise LedgerError(
            f"The ledger {self.path} cannot be written: {failure.strerror}. The last post is in doubt for the next run."
        )

    def _rewrite(self) -> None:
        """Put a journal with what still counts in the place of this one, all or nothing."""
        data = b"".join(_snapshot(self.book))
        path = os.path.realpath(self.path)
        try:
            old = os.fstat(self._file)
            new = os.open(path + ".new", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(new, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.fchmod(new, old.st_mode & 0o7777)
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(new, old.st_uid, old.st_gid)
                _write_all(new, data)
                os.fsync(new)
                os.rename(path + ".new", path)
                _sync_directory(path)
            except BaseException:
                os.close(new)
                raise
        except OSError as error:
            failure = error
        else:
            os.close(self._file)
            self._file, self._length = new, len(data)
            return
        raise LedgerError(f"The ledger {self.path} cannot be written: {failure.strerror}. Nothing was sent.")


class NoLedger:
    """Remembers for this run only."""

    def __init__(self, book: Book | None = None) -> None:
        self.book = book or Book()
        self.warnings: list[str] = []
        self._open: tuple[Entry, Log | None] | None = None

    def close(self) -> None:
        pass

    def sending(self, entry: Entry) -> None:
        self._open = (entry, self.book.logs.get(entry.log))
        self.book.sending(entry)

    def taken(self) -> None:
        if self._open is None:
            raise AssertionError("The ledger is not open.")
        self.book.taken(self._open[0])

    def not_taken(self) -> None:
        if self._open is None:
            raise AssertionError("The ledger is not open.")
        self.book.not_taken(*self._open)

    def skip(self, entry: Entry) -> None:
        self.book.taken(entry)

    def report(self) -> int:
        count, self.book.unreported = self.book.unreported, 0
        return count


def read_only(path: str) -> NoLedger:
    """What a ledger says, without touching it. Raises `LedgerError`, also where a run is using it."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return NoLedger()
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be read: {error.strerror}.") from None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        data = _read_all(file)
    except BlockingIOError:
        raise LedgerError(f"The ledger {path} is in use by another run; what would be sent depends on it.") from None
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be read: {error.strerror}.") from None
    finally:
        os.close(file)
    book, _lines, damage = replay(path, data)
    ledger = NoLedger(book)
    ledger.warnings += [damage] if damage else []
    return ledger


def replay(path: str, data: bytes) -> tuple[Book, int, str]:
    """What a journal says, how many lines it has, and what is wrong with it, or "".

    A damaged line costs what it held and nothing else. Raises `LedgerError` where this is no ledger at all.
    """
    lines = data.split(b"\n")
    torn = lines.pop()
    header = _line("+", _HEADER)
    is_ledger = lines[0] + b"\n" == header if lines else header.startswith(torn)
    if not is_ledger:
        raise LedgerError(f"The file {path} is no ledger, and is left as it is. Name another one.")
    book = Book()
    damaged = sum(not _apply(book, line) for line in lines[1:]) + bool(torn)
    if not damaged:
        return book, len(lines), ""
    return (
        book,
        len(lines),
        f"The ledger {path} is damaged: {damaged} of its lines cannot be read, as after a power cut or a full disk. "
        "Everything else that it says is in use; only the posts of those lines may be sent a second time.",
    )


def _apply(book: Book, line: bytes) -> bool:
    """Carry the book on by a line; False where the line is damaged."""
    found = _LINE.fullmatch(line)
    if not found or int(found[2], 16) != zlib.crc32(found[3]):
        return False
    fields = json.loads(found[3])
    if "reported" in fields:
        book.unreported = max(0, book.unreported - fields["reported"])
        return True
    entry = Entry(
        fields["log"],
        fields["path"],
        Mark(*fields["to"]),
        fields["records"],
        fields["again"],
        fields.get("ignored", False),
    )
    if found[1] == b"?":
        book.sending(entry)
    elif found[1] == b"+":
        book.unreported += entry.again
        book.taken(entry)
    return True


_LINE = re.compile(rb"([?+-]) ([0-9a-f]{8}) (\{.*\})", re.DOTALL)


def _line(state: str, fields: dict[str, Any]) -> bytes:
    text = json.dumps(fields).encode("ascii")
    return f"{state} {zlib.crc32(text):08x} ".encode("ascii") + text + b"\n"


def _entry_fields(entry: Entry) -> dict[str, Any]:
    mark = entry.to
    fields: dict[str, Any] = {
        "log": entry.log,
        "path": entry.path,
        "to": [mark.offset, mark.lines, mark.head, mark.tail],
        "records": entry.records,
        "again": entry.again,
    }
    if entry.ignored:
        fields["ignored"] = True
    return fields


def _snapshot(book: Book) -> Iterable[bytes]:
    yield _line("+", _HEADER)
    again = book.unreported
    for number, log in book.logs.items():
        if log.sent != START or log.doubt is None:
            yield _line("+", _entry_fields(Entry(number, log.path, log.sent, again=again, ignored=log.ignored)))
            again = 0
        if log.doubt is not None:
            yield _line("?", _entry_fields(Entry(number, log.path, log.doubt, log.doubtful_records, again=again)))
            again = 0


def _read_all(file: int) -> bytes:
    data = bytearray()
    while True:
        block = os.pread(file, 1 << 20, len(data))
        if not block:
            return bytes(data)
        data += block


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_data(file: int) -> None:
    """What fsync does, with less to write where a byte was replaced and the file's length stays. Not on macOS."""
    getattr(os, "fdatasync", os.fsync)(file)


def _sync_directory(path: str) -> None:
    directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
