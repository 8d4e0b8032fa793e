# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archiving and export profiles, and the results of their runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .. import shapes
from ..archive import Archive, Instance, Profile
from ..arguments import ApiError, Arguments
from ..history import Run, runs
from ..process import Plan
from .kind import Function, moment, shifted, zone_shift

WINDOWS = "automaticMaintenanceWindows"


def listing(archive: Archive, arguments: Arguments) -> Any:
    _check_raw(arguments)
    return [profile.as_json() for profile in archive.running(arguments).profiles]


def _check_raw(arguments: Arguments) -> None:
    if arguments.get("raw") is not True:
        raise ApiError("Invalid value for argument 'raw'.", "Only true is supported.")


def create(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    profile = _described(arguments, max((item.id for item in instance.profiles), default=0) + 1)
    instance.profiles.append(profile)
    return profile.as_json()


def _described(arguments: Arguments, number: int) -> Profile:
    _check_raw(arguments)
    properties = arguments.get("properties")
    if not isinstance(properties, dict) or not properties.get("name"):
        raise ApiError("Invalid value for argument 'properties'.", "'name' is missing.")
    if {"id", "version"} & set(properties):
        raise ApiError("Invalid value for argument 'properties'.", "'id' and 'version' must not be set.")
    unknown = set(properties) - set(shapes.row("GetProfiles"))
    if unknown:
        raise ApiError("Invalid value for argument 'properties'.", f"Unknown property '{min(unknown)}'.")
    rest = {key: value for key, value in properties.items() if key != "name"}
    return Profile(number, properties["name"], rest)


def delete(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    instance.profiles.remove(instance.profile(arguments["id"]))


def run(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    return _running(instance, instance.profile(arguments["id"]))


def run_temporary(archive: Archive, arguments: Arguments) -> Any:
    return _running(archive.running(arguments), _described(arguments, 0))


def _running(instance: Instance, profile: Profile) -> Plan:
    started = datetime.now().replace(microsecond=0)

    def effect() -> None:
        profile.silent_hours = profile.idle_hours = 0
        over = datetime.now().replace(microsecond=0)
        run = Run(900_000 + len(instance.results), "succeeded", 12, started, over)
        instance.results.append(_result(profile, run))

    failure = "The mailbox server refused the connection." if profile.failing else None
    return Plan(f"Running profile {profile.name}", effect, failure=failure)


def _result(profile: Profile, run: Run) -> dict[str, Any]:
    idle = datetime.now() - run.start < timedelta(hours=profile.idle_hours)
    return shapes.row(
        "GetWorkerResults",
        id=run.id,
        userName=profile.owner,
        profileId=profile.id,
        profileName=profile.name,
        result=run.result,
        itemsArchived=0 if idle or run.result == "failed" else run.items,
        startTime=run.start.isoformat(),
        completeTime=run.complete.isoformat(),
    )


def set_execution(archive: Archive, arguments: Arguments) -> Any:
    """Either automatic=false and nothing else, or automatic=true and at least the pause."""
    profile = archive.running(arguments).profile(arguments["id"])
    given = {key: value for key, value in arguments.items() if key not in ("instanceID", "id")}
    if given.get("automatic") is True and "automaticPauseBetweenExecutions" not in given:
        raise ApiError("Missing argument 'automaticPauseBetweenExecutions'.")
    if given.get("automatic") is not True and set(given) != {"automatic"}:
        raise ApiError("Invalid value for argument 'automatic'.", "Only automatic=true takes further arguments.")
    known = {key: value for key, value in profile.as_json()["serverSideExecution"].items() if key != WINDOWS}
    profile.properties["serverSideExecution"] = {**known, **given}


def results(archive: Archive, arguments: Arguments) -> Any:
    """A process, although a short one."""
    rows = results_at_once(archive, arguments)
    return Plan("Reading results", lambda: rows, brief=True)


def results_at_once(archive: Archive, arguments: Arguments) -> Any:
    """Not in the order of time. Too many rows for the server make it fail: then ask for less."""
    instance = archive.running(arguments)
    shift = zone_shift(arguments, "timeZoneID")
    begin, end = moment(arguments, "fromIncluding") - shift, moment(arguments, "toExcluding") - shift
    wanted = [profile for profile in instance.profiles if arguments.get("profileID", profile.id) == profile.id]
    found = [row for profile in wanted for row in _of_the_past(archive, instance, profile, begin, end)]
    own = [
        row
        for row in instance.results
        if arguments.get("profileID", row["profileId"]) == row["profileId"]
        and begin <= datetime.fromisoformat(row["startTime"]) < end
    ]
    user = arguments.get("userName")
    rows = [row for row in found + own if user is None or row["userName"] == user]
    Random(archive.seed).shuffle(rows)
    if len(rows) > archive.most_results:
        raise ApiError("Nullable object must have a value.")
    return [shifted(row, shift) for row in rows]


def _of_the_past(
    archive: Archive, instance: Instance, profile: Profile, begin: datetime, end: datetime
) -> Iterator[dict[str, Any]]:
    heard = datetime.now() - timedelta(hours=profile.silent_hours)
    for run in runs(f"{archive.seed}/{instance.id}/profile/{profile.id}", profile.failing, begin, min(end, heard)):
        yield _result(profile, replace(run, id=run.id + profile.id))


def report(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments)
    return f"Report of run {arguments['id']}.\r\n"


def can_run(archive: Archive, arguments: Arguments) -> Any:
    return any(store.requested_state == "current" and not store.error for store in archive.running(arguments).stores)


FUNCTIONS: dict[str, Function] = {
    "GetProfiles": listing,
    "CreateProfile": create,
    "DeleteProfile": delete,
    "RunProfile": run,
    "RunTemporaryProfile": run_temporary,
    "SetProfileServerSideExecution": set_execution,
    "GetWorkerResults": results,
    "GetWorkerResultReport": report,
    "CanRunArchiveProfiles": can_run,
}
