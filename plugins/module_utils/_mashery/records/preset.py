# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A preset: what the lines of a gateway are, and which part of them is which field, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping


@dataclass(frozen=True)
class Kind:
    """Lines of one kind."""

    sample: str
    mapping: Mapping[str, Mapping[str, Any]]
    """As the option of that name."""
    pattern: str | None = None
    """None where the lines are JSON."""


@dataclass(frozen=True)
class Preset:
    name: str
    title: str
    """In a sentence about what the log should be."""
    kinds: tuple[Kind, ...]
