# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret appears in what a run prints, leaves behind, or shows in the list of processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo import access_log
from leaks import assert_nowhere, left_behind, watched_processes
from runs import ROOT, Run, finish, play, start

from simulators.launch import Simulators

RECORD = {
    "log_timestamp": "2026-01-01T00:00:00Z",
    "service_dev_key": "u2cbu87r6f2q3m66j6yc2uce",
    "service_key": "ygnj8v68nqb76akfzetwb799",
}

TASKS = """
- mops.maintenance.mimecast_channel_token:
    channel_ids: "{{ channel_ids }}"
    path: "{{ playbook_dir }}/tokens.json"
- mops.maintenance.mimecast_channel_token:
    channel_ids: "{{ channel_ids }}"
    auth_method: oauth2
- mops.maintenance.mashery_event_post:
    events: "{{ events }}"
- mops.maintenance.mailstore_invoke:
    function: SetUserPassword
    arguments:
      instanceID: "{{ instance }}"
      userName: "{{ user }}"
      password: Sesame-open-9731
- mops.maintenance.mailstore_invoke:
    invocations:
      - function: SetUserPassword
        arguments: {instanceID: "{{ instance }}", userName: "{{ user }}", password: Sesame-open-9731}
      - function: VerifyStore
        arguments: {instanceID: "{{ instance }}", id: 1}
- mops.maintenance.mailstore_invoke:
    function: UnlockStore
    arguments: {instanceID: nowhere, id: 1, passphrase: Sesame-open-9731}
  ignore_errors: true
"""


def assert_secret_nowhere(run: Run, folder: Path, processes: set[str], secrets: list[str], given_in: set[str]) -> None:
    places = [("output", run.everything), *(("process list", line) for line in processes)]
    assert_nowhere(secrets, places + [(name, text) for name, text in left_behind(folder) if name not in given_in])


@pytest.fixture
def context(simulators: Simulators) -> dict[str, object]:
    return {
        "channel_ids": simulators.mimecast.channel_ids,
        "events": [RECORD],
        "instance": "alpha",
        "user": "$archiveadmin",
    }


@pytest.mark.parametrize("auth_method", ["session", "basic"])
def test_with_credentials_from_the_environment(tmp_path, simulators, context, auth_method):
    (tmp_path / "context.json").write_text(json.dumps(context))
    secrets = [*simulators.secrets(), "Sesame-open-9731"]
    environment = {
        **simulators.environment(auth_method),
        "MIMECAST_CLIENT_ID": simulators.mimecast.client_id,
        "MIMECAST_CLIENT_SECRET": simulators.mimecast.client_secret,
    }
    simulators.settings("mimecast", bearer_channel_tokens=True)
    with watched_processes() as processes:
        run = play(tmp_path, TASKS, environment, "-vvvvv", "-e", "@context.json")
    assert run.returncode == 0, run.everything
    assert_secret_nowhere(run, tmp_path, processes, secrets, {"playbook.yml"})


def test_with_credentials_as_options_that_are_wrong(tmp_path, simulators, context):
    tasks = """
- mops.maintenance.mimecast_channel_token:
    channel_ids: "{{ channel_ids }}"
    base_url: "{{ base_url }}"
    ca_path: "{{ ca_path }}"
    access_key: wrong-access-key-1
    secret_key: d3Jvbmctc2VjcmV0LWtleQ==
    app_id: wrong-app-id
    app_key: wrong-app-key-1
    retries: 0
  ignore_errors: true
- mops.maintenance.mashery_event_post:
    url: "{{ url }}"
    ca_path: "{{ ca_path }}"
    api_key: wrong-api-key-1
    secret: wrong-secret-1
    events: "{{ events }}"
  ignore_errors: true
- mops.maintenance.mailstore_invoke:
    host: "{{ host }}"
    port: "{{ api_port }}"
    ca_path: "{{ ca_path }}"
    username: admin
    password: wrong-password-1
    auth_method: "{{ item }}"
    function: Ping
  loop: [session, basic]
  loop_control: {label: "{{ item }}"}
  ignore_errors: true
"""
    more = {
        "base_url": simulators.mimecast.base_url,
        "url": simulators.mashery.url,
        "host": simulators.mailstore.host,
        "api_port": simulators.mailstore.session_port,
        "ca_path": simulators.ca_path,
    }
    (tmp_path / "context.json").write_text(json.dumps({**context, **more}))
    secrets = ["wrong-access-key-1", "d3Jvbmctc2VjcmV0LWtleQ", "wrong-app-key-1", "wrong-secret-1", "wrong-password-1"]
    with watched_processes() as processes:
        run = play(tmp_path, tasks, {}, "-vvvvv", "-e", "@context.json")
    assert run.returncode == 0, run.everything
    assert run.stdout.count("...ignoring") == 3
    assert "Traceback" not in run.everything
    # At -vvvvv nothing else holds the password of a task that failed; the playbook is where the user has put it.
    assert_secret_nowhere(run, tmp_path, processes, secrets, {"playbook.yml"})


def test_in_the_shipped_playbooks(tmp_path, simulators):
    """Roles read the credentials on the controller and hand them on: another way for them to be seen."""
    access_log.write(tmp_path / "access.log", 100)
    (tmp_path / "channels").mkdir()
    (tmp_path / "ledgers").mkdir()
    variables = {
        "mimecast_event_channels_ids": simulators.mimecast.channel_ids,
        "mimecast_event_channels_path": str(tmp_path / "channels" / "tokens.json"),
        "mashery_log_shipping_logs": [str(tmp_path / "access.log")],
        "mashery_log_shipping_ledger_directory": str(tmp_path / "ledgers"),
        "mailstore_store_verification_instances": ["delta"],
    }
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    environment = {**simulators.environment(), "ANSIBLE_INVENTORY": str(ROOT / "tests/demo/inventory.yml")}
    playbooks = ("mimecast_event_channels", "mashery_log_shipping", "mailstore_store_verification")
    command = [
        "ansible-playbook",
        "-vvvvv",
        "-e",
        "@variables.json",
        *(f"mops.maintenance.{name}" for name in playbooks),
    ]
    with watched_processes() as processes:
        run = finish(start(command, tmp_path, environment))
    assert run.returncode == 0, run.everything
    assert_secret_nowhere(run, tmp_path, processes, simulators.secrets(), set())
