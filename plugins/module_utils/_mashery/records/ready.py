# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A piece of a log whose lines have the fields of a record already, made into a batch."""

from __future__ import annotations

import json
from typing import Callable, Iterator, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import Piece
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch, Fault, Shown
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import (
    InvalidRecord,
    checked,
    json_object,
    line_of,
    without_common,
)


def mashery_batch(piece: Piece, file: str) -> Batch:
    """For lines that are ready records."""
    lines = piece.raw.replace(b"\r\n", b"\n") if b"\r" in piece.raw else piece.raw
    rest, count = without_common(lines)
    if not rest and not piece.too_long:
        return Batch(lines, count, as_it_stands=lines is piece.raw)
    return _one_by_one(piece, file, checked)


def jsonl_batch(piece: Piece, file: str) -> Batch:
    """For lines that are JSON objects with the fields of a record."""
    return _one_by_one(piece, file, _line_of_json)


def shown(name: str, lines: Sequence[str], first: int) -> Iterator[Shown]:
    """What comes of each line that is not empty."""
    made = _line_of_json if name == "jsonl" else checked
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            yield Shown(number, line, made(line.encode("utf-8", "surrogateescape")))
        except InvalidRecord as error:
            yield Shown(number, line, field=error.field, reason=error.reason)


def _one_by_one(piece: Piece, file: str, line_to_send: Callable[[bytes], bytes]) -> Batch:
    """Empty lines are nothing: neither records nor faults."""
    if piece.too_long:
        reason = "the line is longer than a post may be (max_bytes)"
        return Batch(b"", 0, (Fault(file, piece.end.lines, None, reason, piece.raw),))
    sent: list[bytes] = []
    faults: list[Fault] = []
    for number, line in enumerate(piece.raw.split(b"\n")[:-1], piece.start.lines + 1):
        line = line[:-1] if line.endswith(b"\r") else line
        if not line.strip():
            continue
        try:
            sent.append(line_to_send(line))
        except InvalidRecord as error:
            faults.append(Fault(file, number, error.field, error.reason, line))
    return Batch(b"".join([line + b"\n" for line in sent]), len(sent), tuple(faults))


def _line_of_json(line: bytes) -> bytes:
    return line_of(json_object(line, json.loads, "an object with the fields of a record"))
