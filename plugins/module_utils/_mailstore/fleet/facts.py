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

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Dict, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    AccessWithheld,
    CallFailed,
    Client,
    FunctionUnknown,
    LoginRefused,
    ServiceFailed,
    SingleTenant,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import (
    NotFound,
    check_found,
    unmatched,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
)

Document = Dict[str, Any]
"""Something as the server describes it, by the names of the Management API."""

RUNNING = "running"

OF_INSTALLATION = {"environment": "GetEnvironmentInfo", "service_status": "GetServiceStatus"}
OF_INSTANCE = {
    "statistics": "GetInstanceStatistics",
    "stores": "GetStores",
    "users": "GetUsers",
    "profiles": "GetProfiles",
    "credentials": "GetCredentials",
    "jobs": "GetJobs",
    "worker_results": "GetWorkerResults",
    "job_results": "GetJobResults",
    "folder_statistics": "GetFolderStatistics",
}
SUBSETS = (*OF_INSTALLATION, "instances", *OF_INSTANCE)
"""The parts of a survey, by their names in its answer."""

NOT_RUNNING = "not_running"
NO_ANSWER = "no_answer"
"""The server did not answer, or a proxy before it, or with an error of its own."""
NOT_ASKED = "not_asked"
"""The instance was not asked for it, because it did not answer before."""
FAILED = "failed"
"""The function answered, and said no."""
WITHHELD = "access_withheld"
"""The tenant withholds service-provider access."""
UNKNOWN_FUNCTION = "unknown_function"
"""The server has no such function, which is a matter of its version."""

_MAX_DAYS = 3660
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scope:
    """What a survey is about."""

    subsets: Sequence[str]
    """Of `SUBSETS`, or ``all``."""
    instances: Sequence[str] = ("*",)
    """Ids of instances, and patterns of them with ``*``."""
    days: int = 7
    """How far results of runs are looked back for."""
    allow_empty: bool = False
    """Whether a pattern may match nothing."""
    time_zone: str | None = None
    """In which zone the times of results are wanted, by its id in ``GetTimeZones``; None for the server's own."""
    allow_missing: bool = False
    """Whether an id may be of no instance either: for who looks again and again, while instances come and go."""

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


class FactsGatherer:
    """Takes surveys of one server."""

    def __init__(self, following: Following, *, now: datetime) -> None:
        """``now`` is the time in UTC."""
        self._following = following
        self._now = now

    def take(self, scope: Scope, *, concurrency: int) -> Document:
        """All of ``scope``: a key for each of its subsets of the installation, ``instances`` and ``unmatched``.

        Each instance has the keys of `OF_INSTANCE` that it was asked for and told, and under ``not_gathered`` the
        others, each with the reason, whose kind is in ``not_gathered_kind``. Secrets are masked. ``results_since`` is
        where the period of results begins. ``concurrency`` is how many instances are asked at once. Raises
        `InvalidOption`, `NotFound`, and `MopsError` where the server cannot be reached, refuses the login or does not
        tell of itself.
        """
        scope.check()
        check_concurrency(concurrency)
        first = self._following.client()
        try:
            try:
                survey = _installation(first, scope)
            except SingleTenant:
                survey = _mailstore_server(first, scope)
            if any(subset.endswith("_results") for subset in scope.of_instance):
                survey["results_since"] = moment(period(scope, self._now)[0])
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


def _installation(client: Client, scope: Scope) -> Document:
    """What there is of MailStore SPE. Raises `SingleTenant` where the server is another one."""
    survey = {name: masked(client.call(call)) for name, call in OF_INSTALLATION.items() if scope.wants(name)}
    if scope.wants("instances") or scope.of_instance:
        survey["instances"] = client.call("GetInstances", instanceFilter=",".join(scope.instances)) or []
        survey["unmatched"] = unmatched(scope.instances, survey["instances"])
        if not scope.allow_missing:
            check_found(client, scope.instances, survey["instances"], allow_empty=scope.allow_empty)
    return survey


def _mailstore_server(client: Client, scope: Scope) -> Document:
    """What there is of MailStore Server: one archive, which is an instance without an id."""
    survey: Document = {"environment": masked(client.call("GetServerInfo"))} if scope.wants("environment") else {}
    if scope.wants("instances") or scope.of_instance:
        survey["instances"] = [{"instanceID": None, "status": RUNNING}] if "*" in scope.instances else []
        survey["unmatched"] = [pattern for pattern in scope.instances if pattern != "*"]
        if survey["unmatched"] and not (scope.allow_missing or scope.allow_empty):
            raise NotFound("MailStore Server has no instances: leave instances out.", unmatched=survey["unmatched"])
    return survey


@dataclass(frozen=True)
class Call:
    """One question to an instance."""

    subset: str
    arguments: Document
    period: tuple[datetime, datetime] | None = None
    """For results: when the runs began that are asked for, from and to."""

    @property
    def function(self) -> str:
        return OF_INSTANCE[self.subset]


# GetProfiles has an argument raw of which only true is supported ("Management API - Function Reference").
_ARGUMENTS: dict[str, Document] = {"profiles": {"raw": True}}
# The vendor spells one of these unlike the other.
_TIME_ZONE = {"worker_results": "timeZoneID", "job_results": "timeZoneId"}


def plan(scope: Scope, now: datetime) -> list[Call]:
    """What each instance is asked."""
    results = period(scope, now)

    def arguments(subset: str) -> Document:
        if scope.time_zone and subset in _TIME_ZONE:
            return {_TIME_ZONE[subset]: scope.time_zone}
        return _ARGUMENTS.get(subset, {})

    return [
        Call(subset, arguments(subset), results if subset.endswith("_results") else None)
        for subset in scope.of_instance
    ]


def period(scope: Scope, now: datetime) -> tuple[datetime, datetime]:
    """From when to when results are asked for.

    Times go without a zone, and the server takes them for its own: a day more at both ends finds every run of the
    last ``days`` days wherever on earth the two are.
    """
    return now - timedelta(days=scope.days + 1), now + _DAY


def moment(time: datetime) -> str:
    """A time as the Management API has them, without zone and fraction: ``2026-01-01T00:00:00``."""
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def ask(client: Client, instance: Document, calls: Sequence[Call]) -> None:
    """Add to ``instance`` what it tells, and to its ``not_gathered`` why it does not tell the rest.

    Raises `MopsError` only for what concerns the whole server.
    """
    reasons = instance["not_gathered"] = {}
    kinds = instance["not_gathered_kind"] = {}

    def miss(call: Call, kind: str, reason: str) -> None:
        kinds[call.subset], reasons[call.subset] = kind, reason

    status = instance.get("status")
    if status != RUNNING:
        for call in calls:
            miss(call, NOT_RUNNING, f"The instance is not running: its status is {status}.")
        return
    lost: str | None = None
    for call in calls:
        if lost:
            miss(call, NOT_ASKED, lost)
            continue
        try:
            instance[call.subset] = masked(_answer(client, instance["instanceID"], call))
        except (RequestNotSent, LoginRefused):
            raise
        except (AnswerLost, AnswerUnusable, ServiceFailed) as error:
            miss(call, NO_ANSWER, str(error))
            if not (isinstance(error, ServiceFailed) and error.status == 500):
                # It was asked again for a while already. To go on asking an instance that hangs would cost that
                # while for each of the other parts. A 500 is an answer, and comes at once.
                lost = str(error)
        except AccessWithheld as error:
            miss(call, WITHHELD, str(error))
        except FunctionUnknown as error:
            miss(call, UNKNOWN_FUNCTION, str(error))
        except _Incomplete as error:
            instance[call.subset] = masked(error.rows)
            miss(call, FAILED, str(error))
        except MopsError as error:
            miss(call, FAILED, str(error))


class _Incomplete(MopsError):
    """Some of the results are there, in ``rows``; the message says which are not, and why."""

    def __init__(self, message: str, rows: list[Any]) -> None:
        super().__init__(message)
        self.rows = rows


def _answer(client: Client, instance: str | None, call: Call) -> Any:
    """What a function answers. Raises `_Incomplete` where it tells a part of a period only."""
    if call.period is None:
        return client.call(call.function, instanceID=instance, **call.arguments)
    refused: list[tuple[datetime, datetime, CallFailed]] = []
    rows = _results(client, instance, call, call.period, refused)
    if len(refused) == 1 and refused[0][:2] == call.period:
        raise refused[0][2]
    if refused:
        refused.sort(key=lambda part: part[0])
        parts = ", ".join(f"{moment(begin)} to {moment(end)}" for begin, end, _error in refused)
        raise _Incomplete(f"The results of runs that began from {parts} are missing: {refused[-1][2]}", rows)
    return rows


def _results(
    client: Client,
    instance: str | None,
    call: Call,
    part: tuple[datetime, datetime],
    refused: list[tuple[datetime, datetime, CallFailed]],
) -> list[Any]:
    """The results of a part of the period; what the server refuses down to a day is added to ``refused``.

    A server was seen to refuse ``GetWorkerResults`` with more than about 5,000 results. The newest day is asked for
    first: where it is refused like the whole, the number of results is not the reason.
    """
    begin, end = part
    asked = {"fromIncluding": moment(begin), "toExcluding": moment(end), **call.arguments}
    try:
        return client.call(call.function, instanceID=instance, **asked) or []
    except AccessWithheld:
        raise
    except CallFailed as error:
        if end - begin <= _DAY:
            refused.append((begin, end, error))
            return []
        if part == call.period:
            try:
                newest = client.call(
                    call.function,
                    instanceID=instance,
                    fromIncluding=moment(end - _DAY),
                    toExcluding=asked["toExcluding"],
                    **call.arguments,
                )
            except CallFailed:
                refused.append((begin, end, error))
                return []
            return _results(client, instance, call, (begin, end - _DAY), refused) + (newest or [])
    middle = begin + max(1, (end - begin) // _DAY // 2) * _DAY
    earlier = _results(client, instance, call, (begin, middle), refused)
    return earlier + _results(client, instance, call, (middle, end), refused)
