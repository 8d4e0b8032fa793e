# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX has them: a private data directory for ansible-runner, credentials through their types' injectors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment
from runs import Run, finish, start

from simulators.launch import Simulators

ROOT = Path(__file__).parents[2]
CREDENTIAL_TYPES = ROOT / "roles/awx_setup/files/credential_types"
PROJECT = ROOT / "roles/awx_setup/files/project"

Credentials = Mapping[str, Mapping[str, Any]]
"""What somebody has entered into the form of each credential, by the name of its type."""

LOCALHOST = {
    "all": {"hosts": ["localhost"]},
    "_meta": {
        "hostvars": {
            "localhost": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            }
        }
    },
}
"""The inventory that AWX brings, as its script data."""


@dataclass(frozen=True)
class Job:
    """A job that has ended."""

    status: str
    returncode: int
    events: list[dict[str, Any]]
    output: str

    def lines(self) -> list[str]:
        """What AWX shows of it, line by line."""
        return [line for event in self.events for line in event["stdout"].splitlines()]

    def hosts_of(self, task: str) -> list[str]:
        """The hosts on which a task has ended, one entry for each time."""
        return [
            event["event_data"]["host"]
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed")
            and event["event_data"]["task"].rpartition(" : ")[2] == task
        ]


def entered(simulators: Simulators) -> Credentials:
    """What somebody enters who has accounts with the simulators."""
    mimecast, mashery, mailstore = simulators.mimecast, simulators.mashery, simulators.mailstore
    return {
        "mimecast": {
            "auth_method": "hmac",
            "access_key": mimecast.access_key,
            "secret_key": mimecast.secret_key,
            "app_id": mimecast.app_id,
            "app_key": mimecast.app_key,
            "base_url": mimecast.base_url,
            "ca_path": simulators.ca_path,
        },
        "mashery": {
            "api_key": mashery.api_key,
            "secret": mashery.secret,
            "url": mashery.url,
            "ca_path": simulators.ca_path,
            "validate_certs": "true",
        },
        "mailstore": {
            "host": mailstore.host,
            "port": str(mailstore.session_port),
            "username": mailstore.username,
            "password": mailstore.password,
            "auth_method": "session",
            "ca_certificates": Path(simulators.ca_path).read_text(),
            "validate_certs": "",
        },
    }


def injected(kind: str, inputs: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The environment that a credential gives to a job whose private data directory is ``folder``.

    As AWX does it: what was left empty is not defined, a switch that was not touched is off, and a file's content goes
    into ``env``, where its name is known as ``tower.filename``.
    """
    types = {part: yaml.safe_load((CREDENTIAL_TYPES / f"{kind}.{part}.yml").read_text()) for part in PARTS}
    fields = {field["id"]: field for field in types["inputs"]["fields"]}
    assert inputs.keys() <= fields.keys()
    assert all(inputs.get(name) for name in types["inputs"].get("required", ()))
    files: dict[str, str] = {}
    names: dict[str, Any] = {"tower": {"filename": files}}
    names.update({name: False for name, field in fields.items() if field["type"] == "boolean"})
    names.update({name: value for name, value in inputs.items() if isinstance(value, bool) or value})
    sandbox = ImmutableSandboxedEnvironment()
    for label, template in types["injectors"].get("file", {}).items():
        handle, path = tempfile.mkstemp(dir=folder / "env")
        with os.fdopen(handle, "w") as file:
            file.write(sandbox.from_string(template).render(names))
        files[label.split(".")[1]] = path
    assert "extra_vars" not in types["injectors"], "they would be seen in the list of processes"
    return {name: sandbox.from_string(text).render(names) for name, text in types["injectors"]["env"].items()}


PARTS = ("inputs", "injectors")


def prepare(
    folder: Path,
    credentials: Credentials,
    *,
    inventory: Mapping[str, Any] | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Fill a private data directory. The project is the one that comes with the role `awx_setup`.

    Without an inventory it gets the one that AWX brings.
    """
    for name in ("env", "inventory"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(PROJECT, folder / "project")
    environment = {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", "ANSIBLE_FORCE_COLOR": "True"}
    for kind, inputs in credentials.items():
        environment.update(injected(kind, inputs, folder))
    for name, content in (
        ("envvars", environment),
        ("extravars", extra_vars or {}),
        ("settings", {"suppress_ansible_output": True, **(settings or {})}),
    ):
        (folder / "env" / name).write_text(json.dumps(content))
    script = folder / "inventory" / "hosts"
    script.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(inventory or LOCALHOST)!r})\n")
    script.chmod(0o700)


def launch(folder: Path, playbook: str, *options: str) -> subprocess.Popen[str]:
    """Start the job. ansible-runner gets none of the credentials from its own environment."""
    command = ["ansible-runner", "run", str(folder), "-p", f"playbooks/{playbook}.yml", "--ident", "1", *options]
    return start(command, folder, {})


def ended(folder: Path, process: subprocess.Popen[str], timeout: float = 120) -> Job:
    """Wait for the end of a job."""
    run: Run = finish(process, timeout)
    artifacts = folder / "artifacts" / "1"
    assert (artifacts / "status").exists(), run.everything
    events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("[0-9]*-*.json")]
    return Job(
        status=(artifacts / "status").read_text(),
        returncode=run.returncode,
        events=sorted(events, key=lambda event: event["counter"]),
        output=run.everything + (artifacts / "stdout").read_text(),
    )


def run(folder: Path, playbook: str, *options: str) -> Job:
    """Run the job to its end."""
    return ended(folder, launch(folder, playbook, *options))


def mailstore_inventory(simulators: Simulators, folder: Path) -> dict[str, Any]:
    """What AWX's database has after a synchronization of the MailStore inventory source, as script data."""
    prepare(folder, {"mailstore": entered(simulators)["mailstore"]})
    source = folder / "project" / "mailstore_instances.yml"
    environment = json.loads((folder / "env" / "envvars").read_text())
    listed = finish(start(["ansible-inventory", "-i", str(source), "--list", "--export"], folder, environment))
    assert listed.returncode == 0, listed.everything
    data: dict[str, Any] = json.loads(listed.stdout)
    data["all"].setdefault("hosts", [])
    return data


def sliced(inventory: Mapping[str, Any], number: int, count: int) -> dict[str, Any]:
    """The inventory of the slice ``number`` of ``count``, beginning with 1: of all hosts by name, each ``count``-th.

    Groups have the hosts of the slice only, and those that have none are left out.
    """
    hosts = sorted(inventory["_meta"]["hostvars"])[number - 1 :: count]
    groups = {name: kept(group, hosts) for name, group in inventory.items() if name != "_meta"}
    return {
        **{
            name: group
            for name, group in groups.items()
            if name == "all" or group.get("hosts") or group.get("children")
        },
        "_meta": {"hostvars": {host: inventory["_meta"]["hostvars"][host] for host in hosts}},
    }


def kept(group: Mapping[str, Any], hosts: Sequence[str]) -> dict[str, Any]:
    return {**group, "hosts": [host for host in group.get("hosts", ()) if host in hosts]}
