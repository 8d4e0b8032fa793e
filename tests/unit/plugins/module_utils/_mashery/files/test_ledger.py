# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import os

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files import ledger as ledger_file
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import TextContent
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    BEGINNING,
    Checkpoint,
    Entry,
    Ledger,
    LedgerError,
    Log,
    Registry,
    fingerprint,
    read_only,
    replay,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.client import OutcomeUnknown
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mashery.shipping import Service, lines, ship


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger"


def mark(content: bytes, offset: int) -> Checkpoint:
    return Checkpoint(
        offset,
        content[:offset].count(b"\n"),
        fingerprint(content[: min(offset, 4096)]),
        fingerprint(content[:offset][-4096:]),
    )


ENTRY = Entry(1, "/log", mark(b"x" * 100, 100), records=10)
NEXT = Entry(1, "/log", mark(b"x" * 200, 200), records=10)


class TestJournal:
    def test_what_was_taken_is_known_to_the_next_run(self, path):
        with Ledger(str(path)) as ledger:
            ledger.sending([ENTRY])
            ledger.taken()
        with Ledger(str(path)) as ledger:
            assert ledger.registry.logs == {1: Log("/log", ENTRY.to)}

    def test_a_post_is_on_the_disk_before_it_goes_out_and_its_outcome_after(self, path, monkeypatch):
        Ledger(str(path)).close()
        synced = []
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, lambda file: synced.append(path.read_bytes().splitlines()[-1][:1]))
        with Ledger(str(path)) as ledger:
            ledger.sending([ENTRY])
            ledger.taken()
            ledger.sending([NEXT])
            ledger.not_taken()
        assert synced == [b"?", b"+", b"?", b"-"]

    def test_what_was_not_taken_is_as_if_it_had_not_been_tried(self, path):
        with Ledger(str(path)) as ledger:
            ledger.sending([ENTRY])
            ledger.taken()
            ledger.sending([NEXT])
            ledger.not_taken()
        assert read_only(str(path)).registry.logs == {1: Log("/log", ENTRY.to)}

    def test_a_post_without_an_outcome_is_a_doubt(self, path):
        with Ledger(str(path)) as ledger:
            ledger.sending([ENTRY])
            ledger.taken()
            ledger.sending([NEXT])
        registry = read_only(str(path)).registry
        assert registry.logs == {1: Log("/log", ENTRY.to, NEXT.to, 10)}
        assert registry.possibly_taken(1) == 10

    def test_it_is_readable_by_its_owner_only(self, path):
        Ledger(str(path)).close()
        assert path.stat().st_mode & 0o777 == 0o600

    def test_a_long_one_is_written_anew_with_what_counts(self, path, monkeypatch):
        monkeypatch.setattr(ledger_file, "COMPACT_LINES", 10)
        with Ledger(str(path)) as ledger:
            ledger.skip([Entry(2, "/old", BEGINNING)])
            ledger.skip([Entry(3, "/older", ENTRY.to, ignored=True)])
            for _post in range(20):
                ledger.sending([ENTRY])
                ledger.taken()
            ledger.sending([Entry(1, "/log", NEXT.to, 10, again=7)])
        os.chmod(path, 0o640)
        before = read_only(str(path)).registry
        with Ledger(str(path)) as ledger:
            assert ledger.registry == before
        assert len(path.read_bytes().splitlines()) == 5
        assert read_only(str(path)).registry == before
        assert before.unreported == 7
        assert path.stat().st_mode & 0o777 == 0o640
        assert not path.with_suffix(".new").exists()

    def test_a_link_stays_a_link(self, path, tmp_path, monkeypatch):
        monkeypatch.setattr(ledger_file, "COMPACT_LINES", 1)
        path.symlink_to(tmp_path / "real")
        for _run in range(2):
            with Ledger(str(path)) as ledger:
                ledger.skip([ENTRY])
        assert path.is_symlink()


class TestDamage:
    def shipped(self, tmp_path) -> tuple[Service, bytes]:
        log = tmp_path / "log"
        log.write_bytes(lines(1, 30))
        service = Service(outcomes=[None, OutcomeUnknown("lost")])
        ship(service, log, ledger=tmp_path / "ledger", batch_size=10)
        return service, (tmp_path / "ledger").read_bytes()

    def test_wherever_it_is_torn_nothing_is_lost_and_little_is_sent_again(self, tmp_path, path):
        _service, whole = self.shipped(tmp_path)
        for length in range(0, len(whole), 5):
            path.write_bytes(whole[:length])
            service = Service()
            run = ship(service, tmp_path / "log", ledger=path, batch_size=10)
            kept = whole[:length].count(b"\n+ ") + (whole[:length].endswith(b"\n"))
            torn = length and not whole[:length].endswith(b"\n")
            assert bool(run.warnings) == bool(torn), whole[:length]
            assert service.numbers == list(range(31 - len(service.numbers), 31))
            assert len(service.numbers) <= 10 * (5 - min(kept, 4) + 1)
            assert ship(Service(), tmp_path / "log", ledger=path).report.posts == 0

    def test_a_damaged_line_costs_only_what_it_said(self, tmp_path, path):
        _service, whole = self.shipped(tmp_path)
        rows = whole.splitlines(keepends=True)
        for row in range(1, len(rows)):
            for damage in (b"\0" * 50 + b"\n", rows[row].replace(b": ", b":", 1), b"garbage\n"):
                path.write_bytes(b"".join([*rows[:row], damage, *rows[row + 1 :]]))
                service = Service()
                run = ship(service, tmp_path / "log", ledger=path, batch_size=10)
                assert "is damaged" in run.warnings[0]
                assert service.numbers == (list(range(21, 31)) if row == len(rows) - 2 else [])

    @pytest.mark.parametrize("content", [b"- 1.2.3.4 - -\n", b"x", b'+ 00000000 {"mashery_ledger": 1}\n'])
    def test_a_file_that_is_no_ledger_is_left_alone(self, path, content):
        path.write_bytes(content)
        for use in (Ledger, read_only):
            with pytest.raises(LedgerError, match="is no ledger"):
                use(str(path))
        assert path.read_bytes() == content

    @pytest.mark.parametrize("content", [b"", b"+ ", b'+ 1a958b7b {"mashery_led'])
    def test_a_ledger_torn_at_birth_held_nothing(self, path, content):
        path.write_bytes(content)
        with Ledger(str(path)) as ledger:
            assert ledger.registry == Registry()
        assert replay("", path.read_bytes())[1] == 1


class TestLock:
    def test_a_second_run_says_so_and_stops(self, path):
        with Ledger(str(path)):
            with pytest.raises(LedgerError, match="in use by another run"):
                Ledger(str(path))
            with pytest.raises(LedgerError, match="in use by another run"):
                read_only(str(path))
        Ledger(str(path)).close()

    def test_it_holds_when_the_ledger_was_written_anew(self, path, monkeypatch):
        monkeypatch.setattr(ledger_file, "COMPACT_LINES", 0)
        Ledger(str(path)).close()
        with Ledger(str(path)), pytest.raises(LedgerError, match="in use"):
            Ledger(str(path))

    def test_one_that_waited_for_a_replaced_file_takes_the_new_one(self, path, monkeypatch):
        Ledger(str(path)).close()
        flock = fcntl.flock

        def replace_once(file, how):
            monkeypatch.setattr(fcntl, "flock", flock)
            path.rename(path.with_name("old"))
            flock(file, how)

        monkeypatch.setattr(fcntl, "flock", replace_once)
        with Ledger(str(path)) as ledger:
            ledger.skip([ENTRY])
        assert read_only(str(path)).registry.logs[1].sent == ENTRY.to

    @pytest.mark.parametrize(
        ("name", "words"), [("no/where", "No such file"), (".", "Is a directory"), ("fifo", "regular")]
    )
    def test_a_ledger_that_cannot_be_is_said(self, tmp_path, name, words):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(LedgerError, match=words):
            Ledger(str(tmp_path / name))


class TestRecognition:
    A = b"".join(b"line %d of the first log\n" % number for number in range(1000))
    B = A[:10_000] + b"but then it goes another way\n" * 500

    def registry(self, **logs: Log) -> Registry:
        return Registry({int(name[1:]): log for name, log in logs.items()})

    def test_a_log_is_known_by_its_content_wherever_it_is(self):
        registry = self.registry(_1=Log("/log", mark(self.A, 9000)))
        assert registry.recognise(TextContent(self.A), "/elsewhere.1") == 1
        assert registry.recognise(TextContent(self.A[:9000]), "/elsewhere.1") == 1

    def test_a_log_that_goes_another_way_is_another(self):
        registry = self.registry(_1=Log("/log", mark(self.A, 20_000)))
        assert registry.recognise(TextContent(self.B), "/log") is None

    def test_of_two_that_begin_alike_the_longer_one_counts(self):
        registry = self.registry(_1=Log("/log", mark(self.A, 5000)), _2=Log("/log", mark(self.A, 9000)))
        assert registry.recognise(TextContent(self.A), "/log") == 2

    def test_a_doubtful_post_is_part_of_what_is_known(self):
        registry = self.registry(_1=Log("/log", BEGINNING, mark(self.A, 9000), 10))
        assert registry.recognise(TextContent(self.A), "/log") == 1

    def test_the_same_beginning_under_the_old_name_is_a_new_generation(self):
        registry = self.registry(_1=Log("/log", mark(self.A, 9000)))
        assert registry.recognise(TextContent(self.A[:8000]), "/log") is None

    def test_the_same_beginning_under_another_name_is_a_copy(self):
        registry = self.registry(_1=Log("/log", mark(self.A, 9000)))
        assert registry.recognise(TextContent(self.A[:8000]), "/log.1") == 1

    def test_the_same_beginning_beside_the_whole_log_is_a_new_generation(self):
        registry = self.registry(_1=Log("/log.1", mark(self.A, 9000)))
        assert registry.recognise(TextContent(self.A[:8000]), "/log", seen={1}) is None

    def test_a_short_log_is_known_when_it_has_grown(self):
        registry = self.registry(_1=Log("/log", mark(self.A, 100)))
        assert registry.recognise(TextContent(self.A), "/log") == 1

    def test_nothing_is_never_recognised(self):
        registry = self.registry(_1=Log("/log", BEGINNING), _2=Log("/log", mark(self.A, 100)))
        assert registry.recognise(TextContent(b""), "/log") is None
