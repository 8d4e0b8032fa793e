# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later


"""A fleet is maintained through its inventory: what is due, in turn and once, whatever ends a run or comes between."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from runs import Run, eventually, finish, kill, processes_of, start

from simulators.launch import Options, Simulators, running
from simulators.mailstore.fleet import build

INSTANCES = int(os.environ.get("MOPS_FLEET", "4"))
"""Whoever changes how a fleet is maintained tries 300."""


@pytest.fixture
def fleet() -> Iterator[Simulators]:
    with running(Options(fleet=INSTANCES, seed=7, mailstore_process_seconds=0.2)) as simulators:
        yield simulators


def command(folder: Path, *options: str, **variables: Any) -> list[str]:
    inventory = folder / "mailstore_instances.yml"
    inventory.write_text("plugin: mops.maintenance.mailstore_instances\n")
    given = {"state_dir": str(folder / "state"), "compact_days": 0, **variables}
    extra = json.dumps({f"mailstore_maintenance_{name}": value for name, value in given.items()})
    playbook = ["ansible-playbook", "mops.maintenance.mailstore_maintenance", "-i", str(inventory), "--forks", "10"]
    return [*playbook, "-e", extra, *options]


def maintain(simulators: Simulators, folder: Path, *options: str, **variables: Any) -> Run:
    return finish(start(command(folder, *options, **variables), folder, simulators.environment()), 300)


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


def remembered(folder: Path) -> int:
    """How many stores are on record as verified. Other files are there as well, and go, while a run goes on."""
    count = 0
    for path in records(folder):
        with suppress(OSError):
            count += sum("verified" in entry for entry in json.loads(path.read_text()).get("stores", {}).values())
    return count


def test_what_a_killed_run_has_done_is_not_done_again(fleet: Simulators, tmp_path: Path) -> None:
    process = start(["setsid", *command(tmp_path)], tmp_path, fleet.environment())
    while not remembered(tmp_path):
        assert process.poll() is None, finish(process).everything
        time.sleep(0.1)
    kill(process)
    assert eventually(lambda: not processes_of(tmp_path)), processes_of(tmp_path)
    assert fleet.state("mailstore")["sessions"] == 0
    done = remembered(tmp_path)
    before = functions(fleet)["VerifyStore"]
    assert maintain(fleet, tmp_path).returncode == 0
    assert functions(fleet)["VerifyStore"] - before == len(stores(fleet, tmp_path)) - done


TENANTS = 6
NIGHTS = 20
NIGHT_SECONDS = 20.0


@pytest.fixture
def tenants() -> Iterator[Simulators]:
    """Instances that run, with one store in use each."""
    seed = 9
    with running(Options(fleet=TENANTS, seed=seed, mailstore_process_seconds=0.2)) as simulators:
        assert set(simulators.state("mailstore")["instances"].values()) == {"running"}
        others = [
            {"instanceID": instance.id, "id": store.id, "requested_state": "disabled"}
            for instance in build("anybody", TENANTS, seed).instances.values()
            for store in instance.stores[1:]
        ]
        simulators.control("mailstore", "POST", "archive", others)
        yield simulators


def records(folder: Path) -> list[Path]:
    return sorted((folder / "state").rglob("[!.]*.json"))


def a_day_passes(folder: Path) -> None:
    """What was done is a day older."""
    for path in records(folder):
        document = json.loads(path.read_text())
        for entry in document["stores"].values():
            for key in set(entry) - {"name", "path"}:
                entry[key] = f"{datetime.fromisoformat(entry[key].rstrip('Z')) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        path.write_text(json.dumps(document))


def verified(simulators: Simulators) -> list[str]:
    """The instances whose store was verified, in the order in which that began."""
    calls = simulators.state("mailstore")["invocations"]
    return [call["arguments"]["instanceID"] for call in calls if call["function"] == "VerifyStore"]


@pytest.mark.slow
def test_over_some_nights_each_tenant_has_its_turn(tenants: Simulators, tmp_path: Path) -> None:
    # A verification lasts as long as the night, so in each night two are begun at most, one in each fork. Where the
    # machine is so busy that a night is over before one could begin, another night follows.
    tenants.settings("mailstore", process_seconds=NIGHT_SECONDS)
    for _night in range(NIGHTS):
        before = len(verified(tenants))
        night = maintain(tenants, tmp_path, "--forks", "2", budget=NIGHT_SECONDS, verify_days=1, overdue_days=1)
        assert night.returncode == 0, night.everything
        assert "Left for another time" in night.stdout
        assert len(verified(tenants)) <= before + 2
        a_day_passes(tmp_path)
        if len(verified(tenants)) > TENANTS:  # one has had its second turn
            break
    done = verified(tenants)
    assert len(set(done)) == TENANTS
    for count in range(1, len(done) + 1):
        times = Counter(done[:count])
        assert max(times.values()) - min(times[name] for name in set(done)) <= 1, done
    assert "Overdue for maintenance" in night.stdout


@pytest.mark.slow
def test_two_runs_at_once_do_nothing_twice_and_the_second_says_who_has_it(tenants: Simulators, tmp_path: Path) -> None:
    tenants.settings("mailstore", process_seconds=3600)
    first = start(["setsid", *command(tmp_path)], tmp_path, tenants.environment())
    while len(verified(tenants)) < TENANTS:
        assert first.poll() is None, finish(first).everything
        time.sleep(0.1)
    second = maintain(tenants, tmp_path)
    skipping = maintain(tenants, tmp_path, on_locked="skip")
    kill(first)
    assert second.returncode != 0, second.everything
    assert f"Instances with failures: {TENANTS} of {TENANTS}" in second.stdout
    assert "is in use by another run (process " in second.stdout
    assert skipping.returncode == 0, skipping.everything
    assert "Not maintained, since another run does so" in skipping.stdout
    assert set(Counter(verified(tenants)).values()) == {1}


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_done(tenants: Simulators, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = maintain(tenants, tmp_path, state_dir=str(tmp_path / "file" / "state"))
    assert result.returncode != 0
    assert "cannot be written" in result.stdout
    assert verified(tenants) == []


@pytest.mark.slow
def test_a_night_with_a_wrong_clock_ends_no_verification(tenants: Simulators, tmp_path: Path) -> None:
    assert maintain(tenants, tmp_path).returncode == 0
    for path in records(tmp_path):
        path.write_text(path.read_text().replace(f'"verified": "{datetime.now():%Y}', '"verified": "2199'))
    again = maintain(tenants, tmp_path)
    assert again.returncode == 0, again.everything
    assert "in the future" in again.everything
    assert set(Counter(verified(tenants)).values()) == {2}


@pytest.mark.slow
def test_repairs_have_a_budget_and_work_is_chosen(tenants: Simulators, tmp_path: Path) -> None:
    names = tenants.state("mailstore")["instances"]
    changes = [{"instanceID": name, "id": 1, "needs_upgrade": True} for name in names]
    tenants.control("mailstore", "POST", "archive", changes)
    none = maintain(tenants, tmp_path, budget=0, repair_budget=0)
    assert none.returncode == 0, none.everything
    assert [name for name in functions(tenants) if not name.startswith("Get")] == []
    assert f"upgrade: {TENANTS} left" in none.stdout
    assert f"verify: {TENANTS} left" in none.stdout
    day = maintain(tenants, tmp_path, only=["upgrade"], concurrency=2)
    assert day.returncode == 0, day.everything
    assert f"upgrade: {TENANTS} done" in day.stdout
    assert "verify" not in day.stdout
    assert verified(tenants) == []
