# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import json
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import (
    MONTHS,
    InvalidRecord,
    checked,
    line_of,
    record_of,
    without_common,
)
from hypothesis import given
from hypothesis import strategies as st

DEV_KEY, SERVICE_KEY = "u2cbu87r6f2q3m66j6yc2uce", "ygnj8v68nqb76akfzetwb799"
FULL = (
    b'- 158.151.240.64 - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 11111 200 "-" "-" '
    b'0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb76akfzetwb799 "-" "-" "GetCompanyDetailRequest" 0 - '
    b"5.555555 4.444444 0.333333 0.222222 -"
)
MINIMAL = (
    b'- - - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 0 200 "-" "-" '
    b'0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb76akfzetwb799 "-" "-" "-" 0 - 0 0 0 0 -'
)
LEAST = {
    "log_timestamp": "[12/Jun/2012:21:53:03 +0000]",
    "service_dev_key": DEV_KEY,
    "service_key": SERVICE_KEY,
}


def refusal(record: dict) -> InvalidRecord:
    with pytest.raises(InvalidRecord) as caught:
        line_of(record)
    return caught.value


def outcome(function, argument):
    """What the function returns, or None and the reason why it refuses."""
    try:
        return function(argument), ""
    except InvalidRecord as error:
        return None, error.reason


def line_refusal(line: bytes) -> InvalidRecord:
    with pytest.raises(InvalidRecord) as caught:
        checked(line)
    return caught.value


def test_a_time_and_two_keys_make_the_guides_minimal_line():
    assert line_of(LEAST) == MINIMAL


def test_the_guides_full_line_comes_from_its_values_and_gives_them_back():
    record = {
        **LEAST,
        "src_ip": "158.151.240.64",
        "bytes": 11111,
        "api_method": "GetCompanyDetailRequest",
        "exec_time": 5.555555,
        "remote_total_time": 4.444444,
        "connect_time": 0.333333,
        "pre_transfer_time": 0.222222,
    }

    assert line_of(record) == FULL
    assert record_of(FULL) == {
        **record,
        "server_name": "-",
        "ident": "-",
        "record_type": "-",
        "method": "GET",
        "http_version": "1.1",
        "status": 200,
        "referrer": "-",
        "user_agent": "-",
        "request_id": f"0_{DEV_KEY}_{SERVICE_KEY}",
        "referrer_domain": "-",
        "proxy_worker": "-",
        "cache_hit": 0,
        "proxy_error_code": "-",
        "reference_guid": "-",
    }


@pytest.mark.parametrize("line", [FULL, MINIMAL])
def test_the_guides_lines_are_valid_and_of_the_common_form(line):
    assert checked(line) == line
    assert without_common(line + b"\n") == (b"", 1)


@pytest.mark.parametrize(
    "given_time",
    [
        "12/Jun/2012:21:53:03 +0000",
        "[12/Jun/2012:23:53:03 +0200]",
        "[12/Jun/2012:16:23:03 -0530]",
        "2012-06-12T21:53:03Z",
        "2012-06-12 23:53:03.999+02:00",
        1339537983,
        1339537983.75,
        datetime(2012, 6, 12, 21, 53, 3, tzinfo=timezone.utc),
    ],
)
def test_a_time_is_written_in_gmt(given_time):
    assert line_of({**LEAST, "log_timestamp": given_time}) == MINIMAL


def test_a_line_with_another_offset_is_sent_in_gmt():
    assert checked(FULL.replace(b"[12/Jun/2012:21:53:03 +0000]", b"[13/Jun/2012:00:23:03 +0230]")) == FULL


def test_a_leap_second_stays_one():
    line = FULL.replace(b"12/Jun/2012:21:53:03", b"30/Jun/2012:23:59:60")
    assert checked(line) == line


@pytest.mark.parametrize(
    "time",
    [
        "[31/Feb/2012:21:53:03 +0000]",
        "[12/jun/2012:21:53:03 +0000]",
        "[12/Jun/2012:24:53:03 +0000]",
        "[12/Jun/2012:21:53:61 +0000]",
        "[12/Jun/2012:21:53:03]",
        "[01/Jan/0001:00:00:00 +0100]",
        "2012-06-12T21:53:03",
        "yesterday",
        1e30,
        float("nan"),
        True,
        [],
    ],
)
def test_a_time_that_is_none_or_has_no_offset_is_refused(time):
    assert refusal({**LEAST, "log_timestamp": time}).field == "log_timestamp"


@pytest.mark.parametrize(
    "address", ["1.2.3.4", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::ffff:1.2.3.4", "-"]
)
def test_addresses_of_both_families_are_taken(address):
    assert record_of(line_of({**LEAST, "src_ip": address}))["src_ip"] == address


@pytest.mark.parametrize(
    "address", ["256.1.1.1", "1.2.3", "01.2.3.4", "fe80::1%eth0", "1::2::3", "localhost", "", "1.2.3.4 "]
)
def test_what_is_no_address_is_refused(address):
    assert refusal({**LEAST, "src_ip": address}).field == "src_ip"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "GE T"),
        ("method", ""),
        ("http_version", "2.0"),
        ("bytes", -1),
        ("bytes", 1.5),
        ("bytes", "many"),
        ("status", 99),
        ("status", "2000"),
        ("cache_hit", 2),
        ("exec_time", -0.1),
        ("exec_time", "1e3"),
        ("exec_time", float("inf")),
        ("api_method", 'Get"All'),
        ("api_method", "Get\\All"),
        ("api_method", "Get\nAll"),
        ("api_method", "Get\x7fAll"),
        ("api_method", ["GetAll"]),
        ("api_method", "\ud800"),
        ("service_dev_key", "two words"),
        ("service_dev_key", "a_b"),
        ("service_key", ""),
        ("service_key", 'a"b'),
        ("server_name", "gateway"),
        ("user_agent", "curl/8"),
        ("reference_guid", "1"),
        ("Statsu", 200),
    ],
)
def test_a_field_that_is_not_of_its_type_is_named(field, value):
    assert refusal({**LEAST, field: value}).field in (field, "method")


def test_a_misspelt_field_is_told_from_the_one_that_is_meant():
    assert "is status meant?" in refusal({**LEAST, "statsu": 200}).reason


def test_fields_may_be_spelt_as_in_the_guide():
    assert line_of({**LEAST, "User_Agent": "-"}) == MINIMAL
    assert "twice" in refusal({**LEAST, "User_Agent": "-", "user_agent": "-"}).reason


def test_what_is_null_is_absent():
    assert line_of({**LEAST, "src_ip": None, "request_id": None}) == MINIMAL


@pytest.mark.parametrize("missing", ["log_timestamp", "service_dev_key", "service_key"])
def test_what_has_no_default_must_be_there(missing):
    record = {key: value for key, value in LEAST.items() if key != missing}
    assert (refusal(record).field, refusal(record).reason) == (missing, "is missing")


def test_a_request_id_stands_for_the_two_keys_and_must_agree_with_them():
    record = {"log_timestamp": LEAST["log_timestamp"], "request_id": f"0_{DEV_KEY}_{SERVICE_KEY}"}

    assert line_of(record) == MINIMAL
    assert line_of({**LEAST, **record}) == MINIMAL
    assert refusal({**record, "service_key": "other"}).field == "service_key"


def test_small_and_large_numbers_have_no_exponent():
    line = line_of({**LEAST, "exec_time": 1e-7, "bytes": 10**20, "connect_time": 2e16})
    assert b" 0.0000001 0 20000000000000000.0 0 -" in line
    assert b" 100000000000000000000 200 " in line


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (FULL.rpartition(b" ")[0], None, "20 fields"),
        (FULL + b" -", None, "22 fields"),
        (FULL.replace(b" ", b"  ", 1), None, "one space"),
        (FULL + b" ", None, "one space"),
        (b"", None, "0 fields"),
        (FULL.replace(b" 200 ", b" 20 "), "status", "three digits"),
        (FULL.replace(b'"GET - HTTP/1.1"', b'"GET / HTTP/1.1"'), "method", "GET - HTTP/1.1"),
        (FULL.replace(b'"-" "-" 0_', b'"-" - 0_'), "user_agent", "Mashery's own"),
        (FULL.replace(b"0_u2", b"1_u2"), "request_id", "0_<service_dev_key>_<service_key>"),
        (FULL.replace(b"5.555555", b"5."), "exec_time", "seconds"),
        (FULL.replace(b"5.555555", "٥".encode()), "exec_time", "seconds"),
    ],
)
def test_a_line_is_refused_with_its_field_and_the_reason(line, field, reason):
    assert line_refusal(line).field == field
    assert reason in line_refusal(line).reason
    assert without_common(line + b"\n")[0]


def test_bytes_that_are_not_utf_8_stay_what_they_are():
    line = FULL.replace(b"GetCompany", b"Get\xff\xfeCompany")

    assert checked(line) == line
    assert line_of(record_of(line)) == line


def test_a_reason_shows_nothing_unprintable_and_not_all_of_a_long_value():
    reason = refusal({**LEAST, "src_ip": "\x1b[31m\udcff" + "x" * 1000}).reason
    assert reason.isprintable()
    assert len(reason) < 150


def test_one_bad_line_in_many_leaves_something():
    assert without_common((FULL + b"\n") * 3 + FULL[1:] + b"\n" + MINIMAL + b"\n")[0]
    assert without_common(b"garbage" + FULL + b"\n")[0]


KEYS = st.text(st.sampled_from([chr(c) for c in range(33, 127) if chr(c) not in '"\\_']), min_size=1)
SECONDS = st.one_of(
    st.integers(0, 10**30), st.floats(0, allow_infinity=False, allow_nan=False, allow_subnormal=False).map(abs)
)
RECORDS = st.fixed_dictionaries(
    {
        "log_timestamp": st.builds(
            "[{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000]".format,
            st.integers(1, 28),
            st.sampled_from(MONTHS),
            st.integers(1, 9999),
            st.integers(0, 23),
            st.integers(0, 59),
            st.integers(0, 60),
        ),
        "service_dev_key": KEYS,
        "service_key": KEYS,
    },
    optional={
        "src_ip": st.ip_addresses().map(str),
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "M-SEARCH", "purge"]),
        "http_version": st.sampled_from(["1.0", "1.1"]),
        "bytes": st.integers(0, 10**30),
        "status": st.integers(100, 999),
        "api_method": st.text(st.characters(codec="utf-8", exclude_characters='"\\\x7f', min_codepoint=32)),
        "cache_hit": st.sampled_from([0, 1]),
        "exec_time": SECONDS,
        "remote_total_time": SECONDS,
        "connect_time": SECONDS,
        "pre_transfer_time": SECONDS,
    },
)


@given(RECORDS)
def test_any_valid_record_comes_back_from_its_line(record):
    line = line_of(record)
    back = record_of(line)

    assert {name: back[name] for name in record} == record
    assert line_of(back) == line
    assert checked(line) == line


WORDS = st.sampled_from(
    [*FULL.split(b" "), *MINIMAL.split(b" "), b'"-"', b"-", b"0", b"1.5", b"::1", b'"', b"[", b"\n", b"\0"]
)
LINES = st.one_of(
    st.binary(),
    st.lists(st.one_of(WORDS, st.binary(max_size=4))).map(b" ".join),
    # A good line with one place damaged: what a broken disk or a broken logger writes.
    st.builds(
        lambda line, at, size, new: line[: at % len(line)] + new + line[at % len(line) + size :],
        st.sampled_from([FULL, MINIMAL]),
        st.integers(0, 300),
        st.integers(0, 30),
        st.binary(max_size=6),
    ),
)


@given(LINES)
def test_any_bytes_are_a_record_or_have_a_reason(line):
    record, reason = outcome(record_of, line)
    if record is None:
        assert reason
        assert b"\n" in line or without_common(line + b"\n")[0]
    else:
        assert checked(line_of(record)) == line_of(record)


@given(
    st.dictionaries(
        st.sampled_from([*record_of(FULL), "x"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2)),
    )
)
def test_any_values_are_a_record_or_have_a_reason(values):
    for record in (values, {**LEAST, **values}):
        line, reason = outcome(line_of, record)
        if line is None:
            assert reason
        else:
            assert checked(line) == line


@given(st.from_regex(r"[0-9a-fA-F:.]{0,40}", fullmatch=True) | st.ip_addresses().map(str))
def test_the_common_form_takes_no_address_that_is_none(address):
    line = MINIMAL.replace(b"- -", b"- " + address.encode(), 1)
    if not without_common(line + b"\n")[0]:
        assert ipaddress.ip_address(address)
    try:
        ipaddress.ip_address(address)
    except ValueError:
        assert line_refusal(line)
    else:
        assert checked(line) == line


@given(
    st.integers(0, 23), st.integers(0, 59), st.booleans(), st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31))
)
def test_every_offset_gives_the_same_moment(hours, minutes, east, moment):
    moment = moment.replace(microsecond=0)
    offset = f"{'+' if east else '-'}{hours:02}{minutes:02}"
    text = f"[{moment.day:02}/{MONTHS[moment.month - 1]}/{moment:%Y:%H:%M:%S} {offset}]"

    there = record_of(line_of({**LEAST, "log_timestamp": text}))["log_timestamp"]

    assert datetime.strptime(text, "[%d/%b/%Y:%H:%M:%S %z]") == datetime.strptime(there, "[%d/%b/%Y:%H:%M:%S %z]")


def test_a_record_survives_json():
    assert line_of(json.loads(json.dumps(record_of(FULL)))) == FULL


def test_the_pattern_for_whole_batches_knows_the_days_of_each_month():
    days = [f"{day:02}/{month}".encode() for month in MONTHS for day in range(33)]
    taken = [day for day in days if without_common(MINIMAL.replace(b"12/Jun/2012", day + b"/2025") + b"\n") == (b"", 1)]
    year = [datetime(2025, 1, 1) + timedelta(days=number) for number in range(365)]
    assert taken == [f"{date.day:02}/{MONTHS[date.month - 1]}".encode() for date in year]
