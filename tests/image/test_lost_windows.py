# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup window whose container is killed, at whatever step: another one closes it, and nothing stays frozen."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
import yaml
from runs import eventually, playbook

from image.conftest import PATIENCE_SECONDS, Container, Containers
from simulators.launch import Simulators

KILLS = int(os.environ.get("MOPS_KILLS", "5"))
"""How many containers are killed. Whoever changes windows tries 50: that takes a quarter of an hour."""

LOST = """
- ansible.builtin.include_role:
    name: mops.maintenance.mailstore_backup_window
    tasks_from: lost
"""


@pytest.fixture(autouse=True)
def written(folder: Path) -> None:
    playbook(folder, LOST)
    (folder / "backup.yml").write_text(
        f"- ansible.builtin.shell: touch {folder}/begun; sleep {{{{ nap | default(60) }}}}\n"
    )


def window(containers: Containers, instances: str, **variables: str) -> Container:
    names = {"mailstore_backup_window_instances": instances, "mailstore_backup_window_tasks": "backup.yml"}
    return containers.play("mailstore_backup_window", {**names, **variables})


def close_lost(containers: Containers) -> str:
    status, output = containers.start("ansible-playbook", "playbook.yml").ended()
    assert status == 0, output
    return output


def frozen(simulators: Simulators) -> list[str]:
    instances = simulators.state("mailstore")["instances"]
    return [name for name, status in instances.items() if status == "frozen"]


def leases(folder: Path) -> list[dict[str, object]]:
    return [yaml.safe_load(path.read_text()) for path in folder.glob("state/**/*.window.json")]


def test_a_killed_window_is_closed_and_another_one_is_not(
    simulators: Simulators, containers: Containers, folder: Path
) -> None:
    killed = window(containers, "delta")
    assert eventually((folder / "begun").exists, PATIENCE_SECONDS)
    (folder / "begun").unlink()
    open_one = window(containers, "alpha")
    assert eventually((folder / "begun").exists, PATIENCE_SECONDS)
    killed.kill()
    assert frozen(simulators) == ["alpha", "delta"]
    output = close_lost(containers)
    assert "A backup window was lost: the window on delta" in " ".join(output.split())
    assert frozen(simulators) == ["alpha"]
    assert [lease["instances"] for lease in leases(folder)] == [["alpha"]]
    open_one.stop()
    assert (frozen(simulators), leases(folder)) == ([], [])


def test_a_new_window_closes_the_lost_one_first(simulators: Simulators, containers: Containers, folder: Path) -> None:
    killed = window(containers, "delta")
    assert eventually((folder / "begun").exists, PATIENCE_SECONDS)
    killed.kill()
    status, output = window(containers, "delta", nap="0").ended()
    assert status == 0, output
    assert "A backup window was lost" in " ".join(output.split())
    assert (frozen(simulators), leases(folder)) == ([], [])


@pytest.mark.parametrize("number", range(KILLS))
def test_a_window_that_is_killed_at_any_step_leaves_nothing_frozen(
    simulators: Simulators, containers: Containers, folder: Path, number: int
) -> None:
    moment = random.Random(number).uniform(0.5, 6.0)
    simulators.processes({"function": "FreezeInstances", "seconds": 1.5, "steps": 3})
    container = window(containers, "alpha,delta", nap="1")
    time.sleep(moment)  # from before the lease is written until after the window is closed
    container.kill()
    while leases(folder):
        close_lost(containers)
    processes = simulators.state("mailstore")["processes"]
    assert "running" not in [process["status_code"] for process in processes]
    assert frozen(simulators) == []


def test_closing_that_is_killed_itself_is_done_by_the_next(
    simulators: Simulators, containers: Containers, folder: Path
) -> None:
    killed = window(containers, "delta")
    assert eventually((folder / "begun").exists, PATIENCE_SECONDS)
    killed.kill()
    simulators.faults(
        "mailstore", [{"action": "status", "status": 503, "path": "/api/invoke/ThawInstances", "times": 9}]
    )
    (path,) = folder.glob("state/**/*.window.json")
    closing = containers.start("ansible-playbook", "playbook.yml")
    assert eventually(lambda: not path.exists(), PATIENCE_SECONDS)  # it was taken over
    closing.kill()
    assert frozen(simulators) == ["delta"]
    simulators.clear_faults("mailstore")
    close_lost(containers)
    assert (frozen(simulators), leases(folder)) == ([], [])
