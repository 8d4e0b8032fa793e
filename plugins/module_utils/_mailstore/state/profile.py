# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Archiving and export profiles of an instance: whether they are there, what they archive, and when they run.

The Management API has no function that changes what a profile archives, only one for when it runs. So a change of the
rest is a new profile in the place of the old one, and that only where it is asked for. Which details a connector has is
not public: they are passed on as they are, and compared as far as the server shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import masked
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

ARCHIVING = "I"
"""The type of an archiving profile: it imports."""

_EXECUTION = "serverSideExecution"
_PAUSE = "automaticPauseBetweenExecutions"
_WINDOWS = "automaticMaintenanceWindows"


ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance": {"type": "str"},
    "name": {"type": "str"},
    "id": {"type": "int"},
    "owner": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "run", "absent"], "default": "present"},
    "type": {"type": "str"},
    "connector": {"type": "str"},
    "details": {"type": "dict"},
    "automatic": {"type": "bool"},
    "pause": {"type": "int"},
    "maintenance_windows": {"type": "str"},
    "recreate": {"type": "bool", "default": False},
    "update_password": UPDATE_PASSWORD,
}
"""The options of mailstore_profile, without those of the connection."""


@dataclass(frozen=True)
class WantedProfile(Subject):
    """What should be of one profile. None is what is left as it is."""

    instance: str | None
    name: str | None = None
    id: int | None = None
    owner: str | None = None
    """Whose profile it is. Two profiles may share a name; with the owner they are told apart."""
    present: bool = True
    type: str | None = None
    """That of a new profile is `ARCHIVING` where nothing is said."""
    connector: str | None = None
    details: Document | None = field(default=None, repr=False)
    """What the connector needs, by the server's own names."""
    automatic: bool | None = None
    """Whether the server runs the profile again and again; else a job or a person does."""
    pause: int | None = None
    """Seconds between two automatic runs."""
    maintenance_windows: str | None = None
    """When the profile does not run automatically. An empty string is at no time."""
    recreate: bool = False
    """Whether a profile that differs in what cannot be changed is replaced by a new one."""
    renew_secrets: bool = False
    """Whether a secret that the server does not show counts as different."""
    run: bool = False
    """Whether the profile is run as well, now."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if self.id is None and not (self.name or "").strip():
            raise InvalidOption("A profile must be named by name, or by id.")
        if self.automatic is not True and (self.pause is not None or self.maintenance_windows is not None):
            raise InvalidOption("pause and maintenance_windows are of automatic runs: give automatic: true, too.")
        if self.pause is not None and self.pause < 0:
            raise InvalidOption(f"pause must be a number of seconds, not {self.pause}.")

    def read(self, ask: Ask) -> Document | None:
        return self.find(listed(ask, "GetProfiles", instanceID=self.instance, raw=True))

    def find(self, profiles: list[Document]) -> Document | None:
        """The profile that is meant. Raises `Ambiguous` and `NotPossible`."""
        if self.id is not None:
            found = [profile for profile in profiles if profile.get("id") == self.id]
            if not found and self.present:
                raise NotPossible(f"There is no profile with id {self.id}{self._of}.")
        else:
            found = [
                profile
                for profile in profiles
                if profile.get("name") == self.name
                and (self.owner is None or _same_word(self.owner, profile.get("owner")))
            ]
        if len(found) > 1:
            several = ", ".join(f"id {profile.get('id')} of {profile.get('owner')}" for profile in found)
            raise Ambiguous(f"Profile {self.name} is ambiguous: there are {several}{self._of}. Give id, or owner.")
        return found[0] if found else None

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [self._step("DeleteProfile", current)]
        if current is None:
            return self._with_run([self._creation(self._new())], {})
        differing = self._differing(current)
        if differing:
            return self._with_run(self._replacement(current, differing), {})
        return self._with_run(self._scheduling(current), current)

    def predicted(self, current: Document | None) -> Document | None:
        if not self.present:
            return None
        if current is None:
            return self._new()
        if self._differing(current):
            return self._replaced(current)
        return {**current, _EXECUTION: self._execution(current)}

    def shown(self, document: Document | None) -> Document | None:
        return None if document is None else masked(document)

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        return self.shown(before), None if after is None else unveiled_changes(before, after)

    @property
    def _of(self) -> str:
        return f" of instance {self.instance}" if self.instance else ""

    def _asked(self) -> Document:
        """What is asked for of all that a profile cannot be given later."""
        asked = {
            "owner": self.owner,
            "type": self.type,
            "connector": self.connector,
            "name": self.name,
            "details": self.details,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def _replaced(self, current: Document) -> Document:
        """A profile like ``current`` but for what is asked, without what the server makes itself."""
        after = overlaid(_without_own(current), self._asked())
        return {**after, _EXECUTION: self._execution(current)}

    def _differing(self, current: Document) -> list[str]:
        """The paths of what is asked for and not so, but for when the profile runs."""
        before, after = _without_own(current), overlaid(_without_own(current), self._asked())
        return [path for name in after for path in self._paths(name, before.get(name), after[name])]

    def _paths(self, name: str, before: Any, after: Any) -> list[str]:
        if name in ("owner", "type", "connector") and _same_word(after, before):
            return []
        if isinstance(after, Mapping):
            known = before if isinstance(before, Mapping) else {}
            return [
                f"{name}.{key}"
                for key in after
                if not same(
                    {key: known.get(key)}, {key: after[key]}, hidden_matter=self.renew_secrets and key in self._given()
                )
            ]
        return [] if before == after else [name]

    def _given(self) -> Mapping[str, Any]:
        return self.details or {}

    def _replacement(self, current: Document, differing: list[str]) -> list[Step]:
        if not self.recreate:
            raise NotPossible(
                f"Profile {current.get('name')} (id {current.get('id')}){self._of} differs in {', '.join(differing)}. "
                "The Management API cannot change that. With recreate: true, a new profile takes its place, with "
                "another id. Nothing was changed."
            )
        after = self._replaced(current)
        check_secrets(after.get("details") or {}, self._given())
        # The new one first: so nothing of the old one is lost where the run is cut off in between.
        removal = Step("DeleteProfile", {"instanceID": self.instance, "id": current["id"]}, anew=self.run)
        return [self._creation(after, anew=False), removal]

    def _creation(self, properties: Document, anew: bool = True) -> Step:
        return Step(
            "CreateProfile",
            {"instanceID": self.instance, "properties": properties, "raw": True},
            anew=anew and self.run,
        )

    def _new(self) -> Document:
        if self.id is not None:
            raise NotPossible(f"There is no profile with id {self.id}{self._of}.")
        missing = [name for name in ("owner", "connector", "details") if getattr(self, name) is None]
        if missing:
            raise NotPossible(
                f"There is no profile {self.name}{self._of}. To create it, {', '.join(missing)} must be given."
            )
        new = {"type": ARCHIVING, **self._asked()}
        return new if self.automatic is None else {**new, _EXECUTION: self._execution({})}

    def _scheduling(self, current: Document) -> list[Step]:
        after = self._execution(current)
        if _meaning(after) == _meaning(current.get(_EXECUTION)):
            return []
        given = {name: value for name, value in after.items() if name in (_PAUSE, _WINDOWS) and value}
        arguments = {"automatic": True, **given} if after["automatic"] else {"automatic": False}
        return [self._step("SetProfileServerSideExecution", current, arguments)]

    def _execution(self, current: Document) -> Document:
        """When the profile should run: what is not asked for stays as it is."""
        known = current.get(_EXECUTION)
        after: Document = dict(known) if isinstance(known, Mapping) else {}
        if self.automatic is None:
            return after
        after["automatic"] = self.automatic
        if not self.automatic:
            return after
        if self.pause is not None:
            after[_PAUSE] = str(self.pause)
        if self.maintenance_windows is not None:
            after[_WINDOWS] = self.maintenance_windows or None
        if after.get(_PAUSE) is None:
            raise NotPossible(
                f"Profile {self.name or self.id}{self._of} has no pause between automatic runs yet: give pause, in "
                "seconds."
            )
        return after

    def _with_run(self, steps: list[Step], current: Document) -> list[Step]:
        if not self.run:
            return steps
        return [*steps, Step("RunProfile", {"instanceID": self.instance, "id": current.get("id")}, once=True)]

    def _step(self, function: str, current: Document, arguments: Mapping[str, Any] | None = None) -> Step:
        return Step(function, {"instanceID": self.instance, "id": current["id"], **(arguments or {})})


def wanted_profile(options: Mapping[str, Any]) -> WantedProfile:
    """What the options ask for."""
    return WantedProfile(
        instance=options["instance"] or None,
        name=options["name"],
        id=options["id"],
        owner=options["owner"],
        present=options["state"] != "absent",
        type=options["type"],
        connector=options["connector"],
        details=options["details"],
        automatic=options["automatic"],
        pause=options["pause"],
        maintenance_windows=options["maintenance_windows"],
        recreate=options["recreate"],
        renew_secrets=options["update_password"] == "always",
        run=options["state"] == "run",
    )


def _without_own(profile: Document) -> Document:
    """Without the id and the version, which the server gives a profile, and without when it runs."""
    return {name: value for name, value in profile.items() if name not in ("id", "version", _EXECUTION)}


def _same_word(one: Any, other: Any) -> bool:
    return str(one).casefold() == str(other).casefold()


def _meaning(execution: Any) -> tuple[Any, ...]:
    """What two ways of running have in common that mean the same. One that is not automatic has no pause."""
    known = execution if isinstance(execution, Mapping) else {}
    if str(known.get("automatic")).lower() != "true":
        return (False,)
    return (True, str(known.get(_PAUSE)), known.get(_WINDOWS) or None)
