# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Where collected events are kept, so that each is written once whatever ends a run.

A batch is staged in a file of its own. Then the state file says where it goes and which page comes after it, then it
goes there, and then the state file says that it is there. A run that was ended in between leaves a staged batch, and
the next one begins by finishing it: what of it had been written is found by comparing. Only where the destination is
not what it was (somebody has rotated or cut it), the batch is written once more, and its events are counted as
possibly duplicated.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from typing import IO, Any, Iterator, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._lock import Locked, locked
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace

_VERSION = 1
_PART_BYTES = 1 << 20


class EventFilesError(MopsError):
    """The state file or the destination cannot be read or written, or another run is at work."""


class Recovered(NamedTuple):
    """What was left of an earlier run."""

    events: int
    """Of the batch that was finished now."""
    possibly_duplicated: int


class EventFiles:
    """The destination and the state file. Use it as a context manager: one run at a time has it.

    With ``layout`` ``append`` the destination is one file, rotated before it would grow beyond ``rotate_bytes``; with
    ``batches`` it is a folder that gets one file a batch.
    """

    def __init__(self, dest: str, *, layout: str, state_file: str | None, rotate_bytes: int) -> None:
        """Raises `InvalidOption` where nothing can be written there."""
        self._append = layout == "append"
        self._dest = os.path.realpath(dest)
        self._folder = os.path.dirname(self._dest) if self._append else self._dest
        self._rotate_bytes = rotate_bytes
        default = f"{self._dest}.state" if self._append else os.path.join(self._dest, ".state")
        self.state_file = os.path.realpath(state_file) if state_file else default
        self._staged = os.path.join(self._folder, f".{os.path.basename(self._dest)}.staged")
        self._state: dict[str, Any] = {}
        self.files: list[str] = []
        """Those that got events, in their order."""
        self._check_writable()

    def _check_writable(self) -> None:
        if self._rotate_bytes < 0:
            raise InvalidOption(f"rotate_bytes must be a number of bytes from 0 on, not {self._rotate_bytes}.")
        if self._append and os.path.isdir(self._dest):
            raise InvalidOption(f"dest {self._dest} is a folder: with layout append it must be a file.")
        for option, folder in (("dest", self._folder), ("state_file", os.path.dirname(self.state_file))):
            if not os.path.isdir(folder):
                raise InvalidOption(f"{option} cannot be written: there is no folder {folder}.")
            if not os.access(folder, os.W_OK | os.X_OK):
                raise InvalidOption(f"{option} cannot be written: the folder {folder} may not be written to.")

    @contextmanager
    def locked(self) -> Iterator[EventFiles]:
        """Keep other runs away, and read the state. Raises `EventFilesError`."""
        with ExitStack() as held:
            try:
                with _explained(f"The state file {self.state_file}"):
                    held.enter_context(locked(f"{self.state_file}.lock"))
            except Locked as error:
                raise EventFilesError(
                    f"Another run collects events into {self._dest} ({error}; it holds {self.state_file}.lock)."
                ) from None
            self._state = self._read_state()
            yield self

    def token(self, kind: str) -> str | None:
        """The page to begin with, None where nothing of this type was collected yet."""
        token: str | None = self._entry(kind).get("next_page")
        return token

    def since(self, kind: str) -> datetime | None:
        """Before when events of this type are left out."""
        text = self._entry(kind).get("since")
        return None if text is None else datetime.fromisoformat(text)

    def begin(self, kind: str, since: datetime | None, token: str | None) -> None:
        """Remember where the collection of a type begins. Raises `EventFilesError`."""
        entry = {"next_page": token, **({} if since is None else {"since": since.isoformat()})}
        self._state["types"][kind] = entry
        self._save_state()

    def advance(self, kind: str, token: str | None) -> None:
        """Remember the next page where a page held nothing to write. Raises `EventFilesError`."""
        if token != self.token(kind):
            self._entry(kind)["next_page"] = token
            self._save_state()

    @contextmanager
    def staging(self) -> Iterator[IO[bytes]]:
        """The file in which the next batch is staged. Raises `EventFilesError` for what goes wrong with writing it."""
        with _explained(f"The events for {self._dest}"), open(self._staged, "w+b", opener=_private) as file:
            yield file

    def keep(self, kind: str, events: int, token: str | None) -> None:
        """Let the staged batch become part of the destination; ``token`` is the next page. Raises `EventFilesError`."""
        with _explained(f"The events for {self._dest}"):
            _fsync(self._staged)
            entry = self._entry(kind)
            entry["batch"] = int(entry.get("batch", 0)) + 1
            target = self._target(kind, entry["batch"])
            size = os.path.getsize(self._staged)
            stat = os.stat(target) if self._append and os.path.exists(target) else None
            self._state["pending"] = {
                "type": kind,
                "next_page": token,
                "file": target,
                "events": events,
                "size": size,
                "offset": 0 if stat is None else stat.st_size,
                "inode": None if stat is None else stat.st_ino,
            }
        self._save_state()
        self._finish()

    def recover(self) -> Recovered:
        """Finish what an earlier run has left. Raises `EventFilesError`."""
        pending = self._state.get("pending")
        if pending is None:
            _unlink(self._staged)
            return Recovered(0, 0)
        if self._append and not os.path.exists(self._staged):
            # Somebody has removed it. Its page is fetched again, whatever of it had been written.
            del self._state["pending"]
            self._save_state()
            return Recovered(0, int(pending["events"]))
        doubtful = self._finish()
        return Recovered(int(pending["events"]), int(pending["events"]) if doubtful else 0)

    def _finish(self) -> bool:
        """Carry out what is pending. Whether some of it may have been written twice."""
        pending = self._state["pending"]
        with _explained(f"The events for {self._dest}"):
            doubtful = self._write_rest(pending) if self._append else self._rename(pending)
        self.files = list(dict.fromkeys([*self.files, pending["file"]]))
        del self._state["pending"]
        self._entry(pending["type"])["next_page"] = pending["next_page"]
        self._save_state()
        _unlink(self._staged)
        return doubtful

    def _rename(self, pending: dict[str, Any]) -> bool:
        # Where it is not staged any more, it has its name already, whoever may have taken it away since.
        if os.path.exists(self._staged):
            os.replace(self._staged, pending["file"])
            _fsync(self._folder)
        return False

    def _write_rest(self, pending: dict[str, Any]) -> bool:
        """Append what is not yet in the destination. Whether that is in doubt, so that all of it was appended."""
        with open(self._staged, "rb") as staged, open(pending["file"], "a+b", opener=_private) as file:
            stat = os.fstat(file.fileno())
            known = pending["inode"] in (None, stat.st_ino)
            written = (
                _common_length(file, pending["offset"], staged, stat.st_size - pending["offset"]) if known else None
            )
            staged.seek(written or 0)
            for part in iter(lambda: staged.read(_PART_BYTES), b""):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        _fsync(self._folder)
        return written is None

    def _target(self, kind: str, number: int) -> str:
        """The file that gets the next batch; one that would grow too large is rotated first."""
        if not self._append:
            return os.path.join(self._folder, f"{kind.replace(' ', '-')}-{number:08d}.jsonl")
        size = os.path.getsize(self._dest) if os.path.exists(self._dest) else 0
        if size and self._rotate_bytes and size + os.path.getsize(self._staged) > self._rotate_bytes:
            moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
            os.replace(self._dest, f"{self._dest}.{moment}")
            _fsync(self._folder)
        return self._dest

    def _entry(self, kind: str) -> dict[str, Any]:
        entry: dict[str, Any] = self._state["types"].setdefault(kind, {})
        return entry

    def _read_state(self) -> dict[str, Any]:
        advice = "It was left as it is; move it away to begin anew, as start says."
        if not os.path.exists(self.state_file):
            return {"version": _VERSION, "types": {}}
        try:
            with _explained(f"The state file {self.state_file}"), open(self.state_file, encoding="utf-8") as file:
                state = json.load(file)
        except (ValueError, RecursionError):
            state = None
        if not isinstance(state, dict) or not isinstance(state.get("types"), dict):
            raise EventFilesError(f"The state file {self.state_file} is not one of this module. {advice}")
        if state.get("version") != _VERSION:
            raise EventFilesError(f"The state file {self.state_file} was written by another version. {advice}")
        return state

    def _save_state(self) -> None:
        with _explained(f"The state file {self.state_file}"):
            replace(self.state_file, json.dumps(self._state, indent=2) + "\n")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn an `OSError` into an `EventFilesError`."""
    try:
        yield
    except OSError as error:
        raise EventFilesError(f"{what} cannot be written or read: {(error.strerror or str(error)).lower()}.") from None


def _common_length(file: IO[bytes], offset: int, staged: IO[bytes], length: int) -> int | None:
    """How much of the staged batch stands in the file from ``offset`` on, or None where something else does."""
    if length < 0:
        return None
    file.seek(offset)
    for start in range(0, length, _PART_BYTES):
        size = min(_PART_BYTES, length - start)
        if file.read(size) != staged.read(size):
            return None
    return length


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _fsync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
