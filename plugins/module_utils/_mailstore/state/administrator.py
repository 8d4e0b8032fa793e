# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""System administrators of the installation: whether they are there, what they may do, and how they log in.

What an administrator's document holds besides the names differs between versions and is not public. So roles and
instances are given by the server's own names, and a name that the server does not show is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state import mfa
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import merged, same
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)

API_PASSWORD = "CreateSystemAdministratorAPIPassword"

_MFA_FUNCTIONS = {"initialize": "InitializeSystemAdministratorMFA", "disable": "DeactivateSystemAdministratorMFA"}


ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "full_name": {"type": "str"},
    "configuration": {"type": "dict", "default": {}},
    "administrator_password": {"type": "str", "no_log": True},
    "update_password": {
        "type": "str",
        "choices": ["always", "on_create"],
        "default": "on_create",
        "no_log": False,
    },
    "mfa": {"type": "str", "choices": list(mfa.CHOICES)},
}
"""The options of mailstore_administrator, without those of the connection."""


@dataclass(frozen=True)
class WantedAdministrator(Subject):
    """What should be of one system administrator. None is what is left as it is."""

    of_instance = False

    name: str
    present: bool = True
    full_name: str | None = None
    configuration: Document = field(default_factory=dict)
    """What else should be in the administrator's document, by the server's own names."""
    password: str | None = field(default=None, repr=False)
    renews_password: bool = False
    mfa: str | None = None
    api_password: bool = False
    """Whether an API password is created for the administrator who calls, who must be this one."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.name.strip():
            raise InvalidOption("name must be an administrator's name, not empty.")
        named = self.configuration.get("userName", self.name)
        if named != self.name:
            raise InvalidOption(f"The configuration is of administrator {named}, but the task is about {self.name}.")
        if mfa.STATUS in self.configuration:
            raise InvalidOption(f"configuration cannot set {mfa.STATUS}: mfa does.")

    def read(self, ask: Ask) -> Document | None:
        administrators = listed(ask, "GetSystemAdministrators")
        return the_one(administrators, self.name, what="Administrator", key="userName", any_case=True)

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [_of("DeleteSystemAdministrator", current)]
        if current is None:
            return [self._creation(), *self._mfa({"userName": self.name}), *self._api_password()]
        return [*self._settings(current), *self._renewal(current), *self._mfa(current), *self._api_password()]

    def predicted(self, current: Document | None) -> Document | None:
        if not self.present:
            return None
        after = self._after(current or {"userName": self.name})
        if self.mfa is not None:
            after[mfa.STATUS] = mfa.predicted(self.mfa)
        return after

    def shown(self, document: Document | None) -> Document | None:
        return None if document is None else masked(document)

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        """With a word on the password, which the server never shows."""
        before, after = self.shown(before), self.shown(after)
        if self.password is None or after is None or (before is not None and not self.renews_password):
            return before, after
        if before is None:
            return None, {**after, "password": "(set)"}
        return {**before, "password": "(as it was)"}, {**after, "password": "(set anew)"}

    def _asked(self) -> Document:
        names = {} if self.full_name is None else {"fullName": self.full_name or None}
        return {**self.configuration, **names}

    def _after(self, current: Document) -> Document:
        asked = self._asked()
        # A server need not show the full name of somebody who has none.
        return merged({**({"fullName": None} if "fullName" in asked else {}), **current}, asked)

    def _creation(self) -> Step:
        if not self.password:
            raise NotPossible(
                f"There is no system administrator {self.name}. To create one, administrator_password must be given."
            )
        config = {"userName": self.name, **self._asked()}
        return Step("CreateSystemAdministrator", {"config": config, "password": self.password})

    def _settings(self, current: Document) -> list[Step]:
        after = self._after(current)
        if same({**dict.fromkeys(after), **current}, after, hidden_matter=False):
            return []
        config = {name: value for name, value in after.items() if name != mfa.STATUS}
        return [Step("SetSystemAdministratorConfiguration", {"config": config})]

    def _renewal(self, current: Document) -> list[Step]:
        if self.password is None or not self.renews_password:
            return []
        return [_of("SetSystemAdministratorPassword", current, once=True, password=self.password)]

    def _mfa(self, current: Document) -> list[Step]:
        due = mfa.change(self.mfa, current)
        return [_of(_MFA_FUNCTIONS[due], current, once=self.mfa == mfa.RESET)] if due else []

    def _api_password(self) -> list[Step]:
        return [Step(API_PASSWORD, {}, once=True)] if self.api_password else []


def wanted_administrator(options: Mapping[str, Any]) -> WantedAdministrator:
    """What the options ask for."""
    return WantedAdministrator(
        name=options["name"],
        present=options["state"] == "present",
        full_name=options["full_name"],
        configuration=options["configuration"],
        password=options["administrator_password"] or None,
        renews_password=options["update_password"] == "always",
        mfa=options["mfa"],
    )


def _of(function: str, current: Document, *, once: bool = False, **arguments: Any) -> Step:
    return Step(function, {"userName": current["userName"], **arguments}, once)
