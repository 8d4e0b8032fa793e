# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that are not UTF-8, and a locale that is not: one sentence says so, in every module and plugin."""

from __future__ import annotations

import os

import pytest
from runs import finish, play, start

LATIN_1 = os.fsdecode("gehéim".encode("latin-1"))

MODULES = {
    "mailstore_backup_window": "{state: opened, instances: [alpha]}",
    "mailstore_configuration": "{name: ComplianceConfiguration, instance: alpha, configuration: {}}",
    "mailstore_info": "{}",
    "mailstore_instance": "{instance: alpha}",
    "mailstore_invoke": "{function: GetInstances, arguments: {instanceFilter: '*'}}",
    "mailstore_job": "{name: a, state: absent}",
    "mailstore_maintenance": "{instance: alpha, path: record.json}",
    "mailstore_operation": "{token: s0}",
    "mailstore_store": "{instance: alpha, name: a, state: detached}",
    "mailstore_user": "{instance: alpha, name: a, state: absent}",
    "mashery_event_post": "{events: [{log_timestamp: '2012-06-12T21:53:03Z', service_dev_key: a, service_key: b}]}",
    "mimecast_channel_token": "{channel_id: B8Y43U-GYVS-WHAU6M}",
    "mimecast_request": "{path: /api/account/get-account}",
}
SECRETS = {"MAILSTORE_PASSWORD": "password", "MASHERY_SECRET": "secret", "MIMECAST_SECRET_KEY": "secret_key"}


def of(module: str) -> str:
    return next(variable for variable in SECRETS if variable.lower().startswith(module.split("_")[0]))


@pytest.mark.slow
def test_every_module_says_which_credential_is_not_utf_8(simulators, tmp_path):
    tasks = "".join(
        f"- name: Test {module}\n  mops.maintenance.{module}: {options}\n  ignore_errors: true\n"
        for module, options in MODULES.items()
    )
    run = play(tmp_path, tasks, {**simulators.environment(), **dict.fromkeys(SECRETS, LATIN_1)})
    parts = run.stdout.split("TASK [Test ")[1:]
    assert [part.split("]")[0] for part in parts] == list(MODULES), run.everything
    for module, part in zip(MODULES, parts):
        said = f"{SECRETS[of(module)]} must be UTF-8, and holds bytes of another encoding"
        assert said in part, part
        assert of(module) in part
        assert "Unicode" not in part
        assert "Traceback" not in part
    assert "g\\udce9" not in run.everything
    assert simulators.state("mailstore")["logins"] == 0


def test_the_lookup_says_it(simulators, tmp_path):
    task = "- ansible.builtin.debug:\n    msg: \"{{ lookup('mops.maintenance.mimecast_channel_token', 'A') }}\"\n"
    run = play(tmp_path, task, {**simulators.environment(), "MIMECAST_SECRET_KEY": LATIN_1})
    assert "secret_key must be UTF-8" in " ".join(run.everything.split())


def test_the_inventory_says_it(simulators, tmp_path):
    path = tmp_path / "mailstore_instances.yml"
    path.write_text("plugin: mops.maintenance.mailstore_instances\n")
    env = {**simulators.environment(), "MAILSTORE_PASSWORD": LATIN_1}
    run = finish(start(["ansible-inventory", "-i", str(path), "--list"], tmp_path, env))
    assert "password must be UTF-8" in " ".join(run.everything.split())


@pytest.mark.parametrize("auth_method", ["session", "basic"])
def test_a_locale_without_utf_8_changes_nothing_for_a_password_that_is(simulators, tmp_path, auth_method):
    # As the module meets it on a host whose Python reads the environment as ASCII. Ansible itself needs UTF-8.
    task = """
- mops.maintenance.mailstore_info:
    gather_subset: [instances]
  environment: {LC_ALL: C, PYTHONCOERCECLOCALE: "0", PYTHONUTF8: "0", MAILSTORE_USERNAME: "ädmin"}
  ignore_errors: true
"""
    run = play(tmp_path, task, simulators.environment(auth_method))
    assert "refused" in run.stdout
    assert "ädmin" in run.stdout
    assert "Unicode" not in run.stdout
    assert "must be UTF-8" not in run.stdout
