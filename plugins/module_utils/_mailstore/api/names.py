# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""How things on the server are found by what a person calls them."""

from __future__ import annotations

import difflib
from typing import Any, Dict, Iterable, Protocol, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable

Document = Dict[str, Any]
"""Something as the server describes it, by the names of the Management API."""


class Ambiguous(MopsError):
    """More than one thing goes by the name."""


class Ask(Protocol):
    """Calls a function that only reads, and returns its result; `Client.call` is one."""

    def __call__(self, function: str, **arguments: Any) -> Any: ...


def listed(ask: Ask, function: str, **arguments: Any) -> list[Document]:
    """The result of a function that lists things. Raises `AnswerUnusable` where it is not a list of objects."""
    result = ask(function, **arguments)
    if not isinstance(result, list) or not all(isinstance(entry, dict) for entry in result):
        raise AnswerUnusable(f"{function}: the result is not the list of objects that it should be.")
    return result


def described(ask: Ask, function: str, **arguments: Any) -> Document:
    """The result of a function that describes one thing. Raises `AnswerUnusable` where it is not an object."""
    result = ask(function, **arguments)
    if not isinstance(result, dict):
        raise AnswerUnusable(f"{function}: the result is not the object that it should be.")
    return result


def the_one(
    documents: Sequence[Document], name: str, *, what: str, key: str = "name", any_case: bool = False
) -> Document | None:
    """The document whose ``key`` is ``name``, or None. Raises `Ambiguous`.

    With ``any_case``, the server does not tell upper from lower case; an exact match still comes first.
    """
    found = [entry for entry in documents if entry.get(key) == name]
    if not found and any_case:
        found = [entry for entry in documents if str(entry.get(key)).casefold() == name.casefold()]
    if len(found) > 1:
        names = ", ".join(str(entry.get("id", entry.get(key))) for entry in found)
        raise Ambiguous(f"{what} {name} is ambiguous: the server has {len(found)} of that name ({names}).")
    return found[0] if found else None


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names out of ``known`` that are most like ``name``, the most alike first."""

    def distance(other: str) -> float:
        return -difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()

    return sorted(sorted(known), key=distance)[:count]
