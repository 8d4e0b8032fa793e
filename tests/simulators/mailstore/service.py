# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service on its two ports: paths, sessions or HTTP Basic, functions, and the processes that they start."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from ..credentials import MailStoreCredentials
from ..faults import Fault
from ..service import CommonSettings, Service
from ..serving import serve, server_context
from . import arguments as args
from . import editions, fleet
from .access import Access, BasicAccess, Denied, SessionAccess
from .arguments import ApiError
from .editions import Edition
from .process import Control, Plan, Process, Processes
from .session import Session, Sessions

BOM = b"\xef\xbb\xbf"
INVOKE = "/api/invoke/"
PLACES = ("instanceID", "id", "job", "profile")
REMEMBERED_INVOCATIONS = 2000
NO_CACHE = "no-cache,private,no-store,must-revalidate,max-stale=0,post-check=0,pre-check=0"


@dataclass(frozen=True)
class Settings(CommonSettings):
    """Times in seconds. `login_refusal`: `text` is a 200 that says -ERR, `401` is that status.

    `session_port` is `api` as in version 8, or what the web console has there on a current server: `html` or `redirect`
    in answer to a login, or a login that is good for nothing under /api (`404`, `403`).
    """

    session_seconds: float = 600.0
    process_seconds: float = 3.0
    process_steps: int = 10
    brief_seconds: float = 0.2
    retention_seconds: float = 3600.0
    login_refusal: str = "text"
    mfa: bool = False
    session_port: str = "api"


@dataclass
class ProcessRule:
    """How the next processes go that it matches: by function and, where given, by arguments."""

    function: str | None
    arguments: dict[str, Any]
    times: int | None
    changes: dict[str, Any]

    def matches(self, function: str, arguments: Mapping[str, Any]) -> bool:
        if self.times == 0 or self.function not in (None, function):
            return False
        return all(str(arguments.get(name)) == str(value) for name, value in self.arguments.items())


class MailStore(Service[Settings]):
    actions: ClassVar[Mapping[str, frozenset[str]]] = {
        "expire_session": frozenset(),
        "forget_process": frozenset({"token", "function"}),
        "restart": frozenset(),
    }

    def __init__(self, settings: Settings, credentials: MailStoreCredentials, size: int, seed: int) -> None:
        super().__init__(settings)
        self._credentials = credentials
        self._size, self._seed = size, seed
        self._processes = Processes(self.clock)
        self.forget()

    def forget(self) -> None:
        self._processes.forget()
        self.sessions = Sessions(self.clock)
        self._processes = Processes(self.clock)
        self.archive = fleet.build(self._credentials.username, self._size, self._seed)
        self._version_8, self._current = editions.version_8(self.archive), editions.current(self.archive)
        self._mailstore_server = editions.mailstore_server(fleet.build_single(self._credentials.username, self._seed))
        self._rules: list[ProcessRule] = []
        self._invocations: deque[dict[str, Any]] = deque(maxlen=REMEMBERED_INVOCATIONS)
        self._functions: dict[str, int] = {}
        self._held = 0

    def own_state(self) -> dict[str, Any]:
        sessions, opened = self.sessions, self.sessions.open
        return {
            "requests": dict(self.paths),
            "functions": dict(self._functions),
            "sessions": len(opened),
            "orphaned_sessions": sum(session.orphaned for session in opened),
            "logins": sessions.logins,
            "logouts": sessions.logouts,
            "expired_sessions": sessions.expired,
            "refused_logins": sessions.refused_logins,
            "stale_tokens": sessions.stale_tokens,
            "concurrent_requests": sessions.concurrent_requests,
            "held_now": self._held,
            "processes": self._processes.listing(),
            "invocations": list(self._invocations),
            "instances": {item.id: item.status for item in self.archive.instances.values()},
        }

    def control(self) -> Mapping[str, Callable[[Any], Any]]:
        return {"processes": self._set_rules, "steps": self._step, "archive": self._change_archive}

    def _set_rules(self, items: Any) -> Any:
        """Replaces the rules; see README.md for their keys."""
        known = {item.name for item in dataclasses.fields(Control)}
        rules = []
        for item in items or []:
            changes = {key: value for key, value in item.items() if key in known}
            unknown = set(item) - known - {"function", "arguments", "times"}
            if unknown:
                raise ValueError(f"unknown key: {', '.join(sorted(unknown))}")
            rules.append(ProcessRule(item.get("function"), item.get("arguments", {}), item.get("times"), changes))
        self._rules = rules
        return {"rules": len(rules)}

    def _step(self, count: Any) -> Any:
        """Takes the processes that run so many steps further at once, or to their end."""
        return {"running": self._processes.step(count)}

    def _change_archive(self, items: Any) -> Any:
        """Changes the archive behind the API's back; see README.md for what there is."""
        for item in items:
            changes = {key: value for key, value in item.items() if key not in PLACES}
            target = self._place(item)
            for name, value in changes.items():
                if not hasattr(target, name):
                    raise KeyError(name)
                setattr(target, name, set(value) if name == "inactive_hosts" else value)
        return {"changed": len(items)}

    def _place(self, item: Mapping[str, Any]) -> Any:
        """A store, a job, a profile, an instance, or the whole archive."""
        if "instanceID" not in item:
            return self.archive
        single = self._mailstore_server.archive.instances
        instance = {**self.archive.instances, **single}[item["instanceID"]]
        if "id" in item:
            return instance.store(item["id"])
        if "job" in item:
            return instance.job(item["job"])
        return instance.profile(item["profile"]) if "profile" in item else instance

    def apply(self, fault: Fault, request: web.Request, body: bytes) -> web.Response | None:
        if fault.action in ("expire_session", "restart"):
            self.sessions.expire_all()
        if fault.action == "forget_process":
            self._processes.forget(fault.parameters.get("token"), fault.parameters.get("function"))
        elif fault.action == "restart":
            self._processes.forget()
        return None

    def lost(self, request: web.Request) -> None:
        session: Session | None = request.get("session")
        if session is not None:
            session.orphaned = True

    async def handle_session(self, request: web.Request) -> web.StreamResponse:
        """The port of version 8."""
        request["edition"] = self._version_8
        request["access"] = SessionAccess(self.sessions, self._credentials, self.settings)
        return await self.handle(request)

    async def handle_basic(self, request: web.Request) -> web.StreamResponse:
        """The port of version 9."""
        request["edition"] = self._current
        request["access"] = BasicAccess(self._credentials, self.archive.api_passwords, self.settings)
        return await self.handle(request)

    async def handle_server(self, request: web.Request) -> web.StreamResponse:
        """The port of MailStore Server."""
        request["edition"] = self._mailstore_server
        request["access"] = BasicAccess(self._credentials, (), self.settings, open_metadata=True)
        return await self.handle(request)

    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        access: Access = request["access"]
        try:
            if request.method == "POST" and not {"Content-Length", "Transfer-Encoding"} & set(request.headers):
                raise Denied(web.Response(status=411, text="<h1>Length Required</h1>", content_type="text/html"))
            special = access.special(request, body)
            response = special if special is not None else await self._api(access, request, body)
        except Denied as denied:
            response = denied.response
        response.headers.setdefault("Server", "Microsoft-HTTPAPI/2.0")
        response.headers.setdefault("Cache-Control", NO_CACHE)
        response.headers.setdefault("Pragma", "no-cache")
        return response

    async def _api(self, access: Access, request: web.Request, body: bytes) -> web.Response:
        path = re.sub("/+", "/", request.path)  # the vendor's client of 2014 asks for /api//get-status
        metadata = path == "/api/get-metadata"
        if not metadata and path not in ("/api/get-status", "/api/cancel-async") and not path.startswith(INVOKE):
            raise Denied(_status(404))
        if request.method != "POST" and not (metadata and request.method == "GET"):
            raise Denied(_status(405))
        access.begin(request)
        edition: Edition = request["edition"]
        answered = False
        try:
            if metadata:
                return _json([signature.as_json() for signature in edition.signatures.values()])
            envelope = await self._envelope(edition, access, path, body)
            if envelope is None:
                return _status(404)
            answered = True
        finally:
            # A request that failed or whose client went away leaves the chain of the session where it was.
            links = access.end(request, answered)
        response = _json({**envelope, **links.fields})
        response.headers.update(links.headers)
        return response

    async def _envelope(self, edition: Edition, access: Access, path: str, body: bytes) -> dict[str, Any] | None:
        """What a request is answered with; None where it names what is not there."""
        form = args.form_of(body)
        if path.startswith(INVOKE):
            return self._invoke(edition, path[len(INVOKE) :], form)
        values = dict(form)
        process = self._processes.find(values.get("token", ""), self.settings.retention_seconds)
        if process is None:
            return None
        if path == "/api/cancel-async":
            process.cancel()
            return self._status_of(process, process.version, access.names_token)
        try:
            known, wait = _whole(values, "lastKnownStatusVersion"), _whole(values, "millisecondsTimeout")
        except ApiError as error:
            return _failed(error)
        self._held += 1
        try:
            await process.news(known, wait)
        finally:
            self._held -= 1
        return self._status_of(process, known, access.names_token)

    def _invoke(self, edition: Edition, name: str, form: list[tuple[str, str]]) -> dict[str, Any] | None:
        signature = edition.signatures.get(name)
        if signature is None:
            return None
        self._functions[name] = self._functions.get(name, 0) + 1
        record: dict[str, Any] = {"function": name, "arguments": args.masked(dict(form)), "error": None}
        self._invocations.append(record)
        try:
            values = signature.read(form)
            record["arguments"] = args.masked(values)
            outcome = edition.call(name, values)
        except ApiError as error:
            record["error"] = error.message
            return _failed(error)
        if not isinstance(outcome, Plan):
            return _succeeded(outcome)
        process = self._processes.start(name, outcome, self._course(name, values, outcome))
        record["token"] = process.token
        return self._status_of(process, 0, True)

    def _course(self, function: str, values: Mapping[str, Any], plan: Plan) -> Control:
        settings = self.settings
        seconds = min(settings.brief_seconds, settings.process_seconds) if plan.brief else settings.process_seconds
        steps = len(plan.steps) + 1 if plan.log_all else settings.process_steps
        control = Control(seconds=seconds, steps=2 if plan.brief and not plan.log_all else steps)
        for rule in self._rules:
            if rule.matches(function, values):
                rule.times = None if rule.times is None else rule.times - 1
                return dataclasses.replace(control, **rule.changes)
        return control

    @staticmethod
    def _status_of(process: Process, known: int, names_token: bool) -> dict[str, Any]:
        return {
            "error": process.error,
            "token": process.token if names_token else None,
            "statusVersion": process.version,
            "statusCode": process.status,
            "percentProgress": process.percent,
            "statusText": process.text,
            "result": process.result,
            "logOutput": process.log_since(known),
        }


def _whole(values: Mapping[str, str], name: str) -> int:
    text = values.get(name)
    if text is None:
        raise ApiError(f"Missing argument '{name}'.")
    if not text.isascii() or not text.isdigit():
        raise ApiError(f"Invalid value for argument '{name}'.", f"'{name}' is not a whole number.")
    return int(text)


def _plain(status: str, result: Any, error: dict[str, str] | None) -> dict[str, Any]:
    return {
        "error": error,
        "token": None,
        "statusVersion": 2,
        "statusCode": status,
        "percentProgress": None,
        "statusText": None,
        "result": result,
        "logOutput": None,
    }


def _succeeded(result: Any) -> dict[str, Any]:
    return _plain("succeeded", result, None)


def _failed(error: ApiError) -> dict[str, Any]:
    return _plain("failed", None, {"message": error.message, "details": error.details})


def _json(document: Any) -> web.Response:
    body = BOM + json.dumps(document, ensure_ascii=False).encode("utf-8")
    return web.Response(body=body, headers={"Content-Type": "application/json"})


def _status(status: int) -> web.Response:
    return web.Response(status=status, text=f"<html><body><h1>{status}</h1></body></html>", content_type="text/html")


async def start(configuration: dict[str, Any]) -> list[int]:
    """Starts the service in this process; returns the ports for sessions, for HTTP Basic, and of MailStore Server."""
    service = MailStore(
        Settings(**configuration["settings"]),
        MailStoreCredentials(**configuration["credentials"]),
        configuration["fleet"],
        configuration["seed"],
    )
    context = server_context(configuration["certificate"])
    handlers = (service.handle_session, service.handle_basic, service.handle_server)
    return [await serve(handler, context) for handler in handlers]
