# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A post's records, and what is wrong with the lines that are none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A line that is not a valid record."""

    file: str
    line: int
    """From 1."""
    field: str | None
    reason: str
    text: bytes
    """The line, or the beginning of one that is too long."""
    no_key: bool = False
    """It has no API key, or none that is known."""

    def __str__(self) -> str:
        return f"{self.file} line {self.line}" + (f", {self.field}" if self.field else "") + f": {self.reason}"


@dataclass(frozen=True)
class Batch:
    """What of a piece is sent, and what is not."""

    body: bytes
    records: int
    faults: tuple[Fault, ...] = ()
    as_it_stands: bool = False
    """The body is the piece, byte for byte."""
    ignored: int = 0
    """Lines that are not reported because the mapping says so."""


@dataclass(frozen=True)
class Shown:
    """A line, and what comes of it."""

    number: int
    line: str
    record: bytes | None = None
    field: str | None = None
    reason: str | None = None
    """Why it is not a valid record."""
    left: str | None = None
    """Why it is not reported."""


@dataclass(frozen=True)
class Body:
    """A post's records as they are signed, and as they go over the wire."""

    raw: bytes
    compressed: bytes | None = None
    """The same as gzip, or None where it goes as it is."""

    @property
    def wire(self) -> bytes:
        return self.raw if self.compressed is None else self.compressed

    @property
    def media_type(self) -> str:
        return "text/plain" if self.compressed is None else "application/x-gzip"
