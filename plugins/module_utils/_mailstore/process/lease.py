# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Leases of backup windows: files that say which instances a window holds, and that somebody still holds them.

A window writes its lease before it freezes anything. What watches over the window renews it, by the file's time, until
the window is closed. A lease that nobody renews any more is that of a lost window: whatever held it was killed with its
container or its machine. Whoever finds one takes it over, thaws, and removes it.

Whether a lease is renewed is seen by looking twice, so that no two clocks need to agree.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Protocol, Sequence, TypeVar

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace

SCHEMA = 1
RENEW_SECONDS = 2.0
LOST_SECONDS = 30.0
"""A lease that was not renewed for so long is lost: fifteen renewals, since a busy volume may keep one waiting."""

_LOOK_EVERY_SECONDS = 0.5
_SUFFIX = ".window.json"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class LeaseUnusable(MopsError):
    """A lease cannot be read or written."""


class Renewed(Protocol):
    """What has a file that is renewed while somebody holds it."""

    @property
    def path(self) -> str: ...

    @property
    def renewed(self) -> int: ...


Held = TypeVar("Held", bound=Renewed)


class Lease(NamedTuple):
    """One window's lease, as it was read."""

    path: str
    server: str
    instances: list[str]
    opened_at: str
    ends_at: str
    settled: bool
    """Whether freezing had ended, so that nothing is frozen late."""
    process: str | None
    """The token of the process that freezes, where there was one."""
    renewed: int
    """The file's time, in nanoseconds."""

    def __str__(self) -> str:
        return f"the window on {', '.join(self.instances)} that was opened at {self.opened_at}"

    def as_json(self) -> dict[str, Any]:
        """By the names of the module's return values."""
        return {"instances": self.instances, "opened_at": self.opened_at, "ends_at": self.ends_at}


def take(folder: str, server: str, instances: Sequence[str], ends_at: datetime) -> str:
    """Write a new window's lease, and return its path. Raises `LeaseUnusable`."""
    now = datetime.now(timezone.utc)
    content = {
        "schema": SCHEMA,
        "server": server,
        "instances": list(instances),
        "opened_at": now.strftime(_TIME),
        "ends_at": ends_at.strftime(_TIME),
        "settled": False,
        "process": None,
    }
    path = os.path.join(folder, f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}{_SUFFIX}")
    write(path, content)
    return path


def note(path: str, **changes: Any) -> None:
    """Change what a lease says. Raises `LeaseUnusable`, also where it is not there any more."""
    write(path, {**document(path), **changes})


def drop(path: str) -> None:
    """Remove a lease: nothing of its window is left to do."""
    try:
        os.unlink(path)
    except OSError:
        pass  # somebody else has removed it, or nobody can; a window that holds nothing does no harm


@contextmanager
def renewing(*paths: str) -> Iterator[None]:
    """Renew the leases until the block ends. A volume that hangs does not keep the block waiting."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEW_SECONDS):
            for path in paths:
                try:
                    os.utime(path)
                except OSError:
                    pass  # it was removed, or the volume has a problem that may pass

    threading.Thread(target=renew, name="lease", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def read(folder: str, server: str) -> list[Lease]:
    """The leases of a server's windows. Raises `LeaseUnusable`."""
    leases = map(_read, files(folder, _SUFFIX))
    return [lease for lease in leases if lease is not None and lease.server == server]


def files(folder: str, suffix: str) -> list[str]:
    """The paths of what is kept in a folder by that end of its name. Raises `LeaseUnusable`."""
    failure: LeaseUnusable
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(suffix) and not name.startswith("."))
        return [os.path.join(folder, name) for name in names]
    except FileNotFoundError:
        return []
    except OSError as error:
        failure = LeaseUnusable(f"The folder {folder} cannot be read: {error.strerror}.")
    raise failure


def lost_among(
    leases: Iterable[Held],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[Held], list[Held]]:
    """The leases that nobody renews, and those that somebody does. One that is removed meanwhile is neither."""
    unknown = list(leases)
    held: list[Held] = []
    end = clock() + LOST_SECONDS
    while unknown and clock() < end:
        sleep(_LOOK_EVERY_SECONDS)
        times = {lease.path: time_of(lease.path) for lease in unknown}
        held += [lease for lease in unknown if times[lease.path] not in (None, lease.renewed)]
        unknown = [lease for lease in unknown if times[lease.path] == lease.renewed]
    return unknown, held


def take_over(lease: Lease) -> Lease | None:
    """Make a lost lease one's own, to be renewed from now on. None where another has been quicker."""
    path = os.path.join(os.path.dirname(lease.path), f"{uuid.uuid4().hex[:8]}-{_bare(lease.path)}")
    try:
        os.rename(lease.path, path)
        os.utime(path)
        return lease._replace(path=path, renewed=os.stat(path).st_mtime_ns)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LeaseUnusable(f"{lease.path} cannot be taken over: {error.strerror}.") from None


def _bare(path: str) -> str:
    """The name that the lease got first, whoever has taken it over since."""
    return "-".join(os.path.basename(path).split("-")[-3:])


def time_of(path: str) -> int | None:
    """When a file was last renewed, in nanoseconds, or None where it is not there."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _read(path: str) -> Lease | None:
    """A lease, or None where it was removed meanwhile."""
    renewed = time_of(path)
    if renewed is None:
        return None
    found = document(path)
    try:
        if found["schema"] != SCHEMA:
            raise ValueError
        return Lease(
            path=path,
            server=str(found["server"]),
            instances=[str(name) for name in found["instances"]],
            opened_at=str(found["opened_at"]),
            ends_at=str(found["ends_at"]),
            settled=bool(found["settled"]),
            process=found["process"],
            renewed=renewed,
        )
    except (ValueError, KeyError, TypeError):
        pass
    raise _damaged(path)


def document(path: str) -> dict[str, Any]:
    """What a file says. Raises `LeaseUnusable`."""
    failure: LeaseUnusable
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if isinstance(content, dict):
            return content
        failure = _damaged(path)
    except ValueError:
        failure = _damaged(path)
    except OSError as error:
        failure = LeaseUnusable(f"{path} cannot be read: {error.strerror}.")
    raise failure


def _damaged(path: str) -> LeaseUnusable:
    return LeaseUnusable(
        f"{path} is damaged. It should say which instances a backup window holds. Look for frozen instances, thaw them "
        "by their names, and remove the file."
    )


def write(path: str, content: dict[str, Any]) -> None:
    """Replace a file as a whole. Raises `LeaseUnusable`."""
    failure = None
    try:
        replace(path, json.dumps(content, indent=1, sort_keys=True))
    except OSError as error:
        failure = LeaseUnusable(f"{path} cannot be written: {error.strerror}.")
    if failure:
        raise failure
