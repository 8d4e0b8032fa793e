# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Configurations: documents that the server has a Get and a Set function for, and how what is asked goes into them.

A document is always set as a whole. So it is read, what was asked is merged into it, and it is written back only if
that makes a difference. The server may keep a password to itself: then nobody can tell whether it is the one asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK, masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ask, Document, nearest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.retention import shortened

NEW_SECRET = f"{MASK} (set anew)"
"""What stands in a difference for a secret that is not the one before."""

_HIDING = frozenset("*•●")
_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off"))


@dataclass(frozen=True)
class Pair:
    """A Get and a Set function of one document."""

    name: str
    of_instance: bool = True
    """Whether every instance has its own; else there is one for the whole installation."""
    argument: str = "config"
    """The argument of the Set function that takes the document."""
    names_instance: bool = True
    """Whether the Set function is told the instance; else the document itself names it."""
    scalar: bool = False
    """Whether the value is no document but a single one, which is taken as a document of that one entry."""

    @property
    def getter(self) -> str:
        return f"Get{self.name}"

    @property
    def setter(self) -> str:
        return f"Set{self.name}"

    def read(self, ask: Ask, instance: str | None) -> Document:
        """The document as the server has it; a list is the one entry of a document, as a single value is.

        Whether policies come as a list is not public. Raises `AnswerUnusable` where it is neither.
        """
        value = ask(self.getter, **({"instanceID": instance} if self.of_instance else {}))
        if self.scalar or isinstance(value, list):
            return {self.argument: value}
        if not isinstance(value, dict):
            raise AnswerUnusable(f"{self.getter}: the result is not a document into which something can be merged.")
        return value

    def write(self, instance: str | None, document: Document, *, once: bool = False) -> Step:
        """The step that sets the document."""
        entry_alone = set(document) == {self.argument}
        arguments: dict[str, Any] = {self.argument: document[self.argument] if entry_alone else document}
        if self.of_instance and self.names_instance:
            arguments["instanceID"] = instance
        return Step(self.setter, arguments, once)


INSTANCE = Pair("InstanceConfiguration", names_instance=False)

PAIRS = {
    pair.name: pair
    for pair in (
        Pair("ArchiveAdminEnabled", argument="enabled", scalar=True),
        Pair("ComplianceConfiguration"),
        Pair("DirectoryServicesConfiguration"),
        Pair("IndexConfiguration"),
        INSTANCE,
        Pair("RetentionPolicies"),
        Pair("SmtpSettings", argument="settings"),
        Pair("StoreAutoCreateConfiguration"),
        Pair("SystemSmtpConfiguration", of_instance=False),
    )
}
"""All pairs of the Management API, by name."""


UPDATE_PASSWORD: dict[str, Any] = {
    "type": "str",
    "choices": ["always", "on_change"],
    "default": "on_change",
    "no_log": False,
}
"""The option that says when a secret that the server does not show is set again."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True, "choices": sorted(PAIRS)},
    "instance": {"type": "str"},
    "configuration": {"type": "dict", "required": True},
    "update_password": {**UPDATE_PASSWORD, "default": "always"},
    "allow_data_loss": {"type": "bool", "default": False},
}
"""The options of mailstore_configuration, without those of the connection."""


@dataclass(frozen=True)
class WantedConfiguration(Subject):
    """What should be in one document."""

    pair: Pair
    instance: str | None
    wanted: Document = field(repr=False)
    renew_secrets: bool = True
    """Whether a secret that the server does not show is set again each time; else only along with other changes."""
    allow_data_loss: bool = False
    """Whether messages may be deleted earlier than before."""

    @property
    def of_instance(self) -> bool:  # type: ignore[override]
        return self.pair.of_instance

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.pair.names_instance and not self.instance:
            raise InvalidOption(f"{self.pair.name} is an instance's own: instance must be given.")
        if not self.pair.of_instance and self.instance:
            raise InvalidOption(f"{self.pair.name} is one for all instances: instance must not be given.")
        if self.pair.scalar and set(self.wanted) != {self.pair.argument}:
            raise InvalidOption(f"{self.pair.name} has exactly one entry, {self.pair.argument}.")
        if not self.pair.names_instance:
            check_same_instance(self.wanted, self.instance or "")

    def read(self, ask: Ask) -> Document:
        return self.pair.read(ask, self.instance)

    def steps(self, current: Document | None) -> list[Step]:
        current = current or {}
        after = merged(current, self.wanted)
        if same(current, after, hidden_matter=self.renew_secrets):
            return []
        check_secrets(after, self.wanted)
        self._check_retention(current, after)
        return [self.pair.write(self.instance, after, once=same(current, after, hidden_matter=False))]

    def _check_retention(self, before: Document, after: Document) -> None:
        places = list(shortened(before, after, self.pair.name))
        if places and not self.allow_data_loss:
            raise NotPossible(
                f"{self.pair.name}: this change ({', '.join(places)}) could let messages be deleted earlier than "
                "before. Give allow_data_loss: true where that is meant. Nothing was changed."
            )

    def predicted(self, current: Document | None) -> Document:
        return merged(current or {}, self.wanted)

    def shown(self, document: Document | None) -> Document | None:
        return None if document is None else masked(document)

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        """With what was sent as the after: what the server shows of it may hide a secret."""
        before = before or {}
        sent = merged(before, self.wanted)
        if same(before, sent, hidden_matter=self.renew_secrets):
            return masked(before), masked(before)
        return masked(before), unveiled_changes(before, sent)


def wanted_configuration(options: Mapping[str, Any]) -> WantedConfiguration:
    """What the options ask for."""
    return WantedConfiguration(
        PAIRS[options["name"]],
        options["instance"] or None,
        options["configuration"],
        renew_secrets=options["update_password"] == "always",
        allow_data_loss=options["allow_data_loss"],
    )


def merged(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Document:
    """``current`` with what is asked in it, objects in objects too; a list is replaced as a whole.

    Raises `NotPossible` for a name that the document does not have, or has in other letters.
    """
    _check_letters(current, wanted)
    _check_known(current, wanted)
    return overlaid(current, wanted)


def overlaid(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Document:
    """The same for a document that need not show all names that it has. Raises `NotPossible` for other letters."""
    _check_letters(current, wanted)
    after = dict(current)
    for name, value in wanted.items():
        known = after.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            after[name] = overlaid(known, value)
        else:
            after[name] = fitting(known, value)
    return after


def fitting(known: Any, value: Any) -> Any:
    """``value`` in the type of ``known``: what comes out of a template may be a text that stands for a number."""
    if isinstance(known, bool):
        text = value.lower() if isinstance(value, str) else ""
        return True if text in _TRUE else False if text in _FALSE else value
    if isinstance(known, (int, float)) and isinstance(value, str):
        try:
            return int(value) if isinstance(known, int) else float(value)
        except ValueError:
            return value
    if isinstance(known, str) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def same(before: Any, after: Any, *, hidden_matter: bool, secret: bool = False) -> bool:
    """Whether two values mean the same; a list of plain values does so in any order.

    ``hidden_matter`` says what a secret is that the server does not show: different, or the same.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return set(before) == set(after) and all(
            same(before[name], after[name], hidden_matter=hidden_matter, secret=is_secret(name)) for name in before
        )
    if isinstance(before, list) and isinstance(after, list):
        if not any(isinstance(item, (dict, list)) for item in [*before, *after]):
            return sorted(map(repr, before)) == sorted(map(repr, after))
        return len(before) == len(after) and all(
            same(one, other, hidden_matter=hidden_matter) for one, other in zip(before, after)
        )
    if isinstance(before, bool) is not isinstance(after, bool):
        return False
    return bool(before == after) or (secret and not hidden_matter and is_hidden(before))


def unveiled_changes(before: Any, after: Any, name: str = "") -> Any:
    """``after`` without its secrets, but so that it can be seen which of them are not those of ``before``."""
    if is_secret(name) and after is not None:
        return MASK if before == after else NEW_SECRET
    if isinstance(after, Mapping):
        known = before if isinstance(before, Mapping) else {}
        return {key: unveiled_changes(known.get(key), value, key) for key, value in after.items()}
    if isinstance(after, list):
        known_items = before if isinstance(before, list) else []
        return [
            unveiled_changes(known_items[number] if number < len(known_items) else None, value)
            for number, value in enumerate(after)
        ]
    return after


def is_secret(name: str) -> bool:
    """Whether the value of that name is one to be masked."""
    return masked({name: ""})[name] == MASK


def is_hidden(value: Any) -> bool:
    """Whether the server keeps a secret to itself: it shows nothing in its place, or asterisks."""
    return value is None or value == "" or is_asterisks(value)


def is_asterisks(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and set(value) <= _HIDING


def check_same_instance(wanted: Mapping[str, Any], instance: str) -> None:
    """Raise `InvalidOption` where a configuration names another instance than the task does."""
    named = wanted.get("instanceID", instance)
    if named != instance:
        raise InvalidOption(f"The configuration is of instance {named}, but the task is about {instance}.")


def check_secrets(document: Document, wanted: Mapping[str, Any]) -> None:
    """Raise `NotPossible` where a secret that the server does not show would be written back over itself.

    What a server makes of null in a secret's place, keep it or take it away, is not known. So null is written only
    where ``wanted``, what the task gives, has it; asterisks never are.
    """
    lost = dict(_not_shown(document, wanted))
    if lost:
        what = "asterisks" if any(map(is_asterisks, lost.values())) else "nothing"
        raise NotPossible(
            f"The server shows {what} in place of {', '.join(sorted(lost))}, and the configuration can be set only as "
            "a whole, so that could become the new value. Give the true value, too, or null where none is to be set. "
            "Nothing was changed."
        )


def _not_shown(value: Any, wanted: Any, name: str = "", path: str = "") -> Iterable[tuple[str, Any]]:
    """Path and value of each secret that is hidden in ``value`` and that ``wanted`` does not give."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            given = wanted.get(key, _NOT_GIVEN) if isinstance(wanted, Mapping) else _NOT_GIVEN
            yield from _not_shown(item, given, str(key), f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        given_items = wanted if isinstance(wanted, list) else [_NOT_GIVEN] * len(value)
        for number, item in enumerate(value):
            yield from _not_shown(item, given_items[number], name, f"{path}[{number}]")
    elif is_secret(name) and (is_asterisks(value) or (wanted is _NOT_GIVEN and is_hidden(value))):
        yield path, value


_NOT_GIVEN = object()


def _check_letters(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    in_lower_case = {str(name).lower(): name for name in current}
    for name in wanted:
        similar = in_lower_case.get(str(name).lower(), name)
        if similar != name and name not in current:
            raise NotPossible(
                f"The configuration has no {name}, but {similar}: upper and lower case count. Nothing was changed."
            )


def _check_known(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """A server shows all names of a document, those without a value as null; only a secret it may leave out."""
    for name in wanted if current else ():
        if name not in current and not is_secret(name):
            raise NotPossible(
                f"The configuration has no {name}. The nearest are {', '.join(nearest(str(name), current))}. Nothing "
                "was changed."
            )
