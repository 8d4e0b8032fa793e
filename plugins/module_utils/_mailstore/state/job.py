# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Jobs of an instance: whether they are there, when they run, and whether they do."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    the_one,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Step,
    Subject,
)

INTERVALS = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720)
"""Minutes between two runs."""

DAYS_OF_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS_OF_MONTH = (*map(str, range(1, 32)), "last")
LOCAL_TIME = "$Local"
"""The time zone of the server."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance": {"type": "str"},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "action": {"type": "str"},
    "owner": {"type": "str"},
    "enabled": {"type": "bool"},
    "schedule": {
        "type": "dict",
        "options": {
            "date": {"type": "str"},
            "interval": {"type": "int"},
            "time": {"type": "str"},
            "day_of_week": {"type": "str", "choices": list(DAYS_OF_WEEK)},
            "day_of_month": {"type": "str", "choices": list(DAYS_OF_MONTH)},
        },
    },
    "time_zone": {"type": "str"},
}
"""The options of mailstore_job, without those of the connection."""

_KINDS = (
    {"date"},
    {"interval"},
    {"time"},
    {"day_of_week", "time"},
    {"day_of_month", "time"},
    {"day_of_month", "day_of_week", "time"},
)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")


@dataclass(frozen=True)
class Schedule:
    """When a job runs: once, at an interval, daily, weekly or monthly. Times are those of the job's time zone.

    A day of the month together with a day of the week is that weekday of the month: day 1 and Sunday, the first Sunday.
    """

    date: str | None = None
    interval: int | None = None
    time: str | None = None
    day_of_week: str | None = None
    day_of_month: str | None = None

    def check(self) -> None:
        """Raise `InvalidOption` for what is none of the kinds, or has values that the server does not take."""
        given = {name for name, value in self._given().items() if value is not None}
        if given not in _KINDS:
            raise InvalidOption(
                "schedule must be exactly one of date, interval, time, day_of_week with time, day_of_month with time, "
                f"and day_of_month with day_of_week and time, not {' with '.join(sorted(given)) or 'empty'}."
            )
        if self.interval is not None and self.interval not in INTERVALS:
            allowed = ", ".join(map(str, INTERVALS))
            raise InvalidOption(f"schedule: interval must be one of {allowed} minutes, not {self.interval}.")
        if self.time is not None and not _TIME.fullmatch(self.time):
            raise InvalidOption(
                f"schedule: time must be a time of day like 02:30, not {self.time!r}."
                + (" YAML makes a number of such a time unless it is in quotes." if self.time.isdigit() else "")
            )
        if self.date is not None and not _is_date(self.date):
            raise InvalidOption(
                f"schedule: date must be like 2026-12-31T02:30:00, without a time zone, not {self.date!r}."
            )

    def arguments(self) -> dict[str, Any]:
        """As CreateJob and SetJobSchedule take it."""
        given = {_argument(name): value for name, value in self._given().items() if value is not None}
        if given.get("dayOfMonth") == "last":
            given["dayOfMonth"] = "Last"  # as the server writes it
        return given

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> Schedule:
        """That of a job, as GetJobs describes it."""
        timing = _timing(job)
        return cls(**{field.name: timing.get(_argument(field.name)) for field in fields(cls)})

    def meaning(self) -> tuple[Any, ...]:
        """What two schedules have in common that mean the same."""
        return (
            self.date,
            None if self.interval is None else str(self.interval),
            None if self.time is None else self.time[:5] if self.time[5:] == ":00" else self.time,
            None if self.day_of_week is None else str(self.day_of_week).lower(),
            None if self.day_of_month is None else str(self.day_of_month).lower(),
        )

    def _given(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class WantedJob(Subject):
    """What should be of one job. None is what is left as it is."""

    instance: str | None
    name: str
    present: bool = True
    action: str | None = None
    owner: str | None = None
    enabled: bool | None = None
    schedule: Schedule | None = None
    time_zone: str | None = None

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not self.name.strip():
            raise InvalidOption("name must be a job's name, not empty.")
        if self.schedule is not None:
            self.schedule.check()

    @property
    def _of(self) -> str:
        return f" of instance {self.instance}" if self.instance else ""

    def read(self, ask: Ask) -> Document | None:
        return the_one(listed(ask, "GetJobs", instanceID=self.instance), self.name, what="Job")

    def steps(self, current: Document | None) -> list[Step]:
        if not self.present:
            return [] if current is None else [self._step("DeleteJob", current)]
        if current is None:
            return [self._creation()]
        self._check_fixed(current)
        steps = []
        schedule, time_zone = self._wanted_timing(current)
        if schedule.meaning() != Schedule.of(current).meaning() or time_zone != _time_zone(current):
            if not schedule.arguments():
                raise NotPossible(
                    f"The server shows no schedule of job {self.name}{self._of}, so its time zone "
                    "cannot be set without losing it. Give schedule, too."
                )
            steps.append(
                self._step("SetJobSchedule", current, timeZoneId=time_zone or LOCAL_TIME, **schedule.arguments())
            )
        if self.enabled is not None and self.enabled is not current.get("enabled"):
            steps.append(self._step("SetJobEnabled", current, enabled=self.enabled))
        return steps

    def verify(self, client: Client, steps: Sequence[Step]) -> None:
        """A new job's action must be a function that a job can carry out: else it is the job that fails, at night.

        A job has no arguments but its instance.
        """
        if self.action is None or not any(step.function == "CreateJob" for step in steps):
            return
        functions = client.functions()
        if functions is None:
            return
        function = functions[self.action]
        needed = [item.name for item in function.arguments if not item.nullable and item.name != "instanceID"]
        if needed:
            raise InvalidOption(
                f"{self.action} cannot be the action of a job, which gives it no {', '.join(needed)}. What it takes is "
                f"{function}."
            )

    def predicted(self, current: Document | None) -> Document | None:
        if not self.present:
            return None
        after = dict(current or self._new())
        schedule, time_zone = self._wanted_timing(after)
        if schedule.meaning() != Schedule.of(after).meaning() or time_zone != _time_zone(after):
            after.update(_shown_timing(after, {"timeZoneId": time_zone, **schedule.arguments()}))
        if self.enabled is not None:
            after["enabled"] = self.enabled
        return after

    def _new(self) -> Document:
        return {
            "name": self.name,
            "action": self.action,
            "owner": self.owner,
            "enabled": True,
            "schedule": {"timeZoneId": LOCAL_TIME},
        }

    def _wanted_timing(self, current: Document) -> tuple[Schedule, str | None]:
        """The schedule and the time zone that there should be: what is not asked for stays as it is."""
        return self.schedule or Schedule.of(current), self.time_zone or _time_zone(current)

    def _creation(self) -> Step:
        missing = [name for name in ("action", "owner", "schedule") if getattr(self, name) is None]
        if missing or self.schedule is None:
            raise NotPossible(
                f"There is no job {self.name}{self._of}. To create it, {', '.join(missing)} must be given."
            )
        return Step(
            "CreateJob",
            {
                "instanceID": self.instance,
                "name": self.name,
                "action": self.action,
                "owner": self.owner,
                "timeZoneId": self.time_zone or LOCAL_TIME,
                **self.schedule.arguments(),
            },
        )

    def _check_fixed(self, current: Document) -> None:
        owner = str(current.get("owner"))
        if self.action is not None and self.action != current.get("action"):
            what = f"does {current.get('action')}, not {self.action}"
        elif self.owner is not None and self.owner.casefold() != owner.casefold():
            what = f"is owned by {owner}, not by {self.owner}"
        else:
            return
        raise NotPossible(
            f"Job {self.name}{self._of} {what}. The Management API cannot change that: remove the "
            "job with state absent, and create it anew. Its results so far go with it."
        )

    def _step(self, function: str, current: Document, **arguments: Any) -> Step:
        return Step(function, {"instanceID": self.instance, "id": current["id"], **arguments})


def wanted_job(options: Mapping[str, Any]) -> WantedJob:
    """What the options ask for."""
    return WantedJob(
        instance=options["instance"] or None,
        name=options["name"],
        present=options["state"] == "present",
        action=options["action"],
        owner=options["owner"],
        enabled=options["enabled"],
        schedule=None if options["schedule"] is None else Schedule(**options["schedule"]),
        time_zone=options["time_zone"],
    )


def _timing(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """What GetJobs says of when a job runs: a current server in ``schedule``, an older one beside the job's name."""
    schedule = job.get("schedule")
    return schedule if isinstance(schedule, Mapping) else job


def _time_zone(job: Mapping[str, Any]) -> str | None:
    return _timing(job).get("timeZoneId")


def _shown_timing(job: Mapping[str, Any], timing: Document) -> Document:
    """``timing`` in the shape in which GetJobs shows that of ``job``."""
    if isinstance(job.get("schedule"), Mapping):
        return {"schedule": timing}
    return {**dict.fromkeys(_argument(field.name) for field in fields(Schedule)), **timing}


def _argument(name: str) -> str:
    """``day_of_week`` as the Management API writes it: ``dayOfWeek``."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
