# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Getting a bearer token for API 2.0: the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4)."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils import _http
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import auth, envelope, failure, quota
from ansible_collections.mops.maintenance.plugins.module_utils._retry import TryAgain

GRANT_PATH = "/oauth/token"
DEFAULT_LIFETIME_SECONDS = 300.0
"""How long a token is used whose answer does not say how long it lives."""


def fetch_bearer_token(http: _http.Http, client_id: str, client_secret: str) -> auth.BearerToken:
    """Ask for a token.

    Raises `CallRefused` or `AnswerUnusable`, and `TryAgain` where another try may help: asking changes nothing on
    the service's side, so that it may always be repeated.
    """
    lost: _http.AnswerLost | None = None
    try:
        answer = http.post(
            GRANT_PATH,
            auth=_http.NoAuth(),
            data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret},
            headers={"Accept": "application/json"},
        )
    except _http.AnswerLost as error:
        lost = error
    if lost is not None:
        raise TryAgain(lost)
    return read_bearer_token(answer)


def read_bearer_token(answer: _http.Answer) -> auth.BearerToken:
    """The token in an answer. Raises what `fetch_bearer_token` raises."""
    body = failure.json_object(answer) or {}
    if answer.status != 200:
        _raise_refusal(answer, body)
    value = body.get("access_token")
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise _http.AnswerUnusable(
            f"POST {answer.url}: the answer holds no access_token. Is that the address of API 2.0?"
        )
    lifetime = body.get("expires_in")
    known = isinstance(lifetime, (int, float)) and not isinstance(lifetime, bool)
    return auth.BearerToken(value, float(lifetime) if known else DEFAULT_LIFETIME_SECONDS)  # type: ignore[arg-type]


def _raise_refusal(answer: _http.Answer, body: dict[str, Any]) -> None:
    words = _oauth_words(body) or envelope.read_reply(answer).words()
    what = f"no token for this client_id and client_secret ({answer.status})"
    advice = (
        "Is this the address of API 2.0?"
        if answer.status == 404
        else "Are they those of an API 2.0 application that is switched on?"
        if answer.status in (400, 401, 403)
        else ""
    )
    error = envelope.CallRefused(
        " ".join(filter(None, (f"POST {answer.url}: {what}" + (f": {words}." if words else "."), advice))),
        words or what,
        http_status=answer.status,
    )
    if answer.status == 429:
        raise TryAgain(error, wait=quota.dictated_wait(answer, time.time()))
    if answer.status >= 500:
        raise TryAgain(error)
    raise error


def _oauth_words(body: dict[str, Any]) -> str:
    """An OAuth 2.0 error (RFC 6749, section 5.2) as text, or nothing."""
    words = [str(body[name]) for name in ("error", "error_description") if isinstance(body.get(name), str)]
    return failure.shortened(": ".join(words))
