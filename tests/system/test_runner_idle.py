# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job that prints nothing for long is ended by ansible-runner; progress keeps it alive."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awx
import pytest
from runs import eventually

from simulators.launch import Simulators

SETTINGS = {"idle_timeout": 5, "pexpect_timeout": 1}
PROCESS_SECONDS = 20


@pytest.fixture
def jobs() -> Iterator[list[subprocess.Popen[str]]]:
    """Jobs that were started. Whatever happened, they end with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for job in started:
        job.kill()
        job.communicate()


def test_progress_keeps_alive_a_job_that_would_be_taken_for_idle(
    simulators: Simulators, tmp_path: Path, jobs: list[subprocess.Popen[str]]
) -> None:
    # One piece of news in the middle is not enough: what keeps the job alive is that it says so when there is none.
    simulators.processes({"seconds": PROCESS_SECONDS, "steps": 2, "progress": "none"})
    options: dict[str, dict[str, Any]] = {
        "delta": {"mailstore_store_verification_progress_interval": 2},
        "beta": {"mailstore_store_verification_progress": False},
    }
    for instance, more in options.items():
        awx.prepare(
            tmp_path / instance,
            {"mailstore": awx.entered(simulators)["mailstore"]},
            extra_vars={"mailstore_store_verification_instances": [instance], **more},
            settings=SETTINGS,
        )
        # Verbose, so that a slow machine is not taken for an idle one before the process has begun.
        jobs.append(awx.launch(tmp_path / instance, "mailstore_store_verification", "-vvvv"))
    alive, silent = (awx.ended(tmp_path / instance, job) for instance, job in zip(options, jobs))

    assert silent.status == "timeout", silent.output
    assert alive.status == "successful", alive.output
    (seconds,) = (
        result["elapsed"]
        for event in alive.events
        for result in event.get("event_data", {}).get("res", {}).get("invocations", ())
    )
    assert seconds >= PROCESS_SECONDS
    outcomes = {process["status_code"] for process in simulators.state("mailstore")["processes"]}
    assert outcomes == {"succeeded", "cancelled"}
    assert eventually(lambda: simulators.state("mailstore")["sessions"] == 0)
