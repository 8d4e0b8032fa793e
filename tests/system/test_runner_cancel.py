# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job that is cancelled in AWX ends as `on_timeout` promises: nothing of it stays behind, on the server or here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import awx
import pytest
from runs import eventually, processes_of

from simulators.launch import Simulators


@contextmanager
def cancelled(
    simulators: Simulators, folder: Path, number: signal.Signals, instances: list[str], on_timeout: str
) -> Iterator[awx.Job]:
    """A job that was cancelled while it verified the stores of these instances."""
    simulators.processes({"seconds": 60, "steps": 60})
    awx.prepare(
        folder,
        awx.shipped("mailstore_store_verification"),
        {"mailstore": awx.entered(simulators)["mailstore"]},
        extra_vars={
            "mailstore_store_verification_instances": instances,
            "mailstore_store_verification_on_timeout": on_timeout,
        },
        settings={"pexpect_timeout": 1},
    )
    process = awx.launch(folder)
    try:
        assert eventually(lambda: statuses(simulators) == {"running"}, 60)
        process.send_signal(number)
        yield awx.ended(folder, process)
    finally:
        process.kill()
        process.communicate()


def statuses(simulators: Simulators) -> set[str]:
    return {process["status_code"] for process in simulators.state("mailstore")["processes"]}


@pytest.mark.parametrize(
    ("on_timeout", "number", "outcome"),
    [
        ("cancel", signal.SIGINT, "cancelled"),  # from receptor, on an execution node
        ("detach", signal.SIGTERM, "running"),  # from Kubernetes
    ],
)
def test_a_cancelled_job_logs_out_and_leaves_what_it_promised(
    simulators: Simulators, tmp_path: Path, on_timeout: str, number: signal.Signals, outcome: str
) -> None:
    folder = tmp_path / "job"
    with cancelled(simulators, folder, number, ["alpha", "delta"], on_timeout) as job:
        assert job.status == "canceled", job.output
        assert eventually(lambda: simulators.state("mailstore")["sessions"] == 0)
        assert eventually(lambda: not processes_of(folder)), processes_of(folder)
        assert statuses(simulators) == {outcome}


def test_a_cancelled_job_has_tidied_up_when_its_container_ends(simulators: Simulators, tmp_path: Path) -> None:
    """In a pod of AWX, the end of ansible-runner is that of the pod, and nothing in it lives on."""
    folder = tmp_path / "job"
    simulators.faults("mailstore", [{"action": "delay", "seconds": 0.5, "path": "/api/cancel-async"}])
    with cancelled(simulators, folder, signal.SIGTERM, ["delta"], "cancel") as job:
        for pid in processes_of(folder):
            os.kill(pid, signal.SIGKILL)
        assert job.status == "canceled", job.output
        assert statuses(simulators) == {"cancelled"}
        assert simulators.state("mailstore")["sessions"] == 0
