# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import resource
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import CertificateRejected, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import CompressedContent
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import LedgerError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.client import (
    LimitReached,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.shipper import InvalidRecords
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.convert import WrongFormat
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format
from ansible_collections.mops.maintenance.tests.gateways import log as gateway_log
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mashery.shipping import (
    Killed,
    Service,
    lines,
    record,
    ship,
    taken_but,
)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger"


@pytest.fixture
def service():
    return Service()


@pytest.fixture(params=[False, True], ids=["fail", "skip"])
def skip_invalid(request):
    """Both ways through a run: after a survey of everything, and in one pass."""
    return request.param


class TestPosts:
    def test_all_records_go_out_in_order_in_posts_of_at_most_a_batch(self, service, log, skip_invalid):
        log.write_bytes(lines(1, 25))

        run = ship(service, log, batch_size=10, skip_invalid=skip_invalid)

        assert [body.count(b"\n") for body in service.bodies] == [10, 10, 5]
        assert b"".join(service.bodies) == lines(1, 25)
        assert (run.report.posted, run.report.posts) == (25, 3)
        assert run.report.bytes_raw == len(lines(1, 25))
        assert run.report.bytes_sent == sum(map(len, service.wires))

    def test_a_post_is_no_larger_than_max_bytes(self, service, log, skip_invalid):
        log.write_bytes(lines(1, 50))

        ship(service, log, max_bytes=1100, skip_invalid=skip_invalid)

        assert b"".join(service.bodies) == lines(1, 50)
        assert max(map(len, service.bodies)) <= 1100
        assert len(service.bodies) < 20

    def test_a_post_goes_as_it_is_where_it_is_not_to_be_compressed(self, service, log):
        log.write_bytes(lines(1, 5))
        ship(service, log, compress_level=None)
        assert service.wires == [lines(1, 5)]

    def test_many_posts_survive_compressing_ahead(self, service, log, skip_invalid):
        log.write_bytes(lines(1, 500))
        ship(service, log, batch_size=7, skip_invalid=skip_invalid)
        assert service.numbers == list(range(1, 501))

    def test_nothing_is_kept_ahead_where_there_is_no_room(self, service, log, tmp_path):
        log.write_bytes(lines(1, 50))
        ship(service, log, batch_size=7, buffer_directory=str(tmp_path / "not there"))
        assert service.numbers == list(range(1, 51))

    def test_an_empty_file_makes_no_post(self, service, log, ledger):
        log.write_bytes(b"")
        assert ship(service, log, ledger=ledger).report.posts == 0
        assert service.tries == 0

    def test_windows_line_breaks_and_empty_lines_are_not_sent(self, service, log, skip_invalid):
        log.write_bytes(lines(1, 3).replace(b"\n", b"\r\n") + b"\r\n\n" + lines(4, 4))
        ship(service, log, skip_invalid=skip_invalid)
        assert b"".join(service.bodies) == lines(1, 4)

    def test_a_time_with_another_offset_is_sent_in_gmt(self, service, log):
        log.write_bytes(lines(1, 2).replace(b"21:53:03 +0000", b"23:53:03 +0200") + lines(3, 3))
        ship(service, log)
        assert b"".join(service.bodies) == lines(1, 3)

    def test_a_line_of_a_megabyte_is_a_line(self, service, log, skip_invalid):
        long = record(1).replace(b"GetCompany", b"x" * 1_000_000)
        log.write_bytes(lines(2, 3) + long + b"\n" + lines(4, 5))
        ship(service, log, skip_invalid=skip_invalid)
        assert b"".join(service.bodies) == lines(2, 3) + long + b"\n" + lines(4, 5)

    def test_a_hole_where_a_truncated_log_was_is_passed_over(self, service, log, ledger):
        log.write_bytes(b"\0" * 700_000 + lines(1, 3))
        ship(service, log, ledger=ledger)
        assert service.numbers == [1, 2, 3]
        with log.open("ab") as file:
            file.write(lines(4, 5))
        ship(service, log, ledger=ledger)
        assert service.numbers == [1, 2, 3, 4, 5]

    def test_json_lines_become_records(self, service, log):
        log.write_text(
            '{"log_timestamp": 1339537983, "service_dev_key": "a", "service_key": "b", "bytes": 7}\n'
            '{"log_timestamp": "2012-06-12T21:53:03Z", "request_id": "0_a_b", "status": null}\r\n'
        )
        ship(service, log, log_format=Format("jsonl"))
        assert service.bodies == [
            b'- - - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 7 200 "-" "-" 0_a_b "-" "-" "-" 0 - 0 0 0 0 -\n'
            b'- - - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 0 200 "-" "-" 0_a_b "-" "-" "-" 0 - 0 0 0 0 -\n'
        ]

    def test_the_pace_is_kept(self, service, log):
        log.write_bytes(lines(1, 30))
        run = ship(service, log, batch_size=10, pace=0.5)
        assert run.time.slept == [2, 2]

    def test_it_tells_how_far_it_is(self, service, log):
        log.write_bytes(lines(1, 30))
        told = ship(service, log, batch_size=10).told
        assert told[0] == "checked 10 records"
        assert told[-3].startswith("10 records in 1 posts, ")
        assert told[-3].endswith(" left")
        assert told[-1].startswith("30 records in 3 posts, ")
        assert "left" not in told[-1]

    @pytest.mark.parametrize(
        "wrong", [{"batch_size": 0}, {"batch_size": 10_001}, {"max_bytes": 10}, {"compress_level": 0}]
    )
    def test_an_option_that_cannot_be_is_refused(self, service, log, wrong):
        log.write_bytes(lines(1, 1))
        with pytest.raises(InvalidOption, match=next(iter(wrong))):
            ship(service, log, **wrong)


class TestBadLines:
    def test_all_are_found_before_anything_is_sent_and_twenty_are_named(self, service, log):
        log.write_bytes(lines(1, 30) + b"bad\n" * 25 + lines(31, 60))

        run = ship(service, log, batch_size=10, fails=InvalidRecords)

        assert service.tries == 0
        assert (run.report.skipped_records, run.report.posted) == (25, 0)
        assert [fault["line"] for fault in run.report.invalid] == list(range(31, 51))
        assert run.report.invalid[0] == {
            "file": str(log),
            "line": 31,
            "field": None,
            "reason": "the line has 1 fields, not 21",
        }
        assert "25 lines are not valid; nothing was sent" in str(run.error)
        assert f"{log} line 31: " in str(run.error)

    def test_the_rest_is_sent_where_they_may_be_skipped(self, service, log, tmp_path, ledger):
        log.write_bytes(lines(1, 3) + record(4).replace(b" 200 ", b" 20 ") + b"\n" + lines(5, 6) + b"\xff\n")
        rejects = tmp_path / "rejects"

        run = ship(service, log, skip_invalid=True, rejects=str(rejects), ledger=ledger)

        assert service.numbers == [1, 2, 3, 5, 6]
        assert (run.report.skipped_records, run.report.posted) == (2, 5)
        rejected = [json.loads(line) for line in rejects.read_text().splitlines()]
        assert [(line["line"], line["field"]) for line in rejected] == [(4, "status"), (7, None)]
        assert rejected[0]["record"] == record(4).replace(b" 200 ", b" 20 ").decode()
        assert rejected[1]["record"] == "\\xff"
        assert oct(rejects.stat().st_mode & 0o777) == "0o600"
        again = ship(service, log, skip_invalid=True, rejects=str(rejects), ledger=ledger)
        assert (again.report.posted, again.report.skipped_records) == (0, 0)
        assert len(rejects.read_text().splitlines()) == 2

    def test_a_post_with_no_valid_line_is_none(self, service, log, ledger):
        log.write_bytes(b"bad\n" * 30)
        assert ship(service, log, batch_size=10, skip_invalid=True, ledger=ledger).report.skipped_records == 30
        assert service.tries == 0

    def test_line_numbers_go_on_where_the_last_run_ended(self, service, log, ledger):
        log.write_bytes(lines(1, 30))
        ship(service, log, ledger=ledger)
        with log.open("ab") as file:
            file.write(b"bad\n")
        run = ship(service, log, ledger=ledger, fails=InvalidRecords)
        assert run.report.invalid[0]["line"] == 31

    def test_a_line_too_long_for_a_post_is_not_held_in_memory(self, service, log, tmp_path):
        log.write_bytes(lines(1, 2) + b"x" * 3_000_000 + b"\n" + lines(3, 4))
        rejects = tmp_path / "rejects"
        run = ship(service, log, skip_invalid=True, max_bytes=2000, rejects=str(rejects))
        assert service.numbers == [1, 2, 3, 4]
        assert "max_bytes" in run.report.invalid[0]["reason"]
        assert rejects.stat().st_size < 10_000

    @pytest.mark.parametrize(
        "line", ["[]", "{", '{"log_timestamp": 1}', "1" * 5000, "[" * 100_000, '"\\ud800"', "null"]
    )
    def test_json_that_is_no_record_has_a_reason(self, service, log, line):
        log.write_text(line + "\n")
        assert ship(service, log, log_format=Format("jsonl"), fails=InvalidRecords).report.invalid[0]["reason"]

    def test_rejects_that_cannot_be_written_are_not_passed_over(self, service, log, tmp_path, ledger):
        log.write_bytes(lines(1, 3) + b"bad\n")
        run = ship(service, log, skip_invalid=True, rejects=str(tmp_path), ledger=ledger, fails=Exception)
        assert "Is a directory" in str(run.error)
        assert ship(service, log, skip_invalid=True, ledger=ledger).report.skipped_records == 1

    def test_what_is_written_badly_while_it_ships_stops_it_there(self, service, log, ledger):
        log.write_bytes(lines(1, 20))

        def write() -> None:
            service.before = lambda: None
            with log.open("ab") as file:
                file.write(lines(21, 30) + b"bad\n")

        # The first lines are posted with the log as it was surveyed; what came since is looked at on its own.
        service.before = write
        run = ship(service, log, batch_size=2, ledger=ledger, fails=InvalidRecords)
        assert "came while this ran" in str(run.error)
        assert service.numbers == list(range(1, 31))[: len(service.numbers)]
        assert len(service.numbers) >= 20


class TestReruns:
    def test_a_rerun_sends_nothing(self, service, log, ledger, skip_invalid):
        log.write_bytes(lines(1, 30))
        ship(service, log, ledger=ledger, skip_invalid=skip_invalid)
        run = ship(service, log, ledger=ledger, skip_invalid=skip_invalid)
        assert service.numbers == list(range(1, 31))
        assert run.report.posts == 0

    def test_a_rerun_sends_what_is_new(self, service, log, ledger, skip_invalid):
        for last in (1, 2, 30, 31, 600):
            with log.open("ab") as file:
                file.write(lines(len(log.read_bytes().splitlines()) + 1, last))
            ship(service, log, ledger=ledger, skip_invalid=skip_invalid)
        assert service.numbers == list(range(1, 601))

    def test_without_a_ledger_everything_is_sent_again(self, service, log):
        log.write_bytes(lines(1, 3))
        ship(service, log)
        ship(service, log)
        assert service.numbers == [1, 2, 3, 1, 2, 3]

    def test_a_line_that_is_being_written_stays_for_the_next_run(self, service, log, ledger, skip_invalid):
        log.write_bytes(lines(1, 2) + record(3)[:50])
        ship(service, log, ledger=ledger, skip_invalid=skip_invalid)
        assert service.numbers == [1, 2]
        with log.open("ab") as file:
            file.write(record(3)[50:])
        ship(service, log, ledger=ledger, skip_invalid=skip_invalid)
        assert service.numbers == [1, 2]
        with log.open("ab") as file:
            file.write(b"\n" + lines(4, 4))
        ship(service, log, ledger=ledger, skip_invalid=skip_invalid)
        assert service.numbers == [1, 2, 3, 4]

    def test_without_a_ledger_a_last_line_counts_if_it_is_whole(self, service, log):
        log.write_bytes(lines(1, 2) + record(3))
        ship(service, log)
        log.write_bytes(lines(4, 5) + record(6)[:-20])
        run = ship(service, log)
        assert service.numbers == [1, 2, 3, 4, 5]
        assert "not finished" in run.warnings[0]

    def test_events_that_were_sent_are_not_sent_again(self, service, ledger):
        def events(*numbers: int) -> bytes:
            least = {"log_timestamp": 1, "service_dev_key": "a", "service_key": "b"}
            return b"".join([json.dumps({**least, "bytes": number}).encode() + b"\n" for number in numbers])

        ship(service, events=events(1, 2), ledger=ledger)
        ship(service, events=events(1, 2), ledger=ledger)
        ship(service, events=events(1, 2, 3), ledger=ledger)
        ship(service, events=events(2), ledger=ledger)
        assert service.numbers == [1, 2, 3, 2]

    def test_check_mode_tells_what_would_be_sent_and_leaves_no_trace(self, service, log, ledger, tmp_path):
        log.write_bytes(lines(1, 25))
        check = ship(service, log, ledger=ledger, check=True, batch_size=10)
        assert service.tries == 0
        assert [path.name for path in tmp_path.iterdir()] == ["access.log"]
        done = ship(service, log, ledger=ledger, batch_size=10)
        check.report.elapsed = done.report.elapsed
        assert check.report == done.report
        assert ship(service, log, ledger=ledger, check=True).report.posts == 0

    def test_check_mode_finds_bad_lines(self, service, log):
        log.write_bytes(b"bad\n")
        assert "nothing would be sent" in str(ship(service, log, check=True, fails=InvalidRecords).error)


class TestFailures:
    def test_a_limit_is_waited_for_as_long_as_the_service_says(self, service, log, ledger):
        log.write_bytes(lines(1, 20))
        service.outcomes = [LimitReached("slow down", 30), None, LimitReached("slow down")]
        run = ship(service, log, batch_size=10, ledger=ledger)
        assert service.numbers == list(range(1, 21))
        assert run.report.retries == 2
        assert 30 <= run.time.slept[0] <= 31
        assert run.time.slept[1] <= 1

    def test_a_refusal_stops_the_run_and_the_next_goes_on_there(self, service, log, ledger, skip_invalid):
        log.write_bytes(lines(1, 30))
        service.outcomes = [None, Refused("go away")]
        run = ship(service, log, batch_size=10, ledger=ledger, fails=Refused, skip_invalid=skip_invalid)
        assert (run.report.posted, service.tries) == (10, 2)
        run = ship(service, log, batch_size=10, ledger=ledger, skip_invalid=skip_invalid)
        assert service.numbers == list(range(1, 31))
        assert run.report.possibly_duplicated == 0

    def test_tries_come_to_an_end(self, service, log, ledger):
        log.write_bytes(lines(1, 1))
        service.outcomes = [Unavailable("503")] * 100
        run = ship(service, log, retries=3, ledger=ledger, fails=Unavailable)
        assert service.tries == 4
        assert run.report.retries == 3
        service.outcomes = [LimitReached("slow down", 1000)]
        assert "asks to wait" in str(ship(service, log, retry_timeout=900, ledger=ledger, fails=LimitReached).error)

    def test_a_service_that_was_never_reached_is_given_up_soon(self, service, log):
        log.write_bytes(lines(1, 1))
        service.outcomes = [RequestNotSent("no connection")] * 100
        ship(service, log, fails=RequestNotSent)
        assert service.tries == 3

    def test_a_service_that_was_reached_is_waited_for(self, service, log):
        log.write_bytes(lines(1, 20))
        service.outcomes = [None, *[RequestNotSent("no connection")] * 6]
        assert ship(service, log, batch_size=10).report.retries == 6

    def test_a_bad_certificate_is_not_tried_again(self, service, log):
        log.write_bytes(lines(1, 1))
        service.outcomes = [CertificateRejected("who are you")]
        ship(service, log, fails=CertificateRejected)
        assert service.tries == 1


class TestDoubt:
    @pytest.mark.parametrize("taken", [False, True])
    def test_a_lost_answer_is_resent_and_counted(self, service, log, ledger, taken):
        log.write_bytes(lines(1, 20))
        lost = OutcomeUnknown("broken")
        service.outcomes = [None, taken_but(lost) if taken else lost]
        run = ship(service, log, batch_size=10, ledger=ledger)
        assert service.numbers == [*range(1, 11), *(range(11, 21) if taken else ()), *range(11, 21)]
        assert run.report.possibly_duplicated == 10

    def test_refusals_between_do_not_count_a_doubt_twice(self, service, log, ledger):
        log.write_bytes(lines(1, 10))
        service.outcomes = [OutcomeUnknown("broken"), Unavailable("503"), RequestNotSent("refused")]
        assert ship(service, log, ledger=ledger).report.possibly_duplicated == 10

    def test_a_lost_answer_is_left_alone_under_skip(self, service, log, ledger):
        log.write_bytes(lines(1, 20))
        service.outcomes = [OutcomeUnknown("broken")]
        run = ship(service, log, batch_size=10, ledger=ledger, resend=False)
        assert service.numbers == list(range(11, 21))
        assert (run.report.possibly_lost, run.report.possibly_duplicated) == (10, 0)
        assert ship(service, log, ledger=ledger, resend=False).report.posts == 0

    @pytest.mark.parametrize("batch_size", [4, 10, 15])
    def test_a_kill_during_a_post_is_a_doubt_for_the_next_run(self, service, log, ledger, batch_size):
        log.write_bytes(lines(1, 30))
        service.outcomes = [None, Killed()]
        with pytest.raises(Killed):
            ship(service, log, batch_size=10, ledger=ledger)
        with log.open("ab") as file:
            file.write(lines(31, 40))

        run = ship(service, log, batch_size=batch_size, ledger=ledger)

        assert service.numbers == list(range(1, 41))
        assert run.report.possibly_duplicated == 10

    def test_a_killed_runs_post_is_left_alone_under_skip(self, service, log, ledger):
        log.write_bytes(lines(1, 30))
        service.outcomes = [None, taken_but(Killed())]
        with pytest.raises(Killed):
            ship(service, log, batch_size=10, ledger=ledger)
        run = ship(service, log, batch_size=10, ledger=ledger, resend=False)
        assert service.numbers == list(range(1, 31))
        assert run.report.possibly_lost == 10
        assert ship(service, log, ledger=ledger, resend=False).report.possibly_lost == 0

    def test_what_a_killed_run_resent_is_told_by_the_next(self, service, log, ledger):
        log.write_bytes(lines(1, 30))
        service.outcomes = [Killed(), None, Killed()]
        for _run in range(2):
            with pytest.raises(Killed):
                ship(service, log, batch_size=10, ledger=ledger)
        assert ship(service, log, batch_size=10, ledger=ledger).report.possibly_duplicated == 20
        assert ship(service, log, batch_size=10, ledger=ledger).report.possibly_duplicated == 0


class TestRotation:
    """A log is shipped by its plain name, with a ledger, while logrotate and its like do their work."""

    @pytest.fixture
    def shipped(self, service, log, ledger):
        def run() -> list[int]:
            ship(service, log, ledger=ledger, batch_size=10)
            return service.numbers

        return run

    def grow(self, log, first, last):
        with log.open("ab") as file:
            file.write(lines(first, last))

    def test_by_rename(self, log, shipped):
        self.grow(log, 1, 40)
        shipped()
        self.grow(log, 41, 50)
        log.rename(f"{log}.1")
        self.grow(log, 51, 60)
        assert shipped() == list(range(1, 61))

    def test_by_rename_before_the_new_log_is_there(self, log, shipped):
        self.grow(log, 1, 40)
        shipped()
        self.grow(log, 41, 50)
        log.rename(f"{log}.1")
        assert shipped() == list(range(1, 51))
        self.grow(log, 51, 60)
        assert shipped() == list(range(1, 61))

    @pytest.mark.parametrize("grown_to", [45, 60, 200])
    def test_by_copy_and_truncate(self, log, shipped, grown_to):
        """Also where the log has grown beyond its old size meanwhile, which is where others lose lines."""
        self.grow(log, 1, 50)
        shipped()
        self.grow(log, 51, 60)
        shutil.copy(log, f"{log}.1")
        log.write_bytes(b"")
        self.grow(log, 61, 60 + grown_to)
        assert shipped() == list(range(1, 61 + grown_to))

    def test_by_copy_and_truncate_with_nothing_new(self, log, shipped):
        """Where others send the whole log again."""
        self.grow(log, 1, 50)
        shipped()
        shutil.copy(log, f"{log}.1")
        assert shipped() == list(range(1, 51))
        log.write_bytes(b"")
        assert shipped() == list(range(1, 51))
        self.grow(log, 51, 51)
        assert shipped() == list(range(1, 52))

    def test_a_copy_that_was_taken_too_early_is_nothing_new(self, log, shipped):
        self.grow(log, 1, 50)
        shutil.copy(log, f"{log}.1")
        self.grow(log, 51, 60)
        shipped()
        shutil.copy(f"{log}.1", f"{log}.2")
        os.unlink(f"{log}.1")
        assert shipped() == list(range(1, 61))

    def test_twice_between_two_runs(self, log, shipped):
        self.grow(log, 1, 50)
        shipped()
        self.grow(log, 51, 60)
        log.rename(f"{log}.2")
        self.grow(log, 61, 70)
        log.rename(f"{log}.1")
        self.grow(log, 71, 80)
        assert shipped() == list(range(1, 81))

    def test_twice_with_compression_between_two_runs(self, log, shipped):
        self.grow(log, 1, 50)
        shipped()
        self.grow(log, 51, 60)
        with gzip.open(f"{log}.2.gz", "wb") as file:
            file.write(log.read_bytes())
        log.write_bytes(b"")
        self.grow(log, 61, 70)
        shutil.copy(log, f"{log}.1")
        log.write_bytes(b"")
        self.grow(log, 71, 80)
        assert shipped() == list(range(1, 81))
        assert shipped() == list(range(1, 81))

    def test_a_log_that_was_empty_at_first_is_followed_as_well(self, log, shipped):
        log.write_bytes(b"")
        shipped()
        self.grow(log, 1, 10)
        log.rename(f"{log}.1")
        self.grow(log, 11, 20)
        assert shipped() == list(range(1, 21))

    def test_what_was_rotated_before_the_first_run_is_not_sent(self, log, tmp_path, shipped):
        (tmp_path / "access.log.1").write_bytes(lines(901, 905))
        with gzip.open(tmp_path / "access.log.2.gz", "wb") as file:
            file.write(lines(801, 805))
        self.grow(log, 1, 10)
        assert shipped() == list(range(1, 11))
        os.rename(tmp_path / "access.log.1", tmp_path / "access.log.2")
        log.rename(f"{log}.1")
        self.grow(log, 11, 20)
        assert shipped() == list(range(1, 21))

    def test_other_logs_beside_it_are_not_sent(self, log, tmp_path, shipped):
        self.grow(log, 1, 10)
        shipped()
        for name in ("access.log.bak", "access-8443.log", "error.log.1", "xaccess.log.1", "access.log.1.txt"):
            (tmp_path / name).write_bytes(lines(901, 905))
        assert shipped() == list(range(1, 11))

    @pytest.mark.parametrize("action", ["rename", "copytruncate"])
    def test_in_the_middle_of_a_run(self, service, log, ledger, skip_invalid, action):
        self.grow(log, 1, 500)

        def rotate() -> None:
            service.before = lambda: None
            self.grow(log, 501, 520)
            if action == "rename":
                log.rename(f"{log}.1")
            else:
                shutil.copy(log, f"{log}.1")
                log.write_bytes(b"")
            self.grow(log, 521, 530)

        service.before = rotate
        for _run in range(3):
            ship(service, log, ledger=ledger, batch_size=10, skip_invalid=skip_invalid)
        assert service.numbers == list(range(1, 531))


class TestSources:
    def test_a_glob_goes_from_the_oldest_to_the_newest(self, service, tmp_path, ledger):
        (tmp_path / "access.log").write_bytes(lines(61, 70))
        (tmp_path / "access.log.1").write_bytes(lines(51, 60))
        for number, first in ((2, 41), (9, 31), (10, 21)):
            with gzip.open(tmp_path / f"access.log.{number}.gz", "wb") as file:
                file.write(lines(first, first + 9))
        (tmp_path / "access.log-20251231.gz").write_bytes(gzip.compress(lines(1, 10)))
        (tmp_path / "access.log-20260101").write_bytes(lines(11, 20))

        ship(service, tmp_path / "access.log*", ledger=ledger)

        assert service.numbers == list(range(1, 71))
        assert ship(service, tmp_path / "access.log*", ledger=ledger).report.posts == 0

    def test_a_copy_of_a_file_is_not_sent_twice(self, service, tmp_path, ledger):
        for name in ("access.log", "access.log.1"):
            (tmp_path / name).write_bytes(lines(1, 100))
        ship(service, tmp_path / "access.log*", ledger=ledger)
        assert service.numbers == list(range(1, 101))

    def test_a_file_that_is_named_twice_is_sent_once(self, service, log):
        log.write_bytes(lines(1, 5))
        ship(service, log, f"{log}*", log)
        assert service.numbers == [1, 2, 3, 4, 5]

    def test_several_files_go_in_the_order_given(self, service, tmp_path):
        (tmp_path / "b.log").write_bytes(lines(1, 5))
        (tmp_path / "a.log").write_bytes(lines(6, 9))
        ship(service, tmp_path / "b.log", tmp_path / "a.log")
        assert service.numbers == list(range(1, 10))

    @pytest.mark.parametrize(
        ("name", "words"), [("missing", "No such file"), ("", "a directory"), ("*.nothing", "No file matches")]
    )
    def test_what_cannot_be_read_is_said_before_anything_is_sent(self, service, log, tmp_path, name, words):
        log.write_bytes(lines(1, 5))
        run = ship(service, log, tmp_path / name, fails=InvalidOption)
        assert words in str(run.error)
        assert service.tries == 0

    def test_a_compressed_file_that_is_still_being_written_goes_on_later(self, service, tmp_path, ledger):
        path = tmp_path / "access.log.1.gz"
        whole = gzip.compress(lines(1, 3000))
        path.write_bytes(whole[: len(whole) // 2])
        ship(service, path, ledger=ledger)
        assert 100 < len(service.numbers) < 3000
        path.write_bytes(whole)
        ship(service, path, ledger=ledger)
        assert service.numbers == list(range(1, 3001))

    def test_a_damaged_compressed_file_is_said(self, service, tmp_path, log, ledger):
        whole = bytearray(gzip.compress(lines(1, 3000)))
        whole[len(whole) // 2 : len(whole) // 2 + 50] = b"\0" * 50
        (tmp_path / "access.log.1.gz").write_bytes(whole)
        log.write_bytes(lines(5001, 5002))
        run = ship(service, tmp_path / "access.log*", ledger=ledger, fails=InvalidRecords)
        assert "damaged" in str(run.error)
        assert service.tries == 0
        ship(service, tmp_path / "access.log*", ledger=ledger, skip_invalid=True)
        assert service.numbers[-2:] == [5001, 5002]

    def test_a_file_of_several_compressed_parts_is_read_to_its_end(self, service, tmp_path, ledger):
        path = tmp_path / "access.log.1.gz"
        path.write_bytes(gzip.compress(lines(1, 50)) + gzip.compress(lines(51, 99)))
        ship(service, path, ledger=ledger)
        assert service.numbers == list(range(1, 100))
        assert ship(service, path, ledger=ledger).report.posts == 0


class TestSilentLosses:
    """What a followed log holds is sent, or somebody learns that it was not."""

    @pytest.fixture
    def shipped(self, service, log, ledger):
        """A log of which forty records were sent."""
        log.write_bytes(lines(1, 40))
        ship(service, log, ledger=ledger)

    @pytest.mark.parametrize(
        "names",
        [
            ("access.2.log", "access.1.log"),
            ("access-20261121.log", "access-20261122.log"),
            ("access.log.21-11-2026", "access.log.22-11-2026"),
            ("access-1.log", "access-2.log"),
            ("access-11-21-2026-1.log", "access-11-22-2026-1.log"),
            ("access-20261121T113939.457.log", "access-20261122T113939.457.log"),
        ],
    )
    def test_rotated_twice_under_any_name_of_the_table(self, service, log, ledger, tmp_path, shipped, names):
        for name, first in zip(names, (41, 51)):
            with log.open("ab") as file:
                file.write(lines(first, first + 9))
            log.rename(tmp_path / name)
        log.write_bytes(lines(61, 70))
        for _run in range(2):
            run = ship(service, log, ledger=ledger)
            assert (service.numbers, run.warnings) == (list(range(1, 71)), [])

    @pytest.mark.parametrize(("ending", "compress"), [("bz2", bz2.compress), ("xz", lzma.compress)])
    def test_compressed_in_another_way(self, service, log, ledger, shipped, ending, compress):
        log.with_name(f"access.log.1.{ending}").write_bytes(compress(lines(1, 60)))
        log.write_bytes(lines(61, 70))
        for _run in range(2):
            ship(service, log, ledger=ledger)
        assert service.numbers == list(range(1, 71))

    def test_a_compressed_file_is_looked_into_once(self, service, log, ledger, shipped, monkeypatch):
        log.with_name("access.log.1.xz").write_bytes(lzma.compress(lines(1, 60)))
        log.write_bytes(lines(61, 70))
        ship(service, log, ledger=ledger)
        log.with_name("access.log.1.xz").rename(log.with_name("access.log.2.xz"))
        monkeypatch.setattr(CompressedContent, "_decompressed", lambda *_arguments: b"")
        run = ship(service, log, ledger=ledger)
        assert (run.report.posts, run.warnings, service.numbers) == (0, [], list(range(1, 71)))

    @pytest.mark.parametrize("content", [b"PK\x03\x04zip", b"\x04\x22\x4d\x18lz4", b"\x7fELF\0\0\0\0"])
    def test_a_rotation_that_cannot_be_read_is_a_warning(self, service, log, ledger, shipped, content):
        log.with_name("access.log.1.zip").write_bytes(content)
        with log.open("ab") as file:
            file.write(lines(41, 50))
        for _run in range(2):
            run = ship(service, log, ledger=ledger)
            assert [f"{log}.1.zip is a rotation by its name, and is not read: " in text for text in run.warnings] == [
                True
            ]
        assert service.numbers == list(range(1, 51))

    def test_one_that_was_there_before_the_first_run_is_none(self, service, log, ledger):
        log.with_name("access.log.1.zip").write_bytes(b"PK\x03\x04zip")
        log.write_bytes(lines(1, 9))
        assert ship(service, log, ledger=ledger).warnings == []
        log.with_name("access.log.1.zip").rename(log.with_name("access.log.2.zip"))
        assert ship(service, log, ledger=ledger).warnings == []

    def test_renamed_to_a_name_that_no_rotation_has(self, service, log, ledger, tmp_path, shipped):
        with log.open("ab") as file:
            file.write(lines(41, 50))
        log.rename(tmp_path / "old access")
        log.write_bytes(lines(51, 60))
        for _run in range(2):
            run = ship(service, log, ledger=ledger)
            assert (service.numbers, run.warnings) == (list(range(1, 61)), [])

    @pytest.mark.parametrize("replaced", [True, False])
    @pytest.mark.parametrize("how", ["deleted", "truncated"])
    def test_a_log_that_is_gone_is_said_once(self, service, log, ledger, shipped, how, replaced, skip_invalid):
        log.unlink() if how == "deleted" else log.write_bytes(b"")
        if replaced:
            log.write_bytes(lines(51, 60))
        sent = len(lines(1, 40))

        check = ship(service, log, ledger=ledger, check=True)
        run = ship(service, log, ledger=ledger, skip_invalid=skip_invalid)

        assert check.warnings == run.warnings
        assert f"The log that was {log} is gone" in run.warnings[0]
        assert f"sent up to byte {sent} (line 40)" in run.warnings[0]
        assert run.report.possibly_lost == 0
        again = ship(service, log, ledger=ledger)
        assert [text for text in again.warnings if "is gone" in text] == []
        assert service.numbers == [*range(1, 41), *(range(51, 61) if replaced else ())]

    def test_a_log_that_is_not_there_is_said_every_time(self, service, log, ledger, shipped):
        log.unlink()
        for _run in range(3):
            warnings = ship(service, log, ledger=ledger).warnings
        assert warnings == [f"The log file {log} is not there, and no rotation of it either: nothing was read."]

    def test_what_was_in_doubt_in_a_log_that_is_gone_is_possibly_lost(self, service, log, ledger, shipped):
        with log.open("ab") as file:
            file.write(lines(41, 45))
        service.outcomes = [Killed()]
        with pytest.raises(Killed):
            ship(service, log, ledger=ledger)
        log.write_bytes(lines(51, 55))
        run = ship(service, log, ledger=ledger)
        assert (run.report.possibly_lost, run.report.possibly_duplicated) == (5, 0)
        assert ship(service, log, ledger=ledger).report.possibly_lost == 0

    def test_a_log_that_comes_back_goes_on_where_it_was(self, service, log, ledger, tmp_path, shipped):
        (tmp_path / "elsewhere").mkdir()
        log.rename(tmp_path / "elsewhere" / "log")
        assert len(ship(service, log, ledger=ledger).warnings) == 2
        (tmp_path / "elsewhere" / "log").rename(log)
        with log.open("ab") as file:
            file.write(lines(41, 50))
        run = ship(service, log, ledger=ledger)
        assert (service.numbers, run.warnings) == (list(range(1, 51)), [])

    def test_a_rotation_that_was_sent_may_be_deleted(self, service, log, ledger, tmp_path, shipped):
        """Also where the log was idle for so long that its last rotation with records is the one to expire."""
        log.rename(tmp_path / "access.log.1")
        log.write_bytes(b"")
        assert ship(service, log, ledger=ledger).warnings == []
        (tmp_path / "access.log.1").rename(tmp_path / "access.log.2")
        assert ship(service, log, ledger=ledger).warnings == []
        (tmp_path / "access.log.2").unlink()
        assert ship(service, log, ledger=ledger).warnings == []
        log.write_bytes(lines(41, 50))
        assert ship(service, log, ledger=ledger).warnings == []
        assert service.numbers == list(range(1, 51))

    def test_files_of_a_glob_may_be_deleted(self, service, tmp_path, ledger):
        for name in "abc":
            (tmp_path / f"{name}.log").write_bytes(lines(ord(name), ord(name)))
        ship(service, tmp_path / "*.log", ledger=ledger)
        for name in "abc":
            (tmp_path / f"{name}.log").unlink()
        assert ship(service, tmp_path / "*.log", ledger=ledger).warnings == []

    @pytest.mark.parametrize("seconds", [59, 61])
    @pytest.mark.parametrize("last", [record(41), b"no record"])
    def test_the_last_line_of_a_finished_rotation(self, service, log, ledger, tmp_path, shipped, seconds, last):
        rotated = tmp_path / "access.log.1"
        with log.open("ab") as file:
            file.write(last)
        log.rename(rotated)
        log.write_bytes(lines(51, 52))
        now = rotated.stat().st_mtime + seconds
        finished = seconds > 60
        for count in (1, 0):
            run = ship(service, log, ledger=ledger, skip_invalid=True, now=now)
            assert run.report.skipped_records == (count if finished and last == b"no record" else 0)
        assert service.numbers == [*range(1, 41), *([41] if finished and last == record(41) else []), 51, 52]

    def test_the_last_line_of_a_log_without_a_successor_is_still_being_written(self, service, log, ledger, shipped):
        with log.open("ab") as file:
            file.write(record(41))
        ship(service, log, ledger=ledger, now=time.time() + 1e6)
        assert service.numbers == list(range(1, 41))

    def test_a_compressed_file_that_will_never_be_finished_is_damaged(self, service, log, ledger, tmp_path, shipped):
        rotated = tmp_path / "access.log.1.gz"
        rotated.write_bytes(gzip.compress(lines(1, 40) + os.urandom(5000).hex().encode())[:3000])
        now = rotated.stat().st_mtime
        ship(service, log, ledger=ledger, now=now + 59)
        run = ship(service, log, ledger=ledger, now=now + 61, fails=InvalidRecords)
        assert "is cut off: its end is missing" in str(run.error)

    def test_a_byte_order_mark_is_skipped(self, service, log, ledger):
        log.write_bytes(b"\xef\xbb\xbf" + lines(1, 3))
        for _run in range(2):
            ship(service, log, ledger=ledger)
        assert service.numbers == [1, 2, 3]
        assert ship(Service(), log).report.posted == 3

    @pytest.mark.parametrize(
        "content", [os.urandom(2000) + b"\0\n" * 500, b"PK\x03\x04" + b"\n" * 500], ids=["random", "zip"]
    )
    def test_a_binary_file_is_one_sentence(self, service, log, ledger, content):
        log.write_bytes(content)
        run = ship(service, log, ledger=ledger, fails=InvalidRecords)
        assert [fault["reason"][:21] for fault in run.report.invalid] == ["the file is no log: i"]
        assert ship(service, log, ledger=ledger, skip_invalid=True).report.skipped_records == 1


class TestUpgrade:
    """With the ledger of release 0.2.0, as it wrote it: the tenth to twentieth record in doubt, and then resent."""

    LEDGER = b"""\
+ 1a958b7b {"mashery_ledger": 1}
+ fde9e6b1 {"log": 1, "path": "access.log.1", "to": [905, 0, "a0c7e01c027df5be42389358916717cc", \
"a0c7e01c027df5be42389358916717cc"], "records": 0, "again": 0, "ignored": true}
+ 964e5d01 {"log": 2, "path": "access.log", "to": [0, 0, "", ""], "records": 0, "again": 0}
+ aa6084ed {"log": 3, "path": "access.log", "to": [1791, 10, "2f6ced7fa128a82c2e08e1d4a950d4db", \
"2f6ced7fa128a82c2e08e1d4a950d4db"], "records": 10, "again": 0}
? 9eb36ad4 {"log": 3, "path": "access.log", "to": [3591, 20, "ab51ba20fa4abf607b829e82b50f91bb", \
"ab51ba20fa4abf607b829e82b50f91bb"], "records": 10, "again": 0}
+ 39831cd4 {"log": 3, "path": "access.log", "to": [3591, 20, "ab51ba20fa4abf607b829e82b50f91bb", \
"ab51ba20fa4abf607b829e82b50f91bb"], "records": 10, "again": 10}
+ db63bff5 {"reported": 10}
+ 9d2c3053 {"log": 4, "path": "access.log", "to": [1800, 10, "a52456669cf4aaa3f4715548aa5ad9aa", \
"a52456669cf4aaa3f4715548aa5ad9aa"], "records": 10, "again": 0}
? 8370f564 {"log": 4, "path": "access.log", "to": [3600, 20, "725fb219f25e1cbf3a48315cffa8b0cc", \
"725fb219f25e1cbf3a48315cffa8b0cc"], "records": 10, "again": 0}
"""

    @pytest.mark.parametrize("batch_size", [3, 10, 10_000])
    def test_it_goes_on_where_that_release_was_killed(self, service, tmp_path, ledger, monkeypatch, batch_size):
        monkeypatch.chdir(tmp_path)
        ledger.write_bytes(self.LEDGER)
        Path("access.log.2").write_bytes(lines(901, 905))
        Path("access.log.1").write_bytes(lines(1, 20))
        Path("access.log").write_bytes(lines(21, 45))

        run = ship(service, "access.log", ledger=ledger, batch_size=batch_size)

        assert service.numbers == list(range(31, 46))
        assert (run.report.possibly_duplicated, run.warnings) == (10, [])
        again = ship(service, "access.log", ledger=ledger)
        assert (again.report.posts, again.report.possibly_duplicated, again.warnings) == (0, 0, [])

    def test_rotations_that_were_sent_then_and_are_gone_now_are_no_news(self, service, tmp_path, ledger, monkeypatch):
        monkeypatch.chdir(tmp_path)
        ledger.write_bytes(self.LEDGER)
        Path("access.log").write_bytes(lines(21, 45))
        assert ship(service, "access.log", ledger=ledger).warnings == []


class TestPostsAcrossFiles:
    @pytest.fixture
    def many(self, tmp_path):
        """Twenty-five files with three records each; a pattern for them."""
        for number in range(25):
            (tmp_path / f"{number:02}.log").write_bytes(lines(3 * number + 1, 3 * number + 3))
        return tmp_path / "*.log"

    def sizes(self, service) -> list[int]:
        return [body.count(b"\n") for body in service.bodies]

    @pytest.mark.parametrize("use_ledger", [True, False])
    def test_they_are_filled_in_order(self, service, many, ledger, skip_invalid, use_ledger):
        run = ship(service, many, batch_size=10, skip_invalid=skip_invalid, ledger=ledger if use_ledger else None)
        assert self.sizes(service) == [10] * 7 + [5]
        assert service.numbers == list(range(1, 76))
        assert (run.report.posts, run.report.posted) == (8, 75)
        if use_ledger:
            assert ship(service, many, ledger=ledger).report.posts == 0

    def test_by_size_as_well(self, service, many, skip_invalid):
        ship(service, many, max_bytes=1100, skip_invalid=skip_invalid)
        assert service.numbers == list(range(1, 76))
        assert max(map(len, service.bodies)) <= 1100 < min(map(len, service.bodies[:-1])) + len(record(1)) + 3

    def test_two_thousand_files_make_one_post(self, service, tmp_path, ledger):
        (tmp_path / "logs").mkdir()
        for number in range(2000):
            (tmp_path / "logs" / f"{number:04}.log").write_bytes(lines(number, number))
        for _run in range(2):
            ship(service, tmp_path / "logs" / "*.log", ledger=ledger)
        assert self.sizes(service) == [2000]
        assert service.numbers == list(range(2000))

    def test_a_rotation_makes_no_small_post(self, service, log, ledger):
        log.write_bytes(lines(1, 10))
        ship(service, log, ledger=ledger)
        with log.open("ab") as file:
            file.write(lines(11, 15))
        log.rename(f"{log}.1")
        log.write_bytes(lines(16, 30))
        ship(service, log, ledger=ledger, batch_size=20)
        assert self.sizes(service) == [10, 20]

    def test_lines_that_are_skipped_leave_no_gap(self, service, tmp_path, ledger):
        for number in range(10):
            (tmp_path / f"{number}.log").write_bytes(b"bad\n" + lines(2 * number, 2 * number + 1) + b"bad\n\n")
        run = ship(service, tmp_path / "*.log", ledger=ledger, skip_invalid=True, batch_size=10)
        assert self.sizes(service) == [10, 10]
        assert (run.report.skipped_records, run.report.posted) == (20, 20)
        again = ship(service, tmp_path / "*.log", ledger=ledger, skip_invalid=True)
        assert (again.report.skipped_records, again.report.posted) == (0, 0)

    def test_records_that_are_longer_than_their_lines_fit_as_well(self, service, log, skip_invalid):
        event = {"log_timestamp": 1, "service_dev_key": "a", "service_key": "b"}
        log.write_bytes(b"".join(json.dumps({**event, "bytes": number}).encode() + b"\n" for number in range(200)))
        ship(service, log, log_format=Format("jsonl"), max_bytes=1024, skip_invalid=skip_invalid)
        assert service.numbers == list(range(200))
        assert max(map(len, service.bodies)) <= 1024

    @pytest.mark.parametrize("resend", [True, False])
    @pytest.mark.parametrize("batch_size", [4, 10, 75])
    def test_a_kill_puts_all_files_of_a_post_in_doubt(self, service, many, ledger, batch_size, resend):
        service.outcomes = [None, Killed()]
        with pytest.raises(Killed):
            ship(service, many, batch_size=10, ledger=ledger)
        run = ship(service, many, batch_size=batch_size, ledger=ledger, resend=resend)
        assert service.numbers == [*range(1, 11), *range(11 if resend else 21, 76)]
        assert (run.report.possibly_duplicated, run.report.possibly_lost) == ((10, 0) if resend else (0, 10))
        again = ship(service, many, ledger=ledger)
        assert (again.report.posts, again.report.possibly_duplicated, again.report.possibly_lost) == (0, 0, 0)

    def test_a_refused_post_leaves_all_its_files_as_they_were(self, service, many, ledger):
        service.outcomes = [None, Refused("no"), None, Refused("no")]
        for _run in range(2):
            ship(service, many, batch_size=10, ledger=ledger, fails=Refused)
        run = ship(service, many, batch_size=10, ledger=ledger)
        assert service.numbers == list(range(1, 76))
        assert run.report.possibly_duplicated == 0

    def test_a_lost_answer_is_told_of_all_files(self, service, many, ledger):
        service.outcomes = [OutcomeUnknown("broken"), Unavailable("503"), OutcomeUnknown("broken")]
        assert ship(service, many, batch_size=10, ledger=ledger).report.possibly_duplicated == 20

    def test_check_mode_counts_the_same_posts(self, service, many, ledger, tmp_path):
        check = ship(service, many, batch_size=10, ledger=ledger, check=True)
        done = ship(service, many, batch_size=10, ledger=ledger)
        check.report.elapsed = done.report.elapsed
        assert check.report == done.report

    def test_bad_lines_in_a_later_file_hold_back_everything(self, service, many, ledger, tmp_path):
        (tmp_path / "99.log").write_bytes(b"bad\n")
        run = ship(service, many, batch_size=10, ledger=ledger, fails=InvalidRecords)
        assert (service.tries, run.report.skipped_records) == (0, 1)


@contextmanager
def small_disk(ledger):
    """Within, after ``fill()``, no file becomes larger than the ledger was then: nor does pytest's own output."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ledger.stat().st_size + 10, old[1]))

    try:
        yield fill
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


class TestFullDisk:
    def test_no_post_goes_out_that_cannot_be_written_down(self, service, log, ledger):
        log.write_bytes(lines(1, 30))
        service.outcomes = [None, Refused("not yet")]
        ship(service, log, ledger=ledger, batch_size=10, fails=Refused)
        with small_disk(ledger) as fill:
            fill()
            run = ship(service, log, ledger=ledger, batch_size=10, buffer_directory="/nowhere", fails=LedgerError)
        assert "File too large. Without it nothing more is sent" in str(run.error)
        assert service.numbers == list(range(1, 11))

    def test_the_outcome_of_the_post_on_its_way_is_still_written_down(self, service, log, ledger, tmp_path):
        log.write_bytes(lines(1, 30))
        with small_disk(ledger) as fill:
            service.before = fill
            ship(service, log, ledger=ledger, batch_size=10, fails=LedgerError)
        service.before = lambda: None
        run = ship(service, log, ledger=ledger, batch_size=10)
        assert service.numbers == list(range(1, 31))
        assert run.report.possibly_duplicated == 0


class TestFormats:
    """What holds for ready records holds for what is made of a gateway's log."""

    KEYS: ClassVar[dict[str, Any]] = {
        "service_key": {"constant": "service"},
        "service_dev_key": {"path": "api_key"},
        "api_method": {"skip_if": "/healthz"},
    }

    def test_lines_become_posts_rejects_counts_and_places_in_the_ledger(self, tmp_path: Path) -> None:
        path, lines = tmp_path / "access.log", gateway_log("envoy_json", 30)[0]
        lines[4] = lines[4].replace("/v1/", "/healthz/")
        lines[9] = lines[9].replace('"api_key"', '"no_key"')
        lines[14] = lines[14].replace('"duration": ', '"duration": -')
        path.write_text("".join(f"{line}\n" for line in lines) + lines[0][:40])
        options: dict[str, Any] = {
            "ledger": tmp_path / "ledger",
            "log_format": Format("envoy_json", mapping=self.KEYS),
            "skip_invalid": True,
            "rejects": str(tmp_path / "rejects"),
            "batch_size": 10,
        }

        check = ship(Service(), path, check=True, **{**options, "rejects": None})
        service = Service()
        report = ship(service, path, **options).report
        with path.open("a") as file:
            file.write(lines[0][40:] + "\n")
        again = ship(service, path, **options).report

        assert (check.report.posted, check.report.ignored, check.report.missing_keys) == (27, 1, 1)
        assert (report.posted, report.skipped_records, report.ignored, report.missing_keys) == (27, 2, 1, 1)
        assert (again.posted, again.posts, again.ignored) == (1, 1, 0)
        rejects = [json.loads(line) for line in (tmp_path / "rejects").read_text().splitlines()]
        assert [(one["line"], one["field"], one["record"]) for one in rejects] == [
            (10, "api_key", lines[9]),
            (15, "duration", lines[14]),
        ]
        assert sum(body.count(b"\n") for body in service.bodies) == 28

    def test_a_line_that_is_not_valid_holds_back_its_log(self, tmp_path: Path) -> None:
        path, lines = tmp_path / "access.log", gateway_log("envoy_json", 30)[0]
        lines[14] = lines[14].replace('"response_code": ', '"response_code": 9')
        path.write_text("".join(f"{line}\n" for line in lines))
        service = Service()

        run = ship(service, path, log_format=Format("envoy_json", mapping=self.KEYS), fails=InvalidRecords)

        assert "line 15, response_code: must be an HTTP status of three digits, not 9" in str(run.error)
        assert service.bodies == []

    def test_a_log_of_another_format_sends_nothing(self, tmp_path: Path) -> None:
        path, service = tmp_path / "access.log", Service()
        path.write_text("".join(f"{line}\n" for line in gateway_log("kong", 30)[0]))

        for skip in (False, True):
            made = Format("envoy_json", mapping=self.KEYS)
            run = ship(service, path, log_format=made, skip_invalid=skip, fails=WrongFormat)
            assert "That fits format kong. Nothing of the file was sent." in str(run.error)
        assert service.bodies == []

    def test_a_doubt_about_lines_of_a_gateway_is_their_bytes_in_the_log(self, tmp_path: Path) -> None:
        path, ledger = tmp_path / "access.log", tmp_path / "ledger"
        lines = gateway_log("envoy_json", 30)[0]
        path.write_text("".join(f"{line}\n" for line in lines))
        options: dict[str, Any] = {
            "ledger": ledger,
            "log_format": Format("envoy_json", mapping=self.KEYS),
            "batch_size": 10,
        }
        service = Service([None, taken_but(Killed())])  # type: ignore[arg-type]
        with pytest.raises(Killed):
            ship(service, path, **options)

        run = ship(service, path, **options)

        assert run.report.possibly_duplicated == 10
        assert [body.count(b"\n") for body in service.bodies] == [10, 10, 10, 10]
        assert service.bodies[1] == service.bodies[2]
