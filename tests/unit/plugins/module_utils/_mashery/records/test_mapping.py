# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import FORMATS, PRESETS, Format
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.lookup import TableError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import record_of
from ansible_collections.mops.maintenance.tests.gateways import calls, log, nginx_combined
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mashery.shipping import piece
from hypothesis import given
from hypothesis import strategies as st

LEAST: dict[str, Any] = {
    "log_timestamp": {"path": "at"},
    "service_key": {"constant": "service"},
    "service_dev_key": {"constant": "developer"},
}
AT = "2026-11-22T13:15:00Z"


def made(line: dict[str, Any], **mapping: dict[str, Any]) -> dict[str, Any]:
    """The record of a line of JSON."""
    batch = batch_of({"at": AT, **line}, **mapping)
    assert not batch.faults, batch.faults
    return record_of(batch.body.rstrip())


def batch_of(*lines: dict[str, Any], **mapping: dict[str, Any]) -> Batch:
    return Format("json", mapping={**LEAST, **mapping}).batch(piece(*map(json.dumps, lines)), "access.log")


def reason(line: dict[str, Any], **mapping: dict[str, Any]) -> str:
    """Of the fault that a line is: the log's field, and what is wrong with it."""
    (fault,) = batch_of({"at": AT, **line}, **mapping).faults
    return f"{fault.field} {fault.reason}"


class TestOrigin:
    def test_a_path_leads_through_objects_and_lists_and_names_with_points(self) -> None:
        line = {"a": {"b.c": [{"d": 7}]}}
        assert made(line, bytes={"path": r"a.b\.c.0.d"})["bytes"] == 7

    def test_a_path_that_leads_nowhere_is_absent(self) -> None:
        for path in ("x", "a.x", "a.b.x", "list.9", "list.0.x"):
            assert made({"a": {"b": 1}, "list": [1]}, bytes={"path": path})["bytes"] == 0

    def test_a_path_into_a_list_is_said(self) -> None:
        wanted = "is a list: name one of its elements by its number, and not what bytes can be"
        assert reason({"tries": [{"n": 1}]}, bytes={"path": "tries.n"}) == f"tries.n {wanted}"
        assert reason({"tries": [1]}, bytes={"path": "tries"}) == f"tries {wanted}"

    def test_an_object_is_no_value(self) -> None:
        assert reason({"a": {}}, bytes={"path": "a"}) == "a is an object, and not what bytes can be"

    def test_a_group_of_the_pattern(self) -> None:
        mapping = {**LEAST, "log_timestamp": {"group": "at"}, "bytes": {"group": "size"}}
        text = Format("text", r"(?P<at>\S+) (?P<size>\d+)?.*", mapping)
        batch = text.batch(piece(f"{AT} 17 x", f"{AT} ", "no"), "access.log")
        assert [record_of(line)["bytes"] for line in batch.body.splitlines()] == [17, 0]
        assert [(fault.line, fault.reason) for fault in batch.faults] == [
            (3, r"the line is not what matches pattern, (?P<at>\S+) (?P<size>\d+)?.*")
        ]

    def test_a_pattern_stands_in_the_place_of_the_one_of_a_preset(self) -> None:
        pattern = r"(?P<remote_addr>\S+) \[(?P<time_local>[^]]+)\] (?P<request_method>\w+) (?P<server_protocol>\S+) "
        pattern += r"(?P<status>\d+) (?P<body_bytes_sent>\d+) (?P<request_uri>\S+) (?P<request_time>\S+) (?P<key>\S+)"
        mapping = {
            "service_key": {"constant": "service"},
            "service_dev_key": {"group": "key"},
            "exec_time": {"group": "request_time"},
        }
        line = "1.2.3.4 [22/Nov/2026:13:15:00 +0000] GET HTTP/1.1 200 12 /a 0.5 developer"
        record = record_of(Format("nginx_combined", pattern, mapping).batch(piece(line), "a").body.rstrip())
        assert (record["src_ip"], record["exec_time"], record["service_dev_key"]) == ("1.2.3.4", 0.5, "developer")


class TestValue:
    @pytest.mark.parametrize(
        ("unit", "value", "seconds"),
        [
            *(("s", "0.5", 0.5), ("s", 2, 2), ("ms", 533, 0.533), ("ms", "7", 0.007), ("us", 1500000, 1.5)),
            *(("ns", 533123456, 0.533123456), ("ms", 12.25, 0.01225), ("s", 1e-05, 1e-05), ("ms", 0, 0), ("s", "", 0)),
        ],
    )
    def test_a_duration_becomes_seconds(self, unit: str, value: Any, seconds: float) -> None:
        assert made({"took": value}, exec_time={"path": "took", "unit": unit})["exec_time"] == pytest.approx(seconds)

    @pytest.mark.parametrize(
        ("value", "what"),
        [
            ("-0.5", "a duration, and not less than nothing"),
            (-3, "a duration, and not less than nothing"),
            ("0,5", "one duration, with a point before its decimal places"),
            ("0.1, 0.2", "one duration, with a point before its decimal places"),
            ("fast", "a duration"),
        ],
    )
    def test_a_duration_that_is_none_is_said_in_terms_of_the_log(self, value: Any, what: str) -> None:
        said = reason({"request_time": value}, exec_time={"path": "request_time"})
        assert said == f"request_time must be {what}, not {value} (it is the record's exec_time)"

    @pytest.mark.parametrize(
        ("value", "options"),
        [
            ("2026-11-22T14:15:00.25+01:00", {}),
            ("22/Nov/2026:13:15:00 +0000", {}),
            ("2026-11-22T13:15:00.123456789Z", {"time_format": "iso8601"}),
            ("2026-11-22 15:15:00", {"time_format": "iso8601", "time_zone": "+02:00"}),
            (1795353300, {"time_format": "epoch_s"}),
            ("1795353300.25", {"time_format": "epoch_s"}),
            (1795353300999, {"time_format": "epoch_ms"}),
            ("1795353300999999", {"time_format": "epoch_us"}),
            (1795353300999999999, {"time_format": "epoch_ns"}),
            ("22.11.2026 13:15", {"time_format": "%d.%m.%Y %H:%M", "time_zone": "UTC"}),
            ("22.11.2026 13:15 +0000", {"time_format": "%d.%m.%Y %H:%M %z"}),
        ],
    )
    def test_a_time_becomes_one_in_gmt(self, value: Any, options: dict[str, str]) -> None:
        record = made({"at": value}, log_timestamp={"path": "at", **options})
        assert record["log_timestamp"] == "[22/Nov/2026:13:15:00 +0000]"

    def test_a_time_of_a_zone_that_has_summer_time(self) -> None:
        pytest.importorskip("zoneinfo")
        zone = {"path": "at", "time_zone": "Europe/Berlin"}
        assert made({"at": "2026-07-01T12:00:00"}, log_timestamp=zone)["log_timestamp"].startswith("[01/Jul/2026:10:")
        assert made({"at": "2026-12-01T12:00:00"}, log_timestamp=zone)["log_timestamp"].startswith("[01/Dec/2026:11:")

    @pytest.mark.parametrize(
        ("value", "options", "what"),
        [
            ("2026-11-22T13:15:00", {}, "a time with its offset from GMT; say with time_zone"),
            (
                "2026-11-22T13:15:00.5",
                {"time_format": "iso8601"},
                "a time with its offset from GMT; say with time_zone",
            ),
            ("22.11.2026", {"time_format": "%d.%m.%Y"}, "a time with its offset from GMT; say with time_zone"),
            ("2026-02-30T13:15:00Z", {}, "a time that exists"),
            ("2026-02-30T13:15:00", {"time_zone": "UTC"}, "a time that exists"),
            ("soon", {"time_format": "epoch_ms"}, "a number of milliseconds since 1970"),
            (10**29, {"time_format": "epoch_s"}, "a number of seconds since 1970 in a year of four digits"),
            ("soon", {"time_format": "%H"}, "a time as in %H"),
        ],
    )
    def test_a_time_that_is_none_is_said(self, value: Any, options: dict[str, str], what: str) -> None:
        assert reason({"at": value}, log_timestamp={"path": "at", **options}).startswith(f"at must be {what}")

    def test_the_first_of_the_values_that_matches_counts_and_may_take_a_group(self) -> None:
        values = [
            {"match": "/v1/orders/[0-9]+$", "value": "GetOrder"},
            {"match": "/v1/orders", "value": "ListOrders"},
            {"match": "/v1/([a-z]+)", "value": r"Any \1"},
        ]
        names = {"/v1/orders/7": "GetOrder", "/v1/orders?x": "ListOrders", "/v1/users/3": "Any users", "/x?key=1": "/x"}
        for path, name in names.items():
            assert made({"path": path}, api_method={"path": "path", "values": values})["api_method"] == name

    def test_a_line_to_skip_is_neither_a_record_nor_a_fault_even_if_it_is_not_valid(self) -> None:
        skip = {"path": "path", "skip_if": "/health"}
        lines = [{"at": AT, "path": "/a"}, {"path": "/healthz"}, {"at": AT, "path": "/b"}, {"path": "/a"}]
        batch = batch_of(*lines, api_method=skip)
        assert (batch.records, batch.ignored, [fault.line for fault in batch.faults]) == (2, 1, [4])

    def test_a_field_of_masherys_own_can_decide_what_is_skipped(self) -> None:
        agent = {"path": "agent", "skip_if": "kube-probe"}
        batch = batch_of({"at": AT, "agent": "kube-probe/1.2"}, {"at": AT, "agent": "curl"}, user_agent=agent)
        assert (batch.records, batch.ignored) == (1, 1)

    def test_what_is_absent_is_the_default_or_not_valid(self) -> None:
        assert made({"a": "-"}, status={"path": "a", "default": 299})["status"] == 299
        assert made({}, src_ip={"path": "ip"}, http_version={"path": "v"})["src_ip"] == "-"
        for field in ("status", "method"):
            assert reason({}, **{field: {"path": "x"}}) == f"x is missing (it is the record's {field})"

    @pytest.mark.parametrize(
        ("value", "address"),
        [
            *(("1.2.3.4:80", "1.2.3.4"), ("[2001:db8::1]:80", "2001:db8::1"), ("2001:db8::1", "2001:db8::1")),
            *(
                ("1.2.3.4, 10.0.0.1", "1.2.3.4"),
                ("-", "-"),
                (None, "-"),
                ("2001:db8:1:2:3:4:5:8", "2001:db8:1:2:3:4:5:8"),
            ),
        ],
    )
    def test_an_address_has_no_port_and_is_the_first_of_many(self, value: Any, address: str) -> None:
        assert made({"ip": value}, src_ip={"path": "ip"})["src_ip"] == address

    @pytest.mark.parametrize(
        ("field", "value", "what"),
        [
            ("src_ip", "gw1", "must be an IPv4 or IPv6 address or -, not gw1 (it is the record's src_ip)"),
            ("bytes", "1.5", "must be a whole number of bytes, not 1.5 (it is the record's bytes)"),
            ("status", 0, "must be an HTTP status of three digits, not 0 (it is the record's status)"),
            (
                "http_version",
                "HTTP",
                "must be an HTTP version, as in HTTP/1.1, not HTTP (it is",
            ),
            ("cache_hit", "HIT", "must be 0, 1, true or false, not HIT (it is the record's cache_hit)"),
            ("method", "GET /", 'must be a method and HTTP version 1.0 or 1.1, as in "GET - HTTP/1.1", not'),
            ("api_method", 'say "x"', "must hold no quote, backslash or control character, but holds '\"' (it is"),
            ("service_dev_key", "a_b", "must be a key, with no space, quote, backslash or underscore, not a_b (it is"),
        ],
    )
    def test_a_value_that_a_record_cannot_have(self, field: str, value: Any, what: str) -> None:
        assert reason({"x": value}, **{field: {"path": "x"}}).startswith(f"x {what}")

    def test_a_line_cannot_add_a_record_of_its_own(self) -> None:
        forged = (
            'x" 0 - 0 0 0 0 -\n- 1.1.1.1 - - [22/Nov/2026:13:15:00 +0000] "GET - HTTP/1.1" 0 200 "-" "-" 0_evil_evil '
            '"-" "-" "y'
        )
        batch = batch_of({"at": AT, "path": forged}, {"at": AT, "path": "/"}, api_method={"path": "path"})
        assert (batch.records, [fault.line for fault in batch.faults]) == (1, [1])
        assert b"evil" not in batch.body

    def test_lines_that_are_json_only_together_are_none(self) -> None:
        text = Format("json", mapping=LEAST)
        good = json.dumps({"at": AT})
        batch = text.batch(piece(good, '{"at":[{}', "{}]}", f"{good},{good}", good), "access.log")
        assert (batch.records, [fault.line for fault in batch.faults]) == (2, [2, 3, 4])

    def test_json_that_is_not_utf_8_or_has_half_a_character_is_not_valid(self) -> None:
        text = Format("json", mapping={**LEAST, "api_method": {"path": "p"}})
        half = b'{"at":"%s","p":"\\udc80"}' % AT.encode()
        batch = text.batch(piece(b'{"at":"\xff"}', half, json.dumps({"at": AT})), "access.log")
        assert (batch.records, [fault.line for fault in batch.faults]) == (1, [1, 2])

    def test_text_that_is_not_utf_8_stays_what_it_is(self) -> None:
        line, _expected = nginx_combined(next(calls(1)))
        raw = line.encode().replace(b"/v1/", b"/\xff/")
        made = Format("nginx_combined", mapping={key: LEAST[key] for key in ("service_key", "service_dev_key")})
        assert b'"/\xff/' in made.batch(piece(raw), "access.log").body


class TestKeys:
    def test_a_line_without_a_key_has_a_count_of_its_own(self) -> None:
        lines = [{"at": AT, "key": "a"}, {"at": AT}, {"at": AT, "key": "a_b"}]
        faults = batch_of(*lines, service_dev_key={"path": "key"}).faults
        assert [(fault.line, fault.no_key) for fault in faults] == [(2, True), (3, False)]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("keys.csv", "# consumer,key\nacme,one\n\nfirm, Inc.,two\n"),
            ("keys.json", '{"acme": "one", "firm, Inc.": "two"}'),
        ],
    )
    def test_a_key_can_be_looked_up_in_a_file(self, tmp_path: Path, name: str, text: str) -> None:
        (tmp_path / name).write_text(text)
        looked_up = {"path": "consumer", "lookup": str(tmp_path / name)}
        assert made({"consumer": "firm, Inc."}, service_dev_key=looked_up)["service_dev_key"] == "two"
        (fault,) = batch_of({"at": AT, "consumer": "x"}, service_dev_key=looked_up).faults
        assert (fault.no_key, fault.reason) == (True, f"is x, which has no service_dev_key in {tmp_path / name}")
        assert made({"consumer": "x"}, service_dev_key={**looked_up, "default": "none"})["service_dev_key"] == "none"

    def test_a_table_that_changes_is_read_again(self, tmp_path: Path) -> None:
        table = tmp_path / "keys.csv"
        table.write_text("acme,one\n")
        text = Format("json", mapping={**LEAST, "service_dev_key": {"path": "consumer", "lookup": str(table)}})
        line = piece(json.dumps({"at": AT, "consumer": "acme"}))
        assert b"0_one_" in text.batch(line, "a").body
        table.write_text("acme,three\n")
        assert b"0_three_" in text.batch(line, "a").body
        table.write_text("acme\n")
        with pytest.raises(TableError, match="It was changed while the logs were read; nothing more is sent"):
            text.batch(line, "a")

    @pytest.mark.parametrize(
        ("name", "text", "what"),
        [
            ("keys.csv", "a,one\nb,two\na,three\n", "has a twice, in lines 1 and 3"),
            ("keys.csv", "a one\n", "has no name, comma and key in line 1: a one"),
            ("keys.csv", "a,o_ne\n", "has for a something that is no key"),
            ("keys.csv", "# nothing\n", "has no line with a name, a comma, and a key"),
            ("keys.json", '{"a": "one", "a": "two"}', "has a twice"),
            ("keys.json", '{"a": 1}', "has for a something that is no key"),
            ("keys.json", "[]", "is JSON, but not an object"),
            ("keys.json", "{", "is not JSON"),
            ("keys.csv", None, "cannot be read: No such file or directory"),
        ],
    )
    def test_a_table_that_is_none_is_said_before_anything_is_read(
        self, tmp_path: Path, name: str, text: str | None, what: str
    ) -> None:
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(InvalidOption, match=f"The lookup table .*{name} {what}"):
            Format("json", mapping={**LEAST, "service_dev_key": {"path": "x", "lookup": str(tmp_path / name)}})


class TestOptions:
    @pytest.mark.parametrize(
        ("mapping", "what"),
        [
            ({"sevice_key": {"path": "x"}}, r"sevice_key is no field of a record \(is service_key meant\?\)"),
            ({"bytes": "size"}, r"mapping.bytes: must be a dictionary, for example \{path: size\}"),
            ({"bytes": {"paht": "x"}}, r"mapping.bytes: there is no paht \(is path meant\?\)"),
            (
                {"bytes": {"default": 0}},
                r"mapping.bytes: name one of path \(of JSON\), group",
            ),
            ({"bytes": {"path": "x", "constant": 0}}, "mapping.bytes: name one of .*, not path and constant"),
            ({"bytes": {"path": "a..b"}}, "mapping.bytes.path: must be names with a point between them"),
            ({"bytes": {"path": "x", "unit": "ms"}}, "mapping.bytes.unit: only exec_time, .* can have that"),
            (
                {"exec_time": {"path": "x", "unit": "min"}},
                "mapping.exec_time.unit: must be one of s, ms, us, ns, not",
            ),
            ({"status": {"path": "x", "lookup": "y"}}, "mapping.status.lookup: only service_dev_key, service_key can"),
            (
                {"status": {"path": "x", "time_format": "y"}},
                "mapping.status.time_format: only log_timestamp can",
            ),
            ({"status": {"constant": 20}}, "mapping.status.constant: must be an HTTP status of three digits, not 20"),
            ({"status": {"constant": 200, "default": 1}}, "mapping.status: a constant has no default"),
            ({"status": {"path": "x", "default": []}}, "mapping.status.default: must be text or a number"),
            ({"service_key": {"constant": "a_b"}}, "mapping.service_key.constant: must be a key, with no space"),
            (
                {"api_method": {"path": "x", "values": {"a": "b"}}},
                "mapping.api_method.values: must be a list of",
            ),
            (
                {"api_method": {"path": "x", "values": [{"match": "(", "value": ""}]}},
                r"values: \( is no regular",
            ),
            (
                {"api_method": {"path": "x", "values": [{"match": "a", "value": r"\1"}]}},
                r"values: \\1 cannot be",
            ),
            ({"api_method": {"path": "x", "skip_if": "["}}, r"mapping.api_method.skip_if: \[ is no regular expression"),
            ({"user_agent": {"path": "x"}}, "mapping.user_agent: the field is Mashery's own: it can have skip_if"),
            (
                {"log_timestamp": {"path": "x", "time_format": "iso"}},
                "mapping.log_timestamp: the time format iso",
            ),
            (
                {"log_timestamp": {"path": "x", "time_format": "%Q"}},
                "mapping.log_timestamp: the time format %Q",
            ),
            ({"log_timestamp": {"path": "x", "time_zone": "Mars"}}, "mapping.log_timestamp: the time zone Mars: "),
            ({"bytes": {"group": "x"}}, "mapping.bytes.group: the log is JSON, not text: name a path"),
            ({"BYTES": {"path": "x"}, "bytes": {"path": "x"}}, "mapping: bytes is there twice"),
        ],
    )
    def test_a_mapping_that_is_none_is_said_before_anything_is_read(self, mapping: dict[str, Any], what: str) -> None:
        with pytest.raises(InvalidOption, match=what):
            Format("json", mapping={**LEAST, **mapping})

    @pytest.mark.parametrize(
        ("name", "pattern", "mapping", "what"),
        [
            ("mashery", None, LEAST, "format mashery has no mapping"),
            ("jsonl", "x", None, "format jsonl has no pattern"),
            (
                "json",
                None,
                None,
                "where it has log_timestamp and service_dev_key and service_key",
            ),
            ("text", None, LEAST, "format text needs pattern"),
            ("text", "(", LEAST, "pattern is no regular expression"),
            ("kong", "(", LEAST, "format kong is JSON, and has no pattern"),
            ("text", "(?P<time>.*)", {**LEAST, "log_timestamp": {"group": "tme"}}, r"no group tme \(is time meant\?\)"),
            ("text", "(?P<time>.*)", LEAST, "mapping.log_timestamp.path: the log is text, not JSON: name a group"),
            (
                "nginx_combined",
                None,
                None,
                r"where it has service_dev_key and service_key: name it in mapping",
            ),
            ("apigee", None, None, r"where it has service_key: .* service_key: \{constant: <the key>\}"),
        ],
    )
    def test_a_format_that_lacks_something_says_what(
        self, name: str, pattern: str | None, mapping: dict[str, Any] | None, what: str
    ) -> None:
        with pytest.raises(InvalidOption, match=what):
            Format(name, pattern, mapping)

    def test_an_entry_without_an_origin_is_added_to_that_of_the_preset(self) -> None:
        keys = {key: LEAST[key] for key in ("service_key", "service_dev_key")}
        values = [{"match": "/v1/companies", "value": "Companies"}]
        made = Format("envoy_json", mapping={**keys, "api_method": {"values": values}, "exec_time": {"unit": "us"}})
        lines, expected = log("envoy_json", 100)
        for line, wanted in zip(made.batch(piece(*lines), "a").body.splitlines(), expected):
            record = record_of(line)
            assert record["api_method"] == (
                "Companies" if "companies" in wanted["api_method"] else wanted["api_method"]
            )
            assert record["exec_time"] == pytest.approx(wanted["exec_time"] / 1000)

    def test_of_a_preset_with_two_kinds_each_takes_what_is_meant_for_it(self) -> None:
        keys = {"service_key": {"constant": "s"}, "service_dev_key": {"path": "user"}}
        lines = [line for line in log("aws_api_gateway", 50)[0] if line.startswith("{")]
        made = Format("aws_api_gateway", mapping=keys)
        assert made.batch(piece(lines[0].replace('"user": "-"', '"user": "u"')), "a").records == 1
        assert Format("aws_api_gateway", mapping={**keys, "service_dev_key": {"group": "user"}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["at", "a", "b", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)
VALUES = st.sampled_from(
    [
        AT,
        "-",
        "",
        None,
        0,
        1,
        True,
        False,
        200,
        "200",
        -1,
        "0.5",
        "0,5",
        "1.2.3.4",
        "1.2.3.4:5",
        "GET",
        "HTTP/2",
        "/a?b",
    ]
) | st.text(max_size=10)
EVERYTHING: dict[str, Any] = {
    "src_ip": {"path": "ip"},
    "log_timestamp": {"path": "at", "time_format": "iso8601"},
    "method": {"path": "m"},
    "http_version": {"path": "v"},
    "bytes": {"path": "n"},
    "status": {"path": "s"},
    "service_dev_key": {"path": "k"},
    "service_key": {"constant": "service"},
    "api_method": {"path": "p.q", "skip_if": "/health"},
    "cache_hit": {"path": "c"},
    "exec_time": {"path": "d", "unit": "ms"},
    "remote_total_time": {"path": "e"},
}
LINES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("ip", "m", "v", "n", "s", "k", "c", "d", "e"), VALUES),
        "at": st.just(AT) | VALUES,
        "p": st.fixed_dictionaries({"q": VALUES}) | VALUES,
    },
)


@given(st.lists(LINES.map(json.dumps) | JSON.map(json.dumps) | st.text(max_size=30), max_size=12))
def test_any_line_is_a_record_or_is_skipped_or_has_a_reason_and_many_are_what_each_is(lines: list[str]) -> None:
    lines = [line.encode("utf-8", "replace").decode().replace("\n", " ").replace("\r", " ") for line in lines]
    made = Format("json", mapping=EVERYTHING)
    converter = made.converter
    assert converter is not None

    batch = converter.batch(piece(*lines), "access.log")
    shown = list(converter.shown(lines, 1))

    assert batch.body.splitlines() == [one.record for one in shown if one.record is not None]
    assert [(fault.line, fault.field, fault.reason) for fault in batch.faults] == [
        (one.number, one.field, one.reason) for one in shown if one.reason is not None
    ]
    assert batch.ignored == sum(one.left is not None for one in shown)
    assert batch.records == len(batch.body.splitlines())
    assert len(shown) == sum(bool(line.strip()) for line in lines)
    for line in batch.body.splitlines():
        record_of(line)


@given(st.sampled_from(sorted(PRESETS)), st.data())
def test_any_damage_to_a_line_of_a_preset_is_a_record_or_has_a_reason(name: str, data: st.DataObject) -> None:
    keys = {key: LEAST[key] for key in ("service_key", "service_dev_key")}
    made = Format(name, mapping=keys).converter
    assert made is not None
    lines = []
    for line in log(name, 4, seed=data.draw(st.integers(0, 20)))[0]:
        begin = data.draw(st.integers(0, len(line)))
        end = data.draw(st.integers(begin, min(len(line), begin + 12)))
        lines.append(line[:begin] + data.draw(st.text('"\\{}[]-:,0 aé\x00', max_size=3)) + line[end:])

    batch = made.batch(piece(*lines), "access.log")

    assert batch.records + len(batch.faults) == len([line for line in lines if line.strip()])
    assert batch.body.splitlines() == [one.record for one in made.shown(lines, 1) if one.record is not None]
    assert all(fault.reason for fault in batch.faults)


def test_there_is_a_format_for_every_choice() -> None:
    assert len(set(FORMATS)) == len(FORMATS) == 4 + len(PRESETS)
