# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asking: the signed headers of API 1.0, or the bearer token of API 2.0."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ..credentials import MimecastCredentials
from . import envelope, signature
from .envelope import Refused

CLOCK_TOLERANCE = 15 * 60
GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Authorization:
    """Checks requests, remembers the GUIDs it has seen, issues bearer tokens. The clock (seconds) is passed in."""

    def __init__(self, credentials: MimecastCredentials, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._clock = clock
        self._seen: set[str] = set()
        self._tokens: dict[str, float] = {}
        self.replays = 0
        self.bearer_tokens_issued = 0

    def check(self, request: web.Request, now: float, binding_expired: bool) -> None:
        """Raises Refused where the request is not authorized."""
        header = request.headers.get("Authorization", "")
        scheme, _space, value = header.partition(" ")
        if scheme == "MC":
            self._check_signed(request, value, now, binding_expired)
        elif scheme.lower() == "bearer":
            self._check_bearer(value.strip())
        else:
            raise Refused(401, envelope.UNAUTHORIZED)

    def _check_signed(self, request: web.Request, value: str, now: float, binding_expired: bool) -> None:
        credentials, headers = self._credentials, request.headers
        access_key, _colon, given = value.rpartition(":")
        app_id, date, request_id = (headers.get(name, "") for name in ("x-mc-app-id", "x-mc-date", "x-mc-req-id"))
        if not app_id or not date or not request_id:
            raise envelope.malformed("x-mc-app-id, x-mc-date or x-mc-req-id is missing")
        if not GUID.fullmatch(request_id):
            raise envelope.malformed("x-mc-req-id is not a GUID")
        if not _same(app_id, credentials.app_id):
            raise Refused(401, envelope.DEVELOPER_KEY)
        if not _same(access_key, credentials.access_key):
            raise Refused(401, envelope.UNAUTHORIZED)
        right = signature.expected(
            credentials.secret_key, date, request_id, request.rel_url.raw_path, credentials.app_key
        )
        moment = signature.unix_seconds(date)
        if not _same(given, right) or moment is None or abs(moment - now) > CLOCK_TOLERANCE:
            raise Refused(401, envelope.INVALID_SIGNATURE)
        if request_id.lower() in self._seen:
            self.replays += 1
            raise Refused(401, envelope.INVALID_SIGNATURE)
        self._seen.add(request_id.lower())
        if binding_expired:
            raise Refused(418, envelope.BINDING_EXPIRED)

    def _check_bearer(self, token: str) -> None:
        if self._tokens.get(token, 0.0) <= self._clock():
            raise Refused(401, envelope.TOKEN_REFUSED)

    def issue_token(self, form: Any, seconds: float) -> web.Response:
        """The answer of `POST /oauth/token` to an urlencoded form."""
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        known = _same(str(form.get("client_id", "")), self._credentials.client_id)
        if not _same(str(form.get("client_secret", "")), self._credentials.client_secret) or not known:
            return web.json_response({"error": "invalid_client"}, status=401)
        token = secrets.token_urlsafe(48)
        self._tokens[token] = self._clock() + seconds
        self.bearer_tokens_issued += 1
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds), "scope": ""}
        return web.json_response(answer)

    def revoke_tokens(self) -> None:
        self._tokens.clear()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), right.encode("utf-8"))
