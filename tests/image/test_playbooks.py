# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every shipped playbook runs in the image: as a user without a name and a home, on a read-only root, with 256 MB."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo import access_log
from test_runner_playbooks import BACKUP, PLAYBOOKS, TEMPLATES, declare

from image.conftest import Containers
from simulators.awx.launch import running as awx_running
from simulators.launch import Simulators

MEMORY = ("--memory", "256m")
INVENTORY = """
all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  hosts:
    localhost:
"""

STATE = {
    "mashery_log_shipping": ("ledger", "mashery_log_shipping_ledger_directory"),
    "mimecast_event_channels": ("path", "mimecast_event_channels_path"),
    "mailstore_backup_window": ("state_dir", "mailstore_backup_window_state_dir"),
    "mailstore_health": ("mailstore_health_report_dir", "mailstore_health_report_dir"),
    "mailstore_maintenance": ("path", "mailstore_maintenance_state_dir"),
}
"""What keeps the state of a playbook: the option that a warning names, and the variable of the role."""


def options_of(folder: Path, name: str, more: dict[str, object]) -> list[str]:
    """The options with which a playbook does something."""
    access_log.write(folder / "access.log", 100)
    (folder / "backup.yml").write_text(BACKUP)
    declare(folder)
    (folder / "inventory.yml").write_text(INVENTORY)
    (folder / "mailstore_instances.yml").write_text("plugin: mops.maintenance.mailstore_instances\n")
    variables = json.loads(json.dumps(TEMPLATES[name].extra_vars).replace("{folder}", str(folder)))
    inventory = "mailstore_instances.yml" if TEMPLATES[name].fleet else "inventory.yml"
    (folder / "variables.json").write_text(json.dumps({"mimecast_event_channels_hosts": "all", **variables, **more}))
    return ["--inventory", inventory, "--extra-vars", "@variables.json"]


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_shipped_playbook_runs_in_the_image(
    simulators: Simulators, containers: Containers, folder: Path, name: str
) -> None:
    simulators.processes({"seconds": 1.5, "steps": 5})
    options = options_of(folder, name, {})
    status, output = containers.start("ansible-playbook", f"mops.maintenance.{name}", *options, options=MEMORY).ended()
    assert status == 0, output
    assert "[WARNING]" not in output
    for beginning in TEMPLATES[name].progress:
        assert beginning in output


@pytest.mark.parametrize("name", STATE)
def test_state_that_would_go_with_the_container_is_warned_of(
    simulators: Simulators, containers: Containers, folder: Path, name: str
) -> None:
    simulators.processes({"seconds": 0.5, "steps": 1})
    option, variable = STATE[name]
    inside = f"/tmp/{name}" + ("/tokens.json" if option == "path" and "mimecast" in name else "")
    options = options_of(folder, name, {variable: inside})
    status, output = containers.start("ansible-playbook", f"mops.maintenance.{name}", *options).ended()
    assert status == 0, output
    words = " ".join(output.split())
    assert f"{option}: {inside}" in words
    assert "lies in the container's own file system" in words
    assert f"Mount a volume into the container, and let {option} name a path on it." in words


def test_awx_is_set_up_from_the_image(containers: Containers, folder: Path) -> None:
    with awx_running([f"playbooks/{name}.yml" for name in PLAYBOOKS]) as awx:
        words = [word for pair in awx.environment().items() for word in ("--env", "=".join(pair))]
        container = containers.play("awx_setup", {"awx_setup_scm_url": "https://git.example.com/x.git"}, options=words)
        status, output = container.ended()
        assert status == 0, output
        assert awx.state()["objects"]["job_templates"]


def test_a_ca_that_the_system_trusts_is_trusted(containers: Containers, folder: Path) -> None:
    playbook = [
        "ansible-playbook",
        "mops.maintenance.mailstore_health",
        "--extra-vars",
        "mailstore_health_fail_on=never",
    ]
    where = ["--extra-vars", f"mailstore_health_report_dir={folder}/health"]
    words = ["env", "MAILSTORE_CA_PATH=", f"SSL_CERT_FILE={folder}/ca.pem", *playbook, *where]
    status, output = containers.start(*words).ended()
    assert status == 0, output


def test_progress_is_live_in_a_pipe(simulators: Simulators, containers: Containers) -> None:
    simulators.processes({"seconds": 3600, "steps": 3600})
    container = containers.play("mailstore_store_verification", {"mailstore_store_verification_instances": "alpha"})
    assert container.process.stdout is not None
    progress = (line for line in container.process.stdout if line.startswith("[localhost] VerifyStore"))
    assert next(progress)
    assert next(progress)
    assert {process["status_code"] for process in simulators.state("mailstore")["processes"]} == {"running"}
    simulators.step()
    assert list(progress)
