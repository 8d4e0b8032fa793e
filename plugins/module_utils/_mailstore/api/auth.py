# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""How a request to the Management API proves who sends it.

Version 8 has sessions ("Management API - Using the API", sections Logging On and Executing Regular API Functions),
version 9 and later HTTP Basic, as has MailStore Server. Both classes do the same two things: sign a request, and learn
from its answer. Which of them a server wants is told by its answer to a request that proves nothing.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer, AuthBase

if TYPE_CHECKING:
    import requests

_COOKIE = "MSWEB_MGM_AUTH"
_COOKIE_SET = re.compile(rf"(?:^|[,;\s]){_COOKIE}=([^;,\s]*)")


def method_of(answer: Answer) -> str:
    """``basic`` or ``session``, by the answer to ``get-metadata`` without credentials.

    With HTTP Basic that is a challenge, and MailStore Server tells its functions to anybody. Version 8 redirects to its
    login page, and so may a web console where there is no API at all, which a login finds out.
    """
    if "basic" in answer.headers.get("WWW-Authenticate", "").lower():
        return "basic"
    return "basic" if answer.status == 200 and answer.text().lstrip()[:1] == "[" else "session"


class SessionAuth(AuthBase):
    """One session: a chain of cookies and anti-XSRF tokens in which each answer brings what the next request needs.

    So a session carries one request at a time, and a new session begins with a new object.
    """

    def __init__(self) -> None:
        self._cookie = ""
        self._token = ""

    @property
    def ready(self) -> bool:
        """Whether a request can be signed."""
        return bool(self._cookie and self._token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Replaces what a cookie jar has put there: the value goes back exactly as it came, percent-encoded.
        request.headers.pop("Cookie", None)
        if self.ready:
            request.headers["Cookie"] = f"{_COOKIE}={self._cookie}"
            request.headers["X-AntiXsrfToken"] = self._token
        return request

    def learn(self, answer: Answer, token: str | None) -> None:
        """Take the cookie and the token for the next request. An answer without them changes nothing."""
        cookie = _COOKIE_SET.search(answer.headers.get("Set-Cookie", ""))
        if cookie:
            self._cookie = cookie.group(1)
        if token:
            self._token = token


class BasicAuth(AuthBase):
    """HTTP Basic with UTF-8 (RFC 7617); requests' own class encodes as Latin-1."""

    ready = True

    def __init__(self, username: str, password: str) -> None:
        self._value = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request

    def learn(self, answer: Answer, token: str | None) -> None:
        """Nothing: every request proves itself."""
