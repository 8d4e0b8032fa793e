# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What a refusal means, and what to do about it ("Response codes" in Mimecast's API documentation).

Only a task that fails needs this.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import envelope
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.permissions import (
    LATEST_TOKEN_PATH,
    needed_permission,
)

CLOCK_TOLERANCE_SECONDS = 60
"""A difference between the clocks that nobody needs to hear of."""


def explain(
    reply: envelope.Reply, path: str, *, request_id: str | None, dated: bool, offset: float | None
) -> envelope.MimecastError:
    """The failure that a reply is.

    ``dated`` says whether the request was signed with this host's time, ``offset`` is then that of `clock_offset`.
    """
    what, advice = _meaning(reply, path, dated, offset)
    words = reply.words()
    sentences = [
        f"{reply.answer.method} {reply.answer.url}: {what} ({reply.status})" + (f": {words}." if words else "."),
        advice,
        f"The request's id is {request_id}.",
    ]
    kind = envelope.FunctionFailed if reply.status in (200, 400, 409) else envelope.CallRefused
    return kind(
        " ".join(filter(None, sentences)),
        words or f"{what} ({reply.status})",
        reply.codes,
        http_status=reply.answer.status,
        fail=list(reply.raw_failures),
        request_id=request_id,
        **({} if offset is None else {"clock_offset": round(offset)}),
    )


def clock_offset(answer: Answer, now: float) -> float | None:
    """Seconds by which this host's clock (``now``, Unix seconds) is ahead of the service's; None if unknown."""
    try:
        return now - parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _meaning(reply: envelope.Reply, path: str, dated: bool, offset: float | None) -> tuple[str, str]:
    """What happened, and what to do about it."""
    status = reply.status
    if path == LATEST_TOKEN_PATH and not dated and (status == 404 or "app_forbidden" in reply.codes):
        return "API 2.0 does not have this endpoint", (
            "Channel tokens need auth_method hmac and the keys of an API 1.0 application. With API 2.0, "
            "mops.maintenance.mimecast_siem_events collects the same events, from now on or from an earlier time."
        )
    if "app_forbidden" in reply.codes:
        return "the application may not call this", _advice_on_products(path, dated)
    if 200 <= status < 300:
        return "the function failed", ""
    if status == 400:
        damaged = "" if reply.answer.body.strip() else ", and says no more, as where an id in it is damaged"
        return f"the service cannot work with the request{damaged}", ""
    if status == 401:
        return "the service does not accept the credentials", _advice_on_credentials(dated, offset)
    if status == 403:
        return "the call is not permitted", needed_permission(path)
    if status == 404 and not path.startswith("/api/"):
        return "it was not found", f"Is {path} spelled right, and is what it names there?"
    if status == 404:
        return "there is no such URL", (
            f"Is {path} spelled right, and are region or base_url those of the account? "
            "Each region has an address of its own."
        )
    if status == 405:
        return "the endpoint does not take this method", ""
    if status == 409:
        return "the request contradicts what the service holds", ""
    if status == 418:
        return "the binding of the access key has expired", (
            "A repeat cannot help: make a new access key and secret key for the application in the Administration "
            "Console, and let the authentication profile of their user never expire."
        )
    if status == 429:
        return "the quota of requests is used up", ""
    if status >= 500:
        return "the service failed", ""
    if 300 <= status < 400:
        return "the service wants to redirect the call", "Is that the address of the service's API?"
    return "the service refused the call", ""


def _advice_on_products(path: str, dated: bool) -> str:
    # The service answers in the same way for a path that it does not have.
    spelled = f"Is {path} spelled right? If it is, "
    if dated and not path.startswith("/api/"):
        return f"{spelled}it belongs to API 2.0, which wants auth_method oauth2 and an application of its own."
    return f"{spelled}add a product that holds it to the application."


def _advice_on_credentials(dated: bool, offset: float | None) -> str:
    if not dated:
        return "Is the application of client_id switched on, and is this the address for its account?"
    belong = "access_key, secret_key, app_id and app_key must belong together, and to the account's region."
    if offset is None:
        return belong
    if abs(offset) <= CLOCK_TOLERANCE_SECONDS:
        return f"{belong} The clock is not the cause: it agrees with the service's."
    direction = "ahead of" if offset > 0 else "behind"
    return (
        f"The clock of this host is {abs(offset):.0f} s ({abs(offset) / 60:.1f} min) {direction} the service's, and "
        f"a signature is dated: set the clock right first. If that does not help: {belong}"
    )
