# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Mashery simulator takes what the guide describes, and refuses everything else in the guide's words."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import time
from typing import Any

import pytest
import requests

from simulators.launch import Options, Simulators, running
from simulators.mashery.signature import expected

KEYS = "0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb76akfzetwb799"
FULL = (
    f'- 158.151.240.64 - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 11111 200 "-" "-" {KEYS} "-" "-" '
    '"GetCompanyDetailRequest" 0 - 5.555555 4.444444 0.333333 0.222222 -'
)
LEAST = f'- - - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 0 200 "-" "-" {KEYS} "-" "-" "-" 0 - 0 0 0 0 -'


class Poster:
    """Signed posts."""

    def __init__(self, simulators: Simulators, http: requests.Session) -> None:
        self._mashery = simulators.mashery
        self._http = http

    def __call__(self, raw: str | bytes, **changes: Any) -> requests.Response:
        plain = raw.encode() if isinstance(raw, str) else raw
        key, secret = changes.get("api_key", self._mashery.api_key), changes.get("secret", self._mashery.secret)
        timestamp = str(int(time.time()) + changes.get("seconds_off", 0))
        text = changes.get("lower", str.lower)(f"apikey={key}&timestamp={timestamp}").encode()
        text += changes.get("signed", plain)
        signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "text/plain", "X-Mashery-Signature": signature, **changes.get("headers", {})}
        return self._http.request(
            changes.get("method", "POST"),
            changes.get("url", self._mashery.url),
            params={"apikey": key, "timestamp": timestamp},
            data=changes.get("body", plain),
            headers={name: value for name, value in headers.items() if value is not None},
            timeout=20,
        )


@pytest.fixture
def post(simulators, http):
    return Poster(simulators, http)


def test_the_worked_example_of_the_guide():
    signature = expected("mysecret", "1234", "1349378903", b"abcdefghijklmnopqrstuvwxyz")
    assert signature == "2eca11949d8a9bd9ed729e722e63bd8cdb715f5e1a860f6ba98fb1af6c045220"


@pytest.mark.parametrize("end", ["", "\n"])
def test_both_examples_of_the_guide_are_accepted(simulators, post, end):
    assert post(FULL + "\n" + LEAST + end).status_code == 200
    state = simulators.state("mashery")
    assert (state["posts"], state["accepted_records"], state["distinct_records"]) == (1, 2, 2)


def test_a_record_that_comes_twice_is_told_apart(simulators, post):
    post(FULL + "\n" + LEAST)
    post(FULL)
    state = simulators.state("mashery")
    assert (state["posts"], state["accepted_records"], state["distinct_records"]) == (2, 3, 2)


def test_gzip_is_signed_over_the_plain_text(simulators, post):
    packed = gzip.compress(FULL.encode())
    assert post(FULL, body=packed, headers={"Content-Type": "application/x-gzip"}).status_code == 200
    signed = {"body": packed, "signed": packed, "headers": {"Content-Type": "application/x-gzip"}}
    assert post(FULL, **signed).status_code == 403
    state = simulators.state("mashery")
    assert state["media_types"] == {"application/x-gzip": 1}
    assert (state["raw_bytes"], state["wire_bytes"]) == (len(FULL), len(packed))


def test_gzip_in_several_members_and_as_a_content_encoding(post):
    members = gzip.compress((FULL + "\n").encode()) + gzip.compress(LEAST.encode())
    assert post(FULL + "\n" + LEAST, body=members, headers={"Content-Type": "application/x-gzip"}).status_code == 200
    assert post(FULL, body=gzip.compress(FULL.encode()), headers={"Content-Encoding": "gzip"}).status_code == 200


def test_a_key_with_capitals_is_signed_in_lower_case(simulators, post):
    assert simulators.mashery.api_key != simulators.mashery.api_key.lower()
    assert post(FULL).status_code == 200
    assert post(FULL, lower=str).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"secret": "other"}, {"api_key": "other"}, {"seconds_off": 310}, {"seconds_off": -310}, {"signed": b"other"}],
)
def test_a_wrong_key_signature_or_clock_is_not_authorized(simulators, post, changes):
    answer = post(FULL, **changes)
    assert answer.status_code == 403
    assert answer.headers["X-Mashery-Error-Code"] == "ERR_403_NOT_AUTHORIZED"
    assert simulators.state("mashery")["refused"] == 1


@pytest.mark.parametrize("seconds_off", [-290, 290])
def test_a_timestamp_may_be_five_minutes_off(post, seconds_off):
    assert post(FULL, seconds_off=seconds_off).status_code == 200


@pytest.mark.parametrize("media_type", ["application/json", "application/gzip", None])
def test_other_media_types_are_not_supported(post, media_type):
    assert post(FULL, headers={"Content-Type": media_type}).status_code == 415


def test_another_method_or_endpoint_is_596(simulators, post):
    assert post(FULL, method="PUT").status_code == 596
    assert post(FULL, url=simulators.mashery.url + "s").status_code == 596


def test_ten_thousand_records_and_no_more(simulators, post):
    lines = [FULL.replace("11111", str(number)) for number in range(10_001)]
    assert post("\n".join(lines[:10_000])).status_code == 200
    assert simulators.state("mashery")["distinct_records"] == 10_000
    refused = post("\n".join(lines))
    assert refused.status_code == 400
    assert "10001 records" in refused.text


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("- 158", "server 158", "server_name"),
        ("158.151.240.64", "158.151.240.640", "src_ip"),
        ("158.151.240.64", "host.example", "src_ip"),
        ("[12/Jun", "[31/Jun", "log_timestamp"),
        ("+0000", "+0200", "log_timestamp"),
        ("12/Jun/2012", "12/06/2012", "log_timestamp"),
        ("GET - HTTP", "GET HTTP", "method - http_version"),
        ("HTTP/1.1", "HTTP/2", "method - http_version"),
        ("11111", "-", "bytes"),
        (" 200 ", " 2000 ", "status"),
        ('200 "-"', '200 "https://from.example"', "referrer"),
        ('200 "-" "-"', '200 "-" -', "user_agent"),
        ("uce_ygnj", "uce_ ygnj", "request_id"),
        ('"GetCompanyDetailRequest"', "GetCompanyDetailRequest", "api_method"),
        ('"GetCompanyDetailRequest"', '"Get"Company"', "api_method"),
        (" 0 - 5", " 2 - 5", "cache_hit"),
        ("5.555555", "-5.5", "exec_time"),
        ("0.222222 -", "0.222222", "pre_transfer_time"),
        ("0.222222 -", "0.222222 -\r", "reference_guid"),
        ("0.222222 -", "0.222222 - -", "reference_guid"),
    ],
)
def test_a_malformed_field_is_named(simulators, post, old, new, field):
    assert old in FULL
    answer = post(LEAST + "\n" + FULL.replace(old, new, 1))
    assert answer.status_code == 400
    assert f"record 2, {field}" in answer.text
    assert simulators.state("mashery")["accepted_records"] == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("158.151.240.64", "2001:db8::1"),
        ("GET - HTTP/1.1", "PROPFIND - HTTP/1.0"),
        ("GetCompanyDetailRequest", 'say \\"ä\\"'),
        ("5.555555", "5"),
    ],
)
def test_what_the_format_allows_is_accepted(post, old, new):
    assert post(FULL.replace(old, new)).status_code == 200


@pytest.mark.parametrize("raw", ["", "\n", FULL + "\n\n" + LEAST])
def test_empty_lines_are_no_records(post, raw):
    assert post(raw).status_code == 400


def test_what_is_not_gzip_is_malformed(post):
    assert post(FULL, headers={"Content-Type": "application/x-gzip"}).status_code == 400


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("per_second", "ERR_403_DEVELOPER_OVER_QPS", "Over Queries Per Second Limit"),
        ("total", "ERR_403_DEVELOPER_OVER_RATE", "Over Rate Limit"),
        ("service_per_second", "ERR_403_SERVICE_OVER_QUERIES_PER_SECOND", "Service Over Queries-per-Second-Limit"),
    ],
)
def test_limits_are_told_by_header_detail_and_body(simulators, post, setting, code, words):
    simulators.clock("mashery", stop=True)
    simulators.settings("mashery", retry_after=True, **{setting: 2})
    assert [post(FULL).status_code for _number in range(2)] == [200, 200]
    refused = post(FULL)
    assert refused.status_code == 403
    assert refused.headers["X-Mashery-Error-Code"] == code
    assert "X-Error-Detail-Header" in refused.headers
    assert int(refused.headers["Retry-After"]) >= 1
    assert words in refused.text


def test_a_limit_per_second_ends_with_the_second(simulators, post):
    simulators.clock("mashery", stop=True)
    simulators.settings("mashery", per_second=1)
    assert [post(FULL).status_code for _number in range(2)] == [200, 403]
    simulators.clock("mashery", advance=1)
    assert post(FULL).status_code == 200


@pytest.mark.parametrize(("clue", "headers"), [("code", 1), ("detail", 1), ("body", 0)])
def test_a_refusal_can_be_told_by_one_mark_alone(simulators, post, clue, headers):
    simulators.faults("mashery", [{"action": "refuse", "kind": "over_rate", "clue": clue}])
    answer = post(FULL)
    marks = {"X-Mashery-Error-Code", "X-Error-Detail-Header"} & set(answer.headers)
    assert len(marks) == headers
    assert ("Over Rate Limit" in answer.text) == (clue == "body")


def test_an_inactive_key_is_another_403(simulators, post):
    simulators.settings("mashery", inactive=True)
    assert post(FULL).headers["X-Mashery-Error-Code"] == "ERR_403_DEVELOPER_INACTIVE"


def test_a_connection_breaks_before_or_after_the_records_are_accepted(simulators, post):
    for when, accepted in (("before", 0), ("after", 1)):
        simulators.faults("mashery", [{"action": "reset", "when": when}])
        with pytest.raises(requests.ConnectionError):
            post(FULL)
        assert simulators.state("mashery")["accepted_records"] == accepted


def test_faults_skip_repeat_and_stop(simulators, post):
    simulators.faults("mashery", [{"action": "status", "status": 503, "every": 3, "times": 2, "path": "/reporting"}])
    assert [post(FULL).status_code for _number in range(10)] == [200, 200, 503, 200, 200, 503, 200, 200, 200, 200]
    simulators.faults("mashery", [{"action": "status", "status": 500, "skip": 1, "times": 0}])
    assert [post(FULL).status_code for _number in range(4)] == [200, 500, 500, 500]
    simulators.clear_faults("mashery")
    assert post(FULL).status_code == 200


def test_two_faults_that_come_due_at_once_do_not_hide_each_other(simulators, post):
    simulators.faults(
        "mashery",
        [{"action": "status", "status": 500}, {"action": "status", "status": 503}, {"action": "delay", "seconds": 0}],
    )
    assert [post(FULL).status_code for _number in range(3)] == [500, 503, 200]


def test_a_sink_takes_everything(http):
    with running(Options(mashery_sink=True)) as simulators:
        answer = http.post(simulators.mashery.url, data=b"anything", verify=simulators.ca_path, timeout=10)
        assert answer.status_code == 200
        assert simulators.state("mashery")["posts"] == 1
