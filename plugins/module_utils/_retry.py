# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""When to retry, and how long to wait before.

Whoever makes the request knows whether a repeat is safe, and says so by raising `TryAgain`; every other exception
passes through. Clock, sleep and randomness are passed in, so that a test of an hour's backoff takes no time.
"""

from __future__ import annotations

import random
import time
from typing import Callable, NamedTuple, TypeVar

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError

T = TypeVar("T")


class TryAgain(Exception):
    """One try has failed in a way that another may not.

    ``error`` is what stands if there is no other try. ``wait`` is what the service asks for, in seconds, or None
    where it leaves that to the client.
    """

    def __init__(self, error: MopsError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class RetryPolicy(NamedTuple):
    """How often and for how long."""

    retries: int
    """Tries after the first one, at most."""
    timeout: float
    """Seconds from the start of the first try until the start of the last, at most."""
    base: float = 1.0
    """Seconds of the first backoff; each further one may be twice as long."""
    longest: float = 60.0
    """Seconds that a backoff lasts at most. A wait that the service asks for is not shortened."""


class Retry:
    """Calls again what raised `TryAgain`, and counts over all calls what that took."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        on_wait: Callable[[float, MopsError], None] | None = None,
    ) -> None:
        """``on_wait`` is told before each wait: its seconds, and why."""
        self._policy = policy
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform
        self._on_wait = on_wait
        self.retries = 0
        """Tries after a first one, so far."""
        self.waited = 0.0
        """Seconds spent waiting between tries, so far."""

    def call(self, attempt: Callable[[], T]) -> T:
        """What ``attempt`` returns in the end.

        Raises the last try's error when the tries or the time are used up, or when the service asks for a wait that
        the time left does not hold: its message then says which.
        """
        start = self._clock()
        for number in range(self._policy.retries + 1):
            try:
                return attempt()
            except TryAgain as again:
                failed = again
            wait = self._wait(number, failed.wait)
            left = start + self._policy.timeout - self._clock()
            if number == self._policy.retries or wait > left:
                break
            if self._on_wait is not None:
                self._on_wait(wait, failed.error)
            self._sleep(wait)
            self.retries += 1
            self.waited += wait
        raise self._given_up(failed, number, wait, left)

    def _wait(self, number: int, dictated: float | None) -> float:
        full = min(self._policy.longest, self._policy.base * 2 ** min(number, 30))
        backoff = self._uniform(full / 2, full)
        if dictated is None:
            return backoff
        # A little later than asked for, and not all hosts at the same moment.
        return dictated + min(backoff, 1.0)

    def _given_up(self, failed: TryAgain, number: int, wait: float, left: float) -> MopsError:
        error = failed.error
        if self._policy.retries == 0:
            return error
        if number == self._policy.retries:
            reason = f"Given up after {number + 1} tries."
        elif failed.wait is not None and failed.wait > self._policy.timeout:
            reason = (
                f"The service asks to wait {failed.wait:.0f} s, "
                f"longer than the {self._policy.timeout:g} s that are allowed for retries."
            )
        else:
            reason = (
                f"Given up after {number + 1} tries: the next one would be in {wait:.0f} s, "
                f"and of the {self._policy.timeout:g} s that are allowed for retries {max(left, 0):.0f} s are left."
            )
        error.args = (f"{error} {reason}",)
        return error
