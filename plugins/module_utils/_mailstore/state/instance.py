# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Instances: whether they are there, how they are configured, and whether they run.

What the server does to instances it does to all that a filter matches, ``*`` and ``?`` included; so what names one
instance is checked before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import (
    INSTANCE,
    check_same_instance,
    check_secrets,
    merged,
    same,
    unveiled_changes,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)

RUNNING = "running"
STOPPED = "stopped"
FROZEN = "frozen"

_MATCHES_MANY = re.compile(r"[*?,\s]")

_TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    "started": {RUNNING: "", STOPPED: "StartInstances"},
    "stopped": {STOPPED: "", RUNNING: "StopInstances"},
    "restarted": {RUNNING: "RestartInstances", STOPPED: "StartInstances"},
    "frozen": {FROZEN: "", RUNNING: "FreezeInstances"},
    "thawed": {RUNNING: "", STOPPED: "", FROZEN: "ThawInstances"},
}
"""What leads to a state from a status; empty where there is nothing to do. What is missing is not possible."""

_STATUS_AFTER = {
    "StartInstances": RUNNING,
    "StopInstances": STOPPED,
    "RestartInstances": RUNNING,
    "FreezeInstances": FROZEN,
    "ThawInstances": RUNNING,
}

STATES = ("present", "absent", *_TRANSITIONS)

_CREATED_IN = ("present", "started", "restarted")
"""The states that create an instance that is not there."""

_MET_BY_NOTHING = {"stopped": "runs no longer", "thawed": "is not frozen"}
"""What a state says of an instance that is not there; the other states need one."""

_ACCESS = "archiveAdminEnabled"
"""Whether service-provider access is enabled, beside what ``GetInstances`` shows."""

_IN_BOTH = ("alias", "displayName", "instanceHost")
"""What both the list of instances and an instance's configuration show."""


ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "missing_ok": {"type": "bool", "default": False},
    "archive_admin_enabled": {"type": "bool"},
    "configuration": {"type": "dict", "default": {}},
}
"""The options of mailstore_instance, without those of the connection and of waiting."""


@dataclass(frozen=True)
class WantedInstance(Subject):
    """What should be of one instance. Its document is its entry in ``GetInstances``, and its configuration if asked."""

    of_instance = False

    instance: str
    state: str = "present"
    configuration: Document = field(default_factory=dict, repr=False)
    archive_admin_enabled: bool | None = None
    """Whether service-provider access is enabled; None leaves it as it is."""
    missing_ok: bool = False
    """Whether an instance that is not there is as it should be, in the states that want nothing of it."""
    created_before: bool = False
    """Whether an instance that is not there counts as created by a task before, as check mode has to see it."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.instance or _MATCHES_MANY.search(self.instance):
            raise InvalidOption(
                f"instance must be the id of one instance, not {self.instance!r}: the server would take wildcards and "
                "commas for a filter."
            )
        if self.configuration and self.state == "absent":
            raise InvalidOption("configuration makes no sense where state is absent.")
        if self.archive_admin_enabled is not None and self.state == "absent":
            raise InvalidOption("archive_admin_enabled makes no sense where state is absent.")
        if self.missing_ok and self.state not in (*_MET_BY_NOTHING, "absent"):
            raise InvalidOption(f"missing_ok makes no sense where state is {self.state}: that needs an instance.")
        check_same_instance(self.configuration, self.instance)

    def read(self, ask: Ask) -> Document | None:
        entries = listed(ask, "GetInstances", instanceFilter=self.instance)
        entry = the_one(entries, self.instance, what="Instance", key="instanceID", any_case=True)
        if entry is None:
            return None
        if self.configuration:
            entry = {**entry, "configuration": INSTANCE.read(ask, entry["instanceID"])}
        if self.archive_admin_enabled is not None:
            entry = {**entry, **_access(ask, entry)}
        return entry

    def steps(self, current: Document | None) -> list[Step]:
        if self.state == "absent":
            return [] if current is None else [_to_all("DeleteInstances", current)]
        if current is None:
            return [] if self.missing_ok else self._from_nothing()
        settings, access, transition = self._settings(current), self._access(current), self._transition(current)
        # It is set while the instance runs.
        if current.get("status") == RUNNING:
            return [*settings, *access, *transition]
        return [*settings, *transition, *access]

    def predicted(self, current: Document | None) -> Document | None:
        if self.state == "absent":
            return None
        if current is None:
            current = {
                "instanceID": self.instance,
                "status": STOPPED,
                "configuration": {"instanceID": self.instance, **self.configuration},
            }
        after = dict(current)
        if self.configuration:
            after["configuration"] = merged(current["configuration"], self.configuration)
            after.update({name: after["configuration"].get(name) for name in _IN_BOTH})
        for step in self._transition(current):
            after["status"] = _STATUS_AFTER[step.function]
        if self.archive_admin_enabled is not None:
            after[_ACCESS] = self.archive_admin_enabled
        return after

    def shortfall(self, after: Document | None) -> str | None:
        if self.state not in _TRANSITIONS or after is None:
            return None
        status, reason = str(after.get("status")), after.get("startStopError")
        if _TRANSITIONS[self.state].get(status) in ("", "RestartInstances"):
            return None
        why = f": {reason}" if reason else "."
        return f"Instance {self.instance} was to be {self.state}, and the server is done, but it is {status}{why}"

    def shown(self, document: Document | None) -> Document | None:
        return None if document is None else masked(document)

    def diff(self, before: Document | None, after: Document | None) -> tuple[Document | None, Document | None]:
        return self.shown(before), None if after is None else unveiled_changes(before, after)

    def _from_nothing(self) -> list[Step]:
        """Creation, and then what an instance that was just created needs, which does not run."""
        if self.state in _MET_BY_NOTHING:
            raise NotPossible(
                f"There is no instance {self.instance}, so it {_MET_BY_NOTHING[self.state]}. Is its id spelled right? "
                "With missing_ok: true that is fine."
            )
        if self.state not in _CREATED_IN:
            raise NotPossible(
                f"There is no instance {self.instance}, so it cannot be {self.state}. With state present or started, "
                "it is created first."
            )
        new = {"instanceID": self.instance, "status": STOPPED}
        if self.configuration.get("instanceHost"):
            config = {"instanceID": self.instance, **self.configuration}
            creation = Step("CreateInstance", {"config": config}, anew=True)
            return [creation, *self._transition(new), *self._access(new)]
        if not self.created_before:
            raise NotPossible(
                f"There is no instance {self.instance}. To create it, configuration must name an instanceHost."
            )
        # Whether the task that creates it starts it as well is not known.
        running = {**new, "status": RUNNING}
        return [*self._transition(new), *self._access(running)]

    def _settings(self, current: Document) -> list[Step]:
        if not self.configuration:
            return []
        before = current["configuration"]
        after = merged(before, self.configuration)
        if same(before, after, hidden_matter=True):
            return []
        check_secrets(after, self.configuration)
        return [INSTANCE.write(current["instanceID"], after)]

    def _access(self, current: Document) -> list[Step]:
        """Nothing, or the step that sets service-provider access."""
        wanted = self.archive_admin_enabled
        if wanted is None or current.get(_ACCESS) is wanted:
            return []
        if _ACCESS not in current and RUNNING not in (current.get("status"), self._status_after(current)):
            raise NotPossible(
                f"Instance {self.instance} does not run: archive_admin_enabled can be set only while it runs, for "
                "example with state started."
            )
        return [Step("SetArchiveAdminEnabled", {"instanceID": current["instanceID"], "enabled": wanted})]

    def _status_after(self, current: Document) -> str:
        transition = self._transition(current)
        return _STATUS_AFTER[transition[-1].function] if transition else str(current.get("status"))

    def _transition(self, current: Document) -> list[Step]:
        if self.state not in _TRANSITIONS:
            return []
        status = str(current.get("status"))
        function = _TRANSITIONS[self.state].get(status)
        if function is None:
            raise NotPossible(f"Instance {self.instance} cannot be {self.state}: {_obstacle(self.state, status)}")
        return [_to_all(function, current, once=function == "RestartInstances")] if function else []


def wanted_instance(options: Mapping[str, Any]) -> WantedInstance:
    """What the options ask for."""
    return WantedInstance(
        options["instance"] or "",
        options["state"],
        options["configuration"],
        archive_admin_enabled=options["archive_admin_enabled"],
        missing_ok=options["missing_ok"],
    )


def _access(ask: Ask, entry: Document) -> Document:
    """Whether service-provider access is enabled. An instance that does not run may not tell."""
    try:
        return {_ACCESS: ask("GetArchiveAdminEnabled", instanceID=entry["instanceID"])}
    except CallFailed:
        if entry.get("status") == RUNNING:
            raise
        return {}


def _to_all(function: str, current: Document, *, once: bool = False) -> Step:
    return Step(function, {"instanceFilter": current["instanceID"]}, once)


def _obstacle(state: str, status: str) -> str:
    if status == FROZEN:
        return "it is frozen, perhaps for a backup that is being made. State thawed ends that."
    if status == STOPPED:
        return "it is stopped. Only an instance that runs can be frozen."
    return f"its status is {status}. Run the task again when that has settled."
