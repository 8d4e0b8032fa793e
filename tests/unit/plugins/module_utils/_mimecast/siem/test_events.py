# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import io
import json
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer, AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem import events
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    scripted_client,
)

NOW = datetime(2026, 1, 8, 12, tzinfo=timezone.utc)


def page(*urls, token="p2", caught_up=False):
    return answered({"value": [{"url": url} for url in urls], "@nextPage": token, "isCaughtUp": caught_up})


class Storage:
    """A client whose downloads come from a script: bytes are a file, a number is a status, an exception is raised."""

    def __init__(self, *script, pages=()):
        self.script = list(script)
        self.setup = scripted_client(*pages)
        self.send, self.check = self.setup.client.send, self.setup.client.check

    def download(self, url, save, check):
        while True:
            found = self.script.pop(0)
            status = found if isinstance(found, int) else 200
            sink = save(status, {})
            for start in range(0, len(found) if sink else 0, 7):
                sink.write(found[start : start + 7])
            try:
                return check(Answer(status, {}, b"", url, "GET"))
            except AnswerLost:
                continue


def collected(*script, urls=1, since=None, pages=()):
    file = io.BytesIO()
    storage = Storage(*script, pages=pages)
    whole = events.Page(tuple(f"https://store.example/{number}" for number in range(urls)), "p2", False)
    batch = events.download(storage, "spam", whole, token="p1", since=since, file=file, on_events=lambda events: None)
    return file.getvalue(), batch


EVENTS = b'{"a": 1}\n{"a": 2}\n'


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(EVENTS),
        EVENTS,
        EVENTS.rstrip(),
        gzip.compress(EVENTS[:9]) + gzip.compress(EVENTS[9:]),
        gzip.compress(EVENTS[:5]) + gzip.compress(EVENTS[5:]),
        gzip.compress(EVENTS.replace(b"\n", b"\r\n\n")),
    ],
    ids=["gzip", "already unpacked", "no last line break", "two parts", "two parts in a line", "blank lines"],
)
def test_a_file_is_its_events_each_on_a_line(content):
    text, batch = collected(content)
    assert (text, batch.events, batch.invalid) == (EVENTS, 2, 0)


def test_files_of_a_page_follow_each_other():
    text, batch = collected(gzip.compress(EVENTS), gzip.compress(b'{"a": 3}'), urls=2)
    assert (text, batch.events) == (EVENTS + b'{"a": 3}\n', 3)


@pytest.mark.parametrize("broken", [gzip.compress(EVENTS)[:-12], 503], ids=["cut off", "status 503"])
def test_a_file_that_broke_off_begins_anew_and_only_that(broken):
    text, batch = collected(gzip.compress(EVENTS), broken, gzip.compress(b'{"a": 3}'), urls=2)
    assert (text, batch.events) == (EVENTS + b'{"a": 3}\n', 3)


def test_a_damaged_file_is_said():
    damaged = bytearray(gzip.compress(EVENTS * 100))
    damaged[20] ^= 255
    with pytest.raises(AnswerUnusable, match="not gzip to its end"):
        collected(bytes(damaged))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_addresses_that_have_expired_are_asked_for_again(status):
    text, batch = collected(
        gzip.compress(EVENTS),
        status,
        gzip.compress(EVENTS),
        gzip.compress(b'{"a": 3}'),
        urls=2,
        pages=[page("https://store.example/8", "https://store.example/9", token="p3")],
    )
    assert (text, batch.events, batch.page.next_page) == (EVENTS + b'{"a": 3}\n', 3, "p3")


def test_addresses_that_stay_expired_end_the_run():
    with pytest.raises(events.AddressExpired, match="not accepted"):
        collected(403, 403, 403, pages=[page("https://store.example/8")] * 3)


def test_earlier_events_are_left_out_where_it_begins_at_a_time():
    stamps = [NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)]
    lines = [json.dumps({"timestamp": int(stamp.timestamp() * 1000)}) for stamp in stamps]
    text, batch = collected("\n".join([*lines, "{}", "odd"]).encode(), since=NOW)
    assert text.decode().splitlines() == [*lines[1:], "{}", "odd"]
    assert (batch.events, batch.invalid) == (4, 1)


def test_a_line_without_end_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr(events, "LINE_MAX_BYTES", 100)
    with pytest.raises(AnswerUnusable, match="a line of more than 100 bytes"):
        collected(gzip.compress(b"x" * 5000))


def read(answer, token=None, since=None):
    setup = scripted_client(answer)
    found = events.read_page(setup.client, "url protect", token=token, since=since)
    return found, setup.http.requests[0].query


def test_a_first_page_is_asked_for_by_its_day_and_others_by_their_token():
    assert read(page(), since=NOW)[1] == {"type": "url protect", "pageSize": "100", "dateRangeStartsAt": "2026-01-08"}
    assert read(page(), token="p1")[1] == {"type": "url protect", "pageSize": "100", "nextPage": "p1"}


def test_a_page_names_the_next_one_and_whether_there_is_more():
    assert read(page("https://a.example/x"))[0] == (("https://a.example/x",), "p2", False)
    assert read(page(caught_up=True))[0] == ((), "p2", True)
    assert read(answered({"value": [], "isCaughtUp": True}), token="p1")[0] == ((), "p1", True)


def test_a_page_that_leads_nowhere_is_the_last():
    assert read(page(token="p1"), token="p1")[0].caught_up
    assert read(page(token=None))[0].caught_up


@pytest.mark.parametrize("token", ["p1", None])
def test_a_page_with_addresses_that_would_come_again_is_not_taken(token):
    with pytest.raises(AnswerUnusable, match="it would come again"):
        read(page("https://a.example/x", token=token), token="p1")


@pytest.mark.parametrize("body", [[], {}, {"value": None}, {"value": ["x"]}, {"value": [{"url": "http://a.example"}]}])
def test_what_is_no_page_is_said(body):
    with pytest.raises(AnswerUnusable, match="not a page of addresses"):
        read(answered(body))


def test_where_it_begins():
    assert events.start_of("now", NOW) is None
    assert events.start_of("earliest", NOW) == NOW - timedelta(days=7)
    assert events.start_of("2026-01-07T00:00:00Z", NOW) == datetime(2026, 1, 7, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yesterday", "must be now, earliest, or a time"),
        ("", "must be now, earliest, or a time"),
        ("2026-01-07", "must be now, earliest, or a time"),
        ("2025-12-31T00:00:00Z", "keeps events for 7 days"),
        ("2026-01-09T00:00:00Z", "in the future"),
    ],
)
def test_where_it_cannot_begin(text, words):
    with pytest.raises(InvalidOption, match=words):
        events.start_of(text, NOW)
