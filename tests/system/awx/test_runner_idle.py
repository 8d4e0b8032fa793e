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

import pytest
import runner
from runs import eventually

from simulators.launch import Simulators

IDLE_SECONDS = 20
INTERVAL_SECONDS = 2
SETTINGS = {"idle_timeout": IDLE_SECONDS, "pexpect_timeout": 1}


@pytest.fixture
def jobs() -> Iterator[list[subprocess.Popen[str]]]:
    """Jobs that were started. Whatever happened, they end with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for job in started:
        job.kill()
        job.communicate()


def statuses(simulators: Simulators) -> set[str]:
    return {process["status_code"] for process in simulators.state("mailstore")["processes"]}


def lines(folder: Path) -> int:
    """How many lines of progress a job has printed."""
    return (folder / "artifacts/1/stdout").read_text().count("[localhost] VerifyStore")


def test_progress_keeps_alive_a_job_that_would_be_taken_for_idle(
    simulators: Simulators, tmp_path: Path, jobs: list[subprocess.Popen[str]]
) -> None:
    # The processes do not end by themselves, and there is no news of them: the job says that there is none.
    simulators.processes({"seconds": 3600, "steps": 1, "progress": "none"})
    options: dict[str, dict[str, Any]] = {
        "delta": {"mailstore_store_verification_progress_interval": INTERVAL_SECONDS},
        "beta": {"mailstore_store_verification_progress": False},
    }
    for instance, more in options.items():
        runner.prepare(
            tmp_path / instance,
            {"mailstore": runner.entered(simulators)["mailstore"]},
            extra_vars={"mailstore_store_verification_instances": [instance], **more},
            settings=SETTINGS,
        )
        # Verbose, so that a slow machine is not taken for an idle one before the process has begun.
        jobs.append(runner.launch(tmp_path / instance, "mailstore_store_verification", "-vvvv"))
    silent = runner.ended(tmp_path / "beta", jobs[1])
    assert eventually(lambda: statuses(simulators) == {"cancelled", "running"})
    # So many lines take longer than what is too long for a job that is silent.
    assert eventually(lambda: lines(tmp_path / "delta") > IDLE_SECONDS / INTERVAL_SECONDS + 1)
    simulators.step()
    alive = runner.ended(tmp_path / "delta", jobs[0])

    assert silent.status == "timeout", silent.output
    assert alive.status == "successful", alive.output
    (seconds,) = (
        result["elapsed"]
        for event in alive.events
        for result in event.get("event_data", {}).get("res", {}).get("invocations", ())
    )
    assert seconds >= IDLE_SECONDS
    assert statuses(simulators) == {"succeeded", "cancelled"}
    assert eventually(lambda: simulators.state("mailstore")["sessions"] == 0)
