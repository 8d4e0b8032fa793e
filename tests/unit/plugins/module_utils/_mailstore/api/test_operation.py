# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import (
    CANCEL_SECONDS,
    Ending,
    Follower,
    Log,
    Process,
    ProcessUnknown,
    ServerError,
    Status,
    Waiting,
    merge,
    new_log,
    server_error,
)


def status(version=3, code="running", **values):
    return Status(code, version, **values)


class ServerOfOneProcess:
    """Answers polls by a script; a poll takes ``takes`` seconds of the clock."""

    def __init__(self, clock, *steps, takes=1.0):
        self.clock = clock
        self.steps = list(steps)
        self.takes = takes
        self.polls = []
        self.cancelled = []

    def status(self, token, version, hold, *, patience):
        self.polls.append((token, version, hold))
        self.clock.now += self.takes
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if callable(step):
            step = step()
        if isinstance(step, Exception):
            raise step
        return step

    def cancel(self, token):
        self.cancelled.append(token)
        if self.steps and isinstance(self.steps[0], Exception):
            raise self.steps[0]


class Interruption:
    """Like `threading.Event`, by a clock that only sleeping moves."""

    def __init__(self, clock):
        self.clock = clock
        self.event = threading.Event()

    def set(self):
        self.event.set()

    def is_set(self):
        return self.event.is_set()

    def wait(self, timeout=None):
        if not self.is_set():
            self.clock.sleep(timeout)
        return self.is_set()


@pytest.fixture
def interruption(clock):
    return Interruption(clock)


def follow(server, clock, interruption, waiting=None, process=None, reports=None):
    process = process or Process(status(3, token="t"))
    follower = Follower(
        server,
        waiting or Waiting(),
        interruption,
        report=lambda process: reports.append(str(process)) if reports is not None else None,
        clock=clock,
        sleep=clock.sleep,
    )
    return process, follower.follow(process)


def test_a_status_takes_what_the_envelope_says():
    envelope = {
        "error": None,
        "token": "t",
        "statusVersion": 4,
        "statusCode": "running",
        "percentProgress": 12.5,
        "statusText": "Verifying",
        "result": {"a": 1},
        "logOutput": "x\r\n",
    }
    assert Status.from_envelope(envelope, "here") == Status(
        "running", 4, "t", 12.5, "Verifying", {"a": 1}, "x\r\n", None
    )


def test_a_status_survives_missing_and_odd_keys():
    odd = {"statusCode": "running", "statusVersion": "x", "percentProgress": "half", "token": 7, "logOutput": [1]}
    assert Status.from_envelope(odd, "here") == Status("running")


def test_an_error_without_a_status_code_is_a_failure():
    assert Status.from_envelope({"error": {"message": "No."}}, "here").code == "failed"


@pytest.mark.parametrize("envelope", [{}, [], None, "x", {"statusCode": ""}, {"statusCode": 1, "error": None}])
def test_what_is_no_envelope_is_unusable(envelope):
    with pytest.raises(AnswerUnusable):
        Status.from_envelope(envelope, "here")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"message": "No.", "details": "at A\n at B"}, "No. (at A)"),
        ({"message": "No.", "details": "No."}, "No."),
        ({"message": "No.", "details": None}, "No."),
        ({"details": "at A"}, "at A"),
        ({}, "an error without a message"),
        ("odd", "odd"),
    ],
)
def test_the_servers_error_in_one_line(value, words):
    assert str(server_error(value)) == words


def test_no_error_is_none():
    assert server_error(None) is None


def test_the_token_of_the_first_answer_is_kept():
    assert merge(status(3, token="t"), status(4)).token == "t"
    assert merge(status(3), status(4, token="t")).token == "t"


def test_what_an_answer_does_not_say_stays_as_it_was():
    known = status(3, percent=40, text="Verifying", result=[1])
    merged = merge(known, status(4, code="succeeded"))
    assert (merged.code, merged.percent, merged.text, merged.result) == ("succeeded", 40, "Verifying", [1])


def test_progress_and_version_may_go_backwards():
    merged = merge(status(9, percent=80), status(8, percent=10))
    assert (merged.version, merged.percent) == (8, 10)


def test_zero_percent_and_a_false_result_are_said():
    merged = merge(status(3, percent=40, result=[1]), status(4, percent=0, result=False))
    assert (merged.percent, merged.result) == (0, False)


def test_a_repeated_status_adds_nothing_to_the_log():
    assert new_log(status(3, log="a"), status(3, log="a")) == ""
    assert new_log(status(3, log="a"), status(4, log="a")) == "a"
    assert new_log(status(3, log="a"), status(3, log="b")) == "b"


def test_a_log_is_kept_in_full_up_to_its_limit():
    log = Log(limit=10)
    for text in ("abc", "", "defg", "hij"):
        log.add(text)
    assert (str(log), log.cut) == ("abcdefghij", 0)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_beyond_its_limit_a_log_loses_its_middle_and_says_so(size):
    log = Log(limit=10)
    text = "".join(chr(ord("a") + number % 26) for number in range(100))
    for start in range(0, len(text), size):
        log.add(text[start : start + size])
    assert str(log) == f"{text[:5]}\r\n[... 90 characters are left out here ...]\r\n{text[-5:]}"
    assert log.cut == 90


def test_the_newest_line_is_the_last_that_is_not_empty():
    log = Log()
    log.add("one\r\ntwo\r\n\r\n")
    assert log.last_line == "two"
    log.add("\r\n")
    assert log.last_line == "two"


def test_ten_megabytes_of_log_are_kept_in_full():
    process = Process(status(3, log="first\r\n"))
    line = "x" * 998 + "\r\n"
    for version in range(4, 4 + 10_500):
        process.take(status(version, log=line))
    assert str(process.log) == "first\r\n" + line * 10_500
    assert process.log.cut == 0


def test_where_a_process_stands_in_a_few_words():
    process = Process(status(3, percent=0))
    assert str(process) == "0 %"
    process.take(status(4, percent=42.5, text="Verifying...", log="Group 1\r\nGroup 2\r\n"))
    assert str(process) == "42.5 %, Verifying, Group 2"


def test_a_process_without_words_is_called_by_its_code():
    assert str(Process(status(3))) == "running"


def test_follow_asks_with_the_newest_version_until_it_has_ended(clock, interruption):
    server = ServerOfOneProcess(
        clock, status(4, log="a"), status(4, log="a"), status(2, log="b"), status(9, "succeeded")
    )
    process, outcome = follow(server, clock, interruption)
    assert outcome.ending is Ending.ENDED
    assert [version for _token, version, _hold in server.polls] == [3, 4, 4, 2]
    assert (str(process.log), process.polls, process.status.code) == ("ab", 4, "succeeded")


def test_every_answer_is_reported(clock, interruption):
    reports = []
    server = ServerOfOneProcess(clock, status(4, percent=5), status(5, "succeeded", percent=100))
    follow(server, clock, interruption, reports=reports)
    assert reports == ["running", "5 %", "100 %"]


def test_a_server_that_does_not_hold_the_request_is_not_hammered(clock, interruption):
    steps = [status(3)] * 10 + [status(4, "succeeded")]
    server = ServerOfOneProcess(clock, *steps, takes=0.0)
    follow(server, clock, interruption)
    assert clock.now == pytest.approx(10.0)


def test_after_wait_timeout_the_process_is_cancelled_and_followed_to_its_end(clock, interruption):
    server = ServerOfOneProcess(clock, *[status(4 + n) for n in range(10)], status(20, "cancelled"))
    process, outcome = follow(server, clock, interruption, Waiting(timeout=10))
    assert outcome.ending is Ending.TIMED_OUT
    assert server.cancelled == ["t"]
    assert process.status.code == "cancelled"


def test_the_server_is_not_asked_to_hold_a_request_beyond_wait_timeout(clock, interruption):
    server = ServerOfOneProcess(clock, status(4), takes=2.0)
    follow(server, clock, interruption, Waiting(timeout=7, cancels=False))
    assert [hold for _token, _version, hold in server.polls] == [5000, 5000, 3000, 1000]


def test_after_wait_timeout_a_process_can_be_left_running(clock, interruption):
    server = ServerOfOneProcess(clock, status(4))
    process, outcome = follow(server, clock, interruption, Waiting(timeout=3, cancels=False))
    assert (outcome.ending, server.cancelled, process.status.code) == (Ending.TIMED_OUT, [], "running")


def test_a_process_that_cannot_be_cancelled_is_given_up_after_a_while(clock, interruption):
    server = ServerOfOneProcess(clock, status(4))
    process, outcome = follow(server, clock, interruption, Waiting(timeout=3))
    assert (outcome.ending, server.cancelled, process.running) == (Ending.TIMED_OUT, ["t"], True)
    assert clock.now < 3 + CANCEL_SECONDS + 3


@pytest.mark.parametrize(("cancels", "cancelled"), [(True, ["t"]), (False, [])])
def test_an_interruption_cancels_or_not_as_it_was_asked_for(clock, interruption, cancels, cancelled):
    def interrupted():
        interruption.set()
        return status(4)

    server = ServerOfOneProcess(clock, interrupted, status(5, "cancelled"))
    _process, outcome = follow(server, clock, interruption, Waiting(cancels=cancels))
    assert (outcome.ending, server.cancelled) == (Ending.INTERRUPTED, cancelled)


def test_an_interruption_before_the_first_poll_cancels_too(clock, interruption):
    interruption.set()
    server = ServerOfOneProcess(clock, status(5, "cancelled"))
    process, outcome = follow(server, clock, interruption)
    assert (outcome.ending, server.cancelled, process.status.code) == (Ending.INTERRUPTED, ["t"], "cancelled")


def test_a_process_that_the_server_has_forgotten_is_lost_and_not_cancelled(clock, interruption):
    server = ServerOfOneProcess(clock, status(4, percent=5, log="a"), ProcessUnknown("gone."))
    process, outcome = follow(server, clock, interruption)
    assert (outcome.ending, str(outcome.error), server.cancelled) == (Ending.LOST, "gone.", [])
    assert (str(process.log), process.status.percent) == ("a", 5)


def test_a_server_that_stays_away_loses_the_process(clock, interruption):
    server = ServerOfOneProcess(clock, AnswerLost("broke."))
    _process, outcome = follow(server, clock, interruption)
    assert (outcome.ending, str(outcome.error)) == (Ending.LOST, "broke.")


def test_a_server_that_stays_away_until_wait_timeout_is_a_timeout(clock, interruption):
    server = ServerOfOneProcess(clock, AnswerLost("broke."))
    _process, outcome = follow(server, clock, interruption, Waiting(timeout=60))
    assert (outcome.ending, server.cancelled) == (Ending.TIMED_OUT, ["t"])


def test_a_process_without_a_token_cannot_be_followed(clock, interruption):
    process = Process(status(3))
    _process, outcome = follow(ServerOfOneProcess(clock), clock, interruption, process=process)
    assert outcome.ending is Ending.LOST
    assert isinstance(outcome.error, MopsError)


def test_what_has_ended_is_not_asked_for(clock, interruption):
    process = Process(status(3, "succeeded"))
    _process, outcome = follow(ServerOfOneProcess(clock), clock, interruption, process=process)
    assert outcome.ending is Ending.ENDED


@pytest.mark.parametrize(
    ("code", "error", "token", "log", "words"),
    [
        ("failed", ServerError("No store."), None, "", "The server says: No store."),
        ("failed", ServerError("Disk full."), "t", "x\r\n", "It has ended as failed: Disk full."),
        ("failed", None, "t", "Stopping...\r\n", "It has ended as failed: Stopping."),
        ("failed", None, "t", "", "It has ended as failed."),
    ],
)
def test_why_a_process_has_not_succeeded(code, error, token, log, words):
    assert Process(status(3, code, error=error, token=token, log=log)).failure() == words


@pytest.mark.parametrize(
    "waiting", [Waiting(timeout=-1), Waiting(timeout=float("nan")), Waiting(hold=-1), Waiting(hold=600_001)]
)
def test_what_waiting_cannot_be(waiting):
    with pytest.raises(InvalidOption):
        waiting.check()


def test_a_process_whose_status_changes_all_the_time_is_asked_for_about_once_a_second(clock, interruption):
    steps = [status(version, percent=version) for version in range(4, 10000)]
    server = ServerOfOneProcess(clock, *steps, takes=0.01)
    follow(server, clock, interruption, Waiting(timeout=60, cancels=False))
    assert 55 <= len(server.polls) <= 63


def test_the_end_of_a_process_that_was_quiet_is_noticed_at_once(clock, interruption):
    server = ServerOfOneProcess(clock, status(4), status(5), takes=5.0)
    server.steps = [status(4), status(5), lambda: server.__setattr__("takes", 0.2) or status(6), status(7, "succeeded")]
    process, _outcome = follow(server, clock, interruption)
    assert process.status.succeeded
    assert clock.now <= 15.3


def test_what_ends_a_sentence_has_one_full_stop(clock, interruption):
    process = Process(status(3, token="t", percent=5, text="Verifying...", log="Working...\r\n"))
    assert str(process) == "5 %, Verifying, Working"


def test_what_a_cancelled_process_said_last_does_not_explain_it():
    process = Process(status(3, token="t", text="Step 2 of 10", log="Step 1 done.\r\n"))
    process.take(status(4, "cancelled"))
    assert process.failure() == "It has ended as cancelled."
    process.take(status(5, "cancelled", error=ServerError("The disk is full.")))
    assert process.failure() == "It has ended as cancelled: The disk is full."


@pytest.mark.parametrize(("code", "percent"), [("succeeded", 100), ("failed", 40), ("running", 40)])
def test_the_percentage_is_100_after_a_success(code, percent):
    process = Process(status(3, token="t", percent=40))
    process.take(status(4, code))
    assert process.status.percent_known == percent
