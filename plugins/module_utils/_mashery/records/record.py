# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The log record of the Reporting Event Post API: 21 fields on a line, and what each of them may hold.

A record is a dict with the field names of the vendor's table ("Mashery Reporting Event Post API Guide", "Formulating
the Post Body"), upper or lower case. On the line, ``method`` and ``http_version`` share a field, and
``service_dev_key`` and ``service_key`` make up ``request_id``. A line is bytes without its line break.

The guide knows no way to write a quote inside a string. So a quote, a backslash or a control character is a reason to
refuse the record, not something to escape on a guess. Where the guide says that a field must be a dash because it is
Mashery's own, anything else is refused as well: better here and loudly than by the service and unseen.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, AnyStr, Callable, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_KEY = r"[!#-\[\]^`-~]+"  # printable, without a quote, a backslash, or the underscore that separates two keys
_DIGITS = "[0-9]{1,400}"  # as many as a floating-point number can have


class InvalidRecord(MopsError):
    """A record that Mashery could not read as what it is meant to be."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        """The field's name, or None where the record as a whole is the matter."""
        self.reason = reason


def json_object(line: AnyStr, decode: Callable[[AnyStr], Any], what: str = "an object") -> dict[str, Any]:
    """The object of JSON that ``decode`` finds in the line. Raises `InvalidRecord` where there is none."""
    reason = ""
    value: Any = None
    try:
        value = decode(line)
    except UnicodeError:
        reason = "the line is not UTF-8, as JSON has to be"
    except ValueError as error:
        reason = f"the line is not JSON ({error})"
    except RecursionError:
        reason = "the line is nested too deeply"
    if not reason and not isinstance(value, dict):
        reason = f"the line is JSON, but not {what}"
    if reason:
        raise InvalidRecord(None, reason)
    return value


def line_of(record: Mapping[str, Any]) -> bytes:
    """The line of a record. A field that is absent or None gets what the guide's minimal line has in its place.

    ``log_timestamp`` and the two keys (or ``request_id``) must be there. Raises `InvalidRecord`.
    """
    given = _by_known_name(record)
    return b" ".join([_bytes(field.name, field.word(given)) for field in _FIELDS])


def record_of(line: bytes) -> dict[str, Any]:
    """The record of a line, with every field, and numbers as numbers. Raises `InvalidRecord`.

    Bytes that are not UTF-8 stand as lone surrogates, of which `line_of` makes the same bytes again.
    """
    record: dict[str, Any] = {}
    for field, word in zip(_FIELDS, _words(line)):
        record.update(field.values(field.checked(word)))
    return record


def checked(line: bytes) -> bytes:
    """The line as it is sent: with its timestamp in GMT. Raises `InvalidRecord`."""
    return _bytes(None, " ".join([field.checked(word) for field, word in zip(_FIELDS, _words(line))]))


def without_common(lines: bytes) -> tuple[bytes, int]:
    r"""What is left of lines ending in ``\n`` without every record of the most common form, and how many those were.

    Nothing left proves that each line is a valid record. Anything left proves nothing: `checked` has to look at the
    lines one by one. The pass over a whole post by one expression takes a tenth of the time of doing so from the start.
    """
    view, begin, rest, count = memoryview(lines), 0, [], 0
    while begin < len(lines):
        end = lines.find(b"\n", begin + _SLICE_BYTES) + 1 or len(lines)
        left, found = _COMMON.subn(b"", view[begin:end])
        rest.append(left)
        begin, count = end, count + found
    return b"".join(rest), count


def in_gmt(text: str) -> str | None:
    """A time of a log, or one of ISO 8601 with its offset, as it stands in a record; None where it is neither."""
    try:
        return _Timestamp("log_timestamp").word({"log_timestamp": text})
    except InvalidRecord:
        return None


def is_key(text: str) -> bool:
    """Whether a text can be a developer's or a service's key in a record."""
    return re.fullmatch(_KEY, text) is not None


def common_line(line: bytes) -> bool:
    r"""Whether a line, with its ``\n``, is a record of the most common form; what is not may be one all the same."""
    return _COMMON.fullmatch(line) is not None


class _Field:
    """One of the 21 fields of a line. Every method raises `InvalidRecord`.

    A word is the field's text on the line, as `str` with unreadable bytes as lone surrogates.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def checked(self, word: str) -> str:
        """The word as it is sent."""
        raise NotImplementedError

    def values(self, word: str) -> Mapping[str, Any]:
        """What a checked word adds to a record."""
        raise NotImplementedError

    def word(self, record: Mapping[str, Any]) -> str:
        """The checked word for a record."""
        raise NotImplementedError

    def refuse(self, must: str, value: Any) -> InvalidRecord:
        shown = value if isinstance(value, str) else repr(value)
        shown = shown.encode("unicode_escape").decode("ascii")
        return InvalidRecord(self.name, f"must be {must}, not {shown if len(shown) <= 80 else shown[:77] + '...'}")


class _Internal(_Field):
    """A field of Mashery's own: a dash."""

    def __init__(self, name: str, dash: str) -> None:
        super().__init__(name)
        self._dash = dash

    def checked(self, word: str) -> str:
        if word != self._dash:
            raise self.refuse(f"{self._dash}, since the field is Mashery's own", word)
        return word

    def values(self, word: str) -> Mapping[str, Any]:
        return {self.name: "-"}

    def word(self, record: Mapping[str, Any]) -> str:
        value = record.get(self.name, "-")
        if value != "-":
            raise self.refuse("- or absent, since the field is Mashery's own", value)
        return self._dash


class _Number(_Field):
    """A number without a sign."""

    def __init__(self, name: str, what: str, form: str, absent: str = "0") -> None:
        super().__init__(name)
        self._what = what
        self._matches = re.compile(form).fullmatch
        self._absent = absent

    def checked(self, word: str) -> str:
        if not self._matches(word):
            raise self.refuse(self._what, word)
        return word

    def values(self, word: str) -> Mapping[str, Any]:
        return {self.name: float(word) if "." in word else int(word)}

    def word(self, record: Mapping[str, Any]) -> str:
        value = record.get(self.name, self._absent)
        if isinstance(value, bool):
            value = int(value)
        elif isinstance(value, float):
            # repr() of a float is exact, but may have an exponent.
            value = format(Decimal(repr(value)), "f")
            value += "" if "." in value else ".0"
        if not isinstance(value, (str, int)) or (isinstance(value, int) and abs(value) >= 10**400):
            raise self.refuse(self._what, value if isinstance(value, str) else type(value).__name__)
        return self.checked(str(value))


class _Address(_Field):
    def checked(self, word: str) -> str:
        if word != "-" and not _is_address(word):
            raise self.refuse("an IPv4 or IPv6 address or -", word)
        return word

    def values(self, word: str) -> Mapping[str, Any]:
        return {self.name: word}

    def word(self, record: Mapping[str, Any]) -> str:
        return self.checked(_string(self, record.get(self.name, "-")))


class _Timestamp(_Field):
    """A moment in GMT, to the second. A record may also have it in ISO 8601 or in seconds since 1970."""

    _what = "a time with its offset from GMT, as in [12/Jun/2012:21:53:03 +0000]"
    _log_form = re.compile(
        r"\[?([0-9]{2})/(" + "|".join(MONTHS) + r")/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-][0-9]{4})\]?"
    ).fullmatch
    _iso_form = re.compile(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
        r"(?:[.,][0-9]+)? ?(Z|[+-][0-9]{2}:?[0-9]{2})"
    ).fullmatch

    def checked(self, word: str) -> str:
        if not (word.startswith("[") and word.endswith("]")):
            raise self.refuse(self._what, word)
        return self._in_gmt(word)

    def values(self, word: str) -> Mapping[str, Any]:
        return {self.name: word}

    def word(self, record: Mapping[str, Any]) -> str:
        value = record.get(self.name)
        if value is None:
            raise InvalidRecord(self.name, "is missing")
        if isinstance(value, datetime):
            value = value.isoformat()
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                value = (datetime(1970, 1, 1) + timedelta(seconds=value // 1)).isoformat() + "Z"
            except (OverflowError, ValueError):
                raise self.refuse(self._what, value) from None
        return self._in_gmt(_string(self, value))

    def _in_gmt(self, text: str) -> str:
        log, iso = self._log_form(text), self._iso_form(text)
        if log:
            day, name, year, hour, minute, second, offset = log.groups()
            month = MONTHS.index(name) + 1
        elif iso:
            year, number, day, hour, minute, second, offset = iso.groups()
            month, offset = int(number), offset.replace(":", "").replace("Z", "+0000")
        else:
            raise self.refuse(self._what, text)
        moved = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
        try:
            # An offset is whole minutes, so that a leap second can stay what it is.
            moment = datetime(int(year), month, int(day), int(hour), int(minute), 0 if second == "60" else int(second))
            moment += moved if offset[0] == "-" else -moved
        except (OverflowError, ValueError):
            raise self.refuse("a time that exists", text) from None
        date = f"{moment.day:02}/{MONTHS[moment.month - 1]}/{moment.year:04}"
        return f"[{date}:{moment.hour:02}:{moment.minute:02}:{second} +0000]"


class _Request(_Field):
    """Method and HTTP version, in one quoted field."""

    _form = re.compile(r"\"([A-Za-z0-9!#$%&'*+.^_`|~-]+) - HTTP/(1\.[01])\"").fullmatch

    def checked(self, word: str) -> str:
        if not self._form(word):
            raise self.refuse('a method and HTTP version 1.0 or 1.1, as in "GET - HTTP/1.1"', word)
        return word

    def values(self, word: str) -> Mapping[str, Any]:
        method, version = word[1:-1].split(" - HTTP/")
        return {"method": method, "http_version": version}

    def word(self, record: Mapping[str, Any]) -> str:
        method = _string(self, record.get("method", "GET"))
        version = _string(self, record.get("http_version", "1.1"))
        return self.checked(f'"{method} - HTTP/{version[5:] if version.startswith("HTTP/") else version}"')


class _RequestId(_Field):
    """``0_<service_dev_key>_<service_key>``."""

    _form = re.compile(f"0_({_KEY})_({_KEY})").fullmatch

    def checked(self, word: str) -> str:
        if not self._form(word):
            raise self.refuse("0_<service_dev_key>_<service_key>, with no space or underscore in the keys", word)
        return word

    def values(self, word: str) -> Mapping[str, Any]:
        _zero, dev_key, service_key = word.split("_")
        return {"request_id": word, "service_dev_key": dev_key, "service_key": service_key}

    def word(self, record: Mapping[str, Any]) -> str:
        keys = {name: record[name] for name in ("service_dev_key", "service_key") if name in record}
        if "request_id" in record:
            word = self.checked(_string(self, record["request_id"]))
            for name, key in keys.items():
                if self.values(word)[name] != str(key):
                    raise InvalidRecord(name, "is not the one in request_id")
            return word
        for name in ("service_dev_key", "service_key"):
            if name not in keys:
                raise InvalidRecord(name, "is missing")
            if not re.fullmatch(_KEY, _string(_Field(name), keys[name])):
                raise _Field(name).refuse("a key, with no space, quote, backslash or underscore", keys[name])
        return f"0_{keys['service_dev_key']}_{keys['service_key']}"


class _Text(_Field):
    """A quoted string."""

    _damage = re.compile('[\x00-\x1f"\\\\\x7f]').search

    def checked(self, word: str) -> str:
        if len(word) < 2 or word[0] != '"' or word[-1] != '"':
            raise self.refuse("in quotes", word)
        found = self._damage(word[1:-1])
        if found:
            raise InvalidRecord(
                self.name, f"must hold no quote, backslash or control character, but holds {found[0]!r}"
            )
        return word

    def values(self, word: str) -> Mapping[str, Any]:
        return {self.name: word[1:-1]}

    def word(self, record: Mapping[str, Any]) -> str:
        return self.checked(f'"{_string(self, record.get(self.name, "-"))}"')


def _seconds(name: str) -> _Number:
    return _Number(name, "a number of seconds", rf"{_DIGITS}(?:\.{_DIGITS})?")


_FIELDS: tuple[_Field, ...] = (
    _Internal("server_name", "-"),
    _Address("src_ip"),
    _Internal("ident", "-"),
    _Internal("record_type", "-"),
    _Timestamp("log_timestamp"),
    _Request("method"),
    _Number("bytes", "a whole number of bytes", _DIGITS),
    _Number("status", "an HTTP status of three digits", "[1-9][0-9]{2}", absent="200"),
    _Internal("referrer", '"-"'),
    _Internal("user_agent", '"-"'),
    _RequestId("request_id"),
    _Internal("referrer_domain", '"-"'),
    _Internal("proxy_worker", '"-"'),
    _Text("api_method"),
    _Number("cache_hit", "0 or 1", "[01]"),
    _Internal("proxy_error_code", "-"),
    _seconds("exec_time"),
    _seconds("remote_total_time"),
    _seconds("connect_time"),
    _seconds("pre_transfer_time"),
    _Internal("reference_guid", "-"),
)

_SLICE_BYTES = 128 * 1024
"""Python does nothing else while an expression is at work: a millisecond at a time lets posts go out meanwhile."""

_NAMES = frozenset(field.name for field in _FIELDS) | {"http_version", "service_dev_key", "service_key"}

_OCTET = r"(?:1[0-9]{0,2}|2(?:[0-4][0-9]?|5[0-5]?|[6-9]?)|[3-9][0-9]?|0)"
_IPV4 = r"\.".join([_OCTET] * 4)
_is_ipv4 = re.compile(_IPV4).fullmatch
_HEXTET = "[0-9A-Fa-f]{1,4}"
_LONGER = "J(?:an|u[nl])|Ma[ry]|A(?:pr|ug)|Sep|Oct|Nov|Dec"  # months of more than 28 days in every year
_COMMON = re.compile(
    (
        f"- (?:{_IPV4}|-|(?:{_HEXTET}:){{7}}{_HEXTET}|(?:{_HEXTET}:){{1,3}}(?::{_HEXTET}){{1,4}})"
        r" - - \[(?:(?:0[1-9]|1[0-9]|2[0-8])/(?:Feb|" + _LONGER + r")|(?:29|30)/(?:" + _LONGER + r")"
        r"|31/(?:J(?:an|ul)|Ma[ry]|Aug|Oct|Dec)"
        r")/20[0-9][0-9]:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] \+0000\]"
        r' "[A-Z]+ - HTTP/1\.[01]" [0-9]{1,18} [1-9][0-9][0-9] "-" "-" 0_[0-9A-Za-z-]+_[0-9A-Za-z-]+ "-" "-"'
        r' "[^\x00-\x1f"\\\x7f]*" [01] - ' + " ".join([r"(?:[0-9]{1,18}\.?[0-9]{1,18}|[0-9])"] * 4) + r" -\n"
    ).encode()
)

_split = re.compile(rb'"[^"]*"|\[[^\]]*\]|[^ ]+').findall


def _words(line: bytes) -> list[str]:
    words = _split(line)
    if b" ".join(words) != line:
        raise InvalidRecord(None, "the line is not made of fields with one space between each two of them")
    if len(words) != len(_FIELDS):
        raise InvalidRecord(None, f"the line has {len(words)} fields, not {len(_FIELDS)}")
    return [word.decode("utf-8", "surrogateescape") for word in words]


def _by_known_name(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record's values that are not None, by the lower-case names of their fields."""
    given: dict[str, Any] = {}
    for key, value in record.items():
        name = key.lower() if isinstance(key, str) else repr(key)
        if name not in _NAMES:
            near = difflib.get_close_matches(name, _NAMES, n=1)
            raise InvalidRecord(str(key), "is no field of a record" + (f" (is {near[0]} meant?)" if near else ""))
        if name in given:
            raise InvalidRecord(name, "is there twice, in upper and in lower case")
        if value is not None:
            given[name] = value
    return given


def _string(field: _Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise field.refuse("text", type(value).__name__)
    return str(value)


def _bytes(name: str | None, text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidRecord(name, "holds half of a character (a lone surrogate)") from None


def _is_address(text: str) -> bool:
    if ":" not in text:
        return bool(_is_ipv4(text))
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False
