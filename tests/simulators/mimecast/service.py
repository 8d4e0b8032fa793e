# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: finds the endpoint, takes a request from its quota, checks who asks and whether they may.

Endpoints of API 1.0 take signed requests and bearer tokens, those in API 2.0's REST style bearer tokens alone. A quota
is one for all calls of the user whose keys sign (1.0), and one for each function of an application (2.0).
"""

from __future__ import annotations

import json
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
from . import envelope, siem
from .authorization import Authorization
from .endpoints import LATEST_TOKEN, SIEM_LOGS, ChannelFailure, Tenant
from .envelope import Problem, Refused
from .quota import Bucket, Level
from .rest import Request, Rest, RestError

OAUTH = "/oauth/token"


@dataclass(frozen=True)
class Settings(CommonSettings):
    """`denied_paths`: what the keys may not use; `unlicensed_paths`: what the application has no product for.

    `bearer_channel_tokens`: a bearer token gets channel tokens, too, which API 2.0's catalogue does not have.
    `rest_error_form`: how REST-style operations say what is wrong: `fail`, `error`, `detail`, `problem` or `html`.
    """

    quota_limit: int = 1000
    quota_refill_ms: float = 100.0
    fail_key: str = "object"
    binding_expired: bool = False
    denied_paths: tuple[str, ...] = ()
    unlicensed_paths: tuple[str, ...] = ()
    oauth_token_seconds: float = 1799.0
    rest_error_form: str = "error"
    siem_address_seconds: float = 3600.0
    bearer_channel_tokens: bool = False


class Mimecast(Service[Settings]):
    actions: ClassVar[Mapping[str, frozenset[str]]] = {"revoke_tokens": frozenset()}

    def __init__(self, settings: Settings, credentials: MimecastCredentials, channel_ids: list[str]) -> None:
        super().__init__(settings)
        self._credentials = credentials
        self._channel_ids = channel_ids
        self.forget()

    def forget(self) -> None:
        self._authorization = Authorization(self._credentials, self.clock)
        self._tenant = Tenant(self._channel_ids)
        self._rest = Rest()
        self._siem = siem.Siem()
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
            **self._rest.state(),
            **self._siem.state(),
        }

    def apply(self, fault: Fault, request: web.Request, body: bytes) -> web.Response | None:
        self._authorization.revoke_tokens()
        return None

    def control(self) -> Mapping[str, Callable[[Any], Any]]:
        return {"channels": self._fail_channels, "siem": self._siem.produce}

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
        if request.path.startswith(siem.STORAGE):
            return self._siem.file(request)
        level = self._take(request)
        try:
            self._admit(request, level)
            if self._is_rest(request.path):
                response = self._rest_answer(request, body)
            else:
                response = self._enveloped_answer(request, body)
        except Refused as refused:
            self._refused[refused.status] += 1
            response = envelope.refusal(refused)
        except RestError as error:
            self._refused[error.status] += 1
            response = error.response(self.settings.rest_error_form)
        response.headers.update(level.headers())
        return response

    def _is_rest(self, path: str) -> bool:
        return path in (siem.BATCHES, siem.EVENTS) or self._rest.route(path) is not None

    def _take(self, request: web.Request) -> Level:
        """One request out of the quota that it counts against."""
        signed = request.headers.get("Authorization", "").startswith("MC ")
        now = self.clock()
        bucket = self._buckets.setdefault("user" if signed else request.path, Bucket(now))
        return bucket.take(now, self.settings.quota_limit, self.settings.quota_refill_ms)

    def _admit(self, request: web.Request, level: Level) -> None:
        """Raises Refused where the caller may not call this."""
        settings, rest = self.settings, self._is_rest(request.path)
        if not rest and request.path not in self._tenant.endpoints:
            raise Refused(404, envelope.NOT_FOUND)
        bearer = not request.headers.get("Authorization", "").startswith("MC ")
        if not rest and request.method != "POST":
            raise Refused(405, envelope.METHOD)
        self._authorization.check(request, self.now(request), settings.binding_expired)
        self._request_ids.append(request.headers.get("x-mc-req-id", ""))
        if not level.allowed:
            if rest:
                raise RestError(429, "TooManyRequests", "Quota of requests exceeded")
            raise Refused(429, envelope.QUOTA)
        # Neither generation has what belongs to the other.
        foreign = rest if not bearer else request.path == LATEST_TOKEN and not settings.bearer_channel_tokens
        if request.path in settings.unlicensed_paths or foreign:
            raise Refused(403, envelope.APP_FORBIDDEN)
        if request.path in settings.denied_paths:
            raise Refused(403, envelope.FORBIDDEN)

    def _rest_answer(self, request: web.Request, raw: bytes) -> web.Response:
        if request.path in (siem.BATCHES, siem.EVENTS):
            if request.method != "GET":
                raise RestError(405, "MethodNotAllowed", "Only GET is allowed here")
            if request.path == siem.EVENTS:
                return self._siem.events(request.query)
            base_url = f"{request.scheme}://{request.host}"
            return self._siem.batches(request.query, base_url, self.settings.siem_address_seconds)
        found = self._rest.route(request.path)
        assert found is not None
        route, arguments = found
        operation = route.operations.get(request.method)
        if operation is None:
            raise RestError(405, "MethodNotAllowed", f"Allowed: {', '.join(route.operations)}")
        try:
            document = json.loads(raw) if raw.strip() else None
        except ValueError:
            raise RestError(400, "err_validation_malformed", "The body is not JSON") from None
        return operation(Request(request.query, document, arguments))

    def _enveloped_answer(self, request: web.Request, raw: bytes) -> web.Response:
        try:
            body = bodies.parse(raw)
        except bodies.BodyError as error:
            raise envelope.malformed(str(error)) from error
        self._lenient_bodies += body.lenient
        if request.path == SIEM_LOGS:
            return self._tenant.siem_logs(body)
        return envelope.success(self._tenant.endpoints[request.path](body), self.settings.fail_key)

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
