# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The Management API's functions: what they take, what they change, and which of their arguments are secrets.

What a function takes comes from the server's own list (``get-metadata``): ``[{"name", "args": [{"name", "type",
"nullable"}]}]`` with the types ``string``, ``number``, ``bool`` and ``json``. What it changes is told by its name.
"""

from __future__ import annotations

import enum
import json
import re
from typing import Any, Callable, Iterator, Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import nearest

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What stands in a secret's place; Ansible's own words for it."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# CancelJobAsync begins with the letters of Can, and changes something.
_READS = re.compile(r"(?:Get|Can|Ping)(?![a-z])")
_CHECKS = re.compile(r"(?:Verify|Test)(?![a-z])")
_SECRET = re.compile(
    r"(?:password|passphrase|secret|(?:encryption|private|api|access)key|(?:access|refresh)token)$", re.IGNORECASE
)
_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off"))


class Effect(enum.Enum):
    """What a function does to the archive."""

    READS = "reads"
    CHECKS = "checks"
    """Changes no data, but is work for the server: not started in check mode."""
    WRITES = "writes"


class InvalidInvocation(InvalidOption):
    """A function or its arguments are not what the server takes; found before anything was invoked."""


def effect(function: str, arguments: Mapping[str, Any]) -> Effect:
    """What ``function`` does, by its name; a dry run of what writes is a check."""
    if _READS.match(function):
        return Effect.READS
    if _CHECKS.match(function) or (function in _DRY_RUNS and _is_true(arguments.get("dryRun"))):
        return Effect.CHECKS
    return Effect.WRITES


_DRY_RUNS = frozenset(("SyncUsersWithDirectoryServices",))


def dry_run(function: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments with which ``function`` only tells what it would do, or None where it cannot do that."""
    return {**arguments, "dryRun": True} if function in _DRY_RUNS else None


def form(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Arguments as they go over the wire, each by its own type. What is None is left out altogether."""
    return {name: _wire(value) for name, value in arguments.items() if value is not None}


class Argument(NamedTuple):
    """One argument of a function, as the server describes it."""

    name: str
    type: str
    nullable: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.type}" + (", optional" if self.nullable else "")


class Function(NamedTuple):
    """One function, as the server describes it."""

    name: str
    arguments: tuple[Argument, ...]

    def __str__(self) -> str:
        return f"{self.name}({'; '.join(map(str, self.arguments))})"

    def form(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Arguments as they go over the wire. Raises `InvalidInvocation`, which shows what the function takes."""
        problems = [*self._unknown(arguments), *self._missing(arguments)]
        encoded: dict[str, str] = {}
        for argument in self.arguments:
            value = arguments.get(argument.name)
            if value is None:
                continue
            text = _ENCODERS.get(argument.type, _any)(value)
            if text is None:
                problems.append(f"{argument.name} must be a {_WORDS[argument.type]}, not {_kind(value)}")
            else:
                encoded[argument.name] = text
        if problems:
            raise InvalidInvocation(f"{self.name}: {'; '.join(problems)}. What it takes is {self}.")
        return encoded

    def _unknown(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        names = {argument.name.lower(): argument.name for argument in self.arguments}
        for name in arguments:
            if name in names.values():
                continue
            similar = names.get(str(name).lower())
            yield f"there is no argument {name}" + (f", but {similar}: upper and lower case count" if similar else "")

    def _missing(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        for argument in self.arguments:
            if not argument.nullable and arguments.get(argument.name) is None:
                yield f"{argument.name} is missing"


class Functions:
    """The functions that a server has."""

    def __init__(self, by_name: Mapping[str, Any]) -> None:
        self._by_name = by_name
        """Each as the server describes it; only what is invoked is looked at closely."""

    @classmethod
    def from_metadata(cls, metadata: Any) -> Functions:
        """From the answer of ``get-metadata``. Raises `MopsError` where it is not what the protocol says."""
        try:
            by_name = {str(entry["name"]): entry for entry in metadata}
        except (KeyError, TypeError):
            by_name = {}
        if not by_name:
            raise _odd_metadata()
        return cls(by_name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Function:
        """The function of that name. Raises `InvalidInvocation`, which names the three nearest."""
        entry = self._by_name.get(name)
        if entry is None:
            raise InvalidInvocation(
                f"The server has no function {name}. The nearest are {', '.join(nearest(name, self._by_name))}."
            )
        try:
            arguments = [
                Argument(str(argument["name"]), str(argument.get("type")), bool(argument.get("nullable")))
                for argument in entry.get("args") or ()
            ]
        except (KeyError, TypeError, AttributeError):
            raise _odd_metadata()
        return Function(name, tuple(arguments))


def _odd_metadata() -> MopsError:
    return MopsError(
        "The server's list of its functions (get-metadata) is not what the protocol says. mailstore_invoke needs no "
        "list where validate_arguments is false."
    )


def check_name(function: str) -> None:
    """Raise `InvalidInvocation` where ``function`` cannot be a function's name: it becomes a part of the address."""
    if not _NAME.fullmatch(function):
        raise InvalidInvocation(f"{function!r} cannot be the name of a function: it is not one English word.")


def check_unmasked(function: str, arguments: Any) -> None:
    """Raise `InvalidInvocation` where the mask would be sent as a secret: it was read from a result."""
    if MASK in _secret_values(arguments):
        raise InvalidInvocation(
            f"{function}: the arguments hold {MASK}, which stands in results in the place of a secret. Give the secret "
            "itself."
        )


def secrets(arguments: Any) -> set[str]:
    """The values of all secret arguments, at any depth, in every spelling in which they could be shown."""
    found: set[str] = set()
    for value in _secret_values(arguments):
        text = value if isinstance(value, str) else str(value)
        # As it is; inside of JSON; inside of what Python prints of a dictionary.
        found |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}
    found.discard("")
    return found


def masked(arguments: Any) -> Any:
    """The same with a mask in place of every secret, whatever its type and length."""
    if isinstance(arguments, Mapping):
        return {
            name: MASK if _is_secret(name) and value is not None else masked(value) for name, value in arguments.items()
        }
    if isinstance(arguments, (list, tuple)):
        return [masked(value) for value in arguments]
    document = _document(arguments)
    if document is not None and any(True for _value in _secret_values(document)):
        return json.dumps(masked(document))
    return arguments


def _secret_values(arguments: Any) -> Iterator[Any]:
    if isinstance(arguments, Mapping):
        for name, value in arguments.items():
            yield from _scalars(value) if _is_secret(name) else _secret_values(value)
    elif isinstance(arguments, (list, tuple)):
        for value in arguments:
            yield from _secret_values(value)
    else:
        document = _document(arguments)
        if document is not None:
            yield from _secret_values(document)


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _scalars(item)
    elif value is not None and not isinstance(value, bool):
        yield value


def _is_secret(name: Any) -> bool:
    return bool(_SECRET.search(str(name)))


def _document(value: Any) -> Any:
    """What a text holds that is a JSON object or list, else None."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _wire(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in _TRUE


def _any(value: Any) -> str | None:
    return _wire(value)


def _string(value: Any) -> str | None:
    # A whole number is taken: a template may have made one of a name that has only digits. A float is not:
    # what was written as 1.10 has become 1.1 by now.
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _number(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() if re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", value) else None
    return json.dumps(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _bool(value: Any) -> str | None:
    text = str(value).lower() if isinstance(value, (bool, str)) else ""
    return "true" if text in _TRUE else "false" if text in _FALSE else None


def _json(value: Any) -> str | None:
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return None
    return value


_ENCODERS: dict[str, Callable[[Any], str | None]] = {
    "string": _string,
    "number": _number,
    "bool": _bool,
    "json": _json,
}
_WORDS = {"string": "string", "number": "number", "bool": "boolean", "json": "dictionary, a list or JSON text"}


def _kind(value: Any) -> str:
    """What a wrong value is, without the value: it could be a secret in the wrong place."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a dictionary" if isinstance(value, Mapping) else "a list"
