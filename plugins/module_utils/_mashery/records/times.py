# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The times of gateways as the times of records: in GMT, to the second."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Callable, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import MONTHS, in_gmt

EPOCHS = {"epoch_s": 0, "epoch_ms": 3, "epoch_us": 6, "epoch_ns": 9}
"""Formats that count since 1970, with the decimal places of their unit."""

LOCAL = "local"
"""The time zone of the host."""


class InvalidTime(Exception):
    """Its text ends a sentence that begins with "must be"."""


class Clock:
    """Reads times of one format. ``zone`` is for those without an offset."""

    def __init__(self, time_format: str | None, zone: str | None) -> None:
        """Raises `InvalidOption` for what is no format and no zone."""
        self._format = time_format
        self._zone = None if zone is None else _zone(zone)
        self._places = EPOCHS.get(time_format or "")
        self._iso = time_format == "iso8601"
        if self._places is None and not self._iso and time_format is not None:
            _check_strptime(time_format)
        self._seconds: dict[Any, str] = {}
        self._offsets: dict[str, str] = {}

    def word(self, value: Any) -> str:
        """The time as it stands in a record. Raises `InvalidTime`."""
        if self._places is not None:
            return self._since_1970(value, self._places)
        text = str(value)
        if self._format is None or self._iso:
            return self._with_offset(text)
        try:
            moment = datetime.strptime(text, self._format)
        except ValueError:
            raise InvalidTime(f"a time as in {self._format}") from None
        return _word(moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone_of(moment)))

    def column(self, values: Sequence[Any]) -> Sequence[str] | None:
        """The words of many values at once, or None where that is not possible: then take them one by one.

        Times differ in their fraction of a second, and a record has none: what is before it is converted once.
        """
        try:
            if self._places:
                unit, seconds = 10**self._places, self._seconds
                try:
                    return [seconds[value // unit] for value in values]
                except KeyError:
                    for value in set(values):
                        seconds[value // unit] = self.word(value)
                    return [seconds[value // unit] for value in values]
            if self._iso:
                return self._iso_column(values)
        except (TypeError, ValueError, AttributeError, LookupError, InvalidTime):
            pass
        return None

    def _iso_column(self, values: Sequence[Any]) -> Sequence[str]:
        if len(self._seconds) > _REMEMBERED:
            self._seconds.clear()
            self._offsets.clear()
        seconds, offsets = self._seconds, self._offsets
        try:
            return [seconds[value[:19] + offsets[value[19:]]] for value in values]
        except KeyError:
            for end in {value[19:] for value in values} - offsets.keys():
                found = _ISO_END(end)
                if found is None:
                    raise InvalidTime from None
                offsets[end] = found[1]
            for moment in {value[:19] + offsets[value[19:]] for value in values} - seconds.keys():
                seconds[moment] = self.word(moment)
            return [seconds[value[:19] + offsets[value[19:]]] for value in values]

    def _since_1970(self, value: Any, places: int) -> str:
        text = str(value)
        if not re.fullmatch(r"[0-9]{1,30}(?:\.[0-9]*)?", text):
            raise InvalidTime(f"a number of {_UNITS[places]} since 1970")
        seconds = int(text.partition(".")[0]) // 10**places
        try:
            return _word(datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds))
        except OverflowError:
            raise InvalidTime(f"a number of {_UNITS[places]} since 1970 in a year of four digits") from None

    def _with_offset(self, text: str) -> str:
        found = None if self._zone is None else _WITHOUT_OFFSET(text)
        if found:
            try:
                moment = datetime.strptime(found[1].replace("T", " "), "%Y-%m-%d %H:%M:%S")
            except ValueError:
                raise InvalidTime("a time that exists") from None
            return _word(moment.replace(tzinfo=self._zone))
        word = in_gmt(text)
        if word is None:
            if _WITHOUT_OFFSET(text):
                raise InvalidTime(_NO_ZONE)
            raise InvalidTime("a time that exists, in ISO 8601 or as in 12/Jun/2012:21:53:03 +0000")
        return word

    def _zone_of(self, moment: datetime) -> tzinfo | None:
        if self._zone is None:
            raise InvalidTime(_NO_ZONE)
        return self._zone


def is_zone(text: str) -> bool:
    try:
        _zone(text)
    except InvalidOption:
        return False
    return True


def _zone(text: str) -> tzinfo | None:
    if text == LOCAL:
        return _Local()
    if text in ("UTC", "GMT", "Z"):
        return timezone.utc
    found = re.fullmatch(r"([+-])([01][0-9]|2[0-3]):?([0-5][0-9])", text)
    if found:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-offset if found[1] == "-" else offset)
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(text)
    except ImportError:
        reason = "the names of time zones need Python 3.9 on the host"
    except (KeyError, ValueError, OSError):
        reason = "the host knows no time zone of that name"
    raise InvalidOption(f"the time zone {text}: {reason}. Give UTC, local, +02:00, or a name as Europe/Berlin")


class _Local(tzinfo):
    """The zone of the host, with what it had for summer time at each moment."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        if dt is None:
            return timedelta(0)
        return dt.replace(tzinfo=None).astimezone().utcoffset() or timedelta(0)

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None

    def tzname(self, dt: datetime | None) -> str:
        return LOCAL


def _check_strptime(time_format: str) -> None:
    if "%" not in time_format:
        named = ", ".join(["iso8601", *EPOCHS])
        raise InvalidOption(f"the time format {time_format}: it is none of {named}, and nothing for strptime")
    failure = None
    try:
        datetime.strptime("", time_format)
    except ValueError as error:
        failure = error
    # What strptime says of a directive that it does not know has another text than what it says of a time.
    if failure is not None and "match format" not in str(failure):
        raise InvalidOption(f"the time format {time_format}: {failure}")


def _word(moment: datetime) -> str:
    try:
        moment = moment.astimezone(timezone.utc)
    except (OverflowError, ValueError):
        raise InvalidTime("a time that exists") from None
    date = f"{moment.day:02}/{MONTHS[moment.month - 1]}/{moment.year:04}"
    return f"[{date}:{moment.hour:02}:{moment.minute:02}:{moment.second:02} +0000]"


_REMEMBERED = 100_000
_NO_ZONE = "a time with its offset from GMT; say with time_zone in which zone the gateway writes"
_UNITS = {0: "seconds", 3: "milliseconds", 6: "microseconds", 9: "nanoseconds"}
_ISO_END: Callable[[str], Any] = re.compile(r"(?:[.,][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})").fullmatch
_WITHOUT_OFFSET = re.compile(
    r"\[?([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,][0-9]+)?\]?"
).fullmatch
