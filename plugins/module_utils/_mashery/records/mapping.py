# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Where a field of a record comes from: the language of the option ``mapping``, which presets are written in as well.

A field has one origin (``path``, ``group`` or ``constant``), and says what is done with what stands there: first
``skip_if``, then ``values``, then ``lookup``, then the conversion that belongs to the field. Nothing there (null, an
empty text or a dash) is ``default``.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from typing import Any, Callable, Dict, Iterable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.lookup import Table
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import (
    InvalidRecord,
    is_key,
    line_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.times import Clock, InvalidTime

DURATIONS = ("exec_time", "remote_total_time", "connect_time", "pre_transfer_time")
KEYS = ("service_dev_key", "service_key")
FIELDS: Mapping[str, str | None] = {
    "src_ip": "-",
    "log_timestamp": None,
    "method": None,
    "http_version": "1.1",
    "bytes": "0",
    "status": None,
    "service_dev_key": None,
    "service_key": None,
    "api_method": "-",
    "cache_hit": "0",
    **dict.fromkeys(DURATIONS, "0"),
}
"""The fields, and what a record has where nothing stands in the log; None where it cannot do without."""

UNMAPPED: Mapping[str, str] = {"method": "GET", "status": "200"}
"""What a record has for a field that no line of the log has, as in the guide's minimal line."""

INTERNAL = (
    *("server_name", "ident", "record_type", "referrer", "user_agent", "referrer_domain", "proxy_worker"),
    *("proxy_error_code", "reference_guid"),
)
"""Fields of Mashery's own: they cannot be reported, but may decide whether a line is."""

ORIGINS = ("path", "group", "constant")
UNITS: Mapping[str, int] = {"s": 0, "ms": 3, "us": 6, "ns": 9}
REFUSED = "\0"
"""The word for what cannot be converted: no record has it."""

_OPTIONS = (*ORIGINS, "default", "unit", "time_format", "time_zone", "values", "skip_if", "lookup")
_ABSENT = (None, "", "-")


class MissingKey(InvalidRecord):
    """A line without one of the two keys."""


class Source:
    """Where a field comes from, checked and compiled."""

    def __init__(self, field: str, options: Mapping[str, Any]) -> None:
        """Raises `InvalidOption`, in terms of the option."""
        self.field = field
        self._options = options
        self._check_origin()
        self.path: tuple[str, ...] | None = None if "path" not in options else self._path(options["path"])
        self.group: str | None = options.get("group")
        self.name = str(options.get("path") or options.get("group") or f"mapping.{field}")
        """As the log has it."""
        self._skip_if: Callable[[str], re.Match[str] | None] | None = None
        if options.get("skip_if") is not None:
            self._skip_if = self._expression("skip_if", options["skip_if"])
        self._skipped = _Memory(self.skips)
        self._values = self._table_of_values(options.get("values"))
        self.lookup = self._lookup(options.get("lookup"))
        self._places = self._unit(options.get("unit"))
        self._clock = self._times(options.get("time_format"), options.get("time_zone"))
        self._convert: Callable[[Any], str] = self._conversion()
        self.default = self._fixed("default")
        self.constant = self._fixed("constant")
        self._words = _Memory(self._word_or_refused)
        # What is put into the line as it is and is no word makes no record of it.
        asis = field in _AS_IT_IS or (field in DURATIONS and not self._places)
        self._as_it_is = asis and not self._values and self.lookup is None

    def word(self, value: Any) -> str:
        """What stands in the record. Raises `InvalidRecord`, in terms of the log's field."""
        if isinstance(value, bool):
            value = int(value)  # the same as 1 and 0, which a dictionary cannot tell from it
        for matches, instead in self._values:
            found = None if isinstance(value, (list, dict)) else matches("" if value is None else str(value))
            if found:
                value = found[1] if instead == r"\1" else found.expand(instead) if "\\" in instead else instead
                break
        if value in _ABSENT:
            return self._absent()
        if isinstance(value, (list, dict)):
            what = "a list: name one of its elements by its number" if isinstance(value, list) else "an object"
            raise InvalidRecord(self.name, f"is {what}, and not what {self.field} can be")
        if self.lookup is not None:
            return self._looked_up(str(value), self.lookup)
        return self._convert(value)

    @property
    def may_skip(self) -> bool:
        return self._skip_if is not None

    def skips(self, value: Any) -> bool:
        """Whether a line with this is not reported."""
        return bool(self._skip_if and self._skip_if("" if value is None else str(value)))

    def skipped(self, values: Sequence[Any]) -> Sequence[bool]:
        try:
            return list(map(self._skipped.__getitem__, values))
        except TypeError:
            return [self.skips(value) for value in values]

    def column(self, values: Sequence[Any]) -> Sequence[Any]:
        """The words of many values. One that is no word is made sure to make no record."""
        if self._as_it_is:
            if any(absent in values for absent in _ABSENT):
                absent = self._word_or_refused(None)
                values = [absent if value in _ABSENT else value for value in values]
            return self._parts(values)
        if self._clock is not None and not self._values:
            words = self._clock.column(values)
            if words is not None:
                return words
        try:
            return list(map(self._words.__getitem__, values))
        except TypeError:
            return [self._word_or_refused(value) for value in values]

    def _parts(self, values: Sequence[Any]) -> Sequence[Any]:
        try:
            if self.field == "api_method":
                return [value if "?" not in value else value[: value.index("?")] for value in values]
            if self.field == "src_ip":
                return [_address(value) if ":" in value or "," in value else value for value in values]
        except (TypeError, AttributeError):
            return list(map(self._word_or_refused, values))
        return values

    def refresh(self) -> None:
        """Read the lookup table again, if it was changed. Raises `TableError`."""
        if self.lookup is not None and self.lookup.refresh():
            self._words.clear()

    def refuse(self, what: str, value: Any) -> InvalidRecord:
        shown = str(value).encode("unicode_escape").decode("ascii")
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        return InvalidRecord(self.name, f"must be {what}, not {shown} (it is the record's {self.field})")

    def _word_or_refused(self, value: Any) -> str:
        try:
            return self.word(value)
        except InvalidRecord:
            return REFUSED

    def _absent(self) -> str:
        word = self.default if self.default is not None else FIELDS[self.field]
        if word is None:
            kind = MissingKey if self.field in KEYS else InvalidRecord
            raise kind(self.name, f"is missing (it is the record's {self.field})")
        return word

    def _looked_up(self, value: str, table: Table) -> str:
        key = table.get(value)
        if key is None and self.default is None:
            raise MissingKey(self.name, f"is {value[:80]}, which has no {self.field} in {table.path}")
        return str(key if key is not None else self.default)

    # What a value becomes

    def _conversion(self) -> Callable[[Any], str]:
        if self._clock is not None:
            return self._time
        if self.field in DURATIONS:
            return self._duration
        return {
            "bytes": self._number("a whole number of bytes", "[0-9]{1,400}"),
            "status": self._number("an HTTP status of three digits", "[1-9][0-9]{2}"),
            "cache_hit": self._flag,
            "http_version": self._version,
            "src_ip": lambda value: _address(str(value)),
            "api_method": lambda value: str(value).partition("?")[0],
            **dict.fromkeys(KEYS, self._key),
        }.get(self.field, str)

    def _number(self, what: str, form: str) -> Callable[[Any], str]:
        matches = re.compile(form).fullmatch

        def convert(value: Any) -> str:
            text = str(value)
            if not matches(text):
                raise self.refuse(what, value)
            return text

        return convert

    def _flag(self, value: Any) -> str:
        text = str(value).lower()
        if text not in ("0", "1", "true", "false"):
            raise self.refuse("0, 1, true or false", value)
        return "1" if text in ("1", "true") else "0"

    def _version(self, value: Any) -> str:
        text = str(value)
        version = text[5:] if text[:5].upper() == "HTTP/" else text
        if not re.fullmatch(r"[0-9](?:\.[0-9])?", version):
            raise self.refuse("an HTTP version, as in HTTP/1.1", value)
        # Mashery's records know two versions. HTTP/2 and 3 are younger than they are.
        return version if version in ("1.0", "1.1") else "1.1"

    def _key(self, value: Any) -> str:
        text = str(value)
        if not is_key(text):
            raise self.refuse("a key, with no space, quote, backslash or underscore", value)
        return text

    def _time(self, value: Any) -> str:
        if self._clock is None:
            raise AssertionError("The field has no time.")
        try:
            return self._clock.word(value)
        except InvalidTime as error:
            what = str(error)
        raise self.refuse(what, value)

    def _duration(self, value: Any) -> str:
        text = str(value)
        if not _DECIMAL(text):
            if _EXPONENT(text):
                text = format(Decimal(text), "f")
            elif text.startswith("-") and _DECIMAL(text[1:]):
                raise self.refuse("a duration, and not less than nothing", value)
            elif "," in text or ":" in text:
                raise self.refuse("one duration, with a point before its decimal places", value)
            else:
                raise self.refuse("a duration", value)
        whole, _point, fraction = text.partition(".")
        places = self._places
        if not places:
            return text
        whole = whole.zfill(places + 1)
        return f"{whole[:-places]}.{whole[-places:]}{fraction}"

    # The options

    def _wrong(self, option: str | None, text: str) -> InvalidOption:
        return InvalidOption(f"mapping.{self.field}{'' if option is None else '.' + option}: {text}.")

    def _check_origin(self) -> None:
        for option in self._options:
            if option not in _OPTIONS:
                raise self._wrong(
                    None, f"there is no {option}{nearest(option, _OPTIONS)}. There are {', '.join(_OPTIONS)}"
                )
        origins = [option for option in ORIGINS if self._options.get(option) is not None]
        if len(origins) != 1:
            named = "path (of JSON), group (of pattern) or constant"
            raise self._wrong(None, f"name one of {named}" + (f", not {' and '.join(origins)}" if origins else ""))
        if self.field in INTERNAL:
            wrong = [option for option in self._options if option not in ("path", "group", "skip_if")]
            if wrong or "skip_if" not in self._options:
                raise self._wrong(None, "the field is Mashery's own: it can have skip_if, and nothing else")
        if origins == ["constant"] and len(self._options) > 1:
            raise self._wrong(None, f"a constant has no {', '.join(set(self._options) - {'constant'})}")
        for option, fields in (("unit", DURATIONS), ("lookup", KEYS)):
            if self._options.get(option) is not None and self.field not in fields:
                raise self._wrong(option, f"only {', '.join(fields)} can have that")
        for option in ("time_format", "time_zone"):
            if self._options.get(option) is not None and self.field != "log_timestamp":
                raise self._wrong(option, "only log_timestamp can have that")

    def _path(self, path: Any) -> tuple[str, ...]:
        steps = [step.replace("\0", ".") for step in str(path).replace("\\.", "\0").split(".")]
        if not isinstance(path, str) or not all(steps):
            raise self._wrong("path", f"must be names with a point between them, as in request.headers, not {path}")
        return tuple(steps)

    def _expression(self, option: str, text: Any) -> Callable[[str], re.Match[str] | None]:
        try:
            return re.compile(str(text)).match
        except (re.error, RecursionError, OverflowError) as error:
            failure = error
        raise self._wrong(option, f"{text} is no regular expression ({failure})")

    def _table_of_values(self, pairs: Any) -> tuple[tuple[Callable[[str], re.Match[str] | None], str], ...]:
        if pairs is None:
            return ()
        if not isinstance(pairs, list) or not all(
            isinstance(pair, dict) and set(pair) == {"match", "value"} for pair in pairs
        ):
            raise self._wrong("values", "must be a list of dictionaries, each with match and value")
        table = []
        for pair in pairs:
            expression = self._expression("values", pair["match"])
            instead = "" if pair["value"] is None else str(pair["value"])
            try:
                re.sub(str(pair["match"]), instead, "") if "\\" in instead else None
            except (re.error, IndexError) as error:
                failure = error
            else:
                table.append((expression, instead))
                continue
            raise self._wrong("values", f"{instead} cannot be put in the place of {pair['match']} ({failure})")
        return tuple(table)

    def _lookup(self, path: Any) -> Table | None:
        return None if path is None else Table(str(path))

    def _unit(self, unit: Any) -> int:
        if unit is None:
            return 0
        if unit not in UNITS:
            raise self._wrong("unit", f"must be one of {', '.join(UNITS)}, not {unit}")
        return UNITS[unit]

    def _times(self, time_format: Any, zone: Any) -> Clock | None:
        if self.field != "log_timestamp":
            return None
        try:
            return Clock(None if time_format is None else str(time_format), None if zone is None else str(zone))
        except InvalidOption as error:
            failure = error
        raise self._wrong(None, str(failure))

    def _fixed(self, option: str) -> str | None:
        """A value that is a record's already."""
        value = self._options.get(option)
        if value is None:
            return None
        if isinstance(value, (list, dict)):
            raise self._wrong(option, "must be text or a number")
        record = {"log_timestamp": 0, **dict.fromkeys(KEYS, "k"), self.field: value}
        try:
            line = line_of(record)
        except InvalidRecord as error:
            failure = error
        else:
            if self.field == "log_timestamp":
                return line.decode()[line.index(b"[") : line.index(b"]") + 1]
            if isinstance(value, float):
                return format(Decimal(repr(value)), "f")
            return self._convert(value) if self.field in ("http_version", "cache_hit") else str(value)
        raise self._wrong(option, failure.reason)


class _Memory(Dict[Any, Any]):
    """What came of a value before. Logs repeat themselves."""

    def __init__(self, made: Callable[[Any], Any]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
        made = self[value] = self._made(value)
        return made


def sources(preset: Mapping[str, Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]) -> list[Source]:
    """Those of a preset as they are adjusted.

    What is given with an origin stands in the place of the preset's; without one it is added to it.
    """
    merged = {field: dict(options) for field, options in preset.items()}
    for field, options in given.items():
        whole = any(options.get(origin) is not None for origin in ORIGINS)
        merged[field] = {**({} if whole else merged.get(field, {})), **options}
    return [Source(field, options) for field, options in merged.items()]


def checked_mapping(mapping: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The option, by the lower-case names of fields that there are. Raises `InvalidOption`."""
    checked: dict[str, dict[str, Any]] = {}
    for name, options in (mapping or {}).items():
        field = str(name).lower()
        if field not in FIELDS and field not in INTERNAL:
            raise InvalidOption(f"mapping: {name} is no field of a record{nearest(field, FIELDS)}.")
        if field in checked:
            raise InvalidOption(f"mapping: {field} is there twice, in upper and in lower case.")
        if not isinstance(options, dict):
            raise InvalidOption(
                f"mapping.{field}: must be a dictionary, for example {{path: {options}}} or {{constant: {options}}}."
            )
        checked[field] = {str(option): value for option, value in options.items() if value is not None}
    return checked


def nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f" (is {near[0]} meant?)" if near else ""


def _address(text: str) -> str:
    """Without a port, and of a list as in X-Forwarded-For the first, which is the client's."""
    text = text.partition(",")[0].strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, _colon, port = text.rpartition(":")
    return host if port and "." in host and ":" not in host else text


_REMEMBERED = 1 << 16
_AS_IT_IS = ("src_ip", "method", "bytes", "status", "api_method", *KEYS)
_DECIMAL = re.compile(r"[0-9]{1,400}(?:\.[0-9]{1,400})?").fullmatch
_EXPONENT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}").fullmatch
