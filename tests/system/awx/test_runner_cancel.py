# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job that is cancelled in AWX ends as `on_timeout` promises: nothing of it stays behind, on the server or here.

That its container waits for it is seen in tests/image.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import runner
from runs import eventually, processes_of, until

from simulators.launch import Simulators

RECEPTOR, KUBERNETES = signal.SIGINT, signal.SIGTERM
"""Who cancels, and what it sends to ansible-runner."""


@contextmanager
def cancelled(
    simulators: Simulators,
    folder: Path,
    number: signal.Signals,
    playbook: str,
    extra_vars: Mapping[str, Any],
    begun: Callable[[], bool],
) -> Iterator[runner.Job]:
    """A job that was cancelled when it had begun its work."""
    runner.prepare(
        folder,
        {"mailstore": runner.entered(simulators)["mailstore"]},
        extra_vars=extra_vars,
        settings={"pexpect_timeout": 1},
    )
    process = runner.launch(folder, playbook)
    try:
        assert eventually(begun)
        process.send_signal(number)
        yield runner.ended(folder, process)
    finally:
        process.kill()
        process.communicate()


def verifying(simulators: Simulators) -> bool:
    return statuses(simulators) == {"running"}


def statuses(simulators: Simulators) -> set[str]:
    return {process["status_code"] for process in simulators.state("mailstore")["processes"]}


def test_a_cancelled_job_logs_out_and_cancels(simulators: Simulators, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    simulators.processes({"seconds": 3600, "steps": 3600})
    variables = {"mailstore_store_verification_instances": ["delta"]}
    begun = functools.partial(verifying, simulators)
    with cancelled(simulators, folder, RECEPTOR, "mailstore_store_verification", variables, begun) as job:
        assert job.status == "canceled", job.output
        assert eventually(lambda: not processes_of(folder)), processes_of(folder)
        assert statuses(simulators) == {"cancelled"}
        assert simulators.state("mailstore")["sessions"] == 0


def test_a_cancelled_job_leaves_running_what_is_to_be_detached(simulators: Simulators, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    simulators.processes({"seconds": 3600, "steps": 3600})
    variables = {
        "mailstore_store_verification_instances": ["alpha", "delta"],
        "mailstore_store_verification_on_timeout": "detach",
    }
    begun = functools.partial(verifying, simulators)
    with cancelled(simulators, folder, KUBERNETES, "mailstore_store_verification", variables, begun) as job:
        assert job.status == "canceled", job.output
        assert eventually(lambda: simulators.state("mailstore")["sessions"] == 0)
        assert eventually(lambda: not processes_of(folder)), processes_of(folder)
        assert statuses(simulators) == {"running"}


def test_a_cancelled_backup_thaws_its_instances(simulators: Simulators, tmp_path: Path) -> None:
    folder, backup = tmp_path / "job", tmp_path / "backup.yml"
    # A command of Ansible goes on until its own end, whatever happens to the play.
    over = tmp_path / "over"
    backup.write_text(f"- ansible.builtin.shell: touch {tmp_path}/begun; {until(over)}\n")
    variables = {"mailstore_backup_window_instances": ["delta"], "mailstore_backup_window_tasks": str(backup)}
    begun = (tmp_path / "begun").exists
    with cancelled(simulators, folder, KUBERNETES, "mailstore_backup_window", variables, begun) as job:
        over.touch()
        assert job.status == "canceled", job.output
        assert eventually(lambda: not processes_of(folder)), processes_of(folder)
        state = simulators.state("mailstore")
        assert (state["instances"]["delta"], state["functions"]["ThawInstances"]) == ("running", 1)
        assert state["sessions"] == 0
