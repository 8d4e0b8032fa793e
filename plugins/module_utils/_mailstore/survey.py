# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What there is on a server: read in as few requests as it takes, for one, some or all of its instances.

The installation is asked once for each part. An instance is asked once for each part that only it can tell, and only
while it runs. What one instance cannot or does not tell is a part of the answer and keeps nothing else from being read.
"""

from __future__ import annotations

import fnmatch
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Dict, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import (
    Client,
    LoginRefused,
    ServiceFailed,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.following import Following, Interrupted
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.workers import check_concurrency

Document = Dict[str, Any]
"""Something as the server describes it, by the names of the Management API."""

RUNNING = "running"

OF_INSTALLATION = {"environment": "GetEnvironmentInfo", "service_status": "GetServiceStatus"}
OF_INSTANCE = {
    "statistics": "GetInstanceStatistics",
    "stores": "GetStores",
    "users": "GetUsers",
    "profiles": "GetProfiles",
    "jobs": "GetJobs",
    "worker_results": "GetWorkerResults",
    "job_results": "GetJobResults",
}
SUBSETS = (*OF_INSTALLATION, "instances", *OF_INSTANCE)
"""The parts of a survey, by their names in its answer."""

_MAX_DAYS = 3660


@dataclass(frozen=True)
class Scope:
    """What a survey is about."""

    subsets: Sequence[str]
    """Of `SUBSETS`, or ``all``."""
    instances: Sequence[str] = ("*",)
    """Ids of instances, and patterns of them with ``*``."""
    days: int = 7
    """How far results of runs are looked back for."""

    def wants(self, subset: str) -> bool:
        return "all" in self.subsets or subset in self.subsets

    @property
    def of_instance(self) -> list[str]:
        """The parts that each instance is asked for."""
        return [subset for subset in OF_INSTANCE if self.wants(subset)]

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not 0 < self.days <= _MAX_DAYS:
            raise InvalidOption(f"results_days must be 1 to {_MAX_DAYS}, not {self.days}.")
        if not self.instances or not all(pattern.strip() and "," not in pattern for pattern in self.instances):
            raise InvalidOption("instances must be a list of ids and patterns of instances, each of them not empty.")


class Surveyor:
    """Takes surveys of one server."""

    def __init__(self, following: Following, *, now: datetime) -> None:
        """``now`` is the time in UTC."""
        self._following = following
        self._now = now

    def take(self, scope: Scope, *, concurrency: int) -> Document:
        """All of ``scope``: a key for each of its subsets of the installation, ``instances`` and ``unmatched``.

        Each instance has the keys of `OF_INSTANCE` that it was asked for and told, and under ``not_gathered`` the
        others, each with the reason. ``concurrency`` is how many instances are asked at once. Raises `InvalidOption`,
        and `MopsError` where the server cannot be reached, refuses the login or does not tell of itself.
        """
        scope.check()
        check_concurrency(concurrency)
        first = self._following.client()
        try:
            survey = {name: first.call(call) for name, call in OF_INSTALLATION.items() if scope.wants(name)}
            if scope.wants("instances") or scope.of_instance:
                survey["instances"] = first.call("GetInstances", instanceFilter=",".join(scope.instances)) or []
                survey["unmatched"] = unmatched(scope.instances, survey["instances"])
        except MopsError:
            first.close()
            raise
        self._ask_all(first, survey.get("instances", []), scope, concurrency)
        return survey

    def _ask_all(self, first: Client, instances: Sequence[Document], scope: Scope, concurrency: int) -> None:
        """Ask every instance that runs, and add to it what it tells."""
        queue = deque(instances if scope.of_instance else ())
        spare = deque([first])
        failures: list[MopsError] = []
        calls = plan(scope, self._now)

        def work() -> None:
            with spare.popleft() if spare else self._following.client() as client:
                try:
                    while not failures and not self._following.interruption.is_set():
                        ask(client, queue.popleft(), calls)
                except IndexError:
                    pass  # the queue is empty
                except MopsError as error:
                    failures.append(error)

        self._following.run(work, max(1, min(concurrency, len(queue))))
        if failures:
            raise failures[0]
        if self._following.interruption.is_set():
            raise Interrupted(str(self._following.interruption))


@dataclass(frozen=True)
class Call:
    """One question to an instance."""

    subset: str
    function: str
    arguments: Document


def plan(scope: Scope, now: datetime) -> list[Call]:
    """What each instance is asked.

    Times go without a zone, and the server takes them for its own: a day more at both ends finds every run of the
    last ``days`` days wherever on earth the two are.
    """
    begin, end = now - timedelta(days=scope.days + 1), now + timedelta(days=1)
    period = {"fromIncluding": moment(begin), "toExcluding": moment(end)}
    return [
        Call(subset, OF_INSTANCE[subset], period if subset.endswith("_results") else {}) for subset in scope.of_instance
    ]


def moment(time: datetime) -> str:
    """A time as the Management API has them, without zone and fraction: ``2026-01-01T00:00:00``."""
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def ask(client: Client, instance: Document, calls: Sequence[Call]) -> None:
    """Add to ``instance`` what it tells, and to its ``not_gathered`` why it does not tell the rest.

    Raises `MopsError` only for what concerns the whole server.
    """
    silence = instance["not_gathered"] = {}
    status = instance.get("status")
    if status != RUNNING:
        silence.update((call.subset, f"The instance is not running: its status is {status}.") for call in calls)
        return
    lost: str | None = None
    for call in calls:
        if lost:
            silence[call.subset] = lost
            continue
        try:
            instance[call.subset] = client.call(call.function, instanceID=instance["instanceID"], **call.arguments)
        except (RequestNotSent, LoginRefused):
            raise
        except (AnswerLost, AnswerUnusable, ServiceFailed) as error:
            # It was asked again for a while already. To go on asking an instance that hangs would cost that
            # while for each of the other parts.
            lost = silence[call.subset] = str(error)
        except MopsError as error:
            silence[call.subset] = str(error)


def fits(identifier: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names the instance. Upper and lower case are the same."""
    return any(fnmatch.fnmatchcase(identifier.lower(), pattern.strip().lower()) for pattern in patterns)


def unmatched(patterns: Sequence[str], instances: Sequence[Document]) -> list[str]:
    """Those of the patterns that name no instance."""
    known = [str(instance.get("instanceID")) for instance in instances]
    return [pattern for pattern in patterns if not any(fits(identifier, [pattern]) for identifier in known)]
