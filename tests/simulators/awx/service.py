# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: who asks, what for, and an account of what was written."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from ..service import CommonSettings, Service
from ..serving import serve
from .objects import KINDS
from .store import RUNNING, Job, Refused, Store

ROOT = "/api/v2/"
PAGE = 25
# Where Automation Platform 2.5 and later has all of it, in every path that it answers as well.
GATEWAY_ROOT = "/api/controller/v2/"
# What a client compares its own release with.
HEADERS = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
GATEWAY_HEADERS = {"X-API-Product-Name": "Red Hat Ansible Automation Platform", "X-API-Product-Version": "4.6.1"}
SHARED = ("name", "description")


@dataclass(frozen=True)
class Settings(CommonSettings):
    """`playbooks` are those of every project, once synced. `administrator`: whether the login is one of the system.

    `gateway`: it is the controller of Automation Platform 2.5 or later, behind the platform's gateway, which alone
    makes, changes and removes organizations. `links_unseen`: the links of a workflow's nodes are missing in the lists
    by which modules look for them. Automation Platform 2.6 is reported to have every run link them anew
    (redhat-cop/infra.aap_configuration#1243); why is not known, and this has the same effect. `inventories_linger`:
    an inventory that was deleted is not gone yet.
    """

    playbooks: list[str] = field(default_factory=list)
    sync_seconds: float = 0.0
    sync_fails: bool = False
    administrator: bool = True
    gateway: bool = False
    links_unseen: bool = False
    inventories_linger: bool = False


@dataclass(frozen=True)
class Login:
    username: str
    password: str
    token: str


class Awx(Service[Settings]):
    def __init__(self, settings: Settings, login: Login) -> None:
        super().__init__(settings)
        self._login = login
        self.forget()

    def forget(self) -> None:
        settings = self.settings
        self._store = Store(settings.playbooks, settings.sync_seconds, settings.sync_fails)
        self._tokens: dict[int, str] = {}
        self._writes: list[str] = []
        self._refused = 0

    def change_settings(self, changes: Any) -> dict[str, Any]:
        """Takes them at once, objects and all."""
        shown = super().change_settings(changes)
        self._store.playbooks = self.settings.playbooks
        self._store.sync_seconds = self.settings.sync_seconds
        self._store.sync_fails = self.settings.sync_fails
        return shown

    def own_state(self) -> dict[str, Any]:
        things = {kind: list(self._store.every(kind)) for kind in KINDS}
        return {
            "writes": self._writes,
            "tokens": len(self._tokens),
            "refused": self._refused,
            "objects": {
                kind: [
                    {
                        "id": each.id,
                        **each.data,
                        "linked": each.linked,
                        "survey": each.survey,
                        "updates": each.updates,
                        "collections": each.collections,
                    }
                    for each in of_kind
                ]
                for kind, of_kind in things.items()
            },
            "jobs": [dataclasses.asdict(job) for job in self._store.jobs.values()],
        }

    def control(self) -> Mapping[str, Callable[[Any], Any]]:
        return {"jobs": self._ended, "credential_type": self._released}

    def _ended(self, job: Any) -> dict[str, Any]:
        """Takes from whoever runs jobs how one has ended: its id and its status."""
        self._store.jobs[job["id"]].status = job["status"]
        return {"job": job["id"]}

    def _released(self, changed: Any) -> dict[str, Any]:
        """Gives a credential type another content, whatever uses it, as if an earlier release of a role had made it."""
        self._store.get("credential_types", changed["id"]).data.update(changed)
        return {"credential_type": changed["id"]}

    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        try:
            answer = self._answer(request, body)
        except Refused as refused:
            self._refused += 1
            answer = web.json_response(refused.body, status=refused.status)
        answer.headers.update(GATEWAY_HEADERS if self.settings.gateway else HEADERS)
        if self.settings.gateway and answer.text:
            answer.text = answer.text.replace(f'"{ROOT}', f'"{GATEWAY_ROOT}')
        return answer

    def _answer(self, request: web.Request, body: bytes) -> web.Response:
        root = GATEWAY_ROOT if self.settings.gateway else ROOT
        if not request.path.startswith(root):
            raise Refused(404, {"detail": "The requested resource could not be found."})
        words = request.path[len(root) :].strip("/").split("/")
        if words == ["ping"]:
            return web.json_response({"version": HEADERS["X-API-Product-Version"], "ha": False})
        basic = self._authorize(request)
        sent = self._json(body)
        if words[0] == "tokens":
            return self._token(request.method, words[1:], basic)
        if request.method in ("POST", "PATCH", "PUT", "DELETE"):
            self._writes.append(f"{request.method} {request.path}")
        return self._route(request, words, sent)

    def _authorize(self, request: web.Request) -> bool:
        """Whether it was by name and password. Raises Refused where neither that nor a token is right."""
        scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and value in (self._login.token, *self._tokens.values()):
            return False
        if scheme == "Basic":
            try:
                given = base64.b64decode(value).decode()
            except (binascii.Error, UnicodeDecodeError):
                given = ""
            if given == f"{self._login.username}:{self._login.password}":
                return True
            raise Refused(401, {"detail": "Invalid username/password."})
        words = "Authentication credentials were not provided. To establish a login session, visit /api/login/."
        raise Refused(401, {"detail": words})

    @staticmethod
    def _json(body: bytes) -> dict[str, Any]:
        try:
            sent = json.loads(body) if body else {}
        except ValueError as error:
            raise Refused(400, {"detail": f"JSON parse error - {error}"}) from error
        if not isinstance(sent, dict):
            raise Refused(400, {"detail": "JSON parse error - not a JSON object"})
        return sent

    def _token(self, method: str, words: list[str], basic: bool) -> web.Response:
        if not basic:
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        if method == "POST" and not words:
            number = max(self._tokens, default=0) + 1
            self._tokens[number] = secrets.token_urlsafe(22)
            return web.json_response({"id": number, "token": self._tokens[number]}, status=201)
        if method == "DELETE" and words and int(words[0]) in self._tokens:
            del self._tokens[int(words[0])]
            return web.Response(status=204)
        raise Refused(404, {"detail": "Not found."})

    def _route(self, request: web.Request, words: list[str], sent: dict[str, Any]) -> web.Response:
        method, kind = request.method, words[0]
        if kind == "config":
            return web.json_response({"version": HEADERS["X-API-Product-Version"]})
        if kind == "project_updates":
            return self._updates(request, words[1:])
        if kind in ("jobs", "workflow_jobs") and len(words) == 2 and int(words[1]) in self._store.jobs:
            return web.json_response(_shown(self._store.jobs[int(words[1])]))
        if kind == "credential_types" and method != "GET" and not self.settings.administrator:
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        if kind == "organizations" and len(words) < 3 and self.settings.gateway:
            self._refuse_what_the_platform_does(method, words, sent)
        if kind not in KINDS and kind != "unified_job_templates":
            raise Refused(404, {"detail": "The requested resource could not be found."})
        if len(words) == 1:
            return self._collection(request, kind, sent)
        if not words[1].isdigit():
            raise Refused(404, {"detail": "Not found."})
        thing = self._store.get(kind, int(words[1]))
        if len(words) == 3:
            return self._below(method, thing, words[2], sent)
        if method == "PATCH":
            self._store.change(thing, sent)
        elif method == "DELETE" and kind == "inventories":
            # It goes in the background.
            if thing.data["pending_deletion"]:
                raise Refused(400, {"error": "Inventory is already pending deletion."})
            thing.data["pending_deletion"] = True
            if not self.settings.inventories_linger:
                self._store.delete(thing)
            return web.Response(status=202)
        elif method == "DELETE":
            self._store.delete(thing)
            return web.Response(status=204)
        elif method != "GET":
            raise Refused(405, {"detail": f'Method "{method}" not allowed.'})
        return web.json_response(self._store.shown(thing))

    def _refuse_what_the_platform_does(self, method: str, words: list[str], sent: dict[str, Any]) -> None:
        if method == "POST":
            detail = "Creation of this resource is not allowed. Create this resource via the platform ingress."
            raise Refused(403, {"detail": detail})
        if method == "DELETE":
            detail = "Deletion of this resource is not allowed. Delete this resource via the platform ingress."
            raise Refused(403, {"detail": detail})
        if method == "PATCH":
            data = self._store.get("organizations", int(words[1])).data
            if changed := [field for field in SHARED if sent.get(field, data[field]) != data[field]]:
                detail = f"Cannot change shared field '{changed[0]}'. Alter this field via the platform ingress."
                raise Refused(403, {changed[0]: detail})

    def _collection(self, request: web.Request, kind: str, sent: dict[str, Any]) -> web.Response:
        if request.method == "POST" and kind in KINDS:
            return web.json_response(self._store.shown(self._store.create(kind, sent)), status=201)
        if request.method != "GET":
            raise Refused(405, {"detail": f'Method "{request.method}" not allowed.'})
        query = dict(request.query)
        page, size = int(query.pop("page", 1)), int(query.pop("page_size", PAGE))
        return web.json_response(_page(self._store.matching(kind, query), request.path, query, page, size))

    def _below(self, method: str, thing: Any, name: str, sent: dict[str, Any]) -> web.Response:
        if name == "survey_spec" and thing.kind in ("job_templates", "workflow_job_templates"):
            if method == "POST":
                self._store.put_survey(thing, sent)
            elif method == "DELETE":
                thing.survey = {}
            return web.json_response(thing.survey if method == "GET" else {})
        if name == "update" and thing.kind == "projects" and method == "POST":
            return web.json_response(self._update(self._store.sync(thing)), status=202)
        if name == "launch" and thing.kind in ("job_templates", "workflow_job_templates") and method == "POST":
            return web.json_response(_shown(self._store.launch(thing, sent)), status=201)
        if name not in thing.linked:
            raise Refused(404, {"detail": "The requested resource could not be found."})
        kind = "workflow_job_template_nodes" if name.endswith("_nodes") else name.removeprefix("galaxy_")
        if method == "GET":
            unseen = self.settings.links_unseen and name.endswith("_nodes")
            rows = [self._store.shown(self._store.get(kind, id_)) for id_ in ([] if unseen else thing.linked[name])]
            return web.json_response(_page(rows, f"{thing.url}{name}/", {}, 1, PAGE))
        self._store.link(thing, name, int(sent["id"]), bool(sent.get("disassociate")))
        return web.Response(status=204)

    def _updates(self, request: web.Request, words: list[str]) -> web.Response:
        """One sync of a project, by its id in the path, or in the query of the list."""
        if words:
            return web.json_response(self._update(int(words[0])))
        found = [self._update(int(request.query["id"]))] if "id" in request.query else []
        return web.json_response(_page(found, request.path, {}, 1, PAGE))

    def _update(self, update: int) -> dict[str, Any]:
        project = self._store.project_of(update)
        status = self._store.sync_status(update)
        running = status == RUNNING
        return {
            "id": update,
            "type": "project_update",
            "url": f"{ROOT}project_updates/{update}/",
            "name": project.data["name"],
            "status": status,
            "failed": status == "failed",
            "started": "2026-01-01T00:00:00Z",
            "finished": None if running else "2026-01-01T00:00:01Z",
            "event_processing_finished": not running,
            "elapsed": 1.0,
            "scm_revision": "" if running else "5f0c3d1",
        }


def _shown(job: Job) -> dict[str, Any]:
    done = job.status not in ("pending", "running")
    return {
        "id": job.id,
        "type": job.kind.removesuffix("s"),
        "url": job.url,
        "status": job.status,
        "failed": job.status in ("failed", "error"),
        "finished": "2026-01-01T00:00:01Z" if done else None,
        "event_processing_finished": done,
        "extra_vars": json.dumps(job.extra_vars),
        "inventory": job.inventory,
    }


def _page(rows: list[Any], path: str, query: Mapping[str, str], page: int, size: int) -> dict[str, Any]:
    more = page * size < len(rows)
    following = f"{path}?{urlencode({**query, 'page': page + 1, 'page_size': size})}" if more else None
    return {"count": len(rows), "next": following, "previous": None, "results": rows[(page - 1) * size : page * size]}


async def start(configuration: Mapping[str, Any]) -> list[int]:
    """Starts the service in this process, without TLS; returns its port."""
    service = Awx(Settings(**configuration["settings"]), Login(**configuration["credentials"]))
    return [await serve(service.handle, None)]
