# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the results of runs say of an instance's profiles and jobs: which fail, which have stopped running.

Results are in no order, and their times are the server's local times without a zone. Two profiles may share a name.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Iterable, Iterator, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Finding

_SUCCESS = frozenset(("succeeded", "completedWithWarnings"))
_FINE = _SUCCESS | {"cancelled"}
"""Results of runs that nobody has to look at. A run that was cancelled had somebody who did so."""

_ENDED = {
    "failed": "Failed",
    "completedWithErrors": "Completed with errors",
    "disconnected": "Lost its connection",
    "threadAbort": "Was aborted",
}
_EASTERNMOST = timedelta(hours=14)
_WESTERNMOST = timedelta(hours=-12)


def failing(kind: str, instance: Document) -> Iterator[Finding]:
    """The profiles or jobs (``kind``) whose last run has failed."""
    name = str(instance.get("instanceID"))
    by_subject = _by_subject(kind, instance)
    shown = _names(kind, instance, by_subject)
    for known_by, runs in by_subject.items():
        severity = _severity(runs[0])
        if severity:
            call = _again(kind, name, known_by)
            key = None if call is None else str(known_by)
            yield Finding(severity, f"{kind}_failed", name, shown[known_by], _ended(runs), call, key)


def stale(instance: Document, since: datetime | None, now: datetime, hours: int) -> Iterator[Finding]:
    """The profiles that should run by themselves, but of which no run has ended for so many hours.

    ``since`` is where the results begin, and ``now`` the server's time, as far as it is known (`server_time`).
    """
    if not hours or not isinstance(instance.get("profiles"), list) or _incomplete(instance):
        return
    name = str(instance.get("instanceID"))
    runs = _by_subject("profile", instance)
    automatic = [profile for profile in instance["profiles"] if _is_automatic(profile)]
    shown = _distinct({profile.get("id"): str(profile.get("name")) for profile in automatic})
    for profile in automatic:
        number = profile.get("id")
        own = runs.get(number) or runs.get(profile.get("name")) or []
        last = _time(own[0]) if own else since
        if last is None or now - last < timedelta(hours=hours):
            continue
        when = f"since {_minute(last)} (server time)" if own else "in the days that were looked at"
        words = f"It is set to run by itself, but no run has ended {when}."
        yield Finding("warning", "profile_stale", name, shown[number], words, None, str(number))


def nothing_archived(instance: Document, since: datetime | None, now: datetime, hours: int) -> Iterator[Finding]:
    """That profiles run and succeed, but have archived nothing for so many hours."""
    results = instance.get("worker_results") or []
    counted = [run for run in results if isinstance(run.get("itemsArchived"), int)]
    if not hours or _incomplete(instance) or not counted or len(counted) < len(results):
        return
    limit = now - timedelta(hours=hours)
    with_items = [time for run in counted if run["itemsArchived"] > 0 for time in [_time(run)] if time]
    last = max(with_items, default=since)
    well = any(_result(run) in _FINE and (_time(run) or limit) > limit for run in counted)
    if well and last is not None and last <= limit:
        name = str(instance.get("instanceID"))
        words = f"Its profiles run and succeed, but have archived nothing since {_minute(last)} (server time)."
        yield Finding("warning", "nothing_archived", name, name, words)


def last_successes(instance: Document) -> Iterator[tuple[Document, datetime | None]]:
    """Each profile, and when the last of its runs that succeeded has ended; None where none did in the results.

    Nothing where some of the results are missing. Times are in the zone of the results.
    """
    if not isinstance(instance.get("profiles"), list) or _incomplete(instance):
        return
    runs = _by_subject("profile", instance)
    for profile in instance["profiles"]:
        own = runs.get(profile.get("id")) or runs.get(profile.get("name")) or []
        yield profile, next((_time(run) for run in own if _result(run) in _SUCCESS and _time(run)), None)


def server_time(instances: Iterable[Document], now: datetime) -> datetime:
    """A time that the server's clock shows at least, by its own zone, which is not known.

    It is not before the newest of its results, and not before the westernmost zone's time. ``now`` is in UTC.
    """
    here = now.replace(tzinfo=None)
    latest = here + _EASTERNMOST
    times = [here + _WESTERNMOST]
    for instance in instances:
        for part in ("worker_results", "job_results"):
            times += [time for run in instance.get(part) or [] for time in [_time(run)] if time and time <= latest]
    return max(times)


def identifier(kind: str, run: Document) -> Any:
    """What a run's profile or job is known by.

    Rows name ``profileId``; ``profileID`` is how the argument of the function is spelled.
    """
    for key in (f"{kind}Id", f"{kind}ID", f"{kind}Name"):
        if run.get(key) is not None:
            return run[key]
    return None


def moment(value: Any) -> datetime | None:
    """A time without a zone as the server writes it, or None where it is not one."""
    try:
        return datetime.strptime(str(value)[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None


def _by_subject(kind: str, instance: Document) -> dict[Any, list[Document]]:
    """The runs that have ended, by the id of their profile or job, or its name where there is no id; newest first."""
    by_subject: dict[Any, list[Document]] = {}
    for run in instance.get("worker_results" if kind == "profile" else "job_results") or []:
        if run.get("result") or run.get("completeTime"):
            by_subject.setdefault(identifier(kind, run), []).append(run)
    for runs in by_subject.values():
        runs.sort(key=lambda run: str(run.get("completeTime") or run.get("startTime") or ""), reverse=True)
    return by_subject


def _names(kind: str, instance: Document, by_subject: dict[Any, list[Document]]) -> dict[Any, str]:
    """What to call each profile or job: by its name, or else in words; no two the same."""
    known = {item.get("id"): item.get("name") for item in instance.get(f"{kind}s") or []}
    names = {}
    for known_by, runs in by_subject.items():
        action = runs[0].get("action")
        unnamed = f"{kind} {known_by}" + (f" ({action})" if action else "")
        names[known_by] = str(runs[0].get(f"{kind}Name") or known.get(known_by) or unnamed)
    return _distinct(names)


def _distinct(names: dict[Any, str]) -> dict[Any, str]:
    count = Counter(names.values())
    return {key: name if count[name] == 1 else f"{name} (id {key})" for key, name in names.items()}


def _result(run: Document) -> str:
    result = str(run.get("result") or "")
    return result[:1].lower() + result[1:]


def _severity(run: Document) -> str | None:
    result = _result(run)
    return None if result in _FINE else "error" if result == "failed" else "warning"


def _ended(runs: Sequence[Document]) -> str:
    """What to say of runs, the newest first, of which the newest has failed."""
    bad = next((number for number, run in enumerate(runs) if _severity(run) is None), len(runs))
    result = _result(runs[0])
    ended = _ENDED.get(result, f"Ended as {result or 'nothing'}, which is not known,")
    again = "" if bad == 1 else f", the {_ordinal(bad)} time in a row since {_begin(runs[bad - 1])}"
    return f"{ended} on {_begin(runs[0])}{again} (server time)."


def _begin(run: Document) -> str:
    """When a run began: ``2026-03-01 02:00``."""
    return str(run.get("startTime") or "a time unknown").replace("T", " ")[:16]


def _minute(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M")


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _again(kind: str, instance: str, identifier: Any) -> Document | None:
    """The call that runs a profile or a job once more, where its id is known."""
    if not isinstance(identifier, int):
        return None
    function = "RunProfile" if kind == "profile" else "RunJobAsync"
    return {"function": function, "arguments": {"instanceID": instance, "id": identifier}}


def _time(run: Document) -> datetime | None:
    return moment(run.get("completeTime") or run.get("startTime"))


def _incomplete(instance: Document) -> bool:
    """Whether some results of profiles, or all, are missing: nobody knows then when the last run was."""
    return "worker_results" not in instance or "worker_results" in (instance.get("not_gathered") or {})


def _is_automatic(profile: Document) -> bool:
    execution = profile.get("serverSideExecution")
    return isinstance(execution, dict) and str(execution.get("automatic")).lower() == "true"
