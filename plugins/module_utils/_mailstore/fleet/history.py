# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What was maintained on an instance and when, in a file that outlives the run."""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

from ansible_collections.mops.maintenance.plugins.module_utils import _lock
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace as replace_file

SCHEMA = 1
"""The version of a record's shape."""

NEVER = ""
"""In place of a time; it sorts before all times."""

WORKS = ("verified", "compacted")
"""What is done on a rota, by the name of its time in a record."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_TIMES = frozenset(
    ("seen", *(f"{work}{end}" for work in (*WORKS, "opened", "upgraded", "rebuilt") for end in ("", "_tried")))
)
"""What of a store's entry is a time. Work that is not on a rota is remembered, too, so that it takes its turn."""
_CLOCKS_APART = timedelta(hours=1)
"""By how much the clocks of two machines that share a record may differ."""

Document = Dict[str, Any]


class HistoryUnusable(MopsError):
    """The file that should remember earlier maintenance cannot be read or written."""


class HistoryInUse(HistoryUnusable):
    """Another run has the file."""

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(
            f"{path} is in use by another run ({holder}); only one at a time may maintain an instance. Nothing was "
            "done."
        )
        self.holder = holder


@dataclass(frozen=True)
class Overdue:
    """Work on a store that was due long ago and was not done."""

    store_id: str
    path: str | None
    """The store's, by which it is known, with its id."""
    store: str
    work: str
    """One of `WORKS`."""
    last: str
    """When it was last done, or `NEVER`."""
    since: datetime
    """When it became due."""


class History:
    """What was done with each store, and when: ``{"verified": time, "verified_tried": time, ...}``, times in UTC.

    A store is known by its id and its path: one that was moved, or that took a detached one's id, is another.
    """

    def __init__(self, path: str, instance: str, *, now: datetime, host: str = "") -> None:
        """Read from ``path``, where there may be no file yet. Raises `HistoryUnusable`.

        One that an earlier version wrote under another name is read, and renamed when it is saved; ``host`` is how the
        server is reached, after which that version named the folder.
        A time that is later than ``now``, or that is none, counts as never; `doubts` tells of it.
        """
        self._path = path
        self._instance = instance
        self._stores: dict[str, Document] = {}
        self.days: dict[str, int] = {}
        """How often each of `WORKS` is to be done, in days, and as ``overdue`` how late it may be, as last wanted."""
        self.doubts: list[str] = []
        """What in the file cannot be true, in words."""
        self._earlier_path = None if os.path.lexists(path) else _earlier_name(path, instance, host)
        failure = None
        try:
            with open(self._earlier_path or path, encoding="utf-8") as file:
                document = json.load(file)
            if document["schema"] != SCHEMA or document["instance"] != instance:
                failure = f"{path} is not a record of the maintenance of {instance}."
            self._load(document, now)
        except FileNotFoundError:
            pass
        except OSError as error:
            failure = f"{path} cannot be read: {error.strerror}."
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            failure = f"{path} is damaged."
        if failure:
            raise HistoryUnusable(
                f"{failure} It should remember what was maintained when. Without it, everything is due: move it away "
                "if that is right."
            )

    def time(self, store: Document, what: str) -> str:
        """When ``what`` was last done with the store, in a form that sorts; `NEVER` where it was not."""
        entry = self._stores.get(str(store.get("id"))) or {}
        return str(entry.get(what) or NEVER) if entry.get("path") == store.get("databasePath") else NEVER

    def tried(self, store: Document, work: str) -> str:
        """When ``work`` was last tried on the store, whether it was done or failed."""
        return self.time(store, f"{work}_tried") or self.time(store, work)

    def latest(self) -> str:
        """When anything was last tried on the instance."""
        times = (entry[key] for entry in self._stores.values() for key in entry if key.endswith("_tried"))
        return max(map(str, times), default=NEVER)

    def due_since(self, store: Document, work: str, days: int, now: datetime) -> datetime:
        """When ``work`` becomes due: ``days`` after it was last done, or else when the store was first seen."""
        last = self.time(store, work)
        if last:
            return _parsed(last) + timedelta(days=days)
        seen = self.time(store, "seen")
        return _parsed(seen) if seen else now

    def see(self, stores: Sequence[Document], now: datetime) -> None:
        """Know the stores that are there, and forget the others."""
        there = {str(store.get("id")) for store in stores}
        self._stores = {key: entry for key, entry in self._stores.items() if key in there}
        for store in stores:
            if not self.time(store, "seen"):
                self.remember(store, now, "seen")

    def remember(self, store: Document, now: datetime, *what: str) -> None:
        key, path = str(store.get("id")), store.get("databasePath")
        entry = self._stores.get(key)
        if entry is None or entry.get("path") != path:
            entry = self._stores[key] = {"path": path}
        entry.update({"name": store.get("name"), **dict.fromkeys(what, now.strftime(_TIME))})

    def learn(self, store: Document, work: str, at: datetime) -> None:
        """Know that somebody else has done ``work`` with all stores that there were ``at`` that time.

        A store that the record first saw after that was not there, unless the record itself is younger.
        """
        time, seen = at.strftime(_TIME), self.time(store, "seen")
        begun = min((str(entry["seen"]) for entry in self._stores.values() if entry.get("seen")), default=NEVER)
        if time > self.time(store, work) and not begun < time < seen:
            self.remember(store, at, work)

    def overdue(self, now: datetime) -> list[Overdue]:
        """What is overdue by the days that were last wanted, as far as the record alone can tell."""
        found = []
        for key, entry in self._stores.items():
            store = {"id": key, "databasePath": entry.get("path")}
            for work in WORKS:
                days = self.days.get(work, 0)
                since = self.due_since(store, work, days, now)
                if days and since + timedelta(days=self.days.get("overdue", 0)) < now:
                    last = self.time(store, work)
                    found.append(Overdue(key, entry.get("path"), str(entry.get("name") or key), work, last, since))
        return found

    def save(self) -> None:
        """Replace the file as a whole. Raises `HistoryUnusable`."""
        document = {"schema": SCHEMA, "instance": self._instance, "days": self.days, "stores": self._stores}
        failure = None
        try:
            replace_file(self._path, json.dumps(document, indent=1, sort_keys=True))
            if self._earlier_path:
                os.unlink(self._earlier_path)
                self._earlier_path = None
        except OSError as error:
            failure = not_writable(self._path, error)
        if failure:
            raise failure

    def _load(self, document: Document, now: datetime) -> None:
        self.days = {str(key): int(value) for key, value in dict(document.get("days") or {}).items()}
        latest = (now + _CLOCKS_APART).strftime(_TIME)
        doubtful = []
        for key, entry in dict(document["stores"]).items():
            if not isinstance(entry, Mapping):
                doubtful.append(f"all of store {key}")
                continue
            kept = self._stores[str(key)] = dict(entry)
            wrong = [what for what in sorted(_TIMES & set(kept)) if not _is_time(kept[what]) or kept[what] > latest]
            doubtful += [f"{what} of {kept.get('name') or key} ({str(kept.pop(what))[:40]})" for what in wrong]
        if doubtful:
            self.doubts.append(
                f"Times in {self._path} are in the future, or cannot be read: {', '.join(doubtful)}. They count as "
                f"never, so that the work is due. Look at the clocks: here it is {now.strftime(_TIME)}."
            )


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Keep other runs from maintaining the record's instance meanwhile.

    Raises `HistoryInUse` where another run does so, and `HistoryUnusable` where the file's folder cannot be written.
    """
    folder, name = os.path.split(path)
    with ExitStack() as held:
        try:
            os.makedirs(folder or ".", mode=0o700, exist_ok=True)
            held.enter_context(_lock.locked(os.path.join(folder, f".{name}.lock")))
        except _lock.Locked as error:
            raise HistoryInUse(path, str(error)) from None
        except OSError as error:
            raise not_writable(path, error) from None
        yield


def check_writable(path: str) -> None:
    """Raise `HistoryUnusable` where a record could not be written at ``path``; nothing is made to find out."""
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        raise not_writable(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise not_writable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def not_writable(path: str, error: OSError) -> HistoryUnusable:
    return HistoryUnusable(
        f"{path} cannot be written: {error.strerror}. It should remember what was maintained when; what was done last "
        "is done again the next time."
    )


def _earlier_name(path: str, instance: str, host: str) -> str | None:
    """Where an earlier version kept what now is in ``path``, or None where it did not.

    It put an underscore in the place of every unusual character, so that two instances could get one file.
    """
    folder, name = os.path.split(path)
    if name != f"{quote(instance, safe='')}.json":
        return None
    parent, server = os.path.split(folder)
    for earlier_folder in (server, _underscored(unquote(server)), _underscored(host)):
        earlier = os.path.join(parent, earlier_folder, f"{_underscored(instance)}.json")
        try:
            with open(earlier, encoding="utf-8") as file:
                if earlier != path and json.load(file)["instance"] == instance:
                    return earlier
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass  # there is none, or nobody can tell whose it is
    return None


def _underscored(name: str) -> str:
    return re.sub("[^A-Za-z0-9._-]", "_", name)


def _parsed(time: str) -> datetime:
    return datetime.strptime(time, _TIME).replace(tzinfo=timezone.utc)


def _is_time(value: Any) -> bool:
    try:
        # Written again, since strptime also takes what does not sort, such as 2026-3-9.
        return bool(_parsed(value).strftime(_TIME) == value)
    except (TypeError, ValueError):
        return False
