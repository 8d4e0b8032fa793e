# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of a log record: 21 fields, each in its form, one space between them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")

INTERNAL = rb"-"
QUOTED_INTERNAL = rb'"-"'
TEXT = rb'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"'
COUNT = rb"\d+"
SECONDS = rb"\d+(?:\.\d+)?"
KEY = rb'[^\s"_]+'

# Name and form of each field in its place. Those that are internal to Mashery must be a dash.
FIELDS: tuple[tuple[str, bytes], ...] = (
    ("server_name", INTERNAL),
    ("src_ip", rb"[0-9A-Fa-f:.]+|-"),
    ("ident", INTERNAL),
    ("record_type", INTERNAL),
    ("log_timestamp", rb"\[\d\d/(?:" + b"|".join(MONTHS) + rb")/\d{4}:\d\d:\d\d:\d\d \+0000\]"),
    ("method - http_version", rb"\"[A-Za-z0-9!#$%&'*+.^_`|~-]+ - HTTP/1\.[01]\""),
    ("bytes", COUNT),
    ("status", rb"[1-9]\d\d"),
    ("referrer", QUOTED_INTERNAL),
    ("user_agent", QUOTED_INTERNAL),
    ("request_id", rb"0_" + KEY + rb"_" + KEY),
    ("referrer_domain", QUOTED_INTERNAL),
    ("proxy_worker", QUOTED_INTERNAL),
    ("api_method", TEXT),
    ("cache_hit", rb"[01]"),
    ("proxy_error_code", INTERNAL),
    ("exec_time", SECONDS),
    ("remote_total_time", SECONDS),
    ("connect_time", SECONDS),
    ("pre_transfer_time", SECONDS),
    ("reference_guid", INTERNAL),
)
# The lenient forms of the internal fields: whatever is one word, or one quoted text.
LOOSE = {INTERNAL: rb'[^\s"]+', QUOTED_INTERNAL: TEXT}
SRC_IP, LOG_TIMESTAMP = 1, 4


@dataclass(frozen=True)
class Reason:
    """Why a record is refused: its number in the post (from 1), the field, and what is wrong."""

    record: int
    field: str
    text: str

    def __str__(self) -> str:
        return f"record {self.record}, {self.field}: {self.text}"


class Syntax:
    """Checks records. With `strict` False, internal fields may hold something other than a dash."""

    def __init__(self, strict: bool = True) -> None:
        self._forms = [(name, form if strict else LOOSE.get(form, form)) for name, form in FIELDS]
        self._line = re.compile(b" ".join(b"(" + form + b")" for _name, form in self._forms)).fullmatch

    def first_fault(self, lines: list[bytes]) -> Reason | None:
        """The first reason to refuse a post of these records, or None."""
        match: Callable[[bytes], re.Match[bytes] | None] = self._line
        for number, line in enumerate(lines, 1):
            found = match(line)
            if found is None:
                return self._explain(number, line)
            if not valid_address(found[SRC_IP + 1]):
                return Reason(number, "src_ip", "not an IP address")
            if not valid_timestamp(found[LOG_TIMESTAMP + 1]):
                return Reason(number, "log_timestamp", "no such moment")
        return None

    def _explain(self, number: int, line: bytes) -> Reason:
        rest = line
        for position, (name, form) in enumerate(self._forms):
            last = position == len(self._forms) - 1
            found = re.match(b"(?:" + form + b")" + (rb"\Z" if last else b" "), rest)
            if found is None:
                return Reason(number, name, "missing" if not rest else "malformed")
            rest = rest[found.end() :]
        return Reason(number, "record", "malformed")


@lru_cache(maxsize=1 << 16)
def valid_address(text: bytes) -> bool:
    if text == b"-":
        return True
    try:
        ipaddress.ip_address(text.decode("ascii"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1 << 16)
def valid_timestamp(text: bytes) -> bool:
    """Whether `[12/Jun/2012:21:53:03 +0000]` names a moment that exists; its form has been checked."""
    try:
        datetime(
            int(text[8:12]),
            MONTHS.index(text[4:7]) + 1,
            int(text[1:3]),
            int(text[13:15]),
            int(text[16:18]),
            min(int(text[19:21]), 59),
        )
    except ValueError:
        return False
    return int(text[19:21]) <= 60  # a leap second is a second
