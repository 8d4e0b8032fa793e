# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Lines of a gateway's log made into records.

Line by line, a line is taken apart, each field is converted, and the record is checked; every doubt about a line is
decided that way (`Converter.record_of`). But a million lines are more than that can do: so a few hundred lines at a
time are converted field by field, by functions of Python's that are written in C, and what comes out is checked at
once by the expression that knows the common form of a record. Lines that it does not know are looked at one by one.
"""

from __future__ import annotations

import json
import re
import secrets
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Callable, Iterator, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import Piece
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch, Fault, Shown
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.mapping import (
    FIELDS,
    INTERNAL,
    UNMAPPED,
    MissingKey,
    Source,
    nearest,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import (
    InvalidRecord,
    common_line,
    json_object,
    line_of,
    without_common,
)

SLICE = 500
"""Lines that are converted at once."""

TELLING = ("log_timestamp", "method", "status")
"""Fields whose absence shows that a line is not what a format says."""

_LINE = (
    '- {src_ip} - - {log_timestamp} "{method} - HTTP/{http_version}" {bytes} {status} "-" "-" '
    '0_{service_dev_key}_{service_key} "-" "-" "{api_method}" {cache_hit} - '
    "{exec_time} {remote_total_time} {connect_time} {pre_transfer_time} -\n"
)
_ORDER = re.findall(r"\{(\w+)\}", _LINE)


class WrongFormat(MopsError):
    """The log is not what the format says."""


class Left(Exception):
    """A line is not reported, because the mapping says so."""


class Lines:
    """What lines of one kind are, and which part of them is which field. Every method raises `InvalidRecord`."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = [source for source in sources if source.field not in INTERNAL]
        self.skipping = [source for source in sources if source.may_skip]
        words = {field: word or UNMAPPED.get(field, "") for field, word in FIELDS.items()}
        self._from_log: list[Source] = []
        for source in sorted(self.sources, key=lambda source: _ORDER.index(source.field)):
            if source.constant is None:
                self._from_log.append(source)
            words[source.field] = "\0" if source.constant is None else source.constant
        template = _LINE.format_map(words).replace("%", "%%").replace("\0", "%s")
        self._fill = template.__mod__

    def mine(self, line: str) -> bool:
        """Whether a line looks as if it were of this kind, and not of the other one that a format has."""
        raise NotImplementedError

    def parsed(self, line: str) -> Any:
        raise NotImplementedError

    def all_parsed(self, lines: Sequence[str]) -> list[Any]:
        """None for a line that is not of this kind."""
        raise NotImplementedError

    def value(self, parsed: Any, source: Source) -> Any:
        raise NotImplementedError

    def values(self, parsed: Sequence[Any]) -> Callable[[Source], Sequence[Any]]:
        raise NotImplementedError

    def encode(self, text: str) -> bytes:
        """Raises `UnicodeEncodeError`."""
        raise NotImplementedError

    def fits(self, line: str) -> bool:
        try:
            parsed = self.parsed(line)
            return all(
                self.value(parsed, source) is not None
                for source in self.sources
                if source.field in TELLING and source.constant is None and source.default is None
            )
        except InvalidRecord:
            return False

    def record(self, line: str) -> bytes:
        """The record of a line, without a line break. Raises `InvalidRecord`, and `Left`."""
        parsed = self.parsed(line)
        for source in self.skipping:
            value = self.value(parsed, source)
            if source.skips(value):
                raise Left(f"{source.name} is {value}")
        record: dict[str, Any] = {}
        for source in self.sources:
            word = source.constant
            record[source.field] = source.word(self.value(parsed, source)) if word is None else word
        try:
            return line_of(record)
        except InvalidRecord as error:
            failure = error
        name = next((source.name for source in self.sources if source.field == failure.field), failure.field)
        raise InvalidRecord(name, f"{failure.reason} (it is the record's {failure.field})")

    def lines(self, parsed: Sequence[Any]) -> tuple[list[str], list[bool] | None]:
        """The lines of many records, each with its line break, unchecked; and which of them are not reported."""
        values = self.values(parsed)
        left: list[bool] | None = None
        for source in self.skipping:
            flags = source.skipped(values(source))
            left = list(flags) if left is None else [a or b for a, b in zip(left, flags)]
        columns = [source.column(values(source)) for source in self._from_log]
        return list(map(self._fill, zip(*columns))), left


class TextLines(Lines):
    """Lines that an expression takes apart. Bytes that are not UTF-8 stand as lone surrogates, and stay as they are."""

    def __init__(self, sources: Sequence[Source], pattern: str, expected: str) -> None:
        """``expected`` is what is said of a line that does not match."""
        super().__init__(sources)
        self._expression = compiled(pattern)
        self._match = self._expression.fullmatch
        self._expected = expected
        names = self._expression.groupindex
        for source in sources:
            if source.path is not None:
                raise InvalidOption(f"mapping.{source.field}.path: the log is text, not JSON: name a group of pattern.")
            if source.group is not None and source.group not in names:
                there = ", ".join(names) or "none"
                raise InvalidOption(
                    f"mapping.{source.field}.group: pattern has no group {source.group}{nearest(source.group, names)}. "
                    f"Its named groups: {there}."
                )
        self._index = {source: names[source.group] for source in sources if source.group is not None}

    def mine(self, line: str) -> bool:
        return not line.startswith("{")

    def parsed(self, line: str) -> Any:
        match = self._match(line)
        if match is None:
            raise InvalidRecord(None, f"the line is not {self._expected}")
        return match

    def all_parsed(self, lines: Sequence[str]) -> list[Any]:
        return list(map(self._match, lines))

    def value(self, parsed: Any, source: Source) -> Any:
        return None if source.group is None else parsed[self._index[source]]

    def values(self, parsed: Sequence[Any]) -> Callable[[Source], Sequence[Any]]:
        columns = list(zip(*[match.groups() for match in parsed]))
        return lambda source: columns[self._index[source] - 1]

    def encode(self, text: str) -> bytes:
        return text.encode("utf-8", "surrogateescape")


class JsonLines(Lines):
    """Lines that are objects of JSON."""

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__(sources)
        for source in sources:
            if source.group is not None:
                raise InvalidOption(f"mapping.{source.field}.group: the log is JSON, not text: name a path.")
        # Numbers with a point stay the text that they are.
        self._decode = json.JSONDecoder(parse_float=str).decode
        self._mark = f'"{secrets.token_hex(8)}"'

    def mine(self, line: str) -> bool:
        return line.startswith("{")

    def parsed(self, line: str) -> Any:
        return json_object(line, self._decode_utf_8)

    def _decode_utf_8(self, line: str) -> Any:
        line.encode("utf-8")  # what a log has of other bytes stands as lone surrogates
        return self._decode(line)

    def all_parsed(self, lines: Sequence[str]) -> list[Any]:
        # One call for many lines takes two thirds of the time. The marks between them, which no log can know, show that
        # each line by itself is a value of JSON.
        mark = self._mark
        try:
            text = f"[{f',{mark},'.join(lines)}]"
            text.encode("utf-8")
            found = self._decode(text)
            values = found[::2]
            if found[1::2] == [mark[1:-1]] * (len(lines) - 1) and set(map(type, values)) == {dict}:
                return list(values)
        except (ValueError, RecursionError):
            pass
        return [self._parsed_or_none(line) for line in lines]

    def _parsed_or_none(self, line: str) -> Any:
        try:
            return self.parsed(line)
        except InvalidRecord:
            return None

    def record(self, line: str) -> bytes:
        record = super().record(line)
        try:
            record.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return record
        raise InvalidRecord(None, "the line holds half of a character (a lone surrogate)")

    def value(self, parsed: Any, source: Source) -> Any:
        for step in source.path or ():
            parsed = _stepped(parsed, step)
        return parsed if source.path else None

    def values(self, parsed: Sequence[Any]) -> Callable[[Source], Sequence[Any]]:
        known: dict[tuple[str, ...], Sequence[Any]] = {(): parsed}

        def column(path: tuple[str, ...]) -> Sequence[Any]:
            if path not in known:
                before, step = column(path[:-1]), path[-1]
                try:
                    # Where a step is missing, or leads into something else than an object, it is gone one by one.
                    known[path] = list(map(itemgetter(step), before))
                except (KeyError, TypeError):
                    known[path] = [_stepped(value, step) for value in before]
            return known[path]

        return lambda source: column(source.path or ())

    def encode(self, text: str) -> bytes:
        return text.encode("utf-8")


def _stepped(value: Any, step: str) -> Any:
    """What a name or number leads to; None where it leads to nothing, and a list where only a number could lead on."""
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list):
        if not step.isdecimal():
            return value
        return value[int(step)] if len(step) < 10 and int(step) < len(value) else None
    return None


class Converter:
    """Makes batches of pieces of a log with lines of one or two kinds."""

    def __init__(self, kinds: Sequence[Lines]) -> None:
        self.kinds = kinds

    def batch(self, piece: Piece, file: str) -> Batch:
        """Raises `TableError`."""
        if piece.too_long:
            reason = "the line is longer than a post may be (max_bytes)"
            return Batch(b"", 0, (Fault(file, piece.end.lines, None, reason, piece.raw),))
        self._refresh()
        text = piece.raw.decode("utf-8", "surrogateescape")
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        lines = text.split("\n")[:-1]
        made = _Made(file)
        for begin in range(0, len(lines), SLICE):
            number = piece.start.lines + 1 + begin
            for kind, some in self._by_kind(lines[begin : begin + SLICE]):
                self._convert(kind, some, number, made)
                number += len(some)
        return Batch(b"".join(made.bodies), made.records, tuple(made.faults), ignored=made.ignored)

    def shown(self, lines: Sequence[str], first: int) -> Iterator[Shown]:
        """What comes of each line that is not empty."""
        self._refresh()
        for number, line in enumerate(lines, first):
            if not line.strip():
                continue
            try:
                yield Shown(number, line, self.kind_of(line).record(line))
            except Left as left:
                yield Shown(number, line, left=str(left))
            except InvalidRecord as error:
                yield Shown(number, line, field=error.field, reason=error.reason)

    def kind_of(self, line: str) -> Lines:
        return next((kind for kind in self.kinds if kind.mine(line)), self.kinds[0])

    def fits(self, line: str) -> bool:
        return self.kind_of(line).fits(line)

    def _refresh(self) -> None:
        for source in chain.from_iterable(kind.sources for kind in self.kinds):
            source.refresh()

    def _by_kind(self, lines: list[str]) -> Iterator[tuple[Lines, list[str]]]:
        if len(self.kinds) == 1:
            yield self.kinds[0], lines
        else:
            for kind, some in groupby(lines, self.kind_of):
                yield kind, list(some)

    def _convert(self, kind: Lines, lines: list[str], number: int, made: _Made) -> None:
        """Add lines of one kind, the first of which has this number."""
        parsed = kind.all_parsed(lines)
        numbers: Sequence[int] = range(number, number + len(lines))
        if None in parsed:
            whole = [index for index, one in enumerate(parsed) if one is not None]
            odd = {number + index for index, one in enumerate(parsed) if one is None}
        else:
            whole, odd = None, set()
        if whole == []:
            self._one_by_one(kind, lines, numbers, made)
            return
        records, left = kind.lines(parsed if whole is None else [parsed[index] for index in whole])
        if whole is not None:
            numbers = [number + index for index in whole]
        if left is not None and True in left:
            made.ignored += sum(left)
            records = [record for record, is_left in zip(records, left) if not is_left]
            numbers = [of_line for of_line, is_left in zip(numbers, left) if not is_left]
        if not odd and made.add_common(kind, records):
            return
        ready = dict(zip(numbers, records))
        for of_line, line in enumerate(lines, number):
            if of_line in ready and made.add_if_common(kind, ready[of_line]):
                continue
            if of_line in ready or of_line in odd:
                self._one_by_one(kind, [line], [of_line], made)

    def _one_by_one(self, kind: Lines, lines: Sequence[str], numbers: Sequence[int], made: _Made) -> None:
        for number, line in zip(numbers, lines):
            if not line.strip():
                continue
            try:
                made.add(kind.record(line))
            except Left:
                made.ignored += 1
            except InvalidRecord as error:
                made.faults.append(
                    Fault(
                        *(made.file, number, error.field, error.reason, line.encode("utf-8", "surrogateescape")),
                        no_key=isinstance(error, MissingKey),
                    )
                )


class _Made:
    """What has come of lines."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.bodies: list[bytes] = []
        self.records = 0
        self.faults: list[Fault] = []
        self.ignored = 0

    def add(self, record: bytes) -> None:
        self.bodies.append(record + b"\n")
        self.records += 1

    def add_common(self, kind: Lines, records: list[str]) -> bool:
        """Whether all of them are records of the common form, and were added."""
        try:
            body = kind.encode("".join(records))
        except UnicodeEncodeError:
            return False
        rest, count = without_common(body)
        # As many as there were lines: what stands in a log cannot add one with a line break of its own.
        if rest or count != len(records):
            return False
        self.bodies.append(body)
        self.records += count
        return True

    def add_if_common(self, kind: Lines, record: str) -> bool:
        try:
            line = kind.encode(record)
        except UnicodeEncodeError:
            return False
        if not common_line(line):
            return False
        self.bodies.append(line)
        self.records += 1
        return True


def compiled(pattern: str) -> re.Pattern[str]:
    """Raises `InvalidOption`."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        failure = error
    raise InvalidOption(f"pattern is no regular expression: {failure}.")
