# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Credentials of an instance: what its profiles log in to Microsoft 365 and the like with.

Current servers have the functions; which arguments they take is not public, but for what ``GetCredentials`` shows. So
the server's own list of functions decides, and where it asks for something that is not known here, that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import Function, masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ambiguous,
    Ask,
    Document,
    listed,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import (
    UPDATE_PASSWORD,
    check_secrets,
    overlaid,
    same,
    unveiled_changes,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)

ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance": {"type": "str"},
    "name": {"type": "str"},
    "id": {"type": "int"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "type": {"type": "str"},
    "settings": {"type": "dict"},
    "update_password": UPDATE_PASSWORD,
}
"""The options of mailstore_credential, without those of the connection."""


@dataclass(frozen=True)
class WantedCredential(Subject):
    """What should be of one credential. None is what is left as it is."""

    instance: str | None
    name: str | None = None
    """Its ``Description``, by which it is found."""
    id: int | None = None
    present: bool = True
    type: str | None = None
    settings: Document | None = field(default=None, repr=False)
    renew_secrets: bool = False
    """Whether a secret that the server does not show is set again each time; else only along with other changes."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if self.id is None and not (self.name or "").strip():
            raise InvalidOption("A credential must be named by name, or by id.")

    def read(self, ask: Ask) -> Document | None:
        return self.find(listed(ask, "GetCredentials", instanceID=self.instance))

    def find(self, credentials: list[Document]) -> Document | None:
        """The credential that is meant. Raises `Ambiguous` and `NotPossible`."""
        if self.id is not None:
            found = [item for item in credentials if _entry(item, "ID") == self.id]
            if not found and self.present:
                raise NotPossible(f"There is no credential with id {self.id}{self._of}.")
        else:
            found = [item for item in credentials if _entry(item, "Description") == self.name]
        if len(found) > 1:
            ids = ", ".join(str(_entry(item, "ID")) for item in found)
            raise Ambiguous(f"Credential {self.name} is ambiguous: there are {len(found)}{self._of}. Give id: {ids}.")
        return found[0] if found else None

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [self._step("DeleteCredential", current)]
        if current is None:
            return [self._creation()]
        known = _entry(current, "Type")
        if self.type is not None and self.type.casefold() != str(known).casefold():
            raise NotPossible(
                f"Credential {_entry(current, 'Description')}{self._of} is of type {known}, not {self.type}. The "
                "Management API cannot change that: remove it with state absent, and create it anew."
            )
        before = _settings(current)
        after = overlaid(before, self.settings or {})
        if same(before, after, hidden_matter=self.renew_secrets):
            return []
        check_secrets(after, self.settings or {})
        return [
            self._step(
                "SetCredentialSettings",
                current,
                {"settings": after},
                once=same(before, after, hidden_matter=False),
            )
        ]

    def predicted(self, current: Document | None) -> Document | None:
        if not self.present:
            return None
        if current is None:
            return {"Type": self.type, "Description": self.name, "Settings": self.settings}
        return {**current, _name(current, "Settings"): overlaid(_settings(current), self.settings or {})}

    def fitted(self, client: Client, steps: list[Step]) -> list[Step]:
        """With the arguments by the names that this server has for them."""
        functions = client.functions()
        if functions is None:
            return steps
        return [Step(step.function, _fitting(functions[step.function], step), step.once, step.anew) for step in steps]

    def shown(self, document: Document | None) -> Document | None:
        return None if document is None else masked(document)

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        if after is None:
            return self.shown(before), None
        sent = overlaid(_settings(after), self.settings or {})
        return self.shown(before), unveiled_changes(before, {**after, _name(after, "Settings"): sent})

    @property
    def _of(self) -> str:
        return f" of instance {self.instance}" if self.instance else ""

    def _creation(self) -> Step:
        missing = [name for name in ("type", "settings") if getattr(self, name) is None]
        if missing:
            raise NotPossible(
                f"There is no credential {self.name}{self._of}. To create it, {' and '.join(missing)} must be given."
            )
        config = {"Type": self.type, "Description": self.name, "Settings": self.settings}
        return Step("CreateCredential", {"instanceID": self.instance, "config": config})

    def _step(
        self, function: str, current: Document, arguments: Mapping[str, Any] | None = None, *, once: bool = False
    ) -> Step:
        return Step(function, {"instanceID": self.instance, "id": _entry(current, "ID"), **(arguments or {})}, once)


def wanted_credential(options: Mapping[str, Any]) -> WantedCredential:
    """What the options ask for."""
    return WantedCredential(
        instance=options["instance"] or None,
        name=options["name"],
        id=options["id"],
        present=options["state"] == "present",
        type=options["type"],
        settings=options["settings"],
        renew_secrets=options["update_password"] == "always",
    )


def _fitting(function: Function, step: Step) -> dict[str, Any]:
    """The arguments of a step under the names of the server's function, as a document or each on its own."""
    given = dict(step.arguments)
    values = {name.lower(): value for name, value in {**given, **(given.get("config") or {})}.items()}
    values.update({other: values[name] for name, other in _OTHER_NAMES if name in values and other not in values})
    arguments = {
        item.name: values[item.name.lower()] for item in function.arguments if values.get(item.name.lower()) is not None
    }
    unknown = [item.name for item in function.arguments if not item.nullable and item.name not in arguments]
    if unknown:
        raise MopsError(
            f"{function.name}: this server asks for {', '.join(unknown)}, which this module does not know. What it "
            f"takes is {function}. mailstore_invoke can call it."
        )
    return arguments


_OTHER_NAMES = (
    ("id", "credentialid"),
    ("type", "credentialtype"),
    ("description", "name"),
    ("settings", "credentialsettings"),
    ("config", "credential"),
    ("config", "properties"),
)
"""What an argument may be called as well, in lower case."""


def _name(document: Document, name: str) -> str:
    """``name`` as the document spells it: credentials are the only rows whose names begin with a capital letter."""
    return next((key for key in document if key.lower() == name.lower()), name)


def _entry(document: Document, name: str) -> Any:
    return document.get(_name(document, name))


def _settings(document: Document) -> Document:
    settings = _entry(document, "Settings")
    return settings if isinstance(settings, dict) else {}
