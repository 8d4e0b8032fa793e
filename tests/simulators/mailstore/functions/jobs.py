# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: actions on a schedule, and the results of their runs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .. import shapes
from ..archive import Archive, Job
from ..arguments import ApiError, Arguments
from ..history import runs
from .kind import MOMENT, Function, moment, shifted, zone_shift

INTERVALS = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SCHEDULE_KEYS = ("timeZoneId", "date", "interval", "time", "dayOfWeek", "dayOfMonth")
TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")


def listing(archive: Archive, arguments: Arguments) -> Any:
    return [job.as_json() for job in archive.running(arguments).jobs]


def create(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    if any(job.name == arguments["name"] for job in instance.jobs):
        raise ApiError(f"A job named '{arguments['name']}' exists already.")
    instance.user(arguments["owner"])
    number = max((job.id for job in instance.jobs), default=0) + 1
    job = Job(number, arguments["name"], arguments["action"], arguments["owner"], _schedule(arguments), has_run=False)
    instance.jobs.append(job)
    return job.as_json()


def _schedule(arguments: Arguments) -> dict[str, Any]:
    """The nested schedule of the flat arguments: once, at an interval, daily, on a day of the week, of the month, or
    on a day of the week in the month. Times and days come back in the server's own spelling.
    """
    schedule = {key: arguments[key] for key in SCHEDULE_KEYS if key in arguments}
    kind = frozenset(schedule) - {"timeZoneId"}
    monthly = ({"dayOfMonth", "time"}, {"dayOfMonth", "dayOfWeek", "time"})
    allowed = ({"date"}, {"interval"}, {"time"}, {"dayOfWeek", "time"}, *monthly)
    if kind not in allowed:
        raise ApiError(
            "Invalid schedule.", "Give one of date, interval, time, dayOfWeek and time, dayOfMonth and time."
        )
    if "date" in schedule and not MOMENT.fullmatch(schedule["date"]):
        raise ApiError("Invalid value for argument 'date'.", "Times look like 2026-01-01T00:00:00.")
    if "interval" in schedule and schedule["interval"] not in INTERVALS:
        raise ApiError("Invalid value for argument 'interval'.", f"Allowed: {', '.join(map(str, INTERVALS))}.")
    if "time" in schedule:
        if not TIME.fullmatch(schedule["time"]):
            raise ApiError("Invalid value for argument 'time'.", "Times of day look like 02:00.")
        schedule["time"] += ":00" if schedule["time"].count(":") == 1 else ""
    if "dayOfWeek" in schedule:
        schedule["dayOfWeek"] = schedule["dayOfWeek"].capitalize()
        if schedule["dayOfWeek"] not in DAYS:
            raise ApiError("Invalid value for argument 'dayOfWeek'.", f"Allowed: {', '.join(DAYS)}.")
    if "dayOfMonth" in schedule:
        schedule["dayOfMonth"] = schedule["dayOfMonth"].capitalize()
        if schedule["dayOfMonth"] not in {"Last", *map(str, range(1, 32))}:
            raise ApiError("Invalid value for argument 'dayOfMonth'.", "Allowed: 1 to 31, Last.")
    return schedule


def delete(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    instance.jobs.remove(instance.job(arguments["id"]))


def rename(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).job(arguments["id"]).name = arguments["name"]


def set_enabled(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).job(arguments["id"]).enabled = arguments["enabled"]


def set_schedule(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).job(arguments["id"]).schedule = _schedule(arguments)


def run(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    job = instance.job(arguments["id"])
    job.has_run = True
    now = datetime.now().replace(microsecond=0)
    result = "failed" if job.failing else "succeeded"
    instance.job_results.append(_result(job, 900_000 + len(instance.job_results), result, now, now))


def _result(job: Job, number: int, result: str, start: datetime, complete: datetime) -> dict[str, Any]:
    return shapes.row(
        "GetJobResults",
        jobResultId=number,
        jobId=job.id,
        action=job.action,
        startTime=start.isoformat(),
        completeTime=complete.isoformat(),
        result=result,
    )


def cancel(archive: Archive, arguments: Arguments) -> Any:
    archive.running(arguments).job(arguments["id"])


def results(archive: Archive, arguments: Arguments) -> Any:
    instance = archive.running(arguments)
    shift = zone_shift(arguments, "timeZoneId")
    begin, end = moment(arguments, "fromIncluding") - shift, moment(arguments, "toExcluding") - shift
    wanted = [job for job in instance.jobs if arguments.get("jobId", job.id) == job.id]
    found = [
        _result(job, run.id + job.id, run.result, run.start, run.complete)
        for job in wanted
        if job.has_run
        for run in runs(f"{archive.seed}/{instance.id}/job/{job.id}", job.failing, begin, end)
    ]
    own = [
        item
        for item in instance.job_results
        if arguments.get("jobId", item["jobId"]) == item["jobId"]
        and begin <= datetime.fromisoformat(item["startTime"]) < end
    ]
    return [shifted(row, shift) for row in found + own]


FUNCTIONS: dict[str, Function] = {
    "GetJobs": listing,
    "CreateJob": create,
    "DeleteJob": delete,
    "RenameJob": rename,
    "SetJobEnabled": set_enabled,
    "SetJobSchedule": set_schedule,
    "RunJobAsync": run,
    "CancelJobAsync": cancel,
    "GetJobResults": results,
}
