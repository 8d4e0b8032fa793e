# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What a synchronization of users with directory services changes, as the server tells it.

Its result and its log are not a part of the API's documentation. So both are read for what can be understood, and what
cannot is not taken for nothing: nobody is to be deleted because a sentence was not understood.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

KINDS = ("created", "updated", "deleted")

_WORDS = {
    "created": re.compile(r"\b(?:creat(?:e|es|ed|ing|ion)|add(?:s|ed|ing)?)\b", re.IGNORECASE),
    "updated": re.compile(r"\b(?:updat(?:e|es|ed|ing)|chang(?:e|es|ed|ing)|modif\w+|renam\w+)\b", re.IGNORECASE),
    "deleted": re.compile(r"\b(?:delet(?:e|es|ed|ing|ion)|remov(?:e|es|ed|ing|al))\b", re.IGNORECASE),
}
_NOTHING = re.compile(r"\bnothing\b|\bno changes\b|\bup to date\b", re.IGNORECASE)
_QUOTED = re.compile(r"['\"\u201a\u201c\u201e]([^'\"\u2018\u2019\u201c\u201d]+)['\"\u2018\u2019\u201c\u201d]")
"""A name in quotation marks, English or German."""
_OF_A_NAME = re.compile(r"name|mail|address", re.IGNORECASE)


def changes(result: Any, log: str) -> dict[str, Any]:
    """The names of users by what becomes of them, ``{"created": [...], "updated": [...], "deleted": [...]}``.

    ``deletions`` is how many are deleted at least that is safe to assume. ``understood`` says whether the server's
    words were: False means that there may be more than is listed.
    """
    for found in (_of_lists(result), _of_entries(result), _of_log(log)):
        if found is not None:
            deletions = max(len(found["deleted"]), *_deletions_counted(log))
            return {**found, "deletions": deletions, "understood": True}
    return {**{kind: [] for kind in KINDS}, "deletions": 0, "understood": False}


def _of_lists(result: Any) -> dict[str, list[str]] | None:
    """From lists of names under keys such as ``created`` or ``deletedUsers``."""
    if not isinstance(result, Mapping):
        return None
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    known = False
    for key, value in result.items():
        kind = _kind(str(key))
        if kind and isinstance(value, list):
            known = True
            found[kind] += [_name(item) for item in value]
    return found if known else None


def _of_entries(result: Any) -> dict[str, list[str]] | None:
    """From a list of entries that each say what becomes of one user."""
    if not isinstance(result, list):
        return None
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for item in result:
        entry = item if isinstance(item, Mapping) else {}
        words = [value for key, value in entry.items() if isinstance(value, str) and not _OF_A_NAME.search(str(key))]
        kinds = {kind for kind in map(_kind, words) if kind}
        if len(kinds) != 1:
            return None
        found[kinds.pop()].append(_name(item))
    return found


def _of_log(log: str) -> dict[str, list[str]] | None:
    """From log lines such as ``User 'anna' is deleted.``"""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    known = False
    for line in log.splitlines():
        quoted = _QUOTED.search(line)
        kind = _kind(_QUOTED.sub("", line))
        if quoted and kind:
            found[kind].append(quoted.group(1))
        known = known or bool(quoted and kind) or bool(_NOTHING.search(line))
    return found if known else None


def _deletions_counted(log: str) -> list[int]:
    """What lines that speak of deletions, but name nobody, could mean: the number in them, or one."""
    lines = [line for line in log.splitlines() if _WORDS["deleted"].search(line) and not _QUOTED.search(line)]
    return [0, *(max([int(number) for number in re.findall(r"\d+", line)] or [1]) for line in lines)]


def _kind(text: str) -> str | None:
    """What becomes of a user, by a word in ``text``; None where it says nothing or several things."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text)
    kinds = [kind for kind, pattern in _WORDS.items() if pattern.search(words)]
    return kinds[0] if len(kinds) == 1 else None


def _name(item: Any) -> str:
    if isinstance(item, Mapping):
        for key in ("userName", "name", "fullName"):
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(item)
