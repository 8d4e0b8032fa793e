# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What would come of the first lines of a log, for a person to look at before anything is sent."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import (
    Damaged,
    NotText,
    Rotated,
    SourceError,
    open_log,
    status,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import BEGINNING
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.rotation import Neighbours, log_files
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import LineReader
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Shown
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.ready import shown as ready_lines
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import record_of

COLUMNS = (
    *("log_timestamp", "src_ip", "method", "http_version", "status", "bytes", "api_method", "service_dev_key"),
    *("service_key", "cache_hit", "exec_time", "remote_total_time", "connect_time", "pre_transfer_time"),
)
_MOST_BYTES = 1 << 20
_WIDTH = 140
"""Of a line of the log in the table."""


@dataclass
class Preview:
    records: list[dict[str, Any]] = field(default_factory=list)
    skipped_lines: list[dict[str, Any]] = field(default_factory=list)
    table: list[str] = field(default_factory=list)


def preview(log_format: Format, src: Sequence[str], count: int) -> Preview:
    """Of the first lines of each file, at most so many. Raises `InvalidOption` and what reading can raise."""
    found = Preview()
    for file in log_files(src, (), Neighbours()):
        lines = _first_lines(log_format, file.path, count)
        found.table += [file.path, *_table(lines)]
        for line in lines:
            _add(found, file.path, line)
    return found


def _first_lines(log_format: Format, path: str, count: int) -> list[Shown]:
    """Raises `WrongFormat`, `SourceError` and the like."""
    try:
        with closing(open_log(path, status(path))) as content:
            reader = LineReader(content, BEGINNING)
            piece = reader.take(count, _MOST_BYTES) or reader.rest()
    except Rotated:
        failure = "was rotated while it was read: run the task again"
    except (NotText, Damaged) as error:
        failure = f"cannot be read: {error}"
    else:
        if piece is None:
            return []
        log_format.batch(piece, path)  # says so where the log is of another format
        text = piece.raw.decode("utf-8", "surrogateescape").split("\n")[:-1]
        lines = [line[:-1] if line.endswith("\r") else line for line in text]
        first = piece.start.lines + 1
        converter = log_format.converter
        return list(converter.shown(lines, first) if converter else ready_lines(log_format.name, lines, first))
    raise SourceError(f"{path} {failure}.")


def _add(found: Preview, file: str, line: Shown) -> None:
    at = {"file": file, "line": line.number, "text": _readable(line.line)}
    if line.record is not None:
        record = line.record.decode("utf-8", "backslashreplace")
        found.records.append({**at, "record": record, "fields": _fields(line.record)})
    elif line.left is not None:
        found.skipped_lines.append({**at, "field": None, "reason": f"not reported: {line.left}"})
    else:
        found.skipped_lines.append({**at, "field": line.field, "reason": line.reason})


def _fields(record: bytes) -> dict[str, Any]:
    known = record_of(record)
    return {name: _readable(value) if isinstance(value, str) else value for name, value in known.items()}


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _table(lines: Sequence[Shown]) -> list[str]:
    """A head, and for each line its number and what it says, and below that the record or the reason."""
    rows = [[str(_fields(line.record)[name]) for name in COLUMNS] for line in lines if line.record is not None]
    # A column in which every record has the same dash or 0 tells nothing.
    wide = [index for index in range(len(COLUMNS)) if any(row[index] not in ("-", "0") for row in rows)]
    widths = [max(len(COLUMNS[index]), *(len(row[index]) for row in rows)) for index in wide]
    number = max([4, *(len(str(line.number)) for line in lines)])

    def row(cells: Sequence[str]) -> str:
        return f"{'':>{number}}  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths)).rstrip()

    table = [f"{'line':>{number}}  of the log, and below it what is sent"]
    if rows:
        table.append(row([COLUMNS[index] for index in wide]))
    made = iter(rows)
    for line in lines:
        text = _readable(line.line)
        table.append(f"{line.number:>{number}}  {text if len(text) <= _WIDTH else text[: _WIDTH - 3] + '...'}")
        if line.record is not None:
            cells = next(made)
            table.append(row([cells[index] for index in wide]))
        elif line.left is not None:
            table.append(f"{'':>{number}}  not reported: {line.left}")
        else:
            table.append(f"{'':>{number}}  not valid: {line.field + ' ' if line.field else ''}{line.reason}")
    return table
