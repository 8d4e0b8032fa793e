# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the lines of a log are: made once for a run, so that it is checked and compiled before anything is read."""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import Piece
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records import presets
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.convert import (
    Converter,
    JsonLines,
    Lines,
    TextLines,
    WrongFormat,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.fit import fitting
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.mapping import (
    KEYS,
    ORIGINS,
    checked_mapping,
    sources,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.ready import (
    jsonl_batch,
    mashery_batch,
)

READY = ("mashery", "jsonl")
"""Lines that have the fields of a record."""

OWN = ("json", "text")
"""Lines of which only the mapping says what they are."""

PRESETS = (
    *("apache_combined", "apigee", "aws_api_gateway", "envoy_json", "envoy_text", "haproxy", "kong"),
    *("nginx_combined", "nginx_json", "traefik_json"),
)
FORMATS = (*READY, *OWN, *PRESETS)

_LOOKED_AT = 10
"""Lines at the beginning of a piece, of which one must fit."""


def format_options() -> dict[str, dict[str, Any]]:
    """The options of a module that reads logs."""
    return {
        "format": {"type": "str", "choices": list(FORMATS), "default": "mashery", "aliases": ["src_format"]},
        "pattern": {"type": "str"},
        "mapping": {"type": "dict"},
    }


class Format:
    """Makes batches of pieces of a log, by what its lines are."""

    def __init__(
        self, name: str = "mashery", pattern: str | None = None, mapping: Mapping[str, Any] | None = None
    ) -> None:
        """Raises `InvalidOption` for a pattern and a mapping that are none, and for what they lack."""
        self.name = name
        self.converter: Converter | None = None
        self._batch: Callable[[Piece, str], Batch] = jsonl_batch if name == "jsonl" else mashery_batch
        self._fits: set[str] = set()
        self._expected = f"lines of {name}"
        if name in READY:
            if pattern or mapping:
                option = "mapping" if mapping else "pattern"
                raise InvalidOption(
                    f"format {name} has no {option}: its lines have the fields of a record. "
                    "Of another log, say format json or text, or the name of a preset."
                )
        else:
            self._compile(pattern, mapping)

    def batch(self, piece: Piece, file: str) -> Batch:
        """What of a piece of the named file is sent, and what is not.

        Raises `WrongFormat` where its first lines are of another format, and `TableError`.
        """
        if file not in self._fits:
            batch = self._batch(piece, file)
            if batch.faults and not batch.records and not piece.too_long and not piece.unfinished:
                self._refuse_other(piece, file)
            self._fits.add(file)
            return batch
        return self._batch(piece, file)

    def _compile(self, pattern: str | None, mapping: Mapping[str, Any] | None) -> None:
        given = checked_mapping(mapping)
        if self.name in PRESETS:
            preset = presets.PRESETS[self.name]
            kinds, self._expected = preset.kinds, preset.title
        else:
            self._expected = "JSON" if self.name == "json" else f"what matches pattern, {pattern}"
            if self.name == "text" and pattern is None:
                raise InvalidOption("format text needs pattern, a regular expression with named groups.")
            kinds = (Kind("", {}, pattern if self.name == "text" else None),)
        if pattern is not None:
            kinds = tuple(kind for kind in kinds if kind.pattern is not None)
            if not kinds:
                raise InvalidOption(f"format {self.name} is JSON, and has no pattern. Of text, say format text.")
            if self.name in PRESETS:
                self._expected = f"what matches pattern, {pattern}"
        made: list[Lines] = []
        lacking: list[str] = []
        for kind in kinds:
            other = "path" if kind.pattern is not None else "group"
            mine = given if len(kinds) == 1 else {name: of for name, of in given.items() if other not in of}
            known = {**kind.mapping, **{name: of for name, of in mine.items() if any(o in of for o in ORIGINS)}}
            lacking = [name for name in ("log_timestamp", *KEYS) if name not in known]
            if not lacking:
                found = sources(kind.mapping, mine)
                if kind.pattern is None:
                    made.append(JsonLines(found))
                else:
                    made.append(TextLines(found, pattern or kind.pattern, self._expected))
        if not made:
            keys = {"service_key": "constant: <the key>", "service_dev_key": "path: <where it is in the log>"}
            advice = keys.get(lacking[-1], "path: <where it is in the log>")
            raise InvalidOption(
                f"format {self.name} does not say where it has {' and '.join(lacking)}: "
                f"name it in mapping, for example {lacking[-1]}: {{{advice}}}."
            )
        self.converter = Converter(made)
        self._batch = self.converter.batch

    def _refuse_other(self, piece: Piece, file: str) -> None:
        """Raises `WrongFormat` where the lines are surely not of this format: many are not, or another one fits."""
        text = piece.raw.decode("utf-8", "surrogateescape")
        lines = list(islice((line.rstrip("\r") for line in text.split("\n") if line.strip()), _LOOKED_AT))
        if self.converter is not None and any(map(self.converter.fits, lines)):
            return
        others = [name for name in fitting(lines) if name != self.name]
        if not others and (len(lines) < _LOOKED_AT or self.name in READY):
            return
        raise WrongFormat(_wrong_format(file, self.name, self._expected, lines, others))


def _wrong_format(file: str, name: str, expected: str, lines: Sequence[str], others: Sequence[str]) -> str:
    line = lines[0].encode("ascii", "backslashreplace").decode("ascii")
    first = "Not even its first line" if len(lines) == 1 else f"None of its first {len(lines)} lines"
    return (
        f"{file} is not of format {name}. {first} is {expected}: {line if len(line) <= 200 else line[:197] + '...'} "
        + (f"That fits format {' or '.join(others)}." if others else "No preset fits it: see format text, and pattern.")
        + " Nothing of the file was sent."
    )
