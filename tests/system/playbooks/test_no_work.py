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
    *over_server(
        "mailstore_metrics", mailstore_metrics_dest="", mailstore_metrics_pushgateway_url="http://127.0.0.1:1"
    ),
    *over_server("mailstore_billing"),
    Case(
        "mailstore_billing",
        "everything excluded",
        "There is no instance to bill",
        variables={"mailstore_billing_exclude": ["*"]},
    ),
    Case(
        "mailstore_billing",
        "an instance that is not there",
        "has no instance alhpa",
        variables={"mailstore_billing_instances": ["alhpa"]},
    ),
    *over_server("mailstore_offboarding", mailstore_offboarding_instance="alpha"),
    *over_server("mailstore_instance_move", mailstore_instance_move_instance="alpha", mailstore_instance_move_to="h"),
    *over_server(
        "mailstore_password_reset",
        mailstore_password_reset_instance="alpha",
        mailstore_password_reset_user="anna",
        mailstore_password_reset_new_password="Sesame-0pen",
    ),
    *(
        Case(
            name,
            "an instance that is not there",
            "no instance alhpa|alhpa.{0,3} was not found",
            variables={f"{name}_instance": "alhpa", **variables},
        )
        for name, variables in (
            ("mailstore_offboarding", {}),
            ("mailstore_instance_move", {"mailstore_instance_move_to": "host02.spe.example"}),
            (
                "mailstore_password_reset",
                {"mailstore_password_reset_user": "anna", "mailstore_password_reset_new_password": "Sesame-0pen"},
            ),
        )
    ),
    *over_server("mailstore_store_rotation"),
    Case(
        "mailstore_store_rotation",
        "only a stopped instance",
        "There is no instance whose stores could be rotated. gamma is stopped",
        variables={"mailstore_store_rotation_instances": ["gamma"]},
    ),
    *over_server("mailstore_store_verification"),
    *over_server("mailstore_export"),
    *over_server("mailstore_tenant", mailstore_tenant_dir="declared"),
    *over_server("mailstore_drift", mailstore_drift_dir="declared"),
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
    Case("mashery_preview", "no inventory", "the inventory is empty.*mashery_gateways"),
    Case("mimecast_event_channels", "no inventory", "No host matches all: the inventory is empty"),
    Case(
        "mimecast_event_channels",
        "a group that is not there",
        "No host matches consumer. Is consumers meant",
        "consumers: {hosts: {c1: }}\n",
        variables={"mimecast_event_channels_hosts": "consumer"},
    ),
    Case(
        "mimecast_siem_collection",
        "a group that is not there",
        "No host matches collector. Is collectors meant",
        "collectors: {hosts: {c1: }}\n",
        variables={"mimecast_siem_collection_hosts": "collector"},
    ),
    Case(
        "mimecast_siem_collection",
        "--limit without its host",
        "--limit c1 leaves none of the hosts that match localhost",
        "collectors: {hosts: {c1: }}\n",
        options=("--limit", "c1"),
    ),
    *(
        Case(
            "mimecast_siem_collection",
            situation,
            said,
            environment=environment,
            variables={"mimecast_siem_collection_dest": "./events.jsonl"},
            options=options,
        )
        for situation, said, environment in (
            ("server down", "no connection", {"MIMECAST_BASE_URL": "https://127.0.0.1:1"}),
            ("wrong secret", "no token for this client_id and client_secret", {"MIMECAST_CLIENT_SECRET": "wrong"}),
            ("no secret", "auth_method oauth2 needs client_secret", {"MIMECAST_CLIENT_SECRET": ""}),
        )
        for options in ((), ("--check",))
    ),
]

NO_SUCH = "The server has no instance {}. The most alike are "
VERIFY, HEALTH, WINDOW = "mailstore_store_verification", "mailstore_health", "mailstore_backup_window"
BACKUP = {f"{WINDOW}_tasks": "backup.yml"}
EXPORT, TENANT, DRIFT = "mailstore_export", "mailstore_tenant", "mailstore_drift"

CASES += [
    *(
        Case(
            name, f"an instance that is not there{mode}", NO_SUCH.format("alhpa"), variables=variables, options=options
        )
        for name, variables in (
            (HEALTH, {f"{HEALTH}_instances": ["alhpa"]}),
            (HEALTH, {f"{HEALTH}_instances": ["alhpa"], f"{HEALTH}_allow_empty": True}),
            (VERIFY, {f"{VERIFY}_instances": ["alhpa", "beta"]}),
        )
        for mode, options in (("", ()), (", check mode", ("--check",)))
    ),
    Case(EXPORT, "an instance that is not there", NO_SUCH.format("alhpa"), variables={f"{EXPORT}_instances": "alhpa"}),
    *(
        Case(name, situation, said, variables={f"{name}_{variable}": value})
        for name in (TENANT, DRIFT)
        for situation, said, variable, value in (
            ("no folder", "nowhere does not exist", "dir", "nowhere"),
            ("an empty folder", r"home has no file of a tenant \(\*.yml\)", "dir", "home"),
        )
    ),
    *(
        Case(
            name,
            "a tenant without a file",
            "There is no document of alhpa. The most alike are alpha",
            variables={f"{name}_dir": "declared", f"{name}_instances": ["alhpa"]},
        )
        for name in (TENANT, DRIFT)
    ),
    Case(HEALTH, "a pattern of nothing", NO_SUCH.format(r"nope-\*"), variables={f"{HEALTH}_instances": ["nope-*"]}),
    Case(VERIFY, "a pattern of nothing", NO_SUCH.format(r"nope-\*"), variables={f"{VERIFY}_instances": "nope-*"}),
    Case(HEALTH, "everything excluded", "There is no instance to look at", variables={f"{HEALTH}_exclude": ["*"]}),
    Case(
        HEALTH,
        "a pattern of nothing, allowed",
        "Nothing needs doing",
        variables={f"{HEALTH}_instances": ["nope-*"], f"{HEALTH}_allow_empty": True},
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
        VERIFY,
        "a store that is not there",
        "No instance that was looked at has a store 2062. There are: 2024, 2025, 2026",
        variables={f"{VERIFY}_instances": ["alpha"], f"{VERIFY}_stores": ["2062", "2026"]},
    ),
    Case(
        VERIFY,
        "only a stopped instance",
        "There is no store to verify. gamma: skipped, the instance is stopped.",
        variables={f"{VERIFY}_instances": ["gamma"]},
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
    Case(VERIFY, "everything excluded", "There is no store to verify", variables={f"{VERIFY}_exclude": "*"}),
    *(
        Case(WINDOW, situation, said, variables={f"{WINDOW}_instances": names, **BACKUP}, options=options)
        for situation, said, names, options in (
            ("an instance that is not there", "There is no instance alhpa. Nothing was frozen", ["alhpa"], ()),
            ("an instance that is not there, check mode", "There is no instance alhpa", ["alhpa"], ("--check",)),
            ("a pattern of nothing", r"There is no instance nope-\*. Nothing was frozen", ["nope-*"], ()),
            ("a stopped instance", "Only instances that run can be frozen, and gamma is stopped", ["gamma"], ()),
            ("no instance", "mailstore_backup_window_instances names no instance", [], ()),
        )
    ),
    Case(
        "mashery_log_shipping",
        "no log",
        "mashery_log_shipping_logs names no log",
        "mashery_gateways: {hosts: {localhost: {ansible_connection: local}}}\n",
        variables={"mashery_log_shipping_logs": []},
    ),
    Case(
        "mashery_log_shipping",
        "a log that is not there",
        "No file matches|cannot be read",
        "mashery_gateways: {hosts: {localhost: {ansible_connection: local}}}\n",
        variables={
            "mashery_log_shipping_logs": ["nope*.log"],
            "mashery_log_shipping_ledger_directory": "{{ lookup('ansible.builtin.env', 'HOME') }}/ledgers",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        },
    ),
    *(
        Case(
            "mashery_preview",
            situation,
            said,
            "mashery_gateways: {hosts: {localhost: {ansible_connection: local}}}\n",
            variables={"mashery_preview_logs": logs, "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        )
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
    Case(
        "mimecast_event_channels",
        "no channel",
        "mimecast_event_channels_ids names no event channel",
        "consumers: {hosts: {localhost: {ansible_connection: local}}}\n",
        variables={
            "mimecast_event_channels_ids": [],
            "mimecast_event_channels_path": "./tokens.json",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        },
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
    ("instances", "allow_empty", "succeeds"),
    [(["alhpa"], False, False), (["nope-*"], False, False), (["nope-*"], True, True), (["*"], False, True)],
)
def test_thawing_what_is_not_there_is_a_failure(
    simulators: Simulators, tmp_path: Path, instances: list[str], allow_empty: bool, succeeds: bool
) -> None:
    variables = {f"{WINDOW}_instances": instances, f"{WINDOW}_allow_empty": allow_empty}
    result = play(tmp_path, THAW, simulators.environment(), "-e", json.dumps(variables))
    assert (result.returncode == 0) == succeeds, result.everything
    assert succeeds or f"The server has no instance {instances[0]}" in result.everything


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
