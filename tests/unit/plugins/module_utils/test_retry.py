# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, RetryPolicy, TryAgain


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def retry(time, retries=5, timeout=300.0, uniform=lambda low, high: high, **more):
    return Retry(RetryPolicy(retries, timeout), clock=time.clock, sleep=time.sleep, uniform=uniform, **more)


class Service:
    """Fails as often as it was told to, then answers."""

    def __init__(self, failures, wait=None):
        self.failures = failures
        self.wait = wait
        self.tries = 0

    def __call__(self):
        self.tries += 1
        if self.tries <= self.failures:
            raise TryAgain(MopsError(f"Failure {self.tries}."), self.wait)
        return "answer"


def test_what_succeeds_is_called_once(time):
    service = Service(0)
    tried = retry(time)
    assert tried.call(service) == "answer"
    assert (service.tries, tried.retries, tried.waited, time.slept) == (1, 0, 0, [])


def test_backoff_doubles_and_is_counted(time):
    tried = retry(time)
    assert tried.call(Service(4)) == "answer"
    assert time.slept == [1, 2, 4, 8]
    assert (tried.retries, tried.waited) == (4, 15)


def test_backoff_is_never_longer_than_the_longest(time):
    retry(time, retries=20, timeout=10_000).call(Service(20))
    assert max(time.slept) == 60


def test_jitter_takes_at_most_half_of_the_backoff(time):
    retry(time, uniform=lambda low, high: low).call(Service(3))
    assert time.slept == [0.5, 1, 2]


def test_a_wait_that_the_service_asks_for_is_not_shortened(time):
    retry(time).call(Service(2, wait=90))
    assert all(90 <= slept <= 91 for slept in time.slept)


def test_the_last_error_stands_when_the_tries_are_used_up(time):
    service = Service(100)
    with pytest.raises(MopsError, match=r"^Failure 3\. Given up after 3 tries\.$"):
        retry(time, retries=2).call(service)
    assert service.tries == 3


def test_without_retries_the_error_stands_as_it_is(time):
    with pytest.raises(MopsError, match=r"^Failure 1\.$"):
        retry(time, retries=0).call(Service(1))


def test_the_total_time_is_not_exceeded_by_a_wait(time):
    with pytest.raises(MopsError, match=r"Given up after 4 tries: the next one would be in 8 s, and of the 10 s"):
        retry(time, timeout=10).call(Service(100))
    assert time.now - 1000 <= 10


def test_a_wait_longer_than_allowed_is_not_begun(time):
    with pytest.raises(MopsError, match=r"asks to wait 3600 s, longer than the 300 s that are allowed"):
        retry(time).call(Service(100, wait=3600))
    assert time.slept == []


def test_another_exception_passes_through(time):
    def broken():
        raise MopsError("Final.")

    with pytest.raises(MopsError, match=r"^Final\.$"):
        retry(time).call(broken)
    assert time.slept == []


def test_whoever_wants_to_know_is_told_before_each_wait(time):
    told = []
    retry(time, on_wait=lambda wait, error: told.append((wait, str(error)))).call(Service(2))
    assert told == [(1, "Failure 1."), (2, "Failure 2.")]
