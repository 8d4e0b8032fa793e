# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every shipped playbook runs as AWX runs it, with a credential that it never names and that is nowhere to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import runner
from demo import access_log
from leaks import assert_nowhere, left_behind

from simulators.launch import Simulators

PLAYBOOKS = sorted(runner.CATALOGUE)
"""Those with a job template, which all should have: test_awx_setup.py sees to that."""
SAMPLE = ("mailstore_backup_window", "mailstore_maintenance", "mashery_log_shipping", "mimecast_event_channels")
"""One of each kind: with tasks of the user's, over an inventory of instances, and of each other service."""

BACKUP = """
- name: Make the backup
  ansible.builtin.command: "true"
  changed_when: true
"""


@dataclass(frozen=True)
class Template:
    """What a job template adds to a shipped playbook. In the variables, ``{folder}`` is a folder of the test."""

    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    progress: tuple[str, ...] = ()
    """How the lines of progress begin that it shows at least; none where its modules have no progress."""
    fleet: bool = False
    """Whether its hosts are those of the MailStore inventory."""


TEMPLATES = {
    "mailstore_backup_window": Template(
        {
            "mailstore_backup_window_instances": ["delta"],
            "mailstore_backup_window_tasks": "{folder}/backup.yml",
        },
    ),
    "mailstore_directory_sync": Template(
        {"mailstore_directory_sync_hosts": "delta"},
        progress=(
            "[delta] SyncUsersWithDirectoryServices dryRun=true: ",
            "[delta] SyncUsersWithDirectoryServices dryRun=false: ",
        ),
        fleet=True,
    ),
    "mailstore_health": Template(
        {"mailstore_health_report_dir": "{folder}/health", "mailstore_health_fail_on": "never"},
    ),
    "mailstore_export": Template({"mailstore_export_dir": "{folder}/exported"}),
    "mailstore_tenant": Template({"mailstore_tenant_dir": "{folder}/declared"}, progress=("[localhost] alpha: ",)),
    "mailstore_drift": Template(
        {"mailstore_drift_dir": "{folder}/declared", "mailstore_drift_report_dir": "{folder}/drift"},
        progress=("[localhost] alpha: ",),
    ),
    "mailstore_maintenance": Template(
        {"mailstore_maintenance_hosts": "delta", "mailstore_maintenance_state_dir": "{folder}/state"},
        progress=("[delta] VerifyStore 2026: ", "[delta] CompactStore 2026: "),
        fleet=True,
    ),
    "mailstore_billing": Template(
        {"mailstore_billing_dest_dir": "{folder}/billing", "mailstore_billing_exclude": ["gamma"]}
    ),
    "mailstore_metrics": Template({"mailstore_metrics_dest": "{folder}/mailstore.prom"}),
    "mailstore_instance_move": Template(
        {"mailstore_instance_move_instance": "alpha", "mailstore_instance_move_to": "host02.spe.example"},
    ),
    "mailstore_onboarding": Template(
        {
            "mailstore_onboarding_instance": "omega",
            "mailstore_onboarding_preset": "{folder}/preset.yml",
            "mailstore_onboarding_dir": "{folder}/onboarded",
        },
        progress=("[localhost] omega: ",),
    ),
    "mailstore_offboarding": Template(
        {"mailstore_offboarding_instance": "delta", "mailstore_offboarding_dir": "{folder}/offboarding"},
    ),
    "mailstore_password_reset": Template(
        {
            "mailstore_password_reset_instance": "beta",
            "mailstore_password_reset_user": "carla.jansen0",
            "mailstore_password_reset_new_password": "Sesame-0pen",
        },
    ),
    "mailstore_store_rotation": Template({"mailstore_store_rotation_name": 2030}),
    "mailstore_store_verification": Template(
        {"mailstore_store_verification_instances": ["delta"]},
        progress=("[localhost] VerifyStore [delta/2026]: ",),
    ),
    "mashery_log_shipping": Template(
        {
            "mashery_log_shipping_hosts": "all",
            "mashery_log_shipping_logs": ["{folder}/access.log"],
            "mashery_log_shipping_ledger_directory": "{folder}/ledgers",
        },
        progress=("[localhost] mashery: ",),
    ),
    "mashery_preview": Template({"mashery_preview_hosts": "all", "mashery_preview_logs": ["{folder}/access.log"]}),
    "mimecast_event_channels": Template(
        {
            "mimecast_event_channels_ids": ["B8Y43U-GYVS-WHAU6M"],
            "mimecast_event_channels_path": "{folder}/channels/tokens.json",
        },
    ),
    "mimecast_siem_collection": Template(
        {
            "mimecast_siem_collection_dest": "{folder}/events/events.jsonl",
            "mimecast_siem_collection_start": "earliest",
        },
    ),
}


def declare(folder: Path) -> None:
    """Make the folder of a tenant's file, and a preset for others."""
    (folder / "declared").mkdir()
    (folder / "declared/alpha.yml").write_text("instance: alpha\njobs: []\n")
    (folder / "preset.yml").write_text("instance: [[ instance ]]\nconfiguration: {instanceHost: host01.spe.example}\n")


@pytest.fixture(scope="module")
def fleet(started: Simulators, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The MailStore inventory, synchronized with its source."""
    return runner.mailstore_inventory(started, tmp_path_factory.mktemp("inventory") / "update")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SAMPLE else [pytest.mark.slow]) for name in PLAYBOOKS]
)
def test_a_shipped_playbook_runs_as_in_awx(
    simulators: Simulators, fleet: Mapping[str, Any], tmp_path: Path, name: str
) -> None:
    simulators.processes({"seconds": 1.5, "steps": 5})
    access_log.write(tmp_path / "access.log", 100)
    (tmp_path / "backup.yml").write_text(BACKUP)
    declare(tmp_path)
    template, job_folder = TEMPLATES[name], tmp_path / "job"
    runner.prepare(
        job_folder,
        runner.credentials_for(name, simulators),
        inventory=fleet if template.fleet else runner.LOCALHOST,
        extra_vars=json.loads(json.dumps(template.extra_vars).replace("{folder}", str(tmp_path))),
    )
    job = runner.run(job_folder, name, "-vvvvv")
    assert job.status == "successful", job.output
    for beginning in template.progress:
        assert [line for line in job.lines() if line.startswith(beginning)], job.output
    assert_nowhere(simulators.secrets(), places(tmp_path, job))
    assert simulators.state("mailstore")["sessions"] == 0


def places(folder: Path, job: runner.Job) -> Iterator[tuple[str, str]]:
    """Everything that AWX keeps or shows of a job, and all else that it has left behind.

    What AWX itself has put into ``env`` is gone when a job has ended. ansible-runner writes down the environment of the
    command, in which AWX masks what a credential has given; what else is there must not hold it.
    """
    yield "output", job.output
    given = json.loads((folder / "job/env/envvars").read_text())
    for name, text in left_behind(folder):
        if name == "job/artifacts/1/command":
            command = json.loads(text)
            command["env"] = {key: value for key, value in command["env"].items() if given.get(key) != value}
            yield name, json.dumps(command)
        elif not name.startswith("job/env/"):
            yield name, text
