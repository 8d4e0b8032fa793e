# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container that is stopped has ended as promised: cancelled, logged out, thawed."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import eventually

from image.conftest import PATIENCE_SECONDS, Containers
from image.podman import podman
from simulators.launch import Simulators

STOPS = {
    "podman stop": lambda container: container.stop(),
    "Ctrl-C": lambda container: podman("kill", "--signal", "INT", container.name),
    "terminal closed": lambda container: podman("kill", "--signal", "HUP", container.name),
}


@pytest.mark.parametrize("how", STOPS)
def test_a_verification_is_cancelled_when_its_container_is_stopped(
    simulators: Simulators, containers: Containers, how: str
) -> None:
    simulators.processes({"seconds": 600, "steps": 600})
    # Longer than ansible-playbook takes to end, which is what the container ends with.
    simulators.faults("mailstore", [{"action": "delay", "seconds": 3, "path": "/api/cancel-async"}])
    variables = {"mailstore_store_verification_instances": "alpha,beta"}
    container = containers.play("mailstore_store_verification", variables)
    running = {"running"}
    assert eventually(
        lambda: {p["status_code"] for p in simulators.state("mailstore")["processes"]} == running, PATIENCE_SECONDS
    )
    STOPS[how](container)
    status, output = container.ended()
    state = simulators.state("mailstore")
    assert {process["status_code"] for process in state["processes"]} == {"cancelled"}, output
    assert state["sessions"] == 0
    assert status != 0


@pytest.mark.parametrize("how", STOPS)
def test_a_backup_window_is_closed_when_its_container_is_stopped(
    simulators: Simulators, containers: Containers, folder: Path, how: str
) -> None:
    (folder / "backup.yml").write_text(f"- ansible.builtin.shell: touch {folder}/begun; sleep 60\n")
    variables = {"mailstore_backup_window_instances": "delta", "mailstore_backup_window_tasks": "backup.yml"}
    container = containers.play("mailstore_backup_window", variables)
    assert eventually((folder / "begun").exists, PATIENCE_SECONDS), container.ended(1)
    assert simulators.state("mailstore")["instances"]["delta"] == "frozen"
    simulators.faults("mailstore", [{"action": "delay", "seconds": 3, "path": "/api/invoke/ThawInstances"}])
    STOPS[how](container)
    _status, output = container.ended()
    state = simulators.state("mailstore")
    assert (state["instances"]["delta"], state["sessions"]) == ("running", 0), output


def test_a_container_ends_with_its_command_where_nothing_is_left(containers: Containers) -> None:
    container = containers.start("sh", "-c", "echo done; exit 7")
    assert container.ended() == (7, "done\n")


def test_what_does_not_end_is_waited_for_in_vain_and_not_for_ever(containers: Containers) -> None:
    script = "(trap '' TERM; sleep 100 & wait; sleep 100) & echo done"
    container = containers.start("sh", "-c", script, options=["--env", "MOPS_END_LAST_SECONDS=2"])
    assert container.ended()[0] == 0


def test_want_of_memory_is_said(containers: Containers) -> None:
    hog = ["python3", "-c", "print(len(bytearray(10**9)))"]
    status, output = containers.start(*hog, options=["--memory", "64m", "--memory-swap", "64m"]).ended()
    assert status == 137
    assert "for want of memory" in output


def test_what_a_container_reads_reaches_its_command(containers: Containers, folder: Path) -> None:
    (folder / "in").write_text("a line\n")
    with (folder / "in").open("rb") as stdin:
        container = containers.start("cat", options=["--interactive"], stdin=stdin)
    assert container.ended() == (0, "a line\n")
