# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions as in version 8: a chain of cookies and anti-XSRF tokens, one request at a time, with a sliding end."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

COOKIE = "MSWEB_MGM_AUTH"


@dataclass
class Session:
    """One login. `cookie` is the value as it goes over the wire: percent-encoded, and to come back like that."""

    number: int
    cookie: str = ""
    token: str = ""
    expires: float = 0.0
    busy: bool = False
    orphaned: bool = False
    requests: int = 0

    def rotate(self) -> None:
        """The next link of the chain; what came before is stale."""
        self.cookie = encoded(_ticket())
        self.token = _ticket()
        self.orphaned = False


def encoded(ticket: str) -> str:
    """Percent-encoded with lower-case hexits, as the server writes cookies."""
    text = quote(ticket, safe="")
    return text.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")


def _ticket() -> str:
    # A plus and a slash in every one, so that a client that decodes or encodes once too often is found out.
    return base64.b64encode(secrets.token_bytes(27)).decode("ascii") + "+/" + secrets.token_hex(2)


class Refused(Exception):
    """Why a request is not of a session: `gone`, `stale` token, or `busy` with another request."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sessions:
    """All open sessions. The clock (seconds, monotonic) is passed in."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        self.logins = 0
        self.logouts = 0
        self.expired = 0
        self.refused_logins = 0
        self.stale_tokens = 0
        self.concurrent_requests = 0

    def log_in(self, seconds: float) -> Session:
        self.logins += 1
        session = Session(self.logins)
        self._renew(session, seconds)
        return session

    def begin(self, cookie: str | None, token: str | None) -> Session:
        """The session of a request; it is busy until `proceed` or `release`. Raises Refused."""
        session = self._find(cookie)
        if token != session.token:
            self.stale_tokens += 1
            raise Refused("stale")
        if session.busy:
            self.concurrent_requests += 1
            raise Refused("busy")
        session.busy = True
        session.requests += 1
        return session

    def proceed(self, session: Session, seconds: float) -> None:
        """The request was answered: new cookie, new token, and the lifetime begins anew."""
        session.busy = False
        if self._open.pop(session.cookie, None) is not None:
            self._renew(session, seconds)

    def release(self, session: Session) -> None:
        """The request came to nothing: the chain stays where it was."""
        session.busy = False

    def log_out(self, cookie: str | None, token: str | None) -> None:
        """Ends the session, also while another request of it is held. Raises Refused."""
        session = self._find(cookie)
        if token != session.token:
            self.stale_tokens += 1
            raise Refused("stale")
        del self._open[session.cookie]
        self.logouts += 1

    def expire_all(self) -> None:
        self.expired += len(self._open)
        self._open.clear()

    def is_open(self, session: Session) -> bool:
        return self._open.get(session.cookie) is session

    @property
    def open(self) -> list[Session]:
        self._sweep()
        return list(self._open.values())

    def _renew(self, session: Session, seconds: float) -> None:
        session.rotate()
        session.expires = self._clock() + seconds
        self._open[session.cookie] = session

    def _find(self, cookie: str | None) -> Session:
        self._sweep()
        session = self._open.get(cookie or "")
        if session is None:
            raise Refused("gone")
        return session

    def _sweep(self) -> None:
        now = self._clock()
        # A held request keeps its session: the server knows that somebody is there.
        ended = [key for key, session in self._open.items() if session.expires <= now and not session.busy]
        for key in ended:
            del self._open[key]
        self.expired += len(ended)
