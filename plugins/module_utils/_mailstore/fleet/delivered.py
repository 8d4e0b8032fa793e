# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What somebody was told of a server's alerts, in a file that outlives whoever tells."""

from __future__ import annotations

import json
import os
import re
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, Mapping
from urllib.parse import quote

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

_LINK_SECONDS = 5.0
"""For how long another source may be at the same link: it takes milliseconds."""


class DeliveredUnusable(MopsError):
    """The file cannot be used, or not be written."""


class DeliveredAlerts:
    """The alerts that were told and not cleared since. Only one at a time has the file::

    with DeliveredAlerts("/var/lib/rulebook/alerts.json", "archive.example.com", "MGMT01") as told:
        ...
    """

    def __init__(self, path: str, host: str, name: str | None) -> None:
        """``host`` is how the server is reached, ``name`` what it calls itself, or None where it does not answer."""
        self._path = path
        self._host = host
        self._name = name
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
            failure = _in_use(self._path, error)
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
            server = {"server": self._name, "host": self._host}
            replace(self._path, json.dumps({"schema": SCHEMA, **server, "alerts": alerts}, indent=1))
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
            host, name, alerts = _parsed(document)
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            os.replace(self._path, f"{self._path}.damaged")
            self.note = (
                f"{self._path} is damaged, or of another version: it is now {self._path}.damaged. What was told before "
                "is not known any more, and all that stands is told as new."
            )
            return
        if host != self._host and (name is None or name != self._name):
            raise DeliveredUnusable(
                f"{self._path} remembers what was told of {name or host}, not of {self._name or self._host}: name "
                "another file in state_path, or move this one away."
            )
        self._name = self._name or name
        self.alerts = alerts


def file_of(folder: str, host: str, name: str | None) -> str:
    """The file in ``folder`` for the server that calls itself ``name``, however it is reached.

    While it does not answer, ``name`` is None. Then the file is found by a link with the name of ``host``, if the
    server was reached by that before. An earlier version had its file there, which is renamed. Raises
    `DeliveredUnusable` where a source of that version has it.
    """
    by_host = os.path.join(folder, f"{re.sub('[^A-Za-z0-9._-]', '_', host)}.json")
    if name is None:
        return os.path.realpath(by_host)
    path = os.path.join(folder, f"{quote(name, safe='')}.json")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with locked(f"{by_host}.lock", wait_seconds=_LINK_SECONDS):
            _link(by_host, path, host)
    except Locked as error:
        raise _in_use(by_host, error) from None
    except OSError:
        pass  # if nothing can be written here, that is said where the file itself is
    return path


def _link(by_host: str, path: str, host: str) -> None:
    if os.path.lexists(by_host) and not os.path.islink(by_host):
        try:
            with open(by_host, encoding="utf-8") as file:
                if _parsed(json.load(file))[0] != host:
                    return  # that of another server, which calls itself as this one is reached
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return
        if not os.path.exists(path):
            os.rename(by_host, path)
    if os.path.realpath(by_host) != os.path.realpath(path):
        link = f"{by_host}.new"
        os.symlink(os.path.basename(path), link)
        os.replace(link, by_host)


def _in_use(path: str, error: Locked) -> DeliveredUnusable:
    return DeliveredUnusable(
        f"{path} is in use by another source ({error}): give each a state_path of its own, or end the other one."
    )


def _parsed(document: Any) -> tuple[str, str | None, dict[str, Finding]]:
    """The host, the server's own name, and the alerts. An earlier version knew only the host, as ``server``.

    Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` for what is not of the file's shape.
    """
    if document["schema"] != SCHEMA:
        raise ValueError
    found = [_finding(entry) for entry in document["alerts"].values()]
    name = document["server"] if "host" in document else None
    host = document.get("host", document["server"])
    if not isinstance(host, str) or not isinstance(name, (str, type(None))):
        raise TypeError
    return host, name, {identity(finding): finding for finding in found}


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
