# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs understand answers as AWX hands them over: none, null, an empty text, and text where a list is meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import runner
import yaml
from demo import access_log
from runs import ROOT
from test_runner_playbooks import BACKUP, PLAYBOOKS, declare

from simulators.launch import Simulators

ROLES = ROOT / "roles"
DESCRIBED = [
    (role, name, option)
    for role in PLAYBOOKS
    for name, option in yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())["argument_specs"][
        "main"
    ]["options"].items()
]


def test_answers_are_written_as_awx_writes_them() -> None:
    written = runner.extravars({"name": "value", "empty": "", "number": 4, "list": ["a"]})
    assert written == (
        "!unsafe 'name': !unsafe 'value'\n!unsafe 'empty': !unsafe ''\n!unsafe 'number': 4\n"
        "!unsafe 'list':\n- !unsafe 'a'\n"
    )


def job(simulators: Simulators, folder: Path, name: str, answers: Mapping[str, Any]) -> runner.Job:
    fleet = runner.CATALOGUE[name]["inventory"] == "mailstore"
    inventory = runner.mailstore_inventory(simulators, folder / "update") if fleet else runner.LOCALHOST
    runner.prepare(folder / "job", runner.credentials_for(name, simulators), inventory=inventory, extra_vars=answers)
    return runner.run(folder / "job", name)


def defaults(name: str) -> dict[str, Any]:
    """What AWX hands over where nobody has answered anything."""
    return {question["variable"]: question["default"] for question in runner.CATALOGUE[name]["survey"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYBOOKS)
def test_an_option_without_an_answer_counts_as_not_given(simulators: Simulators, tmp_path: Path, name: str) -> None:
    """Of what a survey asks, the answer is what AWX hands over where nobody has answered; of all else, null."""
    simulators.processes({"seconds": 0.2, "steps": 1})
    (tmp_path / "backup.yml").write_text(BACKUP)
    access_log.write(tmp_path / "access.log", 100)
    declare(tmp_path)
    needed = {
        "mailstore_backup_window_instances": "delta",
        "mailstore_backup_window_tasks": f"{tmp_path}/backup.yml",
        "mashery_log_shipping_hosts": "localhost",
        "mashery_log_shipping_logs": f"{tmp_path}/access.log",
        "mashery_log_shipping_ledger_directory": f"{tmp_path}/ledgers",
        "mimecast_event_channels_ids": "B8Y43U-GYVS-WHAU6M, ",
        "mimecast_event_channels_path": f"{tmp_path}/channels/tokens.json",
        "mimecast_siem_collection_dest": f"{tmp_path}/events/events.jsonl",
        "mailstore_health_fail_on": "never",
        "mailstore_directory_sync_hosts": "delta",
        # Not for the template, which is the role's: its default is a template of its own.
        "mailstore_health_report_dir": "",
        "mailstore_maintenance_state_dir": f"{tmp_path}/state",
        "mailstore_metrics_dest": f"{tmp_path}/mailstore.prom",
        "mailstore_export_dir": f"{tmp_path}/exported",
        "mailstore_tenant_dir": f"{tmp_path}/declared",
        "mailstore_drift_dir": f"{tmp_path}/declared",
        "mailstore_drift_fail_on": "never",
        "mailstore_drift_report_dir": f"{tmp_path}/drift",
        "mashery_preview_hosts": "localhost",
        "mashery_preview_logs": f"{tmp_path}/access.log",
        "mailstore_billing_dest_dir": f"{tmp_path}/billing",
        "mailstore_billing_exclude": "gamma",
        "mailstore_store_rotation_name": "2030",
        "mailstore_instance_move_instance": "alpha",
        "mailstore_instance_move_to": "host02.spe.example",
        "mailstore_onboarding_instance": "omega",
        "mailstore_onboarding_preset": f"{tmp_path}/preset.yml",
        "mailstore_onboarding_dir": f"{tmp_path}/onboarded",
        "mailstore_offboarding_instance": "delta",
        "mailstore_offboarding_dir": f"{tmp_path}/offboarding",
        "mailstore_password_reset_instance": "beta",
        "mailstore_password_reset_user": "carla.jansen0",
        "mailstore_password_reset_new_password": "Sesame-0pen",
    }
    nothing = {option: None for role, option, _described in DESCRIBED if role == name}
    # An empty path is that of a folder: the default of these is not writable for everybody who runs tests.
    done = job(simulators, tmp_path, name, {**nothing, **defaults(name), **needed})
    assert done.status == "successful", done.output
    if name in ("mailstore_health", "mailstore_store_verification", "mailstore_maintenance"):
        assert simulators.state("mailstore")["functions"]["GetStores"] > 1, "all running instances were looked at"


@pytest.mark.parametrize(
    ("name", "option"), [(role, option) for role, option, spec in DESCRIBED if spec.get("required")]
)
def test_an_option_that_is_needed_and_was_not_answered_fails_by_its_name(
    simulators: Simulators, tmp_path: Path, name: str, option: str
) -> None:
    needed = {each: "x" for role, each, spec in DESCRIBED if role == name and spec.get("required")}
    (tmp_path / "x").write_text("")
    done = job(simulators, tmp_path, name, {**needed, "mashery_log_shipping_hosts": "localhost", option: ""})
    assert done.status == "failed"
    assert option in done.output
    assert not {"FreezeInstance", "FreezeInstances"} & simulators.state("mailstore")["functions"].keys()


def test_ids_may_have_blanks_after_their_commas(simulators: Simulators, tmp_path: Path) -> None:
    answers = {
        "mimecast_event_channels_ids": ", ".join(simulators.mimecast.channel_ids[:2]),
        "mimecast_event_channels_path": f"{tmp_path}/tokens.json",
    }
    done = job(simulators, tmp_path, "mimecast_event_channels", answers)
    assert done.status == "successful", done.output
    first, second = simulators.mimecast.channel_ids[:2]
    assert yaml.safe_load((tmp_path / "tokens.json").read_text())["channels"].keys() == {first, second}


def test_a_backup_window_whose_tasks_are_missing_freezes_nothing(simulators: Simulators, tmp_path: Path) -> None:
    answers = {"mailstore_backup_window_instances": "delta", "mailstore_backup_window_tasks": "tasks/none.yml"}
    done = job(simulators, tmp_path, "mailstore_backup_window", answers)
    assert done.status == "failed"
    assert "tasks/none.yml is no file" in done.output
    assert "nothing was frozen" in done.output.replace("\n", " ")
    assert not {"FreezeInstance", "FreezeInstances"} & simulators.state("mailstore")["functions"].keys()
