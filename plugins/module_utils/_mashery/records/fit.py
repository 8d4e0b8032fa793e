# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Which format lines have."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.convert import (
    TELLING,
    Converter,
    JsonLines,
    Lines,
    TextLines,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.mapping import Source
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.presets import PRESETS


def fitting(lines: Sequence[str]) -> list[str]:
    """The names of the presets that fit each of the lines."""
    return [name for name, preset in PRESETS.items() if all(map(_converter(preset).fits, lines))]


def _converter(preset: Preset) -> Converter:
    return Converter([_lines(kind) for kind in preset.kinds])


def _lines(kind: Kind) -> Lines:
    sources = [Source(field, options) for field, options in kind.mapping.items() if field in TELLING]
    return JsonLines(sources) if kind.pattern is None else TextLines(sources, kind.pattern, "")
