# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archiving and export profiles, and the results of their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..archive import Archive, Instance, Profile
from ..arguments import ApiError, Arguments
from ..history import runs
from ..process import Plan
from .kind import Function, moment


def listing(archive: Archive, arguments: Arguments) -> Any:
    return [profile.as_json() for profile in archive.running(arguments).profiles]


def create(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    profile = _described(arguments, max((item.id for item in instance.profiles), default=0) + 1)
    instance.profiles.append(profile)
    return profile.as_json()


def _described(arguments: Arguments, number: int) -> Profile:
    properties = arguments.get("properties")
    if not isinstance(properties, dict) or not properties.get("name"):
        raise ApiError("Invalid value for argument 'properties'.", "'name' is missing.")
    if {"id", "version"} & set(properties):
        raise ApiError("Invalid value for argument 'properties'.", "'id' and 'version' must not be set.")
    rest = {key: value for key, value in properties.items() if key not in ("name", "type", "userName")}
    return Profile(number, properties["name"], properties.get("type", "archive"), properties.get("userName"), rest)


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
        instance.results.append(_result(instance, profile, 900_000 + len(instance.results), "succeeded", started))

    failure = "The mailbox server refused the connection." if profile.failing else None
    return Plan(f"Running profile {profile.name}", effect, failure=failure)


def _result(instance: Instance, profile: Profile, number: int, result: str, started: datetime) -> dict[str, Any]:
    return {
        **_about(profile, number),
        "result": result,
        "startTime": started.isoformat(),
        "completeTime": datetime.now().replace(microsecond=0).isoformat(),
    }


def _about(profile: Profile, number: int) -> dict[str, Any]:
    return {"id": number, "profileID": profile.id, "profileName": profile.name, "userName": profile.user_name}


def set_execution(archive: Archive, arguments: Arguments) -> Any:
    profile = archive.running(arguments).profile(arguments["id"])
    given = {key: value for key, value in arguments.items() if key not in ("instanceID", "id")}
    profile.properties["serverSideExecution"] = {**profile.properties.get("serverSideExecution", {}), **given}


def results(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    begin, end = moment(arguments, "fromIncluding"), moment(arguments, "toExcluding")
    wanted = [profile for profile in instance.profiles if arguments.get("profileID", profile.id) == profile.id]
    found = [
        {**_about(profile, run.id + profile.id), **run.as_json()}
        for profile in wanted
        for run in runs(f"{archive.seed}/{instance.id}/profile/{profile.id}", profile.failing, begin, end)
    ]
    own = [
        item
        for item in instance.results
        if arguments.get("profileID", item["profileID"]) == item["profileID"]
        and begin <= datetime.fromisoformat(item["startTime"]) < end
    ]
    user = arguments.get("userName")
    return [item for item in found + own if user is None or item["userName"] == user]


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
