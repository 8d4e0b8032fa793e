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
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from runs import ROOT, Run, eventually, finish, play, start

from simulators.launch import Simulators

INVENTORY = "plugin: mops.maintenance.mailstore_instances\n"
DOWN = {"MAILSTORE_PORT": "1", "MAILSTORE_RETRY_TIMEOUT": "0.1"}
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


# All that is said of hosts that are not there is shown in tests/unit/plugins/lookup/test_no_hosts.py, and of instances,
# in the unit tests of the modules. Here each playbook has one case for each of its own ways to say it.
HEALTH, VERIFY, WINDOW = "mailstore_health", "mailstore_store_verification", "mailstore_backup_window"
MAINTENANCE, SYNC = "mailstore_maintenance", "mailstore_directory_sync"
METRICS, BILLING, ROTATION = "mailstore_metrics", "mailstore_billing", "mailstore_store_rotation"
SIEM, CHANNELS, SHIPPING = "mimecast_siem_collection", "mimecast_event_channels", "mashery_log_shipping"
NO_SUCH = "The server has no instance alhpa. The most alike are "
BACKUP = {f"{WINDOW}_tasks": "backup.yml"}
PUSHED = {f"{METRICS}_dest": "", f"{METRICS}_pushgateway_url": "http://127.0.0.1:1"}
EXPORT, TENANT, DRIFT = "mailstore_export", "mailstore_tenant", "mailstore_drift"
PREVIEW = "mashery_preview"
OFFBOARDING = "mailstore_offboarding"
ONE: dict[str, dict[str, str]] = {
    OFFBOARDING: {"instance": "alpha"},
    "mailstore_instance_move": {"instance": "alpha", "to": "host02.spe.example"},
    "mailstore_password_reset": {"instance": "alpha", "user": "anna", "new_password": "Sesame-0pen"},
}
"""Playbooks about one instance, and their options."""
GATEWAY = "mashery_gateways: {hosts: {localhost: {ansible_connection: local}}}\n"
CONSUMER = "consumers: {hosts: {localhost: {ansible_connection: local}}}\n"
PYTHON = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def limited(name: str, **variables: Any) -> Case:
    """Of a playbook that runs on localhost: ``--limit`` leaves that out."""
    said = "--limit alpha leaves none of the hosts that match localhost"
    return Case(name, "--limit without localhost", said, INVENTORY, variables=variables, options=("--limit", "alpha"))


CASES = [
    Case(MAINTENANCE, "server down", f"could not be read. .*{CONNECTION}", INVENTORY, DOWN),
    Case(
        MAINTENANCE,
        "only a stopped instance, with --limit",
        "--limit gamma leaves none of the hosts that match mailstore_running",
        INVENTORY,
        options=("--limit", "gamma"),
    ),
    Case(
        SYNC,
        "wrong password, check mode",
        f"could not be read. .*{REFUSED}",
        INVENTORY,
        WRONG_PASSWORD,
        options=("--check",),
    ),
    Case(
        SYNC,
        "server down, with --limit",
        "the inventory is empty",
        INVENTORY,
        DOWN,
        options=("--limit", "alpha"),
    ),
    Case(
        SYNC,
        "a typo in the inventory file",
        "There is no option exlude. Is exclude meant",
        f"{INVENTORY}exlude: [alpha]\n",
    ),
    limited(HEALTH),
    Case(
        HEALTH,
        "an instance that is not there, check mode",
        NO_SUCH,
        variables={f"{HEALTH}_instances": ["alhpa"], f"{HEALTH}_allow_empty": True},
        options=("--check",),
    ),
    Case(HEALTH, "everything excluded", "There is no instance to look at", variables={f"{HEALTH}_exclude": ["*"]}),
    Case(
        HEALTH,
        "a pattern of nothing, allowed",
        "Nothing needs doing",
        variables={f"{HEALTH}_instances": ["nope-*"], f"{HEALTH}_allow_empty": True},
        succeeds=True,
    ),
    Case(VERIFY, "server down", CONNECTION, environment=DOWN),
    limited(VERIFY),
    Case(VERIFY, "an instance that is not there", NO_SUCH, variables={f"{VERIFY}_instances": ["alhpa", "beta"]}),
    Case(
        VERIFY,
        "a store that is not there",
        "No instance that was looked at has a store 2062. There are: 2024, 2025, 2026",
        variables={f"{VERIFY}_instances": ["alpha"], f"{VERIFY}_stores": ["2062", "2026"]},
    ),
    Case(
        VERIFY,
        "only a stopped instance, check mode",
        "There is no store to verify. gamma: skipped, the instance is stopped.",
        variables={f"{VERIFY}_instances": ["gamma"]},
        options=("--check",),
    ),
    Case(
        VERIFY,
        "a stopped instance among others",
        "gamma: skipped, the instance is stopped",
        variables={f"{VERIFY}_instances": ["gamma", "delta"]},
        succeeds=True,
    ),
    Case(
        VERIFY,
        "a pattern of nothing, allowed",
        "There is no store to verify",
        variables={f"{VERIFY}_instances": ["nope-*"], f"{VERIFY}_allow_empty": True},
        succeeds=True,
    ),
    Case(
        WINDOW, "wrong password", REFUSED, environment=WRONG_PASSWORD, variables={f"{WINDOW}_instances": "a", **BACKUP}
    ),
    limited(WINDOW, **{f"{WINDOW}_instances": ["alpha"], **BACKUP}),
    Case(
        WINDOW,
        "an instance that is not there, check mode",
        "There is no instance alhpa",
        variables={f"{WINDOW}_instances": ["alhpa"], **BACKUP},
        options=("--check",),
    ),
    Case(
        WINDOW,
        "no instance",
        "mailstore_backup_window_instances names no instance",
        variables={f"{WINDOW}_instances": [], **BACKUP},
    ),
    Case(BILLING, "server down", CONNECTION, environment=DOWN),
    limited(BILLING),
    Case(BILLING, "everything excluded", "There is no instance to bill", variables={f"{BILLING}_exclude": ["*"]}),
    Case(BILLING, "an instance that is not there", NO_SUCH, variables={f"{BILLING}_instances": ["alhpa"]}),
    Case(ROTATION, "wrong password", REFUSED, environment=WRONG_PASSWORD),
    limited(ROTATION),
    Case(
        ROTATION,
        "only a stopped instance",
        "There is no instance whose stores could be rotated. gamma is stopped",
        variables={f"{ROTATION}_instances": ["gamma"]},
    ),
    Case(EXPORT, "server down", CONNECTION, environment=DOWN),
    limited(EXPORT),
    Case(EXPORT, "an instance that is not there", NO_SUCH, variables={f"{EXPORT}_instances": "alhpa"}),
    Case(TENANT, "wrong password", REFUSED, environment=WRONG_PASSWORD, variables={f"{TENANT}_dir": "declared"}),
    limited(TENANT, **{f"{TENANT}_dir": "declared"}),
    Case(TENANT, "no folder", "nowhere does not exist", variables={f"{TENANT}_dir": "nowhere"}),
    Case(
        TENANT,
        "a tenant without a file",
        "There is no document of alhpa. The most alike are alpha",
        variables={f"{TENANT}_dir": "declared", f"{TENANT}_instances": ["alhpa"]},
    ),
    Case(DRIFT, "server down", CONNECTION, environment=DOWN, variables={f"{DRIFT}_dir": "declared"}),
    limited(DRIFT, **{f"{DRIFT}_dir": "declared"}),
    Case(DRIFT, "an empty folder", r"home has no file of a tenant \(\*.yml\)", variables={f"{DRIFT}_dir": "home"}),
    Case(
        DRIFT,
        "a tenant without a file",
        "There is no document of alhpa. The most alike are alpha",
        variables={f"{DRIFT}_dir": "declared", f"{DRIFT}_instances": ["alhpa"]},
    ),
    *(limited(name, **{f"{name}_{option}": value for option, value in given.items()}) for name, given in ONE.items()),
    *(
        Case(
            name,
            "an instance that is not there",
            "no instance alhpa|alhpa.{0,3} was not found",
            variables={f"{name}_{option}": value for option, value in {**given, "instance": "alhpa"}.items()},
        )
        for name, given in ONE.items()
    ),
    limited("mailstore_onboarding", mailstore_onboarding_instance="omega"),
    Case(
        "mailstore_onboarding",
        "no preset",
        "preset.yml is no file. mailstore_onboarding_preset must name one",
        variables={"mailstore_onboarding_instance": "omega", "mailstore_onboarding_preset": "preset.yml"},
    ),
    Case(OFFBOARDING, "server down", CONNECTION, environment=DOWN, variables={f"{OFFBOARDING}_instance": "alpha"}),
    limited(METRICS, **PUSHED),
    Case(METRICS, "server down", CONNECTION, environment=DOWN, variables=PUSHED),
    Case(
        SHIPPING,
        "an inventory without the group",
        "No host matches mashery_gateways. The inventory has these groups: web.*into the group mashery_gateways",
        "web: {hosts: {gw1: }}\n",
    ),
    Case(SHIPPING, "no log", "mashery_log_shipping_logs names no log", GATEWAY, variables={f"{SHIPPING}_logs": []}),
    Case(
        SHIPPING,
        "a log that is not there",
        "No file matches|cannot be read",
        GATEWAY,
        variables={
            f"{SHIPPING}_logs": ["nope*.log"],
            f"{SHIPPING}_ledger_directory": "{{ lookup('ansible.builtin.env', 'HOME') }}/ledgers",
            **PYTHON,
        },
    ),
    Case(PREVIEW, "no inventory", "the inventory is empty.*mashery_gateways"),
    *(
        Case(PREVIEW, situation, said, GATEWAY, variables={f"{PREVIEW}_logs": logs, **PYTHON})
        for situation, logs, said in (
            ("no log", [], "mashery_preview_logs names no log"),
            ("a log that is not there", ["nope*.log"], "No file matches"),
            (
                "no line that makes a record",
                ["{{ inventory_file }}"],
                "None of the first . lines of the logs makes a record",
            ),
        )
    ),
    Case(CHANNELS, "no inventory", "No host matches all: the inventory is empty"),
    Case(
        CHANNELS,
        "no channel",
        "mimecast_event_channels_ids names no event channel",
        CONSUMER,
        variables={f"{CHANNELS}_ids": [], f"{CHANNELS}_path": "./tokens.json", **PYTHON},
    ),
    Case(
        SIEM,
        "a group that is not there",
        "No host matches collector. Is collectors meant",
        "collectors: {hosts: {c1: }}\n",
        variables={f"{SIEM}_hosts": "collector"},
    ),
    Case(
        SIEM,
        "server down",
        "no connection",
        environment={"MIMECAST_BASE_URL": "https://127.0.0.1:1"},
        variables={f"{SIEM}_dest": "./events.jsonl"},
    ),
    Case(
        SIEM,
        "no secret, check mode",
        "auth_method oauth2 needs client_secret",
        environment={"MIMECAST_CLIENT_SECRET": ""},
        variables={f"{SIEM}_dest": "./events.jsonl"},
        options=("--check",),
    ),
]


def run(simulators: Simulators, folder: Path, case: Case) -> Run:
    (folder / "backup.yml").write_text("- {name: Take a snapshot, ansible.builtin.debug: {msg: taken}}\n")
    (folder / "declared").mkdir(exist_ok=True)
    (folder / "declared/alpha.yml").write_text("instance: alpha\njobs: []\n")
    command = ["ansible-playbook", f"mops.maintenance.{case.playbook}"]
    if case.inventory is not None:
        name = "mailstore_instances.yml" if case.inventory.startswith("plugin") else "inventory.yml"
        (folder / name).write_text(case.inventory)
        command += ["-i", name]
    command += [*case.options, "-e", json.dumps(case.variables)]
    return finish(start(command, folder, {**simulators.environment(), **case.environment}))


FIRST = {case.playbook: case for case in reversed(CASES)}
"""Of each playbook its first case."""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=[] if FIRST[case.playbook] is case else [pytest.mark.slow])
        for case in CASES
    ],
)
def test_a_run_without_work_says_so(simulators: Simulators, tmp_path: Path, case: Case) -> None:
    result = run(simulators, tmp_path, case)
    assert (result.returncode == 0) == case.succeeds, result.everything
    assert re.search(r"\s+".join(case.said.split()), result.everything), result.everything


@pytest.mark.parametrize("playbook", [MAINTENANCE, SYNC])
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
    result = finish(start(words, tmp_path, {**simulators.environment(), "MAILSTORE_RETRY_TIMEOUT": "0.1"}))
    assert "SyncUsersWithDirectoryServices" in simulators.state("mailstore")["functions"], result.everything
    assert result.returncode != 0, result.everything
    assert "not all of it could be read" in result.everything


def test_every_playbook_is_in_the_table() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert playbooks - {case.playbook for case in CASES} == {"awx_setup"}, "awx_setup has an AWX to ask"


MODULES: list[tuple[str, dict[str, Any], str]] = [
    *(
        (f"mailstore_{name}", {"instance": "gama", **options}, "gama")
        for name, options in (
            ("maintenance", {"path": "./gama.json"}),
            ("instance", {"state": "started"}),
            ("store", {"name": "2026", "state": "present"}),
            ("job", {"name": "nightly", "state": "absent"}),
            ("user", {"name": "ada", "state": "absent"}),
            ("configuration", {"name": "ComplianceConfiguration", "configuration": {"legalHoldEnabled": True}}),
        )
    ),
    ("mailstore_maintenance", {"instance": "gamma", "path": "./gamma.json"}, "gamma"),
    ("mailstore_info", {"instances": ["gama"]}, "The server has no instance gama. The most alike are gamma"),
    ("mailstore_info", {"instances": []}, "instances must be a list of ids"),
    ("mailstore_backup_window", {"state": "opened", "instances": ["gama"]}, "There is no instance gama"),
    ("mailstore_backup_window", {"state": "closed", "instances": ["gama"]}, "The server has no instance gama"),
    ("mailstore_backup_window", {"state": "closed", "instances": ["nope-*"]}, "The server has no instance nope-*"),
    (
        "mailstore_invoke",
        {"function": "StartInstances", "arguments": {"instanceFilter": "gama"}},
        "the server has no instance gama. Nothing was invoked.",
    ),
    ("mailstore_export", {"instances": ["gama"]}, "The server has no instance gama. The most alike are gamma"),
    ("mailstore_tenant", {}, "There is no document: give src or tenants"),
    ("mailstore_tenant", {"tenants": [{"instance": "gama"}]}, "There is no instance gama"),
    ("mailstore_operation", {"token": "nope"}, "the server does not know the process"),
    ("mashery_event_post", {"src": []}, "src names no log file"),
    ("mashery_event_post", {"src": ["nope*.log"]}, "No file matches nope*.log"),
    ("mimecast_channel_token", {"channel_ids": []}, "channel_ids names no channel"),
    ("mimecast_request", {"path": "/api/nope/nope", "data": []}, "there is no such URL"),
]
"""Every module, asked for something that is not there, and what it says."""


@pytest.mark.slow
def test_a_module_fails_if_what_it_should_work_on_is_not_there(simulators: Simulators, tmp_path: Path) -> None:
    tasks = [
        {f"mops.maintenance.{name}": options, "register": f"result_{number}", "ignore_errors": True}
        for number, (name, options, _words) in enumerate(MODULES)
    ]
    results = "{{ [" + ", ".join(f"result_{number}" for number in range(len(MODULES))) + "] }}"
    save = {"ansible.builtin.copy": {"content": results, "dest": str(tmp_path / "results.json"), "mode": "0600"}}
    run = play(tmp_path, yaml.safe_dump([*tasks, save]), simulators.environment())
    assert run.returncode == 0, run.everything
    for (name, options, said), result in zip(MODULES, json.loads((tmp_path / "results.json").read_text())):
        assert result["failed"], (name, options, result)
        assert said in result["msg"], (name, options, result["msg"])


THAW = """
- ansible.builtin.include_role:
    name: mops.maintenance.mailstore_backup_window
    tasks_from: thaw
"""


@pytest.mark.parametrize(
    ("instances", "allow_empty", "succeeds"), [(["alhpa"], False, False), (["nope-*"], True, True)]
)
def test_thawing_what_is_not_there_is_a_failure(
    simulators: Simulators, tmp_path: Path, instances: list[str], allow_empty: bool, succeeds: bool
) -> None:
    variables = {f"{WINDOW}_instances": instances, f"{WINDOW}_allow_empty": allow_empty}
    result = play(tmp_path, THAW, simulators.environment(), "-e", json.dumps(variables))
    assert (result.returncode == 0) == succeeds, result.everything
    assert succeeds or f"The server has no instance {instances[0]}" in result.everything


@pytest.mark.slow
def test_the_page_of_a_run_that_failed_says_so_and_since_when(simulators: Simulators, tmp_path: Path) -> None:
    variables = {f"{HEALTH}_report_dir": str(tmp_path / "reports"), f"{HEALTH}_fail_on": "never"}
    page, failure = (tmp_path / "reports" / f"mailstore-health{end}" for end in (".html", "-failure.json"))

    def look(**environment: str) -> bool:
        return run(simulators, tmp_path, Case(HEALTH, "", "", None, environment, variables)).returncode == 0

    assert not look(**DOWN)
    first = json.loads(failure.read_text())
    assert CONNECTION in first["reason"]
    assert first["since"] == first["failed_at"]
    assert "What needs doing is not known" in page.read_text()
    assert "instances run" not in page.read_text()
    assert look()
    assert "not known</h1>" not in page.read_text()
    assert not failure.exists()
    assert not look(**DOWN)
    begun = json.loads(failure.read_text())
    assert eventually(lambda: f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}" > begun["failed_at"])
    assert not look(**WRONG_PASSWORD)
    again = json.loads(failure.read_text())
    assert again["since"] == begun["since"] < again["failed_at"]
    assert REFUSED in again["reason"]
    text = page.read_text()
    assert "What needs doing is not known" in text
    assert "refused the login" in text
    assert "All is well" not in text
    assert f'<time datetime="{begun["since"]}" data-age>' in text
    assert "What follows is old" in text
    assert "instances run" in text
    (report,) = (tmp_path / "reports").glob("mailstore-health-2*.json")
    report.write_text("{damaged")
    assert not look(**DOWN)
    assert "What needs doing is not known" in page.read_text()
    assert "instances run" not in page.read_text()
