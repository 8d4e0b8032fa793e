# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""When an instance's own jobs have verified or compacted its stores.

It is all that a server can be asked about earlier maintenance. A job's action is a function with its arguments, as in
MailStore's Management Shell (``VerifyStore --id=1``), and its results say when it ended, and how. What was invoked by
the Management API or in the client leaves no trace: `GetStores` has no times, and neither have `GetInstanceStatistics`,
`GetInstanceProcessLiveStatistics`, `GetFolderStatistics` and `GetServiceStatus`; `GetWorkerResults` is about profiles.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    CallFailed,
    Client,
    FunctionUnknown,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import moment

_WORKS = {"VerifyStores": "verified", "VerifyStore": "verified", "CompactStore": "compacted"}
"""What the functions do, by the names of a `History`."""

_EASTERNMOST = timedelta(hours=14)
"""Results have the server's local time, without its zone: in UTC, it was so much earlier at the most."""

_DAY = timedelta(days=1)
_ARGUMENT = re.compile(r"""--(\w+)[= ]["']?([^"'\s]+)""")


class Done(NamedTuple):
    """Work that a job has finished."""

    work: str
    """``verified`` or ``compacted``."""
    at: datetime
    """When at the earliest."""
    store_id: str | None
    """The store, or None for all stores."""
    indexes: bool
    """Whether a verification included the search indexes."""

    @classmethod
    def of(cls, action: str, at: datetime) -> Done | None:
        """What the action of a job does, or None where that is something else."""
        function, _space, rest = action.strip().partition(" ")
        arguments = {name.lower(): value for name, value in _ARGUMENT.findall(rest)}
        store_id = arguments.get("id")
        if function not in _WORKS or (store_id is None) != (function == "VerifyStores"):
            return None
        return cls(_WORKS[function], at, store_id, arguments.get("includeindexes", "").lower() == "true")


def done_by_jobs(client: Client, instance: str | None, days: int, now: datetime) -> list[Done]:
    """What the jobs of the instance have done with its stores within so many days.

    Nothing is known where the tenant withholds service-provider access, or the server has no jobs. Raises `MopsError`
    where it does not answer.
    """
    try:
        jobs = client.call("GetJobs", instanceID=instance) or []
        return [
            done for job in jobs if Done.of(_action(job), now) for done in _done_by(client, instance, job, days, now)
        ]
    except (CallFailed, FunctionUnknown):
        return []


def _done_by(client: Client, instance: str | None, job: Any, days: int, now: datetime) -> list[Done]:
    period = {"fromIncluding": moment(now - timedelta(days=days) - _DAY), "toExcluding": moment(now + _DAY)}
    results = client.call("GetJobResults", instanceID=instance, jobId=job.get("id"), **period) or []
    ends = [_utc(result.get("completeTime")) for result in results if result.get("result") == "succeeded"]
    found = [Done.of(_action(job), end) for end in ends if end is not None]
    return [done for done in found if done is not None]


def _action(job: Any) -> str:
    return str(job.get("action") or "")


def _utc(text: Any) -> datetime | None:
    """The earliest moment in UTC at which it can have been that time where the server is."""
    try:
        return datetime.fromisoformat(str(text)[:19]).replace(tzinfo=timezone.utc) - _EASTERNMOST
    except ValueError:
        return None
