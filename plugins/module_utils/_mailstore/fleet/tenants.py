# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""All tenants of a server: exported into documents, or documents applied to them, several at once."""

from __future__ import annotations

import os
import re
from collections import deque
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Callable, ContextManager, Iterator, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._lock import Locked, locked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Document, listed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import check_found, fits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.remembering import RememberingClient
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
    Progress,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.document import Declared
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.export import (
    Exported,
    export_installation,
    export_tenant,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.tenant import Applied, Apply, Rules

MOST_FAILURES = 5
"""How many failures a message shows."""

Work = Callable[[RememberingClient, Any], None]


class Tenants:
    """Does the same to many tenants, several at once, each in a conversation that forgets before the next."""

    def __init__(self, following: Following, progress: Progress, concurrency: int) -> None:
        check_concurrency(concurrency)
        self._following = following
        self._progress = progress
        self._concurrency = concurrency

    def export(self, patterns: Sequence[str], *, allow_empty: bool, installation: bool) -> Document:
        """``tenants``, a list of documents with what is missing in each, and ``installation`` where it is wanted.

        Raises `MopsError`, and `NotFound` where a pattern should have named an instance and does not.
        """
        if not patterns or not all(pattern.strip() and "," not in pattern for pattern in patterns):
            raise InvalidOption("instances must be a list of ids and patterns of instances, each of them not empty.")
        found: Document = {"installation": None}
        with self._following.client_of(RememberingClient) as client:
            entries = listed(client.call, "GetInstances", instanceFilter=",".join(patterns))
            check_found(client, patterns, entries, allow_empty=allow_empty)
            if installation:
                found["installation"] = _facts(export_installation(client.call))
        exported: dict[str, Document] = {}

        def work(client: RememberingClient, entry: Document) -> None:
            name = str(entry["instanceID"])
            self._progress.update(name, "being read")
            exported[name] = {"instance": name, **_facts(export_tenant(client.call, entry))}
            self._progress.finish(name, "read")

        self._each(entries, work)
        return {"tenants": [exported[name] for name in sorted(exported)], **found}

    def apply(self, documents: Sequence[Declared], rules: Rules, lock_folder: str) -> list[Applied]:
        """What became of each document. Raises `MopsError` where the server cannot be spoken to at all."""
        applied: dict[str, Applied] = {}

        def work(client: RememberingClient, declared: Declared) -> None:
            name = str(declared)
            self._progress.update(name, "being compared")
            try:
                with nullcontext() if rules.check_mode else self._locked(lock_folder, declared):
                    applied[name] = Apply(client, self._following, declared, rules).run()
            except LockHeld as error:
                applied[name] = Applied(name, failure=str(error))
            self._progress.finish(name, _words(applied[name], rules))

        self._each(documents, work)
        return [applied[str(declared)] for declared in documents if str(declared) in applied]

    def undeclared(self, documents: Sequence[Declared], patterns: Sequence[str]) -> list[str]:
        """The server's instances that fit the patterns and that no document is of."""
        known = {str(declared.instance).casefold() for declared in documents}
        with self._following.client() as client:
            entries = listed(client.call, "GetInstances", instanceFilter="*")
        names = sorted(str(entry["instanceID"]) for entry in entries)
        return [name for name in names if name.casefold() not in known and fits(name, patterns)]

    def _locked(self, folder: str, declared: Declared) -> ContextManager[None]:
        host = re.sub(r"[^A-Za-z0-9._-]", "_", self._following.server.host)
        name = re.sub(r"[^A-Za-z0-9._-]", "_", str(declared.instance or "installation"))
        return _lock(os.path.join(folder, host, f"{name}.lock"), declared)

    def _each(self, items: Sequence[Any], work: Work) -> None:
        """Do the work for each, until one cannot go on for a reason that concerns all."""
        queue = deque(items)
        failures: list[MopsError] = []

        def worker() -> None:
            with self._following.client_of(RememberingClient) as client:
                try:
                    while not failures and not self._following.interruption.is_set():
                        client.forget()
                        work(client, queue.popleft())
                except IndexError:
                    pass  # the queue is empty
                except MopsError as error:
                    failures.append(error)

        self._following.run(worker, max(1, min(self._concurrency, len(queue))))
        if failures:
            raise failures[0]


class LockHeld(MopsError):
    """Another run is bringing about the same tenant."""


@contextmanager
def _lock(path: str, declared: Declared) -> Iterator[None]:
    """Keep other runs on this machine from the same tenant meanwhile. Raises `LockHeld`."""
    failure = None
    with ExitStack() as held:
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            held.enter_context(locked(path))
        except Locked as error:
            failure = f"{declared} is being applied by another run ({error}). Wait for its end."
        except OSError as error:
            failure = (
                f"{path} cannot be written: {error.strerror}. It is the lock that keeps two runs from the same tenant. "
                "Set lock_dir to a folder that can be written."
            )
        if failure is not None:
            raise LockHeld(f"{failure} Nothing was changed.")
        yield


def summary_of(applied: Sequence[Applied]) -> str | None:
    """What has failed, for a person; None where nothing has."""
    failed = [one for one in applied if one.failure is not None]
    if not failed:
        return None
    shown = " ".join(f"{one.name}: {one.failure}" for one in failed[:MOST_FAILURES])
    more = len(failed) - MOST_FAILURES
    rest = f" The return value tenants has the other {more}." if more > 0 else ""
    return f"{len(failed)} of {len(applied)} documents could not be applied. {shown}{rest}"


def check_not_interrupted(following: Following, applied: Sequence[Applied], count: int) -> None:
    """Raise `Interrupted` where some were not begun."""
    if following.interruption.is_set():
        raise Interrupted(
            f"{following.interruption} {len(applied)} of {count} were begun.",
            tenants=[one.facts() for one in applied],
            changed=any(one.functions for one in applied),
        )


def _facts(exported: Exported) -> Document:
    return {"document": exported.document, "missing": exported.missing}


def _words(applied: Applied, rules: Rules) -> str:
    if applied.failure is not None:
        return "failed"
    count = len(applied.changes)
    if not count:
        return "as it should be"
    return f"{count} change{'' if count == 1 else 's'}{' needed' if rules.check_mode else ''}"
