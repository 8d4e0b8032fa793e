# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: finds the endpoint, takes a request from its quota, checks who asks and whether they may."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs

from aiohttp import web

from ..credentials import MimecastCredentials
from ..faults import Fault
from ..service import CommonSettings, Service
from ..serving import serve, server_context
from . import body as bodies
from . import envelope
from .authorization import Authorization
from .endpoints import ChannelFailure, Tenant
from .envelope import Problem, Refused
from .quota import Bucket, Level

OAUTH = "/oauth/token"


@dataclass(frozen=True)
class Settings(CommonSettings):
    """`denied_paths`: what the keys may not use; `unlicensed_paths`: what the application has no product for."""

    quota_limit: int = 1000
    quota_refill_ms: float = 100.0
    fail_key: str = "object"
    binding_expired: bool = False
    denied_paths: tuple[str, ...] = ()
    unlicensed_paths: tuple[str, ...] = ()
    oauth_token_seconds: float = 1799.0


class Mimecast(Service[Settings]):
    actions: ClassVar[Mapping[str, frozenset[str]]] = {"revoke_tokens": frozenset()}

    def __init__(self, settings: Settings, credentials: MimecastCredentials, channel_ids: list[str]) -> None:
        super().__init__(settings)
        self._credentials = credentials
        self._channel_ids = channel_ids
        self.forget()

    def forget(self) -> None:
        self._authorization = Authorization(self._credentials)
        self._tenant = Tenant(self._channel_ids)
        self._buckets: dict[str, Bucket] = {}
        self._refused: Counter[int] = Counter()
        self._lenient_bodies = 0
        self._request_ids: list[str] = []

    def own_state(self) -> dict[str, Any]:
        return {
            "refused": self._refused.total(),
            "refusals": {str(status): count for status, count in self._refused.items()},
            "tokens_issued": self._tenant.tokens_issued,
            "tokens": dict(self._tenant.tokens),
            "request_ids": self._request_ids[-1000:],
            "replays": self._authorization.replays,
            "lenient_bodies": self._lenient_bodies,
            "bearer_tokens_issued": self._authorization.bearer_tokens_issued,
            "managed_urls": self._tenant.url_count,
        }

    def apply(self, fault: Fault, request: web.Request, body: bytes) -> web.Response | None:
        self._authorization.revoke_tokens()
        return None

    def control(self) -> Mapping[str, Callable[[Any], Any]]:
        return {"channels": self._fail_channels}

    def _fail_channels(self, items: Any) -> Any:
        """`[{"channel_id", "code", "message", "retryable"?, "times"?}]` replaces the channels that are told to fail."""
        self._tenant.failing = [
            ChannelFailure(
                channel_id=item["channel_id"],
                problem=Problem(item["code"], item["message"], bool(item.get("retryable", False))),
                times=item.get("times"),
            )
            for item in items or []
        ]
        return {"failing": len(self._tenant.failing)}

    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        if request.path == OAUTH:
            return self._issue_token(request, body)
        level: Level | None = None
        try:
            endpoint = self._endpoint(request)
            level = self._take(request.path)
            response = self._authorized(request, body, endpoint, level)
        except Refused as refused:
            self._refused[refused.status] += 1
            response = envelope.refusal(refused)
        if level is not None:
            response.headers.update(level.headers())
        return response

    def _endpoint(self, request: web.Request) -> Callable[[bodies.Body], envelope.Result]:
        endpoint = self._tenant.endpoints.get(request.path)
        if endpoint is None:
            raise Refused(404, envelope.NOT_FOUND)
        if request.method != "POST":
            raise Refused(405, envelope.METHOD)
        return endpoint

    def _take(self, path: str) -> Level:
        now = time.monotonic()
        bucket = self._buckets.setdefault(path, Bucket(now))
        return bucket.take(now, self.settings.quota_limit, self.settings.quota_refill_ms)

    def _authorized(
        self, request: web.Request, raw: bytes, endpoint: Callable[[bodies.Body], envelope.Result], level: Level
    ) -> web.Response:
        settings = self.settings
        self._authorization.check(request, self.now(request), settings.binding_expired)
        self._request_ids.append(request.headers.get("x-mc-req-id", ""))
        if not level.allowed:
            raise Refused(429, envelope.QUOTA)
        if request.path in settings.unlicensed_paths:
            raise Refused(403, envelope.APP_FORBIDDEN)
        if request.path in settings.denied_paths:
            raise Refused(403, envelope.FORBIDDEN)
        try:
            body = bodies.parse(raw)
        except bodies.BodyError as error:
            raise envelope.malformed(str(error)) from error
        self._lenient_bodies += body.lenient
        return envelope.success(endpoint(body), settings.fail_key)

    def _issue_token(self, request: web.Request, body: bytes) -> web.Response:
        if request.method != "POST":
            return envelope.refusal(Refused(405, envelope.METHOD))
        if request.content_type != "application/x-www-form-urlencoded":
            return web.json_response({"error": "invalid_request"}, status=400)
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        response = self._authorization.issue_token(form, self.settings.oauth_token_seconds)
        if response.status != 200:
            self._refused[response.status] += 1
        return response


async def start(configuration: dict[str, Any]) -> list[int]:
    """Starts the service in this process; returns its port."""
    credentials = MimecastCredentials(**configuration["credentials"])
    service = Mimecast(Settings(**configuration["settings"]), credentials, configuration["channel_ids"])
    return [await serve(service.handle, server_context(configuration["certificate"]))]
