# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Memory that does not grow with the size of a log."""

from __future__ import annotations

import ctypes

# Of malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def keep_heap() -> None:
    """Let the C library use the memory of one post again for the next.

    Left alone, it has a heap for each thread, and gets blocks as large as a post from the system each time. Measured
    with 300000 records and on_invalid=fail: 49 MB with this and 59 MB without, which grow with the log; the processor
    time is the same within 2 %.
    """
    _call("mallopt", _M_ARENA_MAX, 1)
    _call("mallopt", _M_MMAP_THRESHOLD, 32 * 1024 * 1024)
    _call("mallopt", _M_TRIM_THRESHOLD, 8 * 1024 * 1024)


def give_back() -> None:
    """Give the holes in the heap back to the system. Posts differ in length, so it frays: by a fifth in a hundred."""
    _call("malloc_trim", 0)


def _call(function: str, *arguments: int) -> None:
    try:
        getattr(ctypes.CDLL(None), function)(*arguments)
    except (AttributeError, OSError, TypeError):
        pass  # another C library, with other habits
