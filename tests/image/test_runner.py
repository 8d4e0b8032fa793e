# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them in a pod: ansible-runner sends a job to a container, and the container is stopped."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from runs import eventually

from image.conftest import PATIENCE_SECONDS, Container, Containers
from simulators.launch import Simulators

INVENTORY = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"


def job(containers: Containers, folder: Path, playbook: str, variables: Mapping[str, str]) -> Container:
    """A container in which ansible-runner works on the job."""
    data = folder / "job"
    for name in ("env", "inventory", "project"):
        (data / name).mkdir(parents=True)
    (data / "project/play.yml").write_text(f"- ansible.builtin.import_playbook: mops.maintenance.{playbook}\n")
    (data / "env/extravars").write_text(json.dumps(variables))
    (data / "inventory/hosts").write_text(INVENTORY)
    command = ["ansible-runner", "transmit", str(data), "--playbook", "play.yml"]
    sent = subprocess.run(command, check=True, capture_output=True).stdout
    (folder / "sent").write_bytes(sent)
    with (folder / "sent").open("rb") as stdin:
        words = ["ansible-runner", "worker", "--private-data-dir=/runner"]
        return containers.start(*words, options=["--interactive", "--tmpfs", "/runner:mode=0777"], stdin=stdin)


def test_a_job_that_is_cancelled_in_a_pod_has_cancelled_and_logged_out(
    simulators: Simulators, containers: Containers, folder: Path
) -> None:
    simulators.processes({"seconds": 600, "steps": 600})
    simulators.faults("mailstore", [{"action": "delay", "seconds": 6, "path": "/api/cancel-async"}])
    pod = job(containers, folder, "mailstore_store_verification", {"mailstore_store_verification_instances": "alpha"})
    assert eventually(lambda: bool(simulators.state("mailstore")["processes"]), PATIENCE_SECONDS), pod.ended(1)
    pod.stop()
    _status, output = pod.ended()
    state = simulators.state("mailstore")
    assert {process["status_code"] for process in state["processes"]} == {"cancelled"}, output
    assert state["sessions"] == 0


def test_a_backup_that_is_cancelled_in_a_pod_has_thawed(
    simulators: Simulators, containers: Containers, folder: Path
) -> None:
    (folder / "backup.yml").write_text(f"- ansible.builtin.shell: touch {folder}/begun; sleep 60\n")
    variables = {
        "mailstore_backup_window_instances": "delta",
        "mailstore_backup_window_tasks": str(folder / "backup.yml"),
    }
    simulators.faults("mailstore", [{"action": "delay", "seconds": 6, "path": "/api/invoke/ThawInstances"}])
    pod = job(containers, folder, "mailstore_backup_window", variables)
    assert eventually((folder / "begun").exists, PATIENCE_SECONDS), pod.ended(1)
    pod.stop()
    _status, output = pod.ended()
    state = simulators.state("mailstore")
    assert (state["instances"]["delta"], state["sessions"]) == ("running", 0), output
    assert list(folder.glob("state/**/*.window.json")) == []
