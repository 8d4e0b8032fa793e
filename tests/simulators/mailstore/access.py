# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: the login and the chain of version 8, or HTTP Basic of version 9."""

from __future__ import annotations

import base64
import binascii
import hmac
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ..credentials import MailStoreCredentials
from .arguments import form_of
from .session import COOKIE, Refused, Session, Sessions

LOGIN_PAGE = "/web/login.html"


class Denied(Exception):
    """The request goes no further; `response` is its answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True)
class Links:
    """What an answer adds so that there can be a next request."""

    fields: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class Access(ABC):
    """One way of being let in."""

    # Whether status answers after the first one name the process's token.
    names_token: bool

    @abstractmethod
    def special(self, request: web.Request, body: bytes) -> web.Response | None:
        """The answer to paths that only this way of access has, else None."""

    @abstractmethod
    def begin(self, request: web.Request) -> None:
        """Raises Denied where the request is not let in."""

    @abstractmethod
    def end(self, request: web.Request, answered: bool) -> Links:
        """Called once after `begin`; `answered` where the request comes to a proper answer."""


class SessionAccess(Access):
    """Version 8. A session's chain moves on with each proper answer, and only then."""

    names_token = False

    def __init__(self, sessions: Sessions, credentials: MailStoreCredentials, settings: Any) -> None:
        self._sessions = sessions
        self._credentials = credentials
        self._settings = settings

    def special(self, request: web.Request, body: bytes) -> web.Response | None:
        if request.path == LOGIN_PAGE and request.method == "GET":
            return _login_page()
        if request.path not in ("/login", "/logout"):
            if self._settings.session_port != "api":
                return _console(self._settings.session_port)
            return None
        if request.path == "/login" and self._settings.session_port in ("html", "redirect"):
            return _console(self._settings.session_port)
        if request.method != "POST":
            raise Denied(web.Response(status=405))
        return self._log_in(request, body) if request.path == "/login" else self._log_out(request)

    def _log_in(self, request: web.Request, body: bytes) -> web.Response:
        form = dict(form_of(body))
        known = _same(form.get("u", ""), self._credentials.username)
        if not _same(form.get("p", ""), self._credentials.password) or not known:
            self._sessions.refused_logins += 1
            status = 401 if self._settings.login_refusal == "401" else 200
            return web.Response(status=status, text="-ERR Wrong user name or password.")
        session = self._sessions.log_in(self._settings.session_seconds)
        request["session"] = session
        return web.Response(text=f"+OK {session.token}", headers={"Set-Cookie": _cookie(session.cookie)})

    def _log_out(self, request: web.Request) -> web.Response:
        try:
            self._sessions.log_out(cookie_of(request), request.headers.get("X-AntiXsrfToken"))
        except Refused as refused:
            raise Denied(_refusal(refused)) from refused
        return _redirect()

    def begin(self, request: web.Request) -> None:
        try:
            request["session"] = self._sessions.begin(cookie_of(request), request.headers.get("X-AntiXsrfToken"))
        except Refused as refused:
            raise Denied(_refusal(refused)) from refused

    def end(self, request: web.Request, answered: bool) -> Links:
        session: Session = request["session"]
        if not answered:
            self._sessions.release(session)
            return Links()
        self._sessions.proceed(session, self._settings.session_seconds)
        return Links({"antiXsrfToken": session.token}, {"Set-Cookie": _cookie(session.cookie)})


class BasicAccess(Access):
    """Version 9 and later. Under multi-factor authentication only API passwords are good.

    MailStore Server tells anybody which functions it has (`open_metadata`).
    """

    names_token = True

    def __init__(
        self,
        credentials: MailStoreCredentials,
        api_passwords: Sequence[str],
        settings: Any,
        open_metadata: bool = False,
    ) -> None:
        self._open_metadata = open_metadata
        self._user_name = credentials.username
        own = () if settings.mfa else (credentials.password,)
        self._passwords = (*own, credentials.api_password, *api_passwords)

    def special(self, request: web.Request, body: bytes) -> web.Response | None:
        return None

    def begin(self, request: web.Request) -> None:
        if self._open_metadata and request.path == "/api/get-metadata":
            return
        scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
        name, password = _decoded(value) if scheme.lower() == "basic" else ("", "")
        if name != self._user_name or not any(_same(password, right) for right in self._passwords):
            challenge = {"WWW-Authenticate": 'Basic realm="MailStore Management API", charset="UTF-8"'}
            raise Denied(web.Response(status=401, headers=challenge, text="<h1>Unauthorized</h1>"))

    def end(self, request: web.Request, answered: bool) -> Links:
        return Links()


def cookie_of(request: web.Request) -> str | None:
    """The session cookie's value as it stands in the header: it must come back exactly as it went out."""
    for part in request.headers.get("Cookie", "").split(";"):
        name, _equals, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def _cookie(value: str) -> str:
    return f"{COOKIE}={value};path=/;secure;HttpOnly"


def _login_page() -> web.Response:
    return web.Response(text="<html><body><form>Log in</form></body></html>", content_type="text/html")


def _console(kind: str) -> web.Response:
    """What the web console of a current server says to a request that is none of its own."""
    if kind == "html":
        return _login_page()
    if kind == "redirect":
        return web.Response(status=302, headers={"Location": LOGIN_PAGE})
    return web.Response(status=int(kind), text=f"<html><body><h1>{kind}</h1></body></html>", content_type="text/html")


def _redirect() -> web.Response:
    headers = {"Location": LOGIN_PAGE, "Set-Cookie": _cookie("")}
    return web.Response(status=302, headers=headers, text="<html><body><h1>302 Found</h1></body></html>")


def _refusal(refused: Refused) -> web.Response:
    if refused.reason == "gone":
        return _redirect()
    return web.Response(status=403, text="<html><body><h1>403 Forbidden</h1></body></html>", content_type="text/html")


def _decoded(value: str) -> tuple[str, str]:
    try:
        name, _colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), right.encode("utf-8"))
