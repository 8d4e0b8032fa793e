# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""Differences of a task that has failed: Ansible shows them only of one that has not."""

from __future__ import annotations

import difflib
import json
from typing import Any, Iterator, Mapping

from ansible.utils.display import Display


def show_where_failed(result: Mapping[str, Any]) -> None:
    """Show the differences in the result of a failed task, as Ansible shows those of others."""
    if result.get("failed"):
        for difference in result.get("diff") or ():
            Display().display("\n".join(lines(difference)))


def lines(difference: Mapping[str, Any]) -> Iterator[str]:
    """One difference as a unified diff."""
    before, after = (_text(difference.get(name)).splitlines() for name in ("before", "after"))
    old, new = (f"{name}: {difference.get(f'{name}_header', '')}" for name in ("before", "after"))
    yield from difflib.unified_diff(before, after, old, new, lineterm="")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value or {}, indent=4, sort_keys=True, ensure_ascii=False)
