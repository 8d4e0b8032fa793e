# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job that is cancelled in AWX ends as `on_timeout` promises: nothing of it stays behind, on the server or here."""

from __future__ import annotations

import signal
from pathlib import Path

import awx
import pytest
from runs import eventually, processes_of

from simulators.launch import Simulators


@pytest.mark.parametrize(
    ("on_timeout", "number", "outcome"),
    [
        ("cancel", signal.SIGINT, "cancelled"),  # what receptor sends
        ("detach", signal.SIGTERM, "running"),  # what an orchestrator of containers sends
    ],
)
def test_a_cancelled_job_logs_out_and_leaves_what_it_promised(
    simulators: Simulators, tmp_path: Path, on_timeout: str, number: signal.Signals, outcome: str
) -> None:
    simulators.processes({"seconds": 60, "steps": 60})
    awx.prepare(
        tmp_path / "job",
        awx.shipped("mailstore_store_verification"),
        {"mailstore": awx.entered(simulators)["mailstore"]},
        extra_vars={
            "mailstore_store_verification_instances": ["alpha", "delta"],
            "mailstore_store_verification_on_timeout": on_timeout,
        },
        settings={"pexpect_timeout": 1},
    )
    process = awx.launch(tmp_path / "job")
    try:
        assert eventually(lambda: statuses(simulators) == {"running"}, 60)
        process.send_signal(number)
        job = awx.ended(tmp_path / "job", process)
    finally:
        process.kill()
        process.communicate()
    assert job.status == "canceled", job.output
    assert eventually(lambda: simulators.state("mailstore")["sessions"] == 0)
    assert eventually(lambda: not processes_of(tmp_path / "job")), processes_of(tmp_path / "job")
    assert statuses(simulators) == {outcome}


def statuses(simulators: Simulators) -> set[str]:
    return {process["status_code"] for process in simulators.state("mailstore")["processes"]}
