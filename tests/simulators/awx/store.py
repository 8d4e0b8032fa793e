# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of one AWX: making, changing, deleting and finding them, with what AWX refuses."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import credential_type, survey
from .objects import DEPENDENTS, KINDS, OF_TEMPLATES, UNIFIED, Kind, Thing

FAILED, SUCCESSFUL, RUNNING, PENDING = "failed", "successful", "running", "pending"
SYNCED_ANEW = ("scm_type", "scm_url", "scm_branch", "scm_refspec")
"""A project of which one of these is changed is synced without being told to."""
GALAXY = "Ansible Galaxy/Automation Hub API Token"


class Refused(Exception):
    """A request that AWX refuses: the status, and what the answer's body says."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


@dataclass
class Sync:
    """One sync of a project: when it ends, and how."""

    ends: float
    failed: bool


@dataclass
class Job:
    """A launched template. Somebody else runs it, and says how it went."""

    id: int
    template: int
    kind: str
    extra_vars: dict[str, Any]
    inventory: int | None
    status: str = PENDING

    @property
    def url(self) -> str:
        return f"/api/v2/{self.kind}/{self.id}/"


class Store:
    """Everything that AWX keeps. `playbooks` are those that a project has once it is synced."""

    def __init__(self, playbooks: list[str], sync_seconds: float, sync_fails: bool) -> None:
        self.playbooks = playbooks
        self.sync_seconds = sync_seconds
        self.sync_fails = sync_fails
        self._things: dict[str, dict[int, Thing]] = {kind: {} for kind in KINDS}
        self._ids = 0
        self._syncs: dict[int, Sync] = {}
        self.jobs: dict[int, Job] = {}
        # Every AWX has these. An organization that is made later has no credential for Galaxy.
        default = self.create("organizations", {"name": "Default"})
        galaxy = self.create("credential_types", {"name": GALAXY, "kind": "galaxy", "managed": True})
        token = {"name": "Ansible Galaxy", "credential_type": galaxy.id, "managed": True}
        default.linked["galaxy_credentials"] = [self.create("credentials", token).id]
        self.create("execution_environments", {"name": "AWX EE", "image": "quay.io/ansible/awx-ee"})

    def every(self, kind: str) -> Iterator[Thing]:
        for name in UNIFIED if kind == "unified_job_templates" else (kind,):
            yield from self._things[name].values()

    def get(self, kind: str, id_: int) -> Thing:
        for thing in self.every(kind):
            if thing.id == id_:
                return thing
        raise Refused(404, {"detail": "Not found."})

    def create(self, kind: str, sent: dict[str, Any]) -> Thing:
        definition = KINDS[kind]
        if missing := [name for name in definition.needed if sent.get(name) in (None, "")]:
            raise Refused(400, {name: ["This field is required."] for name in missing})
        thing = Thing(self._next_id(), kind, copy.deepcopy(definition.fields))
        self._set(thing, sent, definition)
        thing.linked = {name: [] for name in definition.links}
        self._things[kind][thing.id] = thing
        if kind == "projects" and thing.data["scm_type"]:
            self.sync(thing)
        return thing

    def change(self, thing: Thing, sent: dict[str, Any]) -> None:
        before = copy.deepcopy(thing.data)
        if thing.kind == "credential_types" and self._used(thing):
            words = "Modifications to inputs are not allowed for credential types that are in use"
            raise Refused(403, {"detail": words})
        try:
            self._set(thing, sent, KINDS[thing.kind])
        except Refused:
            thing.data = before
            raise
        if thing.kind == "projects" and any(before[name] != thing.data[name] for name in SYNCED_ANEW):
            self.sync(thing)

    def _used(self, type_: Thing) -> bool:
        return any(each.data["credential_type"] == type_.id for each in self.every("credentials"))

    def _set(self, thing: Thing, sent: dict[str, Any], definition: Kind) -> None:
        known = {name: value for name, value in sent.items() if name in definition.fields}
        before = copy.deepcopy(thing.data)
        thing.data.update(copy.deepcopy(known))
        check = getattr(self, f"_check_{thing.kind}", None)
        if check is not None:
            check(thing, before)
        for other in self.every(thing.kind):
            if other.id != thing.id and all(other.data[name] == thing.data[name] for name in definition.unique):
                words = ", ".join(name.replace("_", " ").capitalize() for name in definition.unique)
                kind = definition.type.replace("_", " ").capitalize()
                raise Refused(400, {"__all__": [f"{kind} with this ({words}) combination already exists."]})

    def _check_credential_types(self, thing: Thing, _before: dict[str, Any]) -> None:
        data = thing.data
        if data["managed"]:
            return
        if wrong := credential_type.complaints(data["kind"], data["inputs"], data["injectors"]):
            raise Refused(400, wrong)

    def _check_credentials(self, thing: Thing, before: dict[str, Any]) -> None:
        inputs = thing.data["inputs"]
        for name in [name for name, value in inputs.items() if value == credential_type.ENCRYPTED]:
            if name not in before["inputs"]:
                raise Refused(400, {"inputs": [f"$encrypted$ is a reserved keyword, and cannot be used for {name}."]})
            inputs[name] = before["inputs"][name]
        if wrong := credential_type.refused_inputs(self._type_of(thing).data["inputs"], inputs):
            raise Refused(400, {"inputs": wrong})

    def _type_of(self, credential: Thing) -> Thing:
        return self.get("credential_types", int(credential.data["credential_type"]))

    def _check_projects(self, thing: Thing, _before: dict[str, Any]) -> None:
        if not thing.data["scm_type"] and not thing.data["local_path"]:
            raise Refused(400, {"local_path": ["This path is required for manual projects"]})
        if thing.data["scm_type"] and not thing.data["scm_url"]:
            raise Refused(400, {"scm_url": ["SCM URL is required."]})

    def _check_inventory_sources(self, thing: Thing, _before: dict[str, Any]) -> None:
        if thing.data["source"] == "scm" and not thing.data["source_project"]:
            raise Refused(400, {"source_project": ["Project required for scm type sources."]})

    def _check_job_templates(self, thing: Thing, _before: dict[str, Any]) -> None:
        data = thing.data
        if not data["inventory"] and not data["ask_inventory_on_launch"]:
            raise Refused(400, {"inventory": ["Job Template must provide 'inventory' or allow prompting for it."]})
        if not data["project"]:
            raise Refused(400, {"project": ["Job Template must have 'project' assigned."]})
        project = self.get("projects", data["project"])
        # A template belongs to its project's organization, whatever was sent.
        data["organization"] = project.data["organization"]
        known = self.playbooks if self.status(project) == SUCCESSFUL else []
        if not project.data["allow_override"] and data["playbook"] not in known:
            raise Refused(400, {"playbook": ["Playbook not found for project."]})

    def _check_schedules(self, thing: Thing, _before: dict[str, Any]) -> None:
        if wrong := survey.rule_complaint(thing.data["rrule"]):
            raise Refused(400, {"rrule": [wrong]})
        template = self.get("unified_job_templates", thing.data["unified_job_template"])
        spec = template.survey if template.data.get("survey_enabled") else {}
        prompts = bool(template.data.get("ask_variables_on_launch"))
        if refused := survey.unwanted_answers(spec, thing.data["extra_data"], prompts):
            raise Refused(400, dict(refused))

    def _check_workflow_job_template_nodes(self, thing: Thing, _before: dict[str, Any]) -> None:
        if not thing.data["unified_job_template"]:
            return
        template = self.get("unified_job_templates", thing.data["unified_job_template"])
        spec = template.survey if template.data.get("survey_enabled") else {}
        prompts = bool(template.data.get("ask_variables_on_launch"))
        if refused := survey.unwanted_answers(spec, thing.data["extra_data"], prompts, required=False):
            raise Refused(400, dict(refused))

    def delete(self, thing: Thing) -> None:
        if thing.kind == "credential_types" and self._used(thing):
            raise Refused(403, {"detail": "Credential types that are in use cannot be deleted"})
        del self._things[thing.kind][thing.id]
        for kind, field, goes in (*DEPENDENTS.get(thing.kind, ()), *(OF_TEMPLATES if thing.kind in UNIFIED else ())):
            for other in [other for other in self.every(kind) if other.data[field] == thing.id]:
                if goes:
                    self.delete(other)
                else:
                    other.data[field] = None
        for kind, definition in KINDS.items():
            for other in self.every(kind) if definition.links else ():
                for ids in other.linked.values():
                    if thing.id in ids and thing.kind in (kind, "credentials"):
                        ids.remove(thing.id)

    def link(self, thing: Thing, association: str, id_: int, apart: bool) -> None:
        ids = thing.linked[association]
        if apart:
            ids.remove(id_)
            return
        if association == "credentials":
            type_ = self._type_of(self.get("credentials", id_))
            if any(self._type_of(self.get("credentials", each)).id == type_.id for each in ids):
                raise Refused(400, {"error": f"Cannot assign multiple {type_.data['name']} credentials."})
        elif association.endswith("_nodes"):
            self._check_edge(thing, association, id_)
        if id_ not in ids:
            ids.append(id_)

    def _check_edge(self, node: Thing, association: str, child: int) -> None:
        """What is linked in the same way already may be linked again."""
        if any(child in ids for name, ids in node.linked.items() if name.endswith("_nodes") and name != association):
            raise Refused(400, {"Error": "Relationship not allowed."})
        ahead = [child]
        while ahead:
            current = self.get("workflow_job_template_nodes", ahead.pop())
            if current.id == node.id:
                raise Refused(400, {"Error": "Cycle detected."})
            ahead += [id_ for name, ids in current.linked.items() if name.endswith("_nodes") for id_ in ids]

    def put_survey(self, thing: Thing, spec: Any) -> None:
        if wrong := survey.complaint(spec):
            raise Refused(400, {"error": wrong})
        thing.survey = copy.deepcopy(spec)

    def sync(self, project: Thing) -> int:
        """Starts a sync of a project, and returns its id.

        Collections that the project names come from the organization's servers of Galaxy. Without one, AWX installs
        none, and the sync is as successful.
        """
        update = self._next_id()
        project.updates.append(update)
        self._syncs[update] = Sync(time.monotonic() + self.sync_seconds, self.sync_fails)
        organization = project.data["organization"]
        galaxy = self.get("organizations", organization).linked["galaxy_credentials"] if organization else []
        project.collections = bool(galaxy)
        return update

    def sync_status(self, update: int) -> str:
        sync = self._syncs[update]
        if time.monotonic() < sync.ends:
            return RUNNING
        return FAILED if sync.failed else SUCCESSFUL

    def status(self, project: Thing) -> str:
        return self.sync_status(project.updates[-1]) if project.updates else "ok"

    def launch(self, template: Thing, sent: dict[str, Any]) -> Job:
        """A job of a template, or of a workflow, that is yet to run. Raises Refused where something is missing."""
        answers = sent.get("extra_vars") or {}
        answers = json.loads(answers) if isinstance(answers, str) else answers
        workflow = template.kind == "workflow_job_templates"
        spec = template.survey if template.data["survey_enabled"] else {}
        if refused := survey.unwanted_answers(spec, answers, bool(template.data["ask_variables_on_launch"])):
            raise Refused(400, dict(refused))
        inventory = template.data["inventory"]
        if template.data["ask_inventory_on_launch"] and sent.get("inventory"):
            inventory = sent["inventory"]
        if not workflow:
            if not inventory:
                raise Refused(400, {"inventory": ["Job Template 'inventory' is missing or undefined."]})
            project = self.get("projects", template.data["project"])
            if self.status(project) in (FAILED, "ok"):
                raise Refused(400, {"detail": "The project has no revision to run"})
        own = json.loads(template.data["extra_vars"] or "{}")
        kind = "workflow_jobs" if workflow else "jobs"
        given = {**own, **survey.defaults(spec), **answers}
        job = Job(self._next_id(), template.id, kind, given, inventory)
        self.jobs[job.id] = job
        return job

    def project_of(self, update: int) -> Thing:
        for project in self.every("projects"):
            if update in project.updates:
                return project
        raise Refused(404, {"detail": "Not found."})

    def shown(self, thing: Thing) -> dict[str, Any]:
        """The object as the API answers it: secrets hidden, links to what is around it."""
        data = copy.deepcopy(thing.data)
        related = {name: f"{thing.url}{name}/" for name in thing.linked}
        summary: dict[str, Any] = {}
        if thing.kind == "credentials":
            for name in credential_type.secret_fields(self._type_of(thing).data["inputs"]):
                if data["inputs"].get(name):
                    data["inputs"][name] = credential_type.ENCRYPTED
        if thing.kind in ("job_templates", "workflow_job_templates"):
            related["survey_spec"] = f"{thing.url}survey_spec/"
            related["launch"] = f"{thing.url}launch/"
        if thing.kind == "workflow_job_template_nodes":
            data |= {name: list(ids) for name, ids in thing.linked.items() if name.endswith("_nodes")}
        if thing.kind == "projects":
            related["update"] = f"{thing.url}update/"
            data["status"] = self.status(thing)
            data["scm_revision"] = "5f0c3d1" if data["status"] == SUCCESSFUL else ""
            if data["status"] == RUNNING:
                summary["current_update"] = {"id": thing.updates[-1], "status": RUNNING}
            elif thing.updates:
                summary["last_update"] = {"id": thing.updates[-1], "status": data["status"]}
        head = {"id": thing.id, "type": KINDS[thing.kind].type, "url": thing.url, "related": related}
        return {**head, "summary_fields": summary, **data}

    def matching(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """The objects that a list's filters leave. Those that begin with `or__` are alternatives."""
        rows = [self.shown(thing) for thing in self.every(kind)]
        for name in query:
            field = name.removeprefix("or__")
            if kind in KINDS and field not in KINDS[kind].fields and field not in ("id", "type"):
                raise Refused(400, {"detail": f"{KINDS[kind].type} has no field named '{field}'"})
        either = {name.removeprefix("or__"): value for name, value in query.items() if name.startswith("or__")}
        every = {name: value for name, value in query.items() if not name.startswith("or__")}
        return [
            row
            for row in rows
            if all(_fits(row.get(name), value) for name, value in every.items())
            and (not either or any(_fits(row.get(name), value) for name, value in either.items()))
        ]

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids


def _fits(value: Any, wanted: str) -> bool:
    """Whether a field has the value that a query names, as text. A query may write true and false in any case."""
    return str(value).lower() == wanted.lower() if isinstance(value, bool) else str(value) == wanted
