# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who asked for work and got none learns it: the run fails, with the reason, unless an option allows it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from runs import Run, finish, start

from simulators.launch import Simulators

INVENTORY = "plugin: mops.maintenance.mailstore_instances\n"
DOWN = {"MAILSTORE_PORT": "1"}
WRONG_PASSWORD = {"MAILSTORE_PASSWORD": "wrong"}

CONNECTION = "no connection: connection refused"
REFUSED = "the server refused the login of 'admin'"


@dataclass(frozen=True)
class Case:
    """A run that finds nothing to do, and what it says."""

    playbook: str
    situation: str
    said: str
    """A regular expression, in which white space stands for any."""
    inventory: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    succeeds: bool = False

    def __str__(self) -> str:
        return f"{self.playbook}, {self.situation}"


def over_inventory(name: str) -> list[Case]:
    """The cases of a playbook whose hosts are instances."""
    hosts = f"{name}_hosts"
    return [
        Case(name, "server down", f"could not be read. .*{CONNECTION}", INVENTORY, DOWN),
        Case(
            name, "server down, with --limit", "the inventory is empty", INVENTORY, DOWN, options=("--limit", "alpha")
        ),
        Case(name, "wrong password", f"could not be read. .*{REFUSED}", INVENTORY, WRONG_PASSWORD),
        Case(name, "no inventory", "No host matches mailstore_running: the inventory is empty"),
        Case(
            name,
            "a typo in the inventory file",
            "There is no option exlude. Is exclude meant",
            f"{INVENTORY}exlude: [alpha]\n",
        ),
        Case(name, "everything excluded", "No host matches mailstore_running", f"{INVENTORY}exclude: ['*']\n"),
        Case(
            name,
            "a group that is not there",
            "No host matches mailstore_runing. Is mailstore_running meant",
            INVENTORY,
            variables={hosts: "mailstore_runing"},
        ),
        Case(
            name,
            "only a stopped instance, with --limit",
            "--limit gamma leaves none of the hosts that match mailstore_running",
            INVENTORY,
            options=("--limit", "gamma"),
        ),
        Case(
            name, "server down, check mode", f"could not be read. .*{CONNECTION}", INVENTORY, DOWN, options=("--check",)
        ),
    ]


def over_server(name: str, **variables: Any) -> list[Case]:
    """The cases of a playbook that runs on localhost, about a server as a whole."""
    return [
        Case(name, "server down", CONNECTION, environment=DOWN, variables=variables),
        Case(name, "wrong password", REFUSED, environment=WRONG_PASSWORD, variables=variables),
        Case(
            name,
            "--limit without localhost",
            "--limit alpha leaves none of the hosts that match localhost",
            INVENTORY,
            variables=variables,
            options=("--limit", "alpha"),
        ),
    ]


CASES = [
    *over_inventory("mailstore_maintenance"),
    *over_inventory("mailstore_directory_sync"),
    *over_server("mailstore_health"),
    *over_server("mailstore_store_verification"),
    *over_server(
        "mailstore_backup_window",
        mailstore_backup_window_instances=["alpha"],
        mailstore_backup_window_tasks="backup.yml",
    ),
    Case("mashery_log_shipping", "no inventory", "the inventory is empty.*mashery_gateways"),
    Case(
        "mashery_log_shipping",
        "an inventory without the group",
        "No host matches mashery_gateways. The inventory has these groups: web.*into the group mashery_gateways",
        "web: {hosts: {gw1: }}\n",
    ),
    Case("mimecast_event_channels", "no inventory", "No host matches all: the inventory is empty"),
    Case(
        "mimecast_event_channels",
        "a group that is not there",
        "No host matches consumer. Is consumers meant",
        "consumers: {hosts: {c1: }}\n",
        variables={"mimecast_event_channels_hosts": "consumer"},
    ),
]


def run(simulators: Simulators, folder: Path, case: Case) -> Run:
    command = ["ansible-playbook", f"mops.maintenance.{case.playbook}"]
    if case.inventory is not None:
        name = "mailstore_instances.yml" if case.inventory.startswith("plugin") else "inventory.yml"
        (folder / name).write_text(case.inventory)
        command += ["-i", name]
    command += [*case.options, "-e", json.dumps(case.variables)]
    return finish(start(command, folder, {**simulators.environment(), **case.environment}))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_run_without_work_says_so(simulators: Simulators, tmp_path: Path, case: Case) -> None:
    result = run(simulators, tmp_path, case)
    assert (result.returncode == 0) == case.succeeds, result.everything
    assert re.search(r"\s+".join(case.said.split()), result.everything), result.everything


@pytest.mark.parametrize("playbook", ["mailstore_maintenance", "mailstore_directory_sync"])
def test_a_wrong_password_over_a_cached_inventory_is_tried_once(
    simulators: Simulators, tmp_path: Path, playbook: str
) -> None:
    cached = f"{INVENTORY}cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: {tmp_path}/cache\n"
    (tmp_path / "mailstore_instances.yml").write_text(cached)
    listing = ["ansible-inventory", "-i", "mailstore_instances.yml", "--list"]
    assert finish(start(listing, tmp_path, simulators.environment())).returncode == 0
    result = run(simulators, tmp_path, Case(playbook, "", "", cached, WRONG_PASSWORD))
    assert result.returncode != 0, result.everything
    assert REFUSED in " ".join(result.everything.split())
    assert simulators.state("mailstore")["refused_logins"] == 1


def test_one_of_two_servers_that_is_down_keeps_no_work_from_the_other_and_fails_the_run(
    simulators: Simulators, tmp_path: Path
) -> None:
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "a.mailstore_instances.yml").write_text(f"{INVENTORY}include: [delta]\n")
    (folder / "b.mailstore_instances.yml").write_text(f"{INVENTORY}port: 1\n")
    words = ["ansible-playbook", "mops.maintenance.mailstore_directory_sync", "-i", str(folder)]
    result = finish(start(words, tmp_path, simulators.environment()))
    assert "SyncUsersWithDirectoryServices" in simulators.state("mailstore")["functions"], result.everything
    assert result.returncode != 0, result.everything
    assert "not all of it could be read" in result.everything


def test_every_playbook_is_in_the_table() -> None:
    playbooks = {path.stem for path in (Path(__file__).parents[2] / "playbooks").glob("*.yml")}
    assert playbooks - {case.playbook for case in CASES} == {"awx_setup"}, "awx_setup has an AWX to ask"
