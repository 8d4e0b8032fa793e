# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Threads that share a piece of work."""

from __future__ import annotations

import threading
from typing import Callable

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption


def check_concurrency(concurrency: int) -> None:
    """Raise `InvalidOption` where so many at once are none."""
    if concurrency < 1:
        raise InvalidOption(f"concurrency must be at least 1, not {concurrency}.")


class Workers:
    """Runs ``work`` in ``count`` threads at once."""

    def __init__(self, work: Callable[[], None], count: int) -> None:
        self.done = threading.Event()
        """Set when the last of them has ended."""
        self._work = work
        self._left = count
        self._lock = threading.Lock()
        self._crashes: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, name=f"worker-{number}") for number in range(count)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the end of all. Raises what one of them did not catch."""
        for thread in self._threads:
            thread.join()
        if self._crashes:
            raise self._crashes[0]

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._crashes.append(error)
        finally:
            with self._lock:
                self._left -= 1
                if not self._left:
                    self.done.set()
