# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Daily jobs for tenants: onboarding, offboarding, a move to another instance host, a new password."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from runs import Run, finish, start

from simulators.launch import Options, Simulators, running

USER = "carla.jansen0"

FLEET = int(os.environ.get("MOPS_ROTATION_INSTANCES", "20"))
"""How many instances have their stores rotated."""


def job(simulators: Simulators, folder: Path, role: str, *options: str, **variables: Any) -> Run:
    given = {f"mailstore_{role}_{key}": value for key, value in variables.items()}
    words = ["ansible-playbook", f"mops.maintenance.mailstore_{role}", *options, "-e", json.dumps(given)]
    return finish(start(words, folder, simulators.environment()), 300)


def written(simulators: Simulators) -> dict[str, int]:
    """How often each function that writes was called."""
    functions = simulators.state("mailstore")["functions"]
    return {name: count for name, count in functions.items() if not name.startswith("Get")}


PRESET = r"""
instance: [[ instance ]]
state: started
archive_admin_enabled: true
configuration:
  displayName: [[ values.name | to_json ]]
  instanceHost: host01.spe.example
  baseDirectory: C:\MailArchive\[[ instance ]]
users:
  - name: auditor
    user_password: "{{ mailstore_secret_[[ instance ]]_auditor }}"
"""


def test_a_tenant_gets_what_the_preset_says_once_and_a_run_that_failed_goes_on(
    simulators: Simulators, tmp_path: Path
) -> None:
    (tmp_path / "preset.yml").write_text(PRESET)
    file = tmp_path / "mailstore/tenants/omega.yml"
    given = {"instance": "omega", "preset": "preset.yml", "values": {"name": 'Omega: "Ltd"'}}
    secret = ["-e", json.dumps({"mailstore_secret_omega_auditor": "Sesame-0pen"})]

    plan = job(simulators, tmp_path, "onboarding", "--check", *secret, **given)
    assert plan.returncode == 0, plan.everything
    assert "omega: users auditor created" in plan.stdout
    assert not file.parent.exists()

    lacking = job(simulators, tmp_path, "onboarding", **given)
    assert lacking.returncode != 0
    assert "Secrets are missing: mailstore_secret_omega_auditor" in lacking.everything
    assert written(simulators) == {}
    assert "{{ mailstore_secret_omega_auditor }}" in file.read_text()

    del given["preset"]  # the file is there
    done = job(simulators, tmp_path, "onboarding", "-vvv", *secret, **given)
    assert done.returncode == 0, done.everything
    assert written(simulators)["CreateInstance"] == written(simulators)["CreateUser"] == 1
    assert "Sesame" not in file.read_text() + done.everything.replace(json.dumps("Sesame-0pen"), "")
    again = job(simulators, tmp_path, "onboarding", *secret, **given)
    assert "changed=0" in again.stdout, again.everything
    assert written(simulators)["CreateInstance"] == 1


def test_an_instance_without_a_file_is_not_onboarded(simulators: Simulators, tmp_path: Path) -> None:
    (tmp_path / "preset.yml").write_text(PRESET)
    run = job(simulators, tmp_path, "onboarding", instance="beta", preset="preset.yml", values={"name": "Beta"})
    assert run.returncode != 0
    assert "The server has an instance beta already, and there is no file" in " ".join(run.everything.split())
    assert not (tmp_path / "mailstore").exists()


@pytest.mark.slow
def test_a_tenant_is_stopped_listed_kept_and_deleted_when_that_is_due_and_allowed(
    simulators: Simulators, tmp_path: Path
) -> None:
    listing = tmp_path / "mailstore-offboarding" / "delta.json"
    checked = job(simulators, tmp_path, "offboarding", "--check", instance="delta")
    assert checked.returncode == 0, checked.everything
    assert not listing.parent.exists()
    assert written(simulators) == {}

    first = job(simulators, tmp_path, "offboarding", instance="delta")
    assert first.returncode == 0, first.everything
    assert written(simulators) == {"SetInstanceConfiguration": 1, "StopInstances": 1}
    assert listing.stat().st_mode & 0o777 == 0o600
    record = json.loads(listing.read_text())
    assert record["stopped_at"] < record["delete_after"]
    assert record["configuration"]["baseDirectory"]
    assert record["had"]["status"] == "running"
    assert record["had"]["stores"]
    assert record["had"]["users"]
    assert "Pa55word" not in listing.read_text()

    again = job(simulators, tmp_path, "offboarding", instance="delta", keep_days=0, allow_data_loss=True)
    assert "changed=0" in again.stdout, again.everything
    assert f"kept until {record['delete_after']}" in " ".join(again.stdout.split())

    listing.write_text(json.dumps({**record, "delete_after": "2026-01-01T00:00:00Z"}))
    refused = job(simulators, tmp_path, "offboarding", instance="delta")
    assert refused.returncode != 0
    assert "set mailstore_offboarding_allow_data_loss to true. Nothing was deleted" in " ".join(
        refused.everything.split()
    )
    assert "DeleteInstances" not in written(simulators)

    deleted = job(simulators, tmp_path, "offboarding", instance="delta", allow_data_loss=True)
    assert deleted.returncode == 0, deleted.everything
    assert written(simulators)["DeleteInstances"] == 1
    assert json.loads(listing.read_text())["deleted_at"]
    last = job(simulators, tmp_path, "offboarding", instance="delta", allow_data_loss=True)
    assert last.returncode == 0, last.everything
    assert "changed=0" in last.stdout
    assert simulators.state("mailstore")["sessions"] == 0


@pytest.mark.slow
def test_an_instance_moves_with_its_files_and_is_brought_back_where_that_fails(
    simulators: Simulators, tmp_path: Path
) -> None:
    (tmp_path / "files.yml").write_text("- {name: Copy the files, ansible.builtin.fail: {msg: No space left.}}\n")
    where = {"instance": "alpha", "to": "host02.spe.example"}
    failed = job(simulators, tmp_path, "instance_move", tasks="files.yml", **where)
    assert failed.returncode != 0
    assert "No space left. Instance alpha is back on host01.spe.example." in " ".join(failed.everything.split())
    assert written(simulators) == {"StopInstances": 1, "StartInstances": 1}

    moved = job(simulators, tmp_path, "instance_move", **where)
    assert moved.returncode == 0, moved.everything
    assert written(simulators)["SetInstanceConfiguration"] == 1
    again = job(simulators, tmp_path, "instance_move", **where)
    assert "changed=0" in again.stdout, again.everything


def test_a_user_gets_a_new_password_that_is_nowhere_to_be_seen(simulators: Simulators, tmp_path: Path) -> None:
    given = {"instance": "beta", "new_password": "Sesame-0pen", "delete_app_passwords": True, "disable_mfa": True}
    run = job(simulators, tmp_path, "password_reset", "-vvv", user=USER, **given)
    assert run.returncode == 0, run.everything
    assert written(simulators) == {"SetUserPassword": 1, "DeleteAppPasswords": 1}
    assert "Sesame" not in run.everything.replace(json.dumps(given["new_password"]), "")
    missing = job(simulators, tmp_path, "password_reset", user="nobody", **given)
    assert missing.returncode != 0
    assert "User 'nobody' was not found" in missing.everything
    assert written(simulators)["SetUserPassword"] == 1


@pytest.mark.parametrize(
    ("name", "variables", "said"),
    [
        ("onboarding", {"instance": "../a", "preset": "p"}, "must be the id of one instance, not '../a'"),
        ("onboarding", {"instance": "a", "preset": "no.yml"}, "no.yml is no file. mailstore_onboarding_preset must"),
        ("offboarding", {"instance": "*"}, "must be the id of one instance, not '*'"),
        ("offboarding", {"instance": "a", "keep_days": "soon"}, "keep_days must be a number of days"),
        ("instance_move", {"instance": "alpha"}, "must name the instance host to move to"),
        ("instance_move", {"instance": "a", "to": "b", "tasks": "no.yml"}, "is no file. mailstore_instance_move_tasks"),
        ("password_reset", {"instance": "alpha", "user": "a"}, "mailstore_password_reset_new_password must be given"),
    ],
)
def test_bad_input_is_refused_before_the_server_is_asked(
    simulators: Simulators, tmp_path: Path, name: str, variables: dict[str, Any], said: str
) -> None:
    run = job(simulators, tmp_path, name, **variables)
    assert run.returncode != 0
    assert said in " ".join(run.everything.split())
    assert simulators.state("mailstore")["requests"] == {}


def test_stores_of_many_instances_are_rotated_and_a_second_run_asks_each_once(tmp_path: Path) -> None:
    with running(Options(fleet=FLEET, seed=7, mailstore_process_seconds=0.2)) as simulators:
        given = {"name": "2030", "previous_state": "writeProtected", "concurrency": 8}
        first = job(simulators, tmp_path, "store_rotation", **given)
        assert first.returncode == 0, first.everything
        before = simulators.state("mailstore")["functions"]
        second = job(simulators, tmp_path, "store_rotation", **given)
        assert "changed=0" in second.stdout, second.everything
        after = simulators.state("mailstore")["functions"]
        asked = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
        assert asked == {"GetInstances": 1, "GetStores": before["CreateStore"]}
