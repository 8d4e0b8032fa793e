# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Instance hosts: whether the Management Server knows them, and how it reaches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.store import same_path

_CERTIFICATE = "serverCertificate"
_FOLDER = "baseDirectory"
_MATCHES_MANY = frozenset("*?,")
_SHOWN_INSTANCES = 5


ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "service_port": {"type": "int"},
    "thumbprint": {"type": "str"},
    "base_directory": {"type": "str"},
}
"""The options of mailstore_instance_host, without those of the connection."""


@dataclass(frozen=True)
class WantedInstanceHost(Subject):
    """What should be of one instance host. None is what is left as it is."""

    of_instance = False

    name: str
    """Its ``serverName``."""
    present: bool = True
    service_port: int | None = None
    thumbprint: str | None = None
    """That of its certificate, in whatever letters and with colons or spaces or without."""
    base_directory: str | None = None
    """Where its instances lie, where they do not say so themselves."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.name.strip() or _MATCHES_MANY & set(self.name):
            raise InvalidOption(f"name must be the name of one instance host, not {self.name!r}.")

    def read(self, ask: Ask) -> Document | None:
        hosts = listed(ask, "GetInstanceHosts")  # whether a filter tells upper from lower case is not known
        return the_one(hosts, self.name, what="Instance host", key="serverName", any_case=True)

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [Step("DeleteInstanceHost", {"serverName": current["serverName"]})]
        if current is None:
            missing = [name for name in ("service_port", "thumbprint", "base_directory") if getattr(self, name) is None]
            if missing:
                raise NotPossible(
                    f"There is no instance host {self.name}. To add it, {', '.join(missing)} must be given."
                )
            return [Step("CreateInstanceHost", {"config": self._after({"serverName": self.name})})]
        after = self._after(current)
        return [] if after == current else [Step("SetInstanceHostConfiguration", {"config": after})]

    def verify(self, client: Client, steps: Sequence[Step]) -> None:
        """A host with instances cannot go, and the instances are named. In check mode, too."""
        if self.present:
            return
        there = [
            str(entry.get("instanceID"))
            for entry in listed(client.call, "GetInstances", instanceFilter="*")
            if str(entry.get("instanceHost")).casefold() == self.name.casefold()
        ]
        if there:
            more = f" and {len(there) - _SHOWN_INSTANCES} more" if len(there) > _SHOWN_INSTANCES else ""
            raise NotPossible(
                f"Instance host {self.name} cannot be removed: it has {len(there)} "
                f"instance{'s' if len(there) > 1 else ''} ({', '.join(sorted(there)[:_SHOWN_INSTANCES])}{more}). Move "
                "or remove them first. Nothing was changed."
            )

    def predicted(self, current: Document | None) -> Document | None:
        return self._after(current or {"serverName": self.name}) if self.present else None

    def _after(self, current: Mapping[str, Any]) -> Document:
        after = dict(current)
        if self.service_port is not None:
            after["port"] = self.service_port
        known = current.get(_CERTIFICATE)
        certificate = known if isinstance(known, Mapping) else {}
        if self.thumbprint is not None and _plain(self.thumbprint) != _plain(certificate.get("thumbprint")):
            after[_CERTIFICATE] = {**certificate, "thumbprint": _plain(self.thumbprint)}
        if self.base_directory is not None and not same_path(self.base_directory, current.get(_FOLDER)):
            after[_FOLDER] = self.base_directory
        return after


def wanted_instance_host(options: Mapping[str, Any]) -> WantedInstanceHost:
    """What the options ask for."""
    return WantedInstanceHost(
        name=options["name"],
        present=options["state"] == "present",
        service_port=options["service_port"],
        thumbprint=options["thumbprint"],
        base_directory=options["base_directory"],
    )


def _plain(thumbprint: Any) -> str:
    return "".join(letter for letter in str(thumbprint) if letter.isalnum()).upper()
