# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""One process at a time: locks that the kernel releases, whatever ends their holder."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Iterator

_AGAIN_SECONDS = 0.02
_HOLDER_MAX_BYTES = 1000


class Locked(Exception):
    """Another process has the lock. The text says which, as far as it has written that down."""


@contextmanager
def locked(path: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock file ``path`` until the block ends. Its folder must be there; the file is gone afterwards.

    Raises `Locked` where another process holds it for longer than ``wait_seconds``, and `OSError` where it cannot be
    made.
    """
    lock = lock_file(path, wait_seconds=wait_seconds)
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, _myself().encode(), 0)
        yield
    finally:
        # Still locked: whoever waits for it finds that its name is gone, and makes another.
        try:
            os.unlink(path)
        except OSError:
            pass  # somebody else has removed it, or its folder
        os.close(lock)


def lock_file(path: str, *, wait_seconds: float = 0.0) -> int:
    """Open the file, or make it for its owner alone, and lock it. To close the descriptor releases the lock.

    It is the file that has the name now, however often it is replaced meanwhile. Raises as `locked`.
    """
    end = time.monotonic() + wait_seconds
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        holder = None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _has_name(file, path):
                return file
        except BlockingIOError:
            holder = os.pread(file, _HOLDER_MAX_BYTES, 0).decode(errors="replace")
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if holder is not None:
            if time.monotonic() >= end:
                raise Locked(holder or "?")
            time.sleep(_AGAIN_SECONDS)


def _has_name(file: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def _myself() -> str:
    """Who this is, for those who find the lock held."""
    job = os.environ.get("JOB_ID")  # as AWX sets it
    since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{f'AWX job {job}, ' if job else ''}process {os.getpid()} on {socket.gethostname()}, since {since}"


def usual_folder(purpose: str) -> str:
    """Where lock files for a purpose lie if no other place is given: below the user's folder for state."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "mops.maintenance", purpose)
