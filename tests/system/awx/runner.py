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
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from runs import ROOT, Run, finish, start

from simulators.awx.launch import Awx
from simulators.launch import Simulators

CREDENTIAL_TYPES = ROOT / "roles/awx_setup/files/credential_types"
PROJECT = ROOT / "roles/awx_setup/files/project"
CATALOGUE = yaml.safe_load((ROOT / "roles/awx_setup/vars/main.yml").read_text())["awx_setup_catalogue"]
"""The job templates of the role, by their playbooks."""

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


def credentials_for(playbook: str, simulators: Simulators) -> Credentials:
    """The credential that the job template of a shipped playbook has."""
    service = CATALOGUE[playbook]["service"]
    if playbook != "mimecast_siem_collection":
        return {service: entered(simulators)[service]}
    # It takes a client of API 2.0, which is a credential of the same type with other fields.
    mimecast = simulators.mimecast
    client = {"client_id": mimecast.client_id, "client_secret": mimecast.client_secret}
    where = {"base_url": mimecast.base_url, "ca_path": simulators.ca_path}
    return {service: {"auth_method": "oauth2", **client, **where}}


def shipped_type(kind: str) -> dict[str, Any]:
    """The credential type of a service, as it comes with the role."""
    return {part: yaml.safe_load((CREDENTIAL_TYPES / f"{kind}.{part}.yml").read_text()) for part in PARTS}


def injected(types: Mapping[str, Any], inputs: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The environment that a credential of a type gives to a job whose private data directory is ``folder``.

    As AWX does it: what was left empty is not defined, a switch that was not touched is off, and a file's content goes
    into ``env``, where its name is known as ``tower.filename``.
    """
    fields = {field["id"]: field for field in types["inputs"]["fields"]}
    assert inputs.keys() <= fields.keys()
    assert all(inputs.get(name) for name in types["inputs"].get("required", ()))
    files: dict[str, str] = {}
    names: dict[str, Any] = {"tower": {"filename": files}}
    names.update({name: False for name, field in fields.items() if field["type"] == "boolean"})
    names.update({name: value for name, value in inputs.items() if isinstance(value, bool) or value})
    # Automation Platform 2.5 and later refuse a name that is not defined; AWX takes it for an empty text.
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for label, template in types["injectors"].get("file", {}).items():
        handle, path = tempfile.mkstemp(dir=folder / "env")
        with os.fdopen(handle, "w") as file:
            file.write(sandbox.from_string(template).render(names))
        files[label.split(".")[1]] = path
    assert "extra_vars" not in types["injectors"], "they would be seen in the list of processes"
    return {name: sandbox.from_string(text).render(names) for name, text in types["injectors"]["env"].items()}


PARTS = ("inputs", "injectors")


class _Untrusted(yaml.SafeDumper):
    """Writes every text with the tag that keeps Ansible from taking it for a template."""


_Untrusted.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


def extravars(answers: Mapping[str, Any]) -> str:
    """The file ``env/extravars`` as AWX writes answers: ``!unsafe 'name': !unsafe 'value'``, a line each."""
    return "".join(yaml.dump({name: answer}, Dumper=_Untrusted, width=float("inf")) for name, answer in answers.items())


def prepare(
    folder: Path,
    credentials: Credentials,
    *,
    types: Mapping[str, Mapping[str, Any]] | None = None,
    collections: bool = True,
    inventory: Mapping[str, Any] | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Fill a private data directory. The project is the one that comes with the role `awx_setup`.

    Without an inventory it gets the one that AWX brings. The credentials' types are those of the role, unless others
    are given. The collection is where AWX puts what the project names, if it installs collections; a job's container
    has all of this as /runner.
    """
    for name in ("env", "inventory", "requirements_collections"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(PROJECT, folder / "project")
    configuration = folder / "project" / "ansible.cfg"
    configuration.write_text(configuration.read_text().replace("/runner/", f"{folder}/"))
    installed = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]) / "ansible_collections"
    if collections:
        (folder / "requirements_collections" / "ansible_collections").symlink_to(installed)
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": f"{folder}/requirements_collections",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        "ANSIBLE_FORCE_COLOR": "True",
    }
    for kind, inputs in credentials.items():
        environment.update(injected((types or {}).get(kind) or shipped_type(kind), inputs, folder))
    for name, content in (
        ("envvars", json.dumps(environment)),
        ("extravars", extravars(extra_vars or {})),
        ("settings", json.dumps({"suppress_ansible_output": True, **(settings or {})})),
    ):
        (folder / "env" / name).write_text(content)
    script = folder / "inventory" / "hosts"
    script.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(inventory or LOCALHOST)!r})\n")
    script.chmod(0o700)


def launch(folder: Path, playbook: str, *options: str) -> subprocess.Popen[str]:
    """Start the job. ansible-runner gets none of the credentials from its own environment."""
    command = ["ansible-runner", "run", str(folder), "-p", f"playbooks/{playbook}.yml", "--ident", "1", *options]
    return start(command, folder, {})


def ended(folder: Path, process: subprocess.Popen[str], timeout: float = 600) -> Job:
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
    updated, data = update(folder, "mailstore_instances.yml")
    assert updated.returncode == 0, updated.everything
    return data


def update(folder: Path, source: str) -> tuple[Run, dict[str, Any]]:
    """An inventory update in a private data directory, which is gone afterwards, and what AWX keeps of it.

    It learns where collections are by ANSIBLE_COLLECTIONS_PATHS alone, which ansible-core 2.19 does not read.
    """
    environment = json.loads((folder / "env" / "envvars").read_text())
    environment["ANSIBLE_COLLECTIONS_PATHS"] = environment.pop("ANSIBLE_COLLECTIONS_PATH")
    # The test itself has set it for everything that it starts.
    command = ["env", "--unset=ANSIBLE_COLLECTIONS_PATH", f"--chdir={folder / 'project'}"]
    updated = finish(start([*command, "ansible-inventory", "-i", source, "--list", "--export"], folder, environment))
    data: dict[str, Any] = json.loads(updated.stdout) if updated.returncode == 0 else {}
    data.setdefault("all", {}).setdefault("hosts", [])
    shutil.rmtree(folder)
    return updated, data


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


@dataclass(frozen=True)
class Dispatcher:
    """Runs what is launched in a simulated AWX, each job in a private data directory of its own below ``folder``."""

    awx: Awx
    folder: Path

    def launch(self, name: str, **sent: Any) -> Job:
        """Launch a job template as a person does, and run its job to its end."""
        return self._run(self._named("job_templates", name), sent)

    def launch_workflow(self, name: str) -> tuple[str, dict[str, Job]]:
        """Launch a workflow, and run the jobs of its nodes. Returns its status and the jobs by their nodes."""
        workflow = self._named("workflow_job_templates", name)
        launched = self.awx.request("POST", f"/api/v2/workflow_job_templates/{workflow['id']}/launch/", {})
        rows = self.awx.state()["objects"]["workflow_job_template_nodes"]
        nodes = {row["id"]: row for row in rows if row["workflow_job_template"] == workflow["id"]}
        children = {id_ for node in nodes.values() for ids in node["linked"].values() for id_ in ids}
        ready, jobs, status = [id_ for id_ in nodes if id_ not in children], {}, "successful"
        while ready:
            node = nodes[ready.pop(0)]
            template = next(
                row for row in self.awx.state()["objects"]["job_templates"] if row["id"] == node["unified_job_template"]
            )
            jobs[node["identifier"]] = job = self._run(template, {"extra_vars": node["extra_data"]})
            failed = job.status != "successful"
            following = node["linked"]["failure_nodes" if failed else "success_nodes"] + node["linked"]["always_nodes"]
            # A failure that nothing follows is the workflow's own.
            if failed and not following:
                status = "failed"
            ready += following
        self.awx.control("POST", "jobs", {"id": launched["id"], "status": status})
        return status, jobs

    def _named(self, kind: str, name: str) -> dict[str, Any]:
        row: dict[str, Any] = next(row for row in self.awx.state()["objects"][kind] if row["name"] == name)
        return row

    def _run(self, template: Mapping[str, Any], sent: Mapping[str, Any]) -> Job:
        answer = self.awx.request("POST", f"/api/v2/job_templates/{template['id']}/launch/", dict(sent))
        objects = self.awx.state()["objects"]
        project = next(row for row in objects["projects"] if row["id"] == template["project"])
        credentials = [row for row in objects["credentials"] if row["id"] in template["linked"]["credentials"]]
        inventory = self._inventory(objects, answer["inventory"], f"update{answer['id']}")
        folder = self.folder / f"job{answer['id']}"
        self._prepare(folder, objects, credentials, project, inventory, json.loads(answer["extra_vars"]))
        job = run(folder, Path(template["playbook"]).stem)
        self.awx.control("POST", "jobs", {"id": answer["id"], "status": job.status})
        return job

    def _inventory(self, objects: Mapping[str, Any], inventory: int, name: str) -> Mapping[str, Any]:
        """The hosts of an inventory, after an update of its source if it has one."""
        sources = [row for row in objects["inventory_sources"] if row["inventory"] == inventory]
        if not sources:
            hosts = [row for row in objects["hosts"] if row["inventory"] == inventory]
            variables = {row["name"]: json.loads(row["variables"] or "{}") for row in hosts}
            return {"all": {"hosts": list(variables)}, "_meta": {"hostvars": variables}}
        (source,) = sources
        credentials = [row for row in objects["credentials"] if row["id"] == source["credential"]]
        project = next(row for row in objects["projects"] if row["id"] == source["source_project"])
        self._prepare(self.folder / name, objects, credentials, project, LOCALHOST, {})
        updated, data = update(self.folder / name, source["source_path"])
        assert updated.returncode == 0, updated.everything
        return data

    @staticmethod
    def _prepare(
        folder: Path,
        objects: Mapping[str, Any],
        credentials: Sequence[Mapping[str, Any]],
        project: Mapping[str, Any],
        inventory: Mapping[str, Any],
        extra_vars: Mapping[str, Any],
    ) -> None:
        types = {row["id"]: row for row in objects["credential_types"]}
        prepare(
            folder,
            {row["name"]: row["inputs"] for row in credentials},
            types={row["name"]: types[row["credential_type"]] for row in credentials},
            collections=project["collections"],
            inventory=inventory,
            extra_vars=extra_vars,
        )
