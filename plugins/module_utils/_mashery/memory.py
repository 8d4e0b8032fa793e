# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.


"""Memory that does not grow with the size of a log."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # malloc.h
_BYTES = 128 * 1024


def keep_flat() -> None:
    """Let the C library give large blocks back to the system as soon as they are free.

    It does so at first, but stops when it has freed one, and puts further blocks of that size on its heap, which then
    frays: by a fifth in a run of a hundred posts. Naming the threshold, at its own default, keeps it from learning.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _BYTES)
    except (AttributeError, OSError, TypeError):
        pass  # another C library, with other habits
