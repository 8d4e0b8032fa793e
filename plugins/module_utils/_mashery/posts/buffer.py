# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Bodies that were compressed ahead of their post, in a file without a name."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """Where in the file something is, in bytes."""

    offset: int
    length: int


class Buffer:
    """Keeps bytes on the disk as long as there is room. Safe for several threads."""

    def __init__(self, directory: str | None) -> None:
        """``directory`` is where to make the file; None for the system's choice."""
        self._lock = threading.Lock()
        self._length = 0
        self._file: int | None = None
        try:
            # Without a name it is gone with the process, however that ends.
            with tempfile.TemporaryFile(dir=directory) as file:
                self._file = os.dup(file.fileno())
        except OSError:
            pass  # no room, or no right: then nothing is kept

    def keep(self, data: bytes) -> Kept | None:
        """Where the data is, or None where it was not kept."""
        with self._lock:
            if self._file is None:
                return None
            try:
                written = os.pwrite(self._file, data, self._length)
                while written < len(data):
                    written += os.pwrite(self._file, data[written:], self._length + written)
            except OSError:
                return None
            kept = Kept(self._length, len(data))
            self._length += len(data)
            return kept

    def get(self, kept: Kept) -> bytes | None:
        with self._lock:
            data = b"" if self._file is None else os.pread(self._file, kept.length, kept.offset)
        return data if len(data) == kept.length else None

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
