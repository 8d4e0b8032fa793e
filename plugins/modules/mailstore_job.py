#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_job
short_description: Create, schedule, enable, disable and delete jobs of a MailStore SPE instance
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Sees to it that an instance has a job, with its schedule, enabled or not; or that it does not have it.
  - What already is as it should be is left alone. A second run only looks.
extends_documentation_fragment:
  - mops.maintenance.attributes.state
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.instance
  - mops.maintenance.mailstore.reference
options:
  name:
    description: The name of the job. Upper and lower case count.
    type: str
    required: true
  state:
    description:
      - V(present) creates the job if there is none of that name, and sets what is asked for.
      - V(absent) deletes the job.
    type: str
    choices: [present, absent]
    default: present
  action:
    description:
      - The function of the Management API that the job carries out, for example V(VerifyStores). Needed to create the
        job. A name that is no function of the server, or that of one which needs more than the instance, is refused
        before the job is created, in check mode, too.
      - The Management API cannot change it later. Where a job of that name does something else, the task fails.
    type: str
  owner:
    description:
      - The user of the instance in whose name the job runs, who has to be an administrator. Needed to create the job.
      - The Management API cannot change it later. Where a job of that name has another owner, the task fails.
    type: str
  enabled:
    description: Whether the job runs when its time comes. Without it, that stays as it is, and a new job does.
    type: bool
  schedule:
    description:
      - When the job runs. Exactly one of O(schedule.date), O(schedule.interval), O(schedule.time) alone,
        O(schedule.day_of_week) with O(schedule.time), O(schedule.day_of_month) with O(schedule.time), and
        O(schedule.day_of_month) with both O(schedule.day_of_week) and O(schedule.time).
      - Needed to create the job. Without it, the schedule stays as it is. With it, O(time_zone) stays as it is, unless
        that is given, too.
    type: dict
    suboptions:
      date:
        description: Once, at this time, like V(2026-12-31T02:30:00), without a time zone.
        type: str
      interval:
        description: Every so many minutes, C(5), C(10), C(15), C(20), C(30), C(60), C(120), C(180), C(240), C(360) or
          C(720).
        type: int
      time:
        description: Daily at this time, or on the day that is named beside it, like V("02:30"). Put it in quotes, or
          YAML may make a number of it.
        type: str
      day_of_week:
        description: Every week on this day, C(dayOfWeek). With O(schedule.day_of_month), on this day of the week once a
          month, for example V(Sunday) and V(1) for the first Sunday.
        type: str
        choices: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]
      day_of_month:
        description: Every month on this day, C(dayOfMonth), V(1) to V(31) or V(last).
        type: str
        choices:
          - "1"
          - "2"
          - "3"
          - "4"
          - "5"
          - "6"
          - "7"
          - "8"
          - "9"
          - "10"
          - "11"
          - "12"
          - "13"
          - "14"
          - "15"
          - "16"
          - "17"
          - "18"
          - "19"
          - "20"
          - "21"
          - "22"
          - "23"
          - "24"
          - "25"
          - "26"
          - "27"
          - "28"
          - "29"
          - "30"
          - "31"
          - last
  time_zone:
    description:
      - The time zone of O(schedule), C(timeZoneId), as C(GetTimeZones) lists them. V($Local) is the server's, and that
        of a new job.
    type: str
notes:
  - A run that has nothing to do invokes C(GetJobs) alone. To create a job, the list of the server's functions is read
    as well.
seealso:
  - module: mops.maintenance.mailstore_instance
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Archive stores are verified every Sunday night
  mops.maintenance.mailstore_job:
    instance: alpha
    name: Weekly verification
    action: VerifyStores
    owner: $archiveadmin
    schedule:
      day_of_week: Sunday
      time: "02:30"

- name: Statistics are refreshed on the first Sunday of every month
  mops.maintenance.mailstore_job:
    instance: alpha
    name: Monthly statistics
    action: RefreshAllStoreStatistics
    owner: $archiveadmin
    schedule:
      day_of_month: "1"
      day_of_week: Sunday
      time: "04:00"

- name: The same job, by the clock of London; its schedule stays
  mops.maintenance.mailstore_job:
    instance: alpha
    name: Monthly statistics
    time_zone: GMT Standard Time

- name: Not for now
  mops.maintenance.mailstore_job:
    instance: alpha
    name: Weekly verification
    enabled: false

- name: The job is no more
  mops.maintenance.mailstore_job:
    instance: alpha
    name: Weekly verification
    state: absent
"""

RETURN = r"""
job:
  description:
    - The job after the run, as C(GetJobs) describes it. In check mode, as it would be, as far as that can be told. Null
      where there is none.
    - A current server shows when the job runs in C(schedule), as here. Version 8 has the same names beside C(enabled).
  returned: success
  type: dict
  sample:
    id: 3
    name: Weekly verification
    action: VerifyStores
    owner: $archiveadmin
    enabled: true
    schedule:
      timeZoneId: $Local
      dayOfWeek: Sunday
      time: "02:30:00"
functions:
  description:
    - The functions that were invoked to change something, in their order. In check mode, those that would be.
    - Where the task fails in between, these are what had succeeded by then.
  returned: success, and failure after something was begun
  type: list
  elements: str
  sample: [SetJobSchedule]
"""

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.job import ARGUMENTS, wanted_job
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import (
    StateModule,
    run_module,
)


def main() -> None:
    run_module(StateModule(ARGUMENTS), "job", wanted_job)


if __name__ == "__main__":
    main()
