# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What somebody was told of a server's alerts, in a file that outlives whoever tells."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._lock import Locked, locked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.alerts import CLEARED, News, identity
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import (
    KINDS,
    SEVERITIES,
    Finding,
)
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace

SCHEMA = 1
"""The version of the file's shape."""


class DeliveredUnusable(MopsError):
    """The file cannot be used, or not be written."""


class DeliveredAlerts:
    """The alerts that were told and not cleared since. Only one at a time has the file::

    with DeliveredAlerts("/var/lib/rulebook/alerts.json", "archive.example.com") as told:
        ...
    """

    def __init__(self, path: str, server: str) -> None:
        self._path = path
        self._server = server
        self._held = ExitStack()
        self.alerts: dict[str, Finding] = {}
        """By `identity`."""
        self.note: str | None = None
        """What to say of the file as it was found, where there is something."""

    def __enter__(self) -> DeliveredAlerts:
        """Take hold of the file, and read it. Raises `DeliveredUnusable` where it is another's, or cannot be written.

        One that is damaged is moved aside, and all is new then.
        """
        failure = None
        try:
            os.makedirs(os.path.dirname(self._path) or ".", mode=0o700, exist_ok=True)
            self._held.enter_context(locked(f"{self._path}.lock"))
            self._read()
            self.save()
        except Locked as error:
            failure = DeliveredUnusable(
                f"{self._path} is in use by another source ({error}): give each a state_path of its own, or end the "
                "other one."
            )
        except OSError as error:
            failure = DeliveredUnusable(
                f"{self._path}, which should remember what was told, cannot be used: {_why(error)}."
            )
        except DeliveredUnusable as error:
            failure = error
        if failure is not None:
            self.__exit__()
            raise failure
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._held.close()

    def remember(self, change: News) -> None:
        if change.status == CLEARED:
            self.alerts.pop(identity(change.finding), None)
        else:
            self.alerts[identity(change.finding)] = change.finding

    def save(self) -> None:
        """Replace the file as a whole. Raises `DeliveredUnusable`."""
        alerts = {key: asdict(finding) for key, finding in self.alerts.items()}
        failure = None
        try:
            replace(self._path, json.dumps({"schema": SCHEMA, "server": self._server, "alerts": alerts}, indent=1))
        except OSError as error:
            failure = DeliveredUnusable(
                f"{self._path}, which should remember what was told, cannot be written: {_why(error)}."
            )
        if failure:
            raise failure

    def _read(self) -> None:
        try:
            with open(self._path, encoding="utf-8") as file:
                document = json.load(file)
            server, alerts = _parsed(document)
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            os.replace(self._path, f"{self._path}.damaged")
            self.note = (
                f"{self._path} is damaged, or of another version: it is now {self._path}.damaged. What was told before "
                "is not known any more, and all that stands is told as new."
            )
            return
        if server != self._server:
            raise DeliveredUnusable(
                f"{self._path} remembers what was told of {server}, not of {self._server}: name another file in "
                "state_path, or move this one away."
            )
        self.alerts = alerts


def _parsed(document: Any) -> tuple[str, dict[str, Finding]]:
    """Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` for what is not of the file's shape."""
    if document["schema"] != SCHEMA:
        raise ValueError
    found = [_finding(entry) for entry in document["alerts"].values()]
    return str(document["server"]), {identity(finding): finding for finding in found}


def _finding(entry: Mapping[str, Any]) -> Finding:
    finding = Finding(**entry)
    words = (finding.kind, finding.severity, finding.subject, finding.words, finding.instance or "", finding.key or "")
    if not all(isinstance(word, str) for word in words):
        raise TypeError
    if finding.kind not in KINDS or finding.severity not in SEVERITIES:
        raise ValueError
    return finding


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
