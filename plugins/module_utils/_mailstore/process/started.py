# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A list of the processes that were started on a server, in a folder that outlives the container that follows them.

Each has a file there, which is renewed while somebody follows the process and removed when the process has ended. What
is not renewed any more was left over, by a container that was killed or by a task that no longer waited for it.
"""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Callable, Iterator, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import ProcessUnknown
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process import lease

SCHEMA = 1
_SUFFIX = ".process.json"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Entry(NamedTuple):
    """A process that was started."""

    path: str
    token: str
    what: str
    """The function with what it works on, as progress calls it."""
    started_at: str
    on_timeout: str
    """``cancel`` or ``detach``: what was to become of it where nobody waits for it any more."""
    renewed: int

    def as_json(self) -> dict[str, Any]:
        """By the names of a module's return values."""
        return {name: getattr(self, name) for name in ("token", "what", "started_at", "on_timeout")}


class Started:
    """The list of one server's processes."""

    def __init__(self, folder: str, server: str, on_timeout: str) -> None:
        """Raises `lease.LeaseUnusable` where nothing can be written to ``folder``, before anything is started."""
        self._folder = folder
        self._server = server
        self._on_timeout = on_timeout
        probe = self._path()
        lease.write(probe, {})
        lease.drop(probe)

    @contextmanager
    def listing(self, token: str, what: str, ended: Callable[[], bool]) -> Iterator[None]:
        """List a process, and renew its file until the block ends. Where it has ended then, it is listed no more."""
        known = next((entry for entry in self.read() if entry.token == token), None)
        path = self._path() if known is None else known.path
        now = datetime.now(timezone.utc).strftime(_TIME)
        document = {
            "schema": SCHEMA,
            "server": self._server,
            "token": token,
            "what": what,
            "started_at": now if known is None else known.started_at,
            "on_timeout": self._on_timeout,
        }
        try:
            lease.write(path, document)
        except MopsError:
            pass  # it runs already; not to follow it would be worse than not to list it
        with lease.renewing(path):
            yield
        if ended():
            lease.drop(path)

    def read(self) -> list[Entry]:
        """All that are listed. What is damaged was never more than a help, and is left out."""
        return [entry for path in lease.files(self._folder, _SUFFIX) for entry in self._entry(path)]

    def left_over(self, **timing: Any) -> list[Entry]:
        """Those that nobody follows any more. ``timing`` is as for `lease.lost_among`."""
        return lease.lost_among(self.read(), **timing)[0]

    def cancel_left_over(self, new_client: Callable[[], Client], **timing: Any) -> list[Entry]:
        """Cancel those that nobody follows, where that was to become of them, and return what was still running."""
        cancelled: list[Entry] = []
        entries = self.left_over(**timing)
        if entries:
            with new_client() as client:
                for entry in entries:
                    try:
                        running = client.status(entry.token, 0, 0).running
                        if running and entry.on_timeout == "cancel":
                            client.cancel(entry.token)
                            cancelled.append(entry)
                    except ProcessUnknown:
                        running = False  # it has ended long ago, or with the server
                    if not running or entry in cancelled:
                        self.forget(entry)
        return cancelled

    def forget(self, entry: Entry) -> None:
        """List a process no more: it has ended."""
        lease.drop(entry.path)

    def _path(self) -> str:
        return os.path.join(self._folder, f"{uuid.uuid4().hex}{_SUFFIX}")

    def _entry(self, path: str) -> list[Entry]:
        renewed = lease.time_of(path)
        try:
            document = lease.document(path)
            if document["schema"] != SCHEMA or document["server"] != self._server or renewed is None:
                return []
            token, what, started_at, on_timeout = (
                str(document[name]) for name in ("token", "what", "started_at", "on_timeout")
            )
        except (MopsError, KeyError):
            return []
        return [Entry(path, token, what, started_at, on_timeout, renewed)]
