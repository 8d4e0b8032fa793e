# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Which change of a configuration could let messages be deleted earlier than before.

What a retention policy looks like in ``GetRetentionPolicies`` is not public. So this asks no names but the two that
MailStore's own words are made of, and a change counts as harmless only where that is certain: a longer period, another
name. A new policy ends what was kept for ever, a policy taken away lets users delete what it protected.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping

_RETENTION = re.compile("retention", re.IGNORECASE)
_LEGAL_HOLD = re.compile("legalhold", re.IGNORECASE)
_LABELS = frozenset(("name", "description"))


def shortened(before: Any, after: Any, name: str = "", path: str = "") -> Iterator[str]:
    """Where ``after`` could keep messages for less long than ``before``: paths like ``policies[0].period``.

    ``name`` is that of the configuration or of an entry in it.
    """
    if _LEGAL_HOLD.search(name) and before is True and after is not True:
        yield path
    elif _RETENTION.search(name):
        yield from _not_longer(before, after, path)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from shortened(before.get(key), after.get(key), key, f"{path}.{key}" if path else key)


def _not_longer(before: Any, after: Any, path: str) -> Iterator[str]:
    """Every difference but a greater number and another label."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after} - _LABELS):
            yield from _not_longer(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after)):
            yield from _not_longer(one, other, f"{path}[{number}]")
    elif before != after and not (_is_number(before) and _is_number(after) and after > before):
        yield path


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
