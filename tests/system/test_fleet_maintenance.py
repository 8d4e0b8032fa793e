# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later


"""A fleet is maintained through its inventory: what is due, once, and what a killed run did is not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import Run, eventually, finish, kill, processes_of, start

from simulators.launch import Options, Simulators, running

INSTANCES = 16


@pytest.fixture
def fleet() -> Iterator[Simulators]:
    with running(Options(fleet=INSTANCES, seed=7, mailstore_process_seconds=0.2)) as simulators:
        yield simulators


def command(folder: Path, *options: str) -> list[str]:
    inventory = folder / "mailstore_instances.yml"
    inventory.write_text("plugin: mops.maintenance.mailstore_instances\n")
    variables = {"mailstore_maintenance_state_dir": str(folder / "state"), "mailstore_maintenance_compact_days": 0}
    playbook = ["ansible-playbook", "mops.maintenance.mailstore_maintenance", "-i", str(inventory), "--forks", "10"]
    return [*playbook, "-e", json.dumps(variables), *options]


def maintain(simulators: Simulators, folder: Path, *options: str) -> Run:
    return finish(start(command(folder, *options), folder, simulators.environment()), 300)


def functions(simulators: Simulators) -> dict[str, int]:
    counted: dict[str, int] = simulators.state("mailstore")["functions"]
    return counted


def stores(simulators: Simulators, folder: Path) -> list[dict[str, Any]]:
    """Every store of every instance that runs, as the health report has it."""
    environment = simulators.environment()
    variables = {"mailstore_health_report_dir": str(folder / "reports"), "mailstore_health_fail_on": "never"}
    words = ["ansible-playbook", "mops.maintenance.mailstore_health", "-e", json.dumps(variables)]
    result = finish(start(words, folder, environment))
    assert result.returncode == 0, result.everything
    (report,) = (folder / "reports").glob("*.json")
    rows = json.loads(report.read_text())["storage"]["instances"]
    return [store for row in rows for store in row["stores"]]


def test_a_second_run_over_a_fleet_finds_nothing_to_do(fleet: Simulators, tmp_path: Path) -> None:
    first = maintain(fleet, tmp_path)
    assert first.returncode == 0, first.everything
    before = functions(fleet)
    assert before["VerifyStore"] == len(stores(fleet, tmp_path))
    known = functions(fleet)
    second = maintain(fleet, tmp_path)
    assert second.returncode == 0, second.everything
    assert "changed=1" not in second.stdout
    after = functions(fleet)
    running = list(fleet.state("mailstore")["instances"].values()).count("running")
    assert after["GetStores"] - known["GetStores"] == running
    assert {name: count for name, count in after.items() if not name.startswith("Get")} == {
        name: count for name, count in before.items() if not name.startswith("Get")
    }
    assert fleet.state("mailstore")["sessions"] == 0


def test_check_mode_names_what_is_due_and_does_nothing(fleet: Simulators, tmp_path: Path) -> None:
    result = maintain(fleet, tmp_path, "--check")
    assert result.returncode == 0, result.everything
    assert "changed=1" in result.stdout
    assert [name for name in functions(fleet) if not name.startswith("Get")] == []
    assert not (tmp_path / "state").exists()


def test_what_a_killed_run_has_done_is_not_done_again(fleet: Simulators, tmp_path: Path) -> None:
    process = start(["setsid", *command(tmp_path)], tmp_path, fleet.environment())
    while functions(fleet).get("VerifyStore", 0) < 12:
        assert process.poll() is None, finish(process).everything
        time.sleep(0.1)
    kill(process)
    assert eventually(lambda: not processes_of(tmp_path)), processes_of(tmp_path)
    assert fleet.state("mailstore")["sessions"] == 0
    remembered = sum(
        "verified" in entry
        for path in (tmp_path / "state").rglob("*.json")
        for entry in json.loads(path.read_text())["stores"].values()
    )
    assert remembered > 0
    before = functions(fleet)["VerifyStore"]
    assert maintain(fleet, tmp_path).returncode == 0
    assert functions(fleet)["VerifyStore"] - before == len(stores(fleet, tmp_path)) - remembered
