# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the three simulators have in common: counting, faults, the control paths, and the clock."""

from __future__ import annotations

import dataclasses
import json
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, ClassVar, Generic, TypeVar

from aiohttp import web

from .clock import Clock
from .damage import damaged
from .faults import Fault, FaultBook, FaultError

CONTROL = "/_simulator/"


@dataclasses.dataclass(frozen=True)
class CommonSettings:
    """Settings that every simulator has."""

    clock_offset_seconds: float = 0.0


SettingsT = TypeVar("SettingsT", bound=CommonSettings)
AnswerT = TypeVar("AnswerT", bound="web.Response | None")


class Service(ABC, Generic[SettingsT]):
    """One simulated service. A subclass says what it answers, what it remembers, and its own faults."""

    # The service's own faults, each with the parameters that it takes.
    actions: ClassVar[Mapping[str, frozenset[str]]] = {}

    def __init__(self, settings: SettingsT) -> None:
        self._initial = settings
        self.settings = settings
        self.clock = Clock()
        self.faults = FaultBook(self.actions)
        self.paths: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()

    @abstractmethod
    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        """The answer to one request, effects included."""

    @abstractmethod
    def own_state(self) -> dict[str, Any]:
        """What `GET /_simulator/state` shows beside what all services show."""

    @abstractmethod
    def forget(self) -> None:
        """Puts everything that the service remembers back to how it started."""

    def apply(self, fault: Fault, request: web.Request, body: bytes) -> web.Response | None:
        """Carries out one of the service's own faults; a response that it returns is the answer."""
        raise NotImplementedError(fault.action)

    def control(self) -> Mapping[str, Callable[[Any], Any]]:
        """Control paths of the service's own: name to a function of the JSON that was posted."""
        return {}

    def now(self, request: web.Request) -> float:
        """The service's clock in Unix seconds, which can be told to be wrong."""
        return time.time() + self.settings.clock_offset_seconds + float(request.get("clock_offset", 0.0))

    def state(self) -> dict[str, Any]:
        return {
            "requests": self.paths.total(),
            "paths": dict(self.paths),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "faults": self.faults.listing(),
            "faults_applied": self.faults.applied,
            **self.own_state(),
        }

    def reset(self) -> None:
        self.settings = self._initial
        self.clock = Clock()
        self.faults.clear()
        self.faults = FaultBook(self.actions)
        self.paths.clear()
        self.statuses.clear()
        self.forget()

    def change_settings(self, changes: Any) -> dict[str, Any]:
        """Changes the settings that are named, and returns them all. Raises TypeError where one is unknown."""
        if changes is not None:
            self.settings = dataclasses.replace(self.settings, **changes)
        return dataclasses.asdict(self.settings)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.path.startswith(CONTROL):
            return self._controlled(request, body)
        self.paths[request.path] += 1
        response = await self._with_faults(request, body)
        self.statuses[response.status] += 1
        return response

    async def _with_faults(self, request: web.Request, body: bytes) -> web.StreamResponse:
        due = self.faults.due(request.path)
        decisive = next((fault for fault in due if fault.decisive), None)
        own: web.Response | None = None
        for fault in due:
            if fault.action == "clock":
                request["clock_offset"] = float(fault.parameters.get("seconds", 0))
            elif fault.action == "delay" and fault.when == "before":
                await self.faults.pause(float(fault.parameters.get("seconds", 1)))
            elif fault.action in self.actions and fault.when == "before":
                own = _either(self.apply(fault, request, body), own)
        if decisive is not None and decisive.when == "before":
            return await damaged(request, decisive, None)
        answer = own if own is not None else await self.answer(request, body)
        answer.headers.setdefault("Date", formatdate(self.now(request), usegmt=True))
        for fault in due:
            if fault.action == "delay" and fault.when == "after":
                await self.faults.pause(float(fault.parameters.get("seconds", 1)))
            elif fault.action in self.actions and fault.when == "after":
                answer = _either(self.apply(fault, request, body), answer)
            elif fault.action == "headers":
                _change_headers(answer, fault)
        if decisive is not None:
            self.lost(request)
            return await damaged(request, decisive, answer)
        return answer

    def lost(self, request: web.Request) -> None:
        """Called where a request took effect and its answer will not arrive whole."""

    def _controlled(self, request: web.Request, body: bytes) -> web.Response:
        name = request.path[len(CONTROL) :]
        try:
            data = json.loads(body) if body else None
            result = self._control(request.method, name, data)
        except (FaultError, TypeError, ValueError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        if result is None:
            return web.json_response({"error": f"no {request.method} {request.path}"}, status=404)
        return web.json_response(result)

    def _control(self, method: str, name: str, data: Any) -> Any:
        if (method, name) == ("GET", "state"):
            return self.state()
        if (method, name) == ("POST", "faults"):
            self.faults.add(data if isinstance(data, list) else [data])
            return self.faults.listing()
        if (method, name) == ("DELETE", "faults"):
            self.faults.clear()
            return []
        if (method, name) == ("POST", "clock"):
            return self.clock.change(**data)
        if (method, name) == ("POST", "reset"):
            self.reset()
            return {"reset": True}
        if name == "settings" and method in ("GET", "POST"):
            return self.change_settings(data if method == "POST" else None)
        own = self.control().get(name)
        return own(data) if own is not None and method == "POST" else None


def _either(one: web.Response | None, other: AnswerT) -> web.Response | AnswerT:
    # Not `or`: older releases of aiohttp have responses that are false, being mappings without keys.
    return one if one is not None else other


def _change_headers(answer: web.Response, fault: Fault) -> None:
    for name, value in (fault.parameters.get("headers") or {}).items():
        if value is None:
            answer.headers.popall(name, None)
        else:
            answer.headers[name] = str(value)
