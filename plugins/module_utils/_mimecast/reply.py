# Copyright: Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the service answered, and what it means ("Response codes" and "API concepts" in Mimecast's API documentation).

The HTTP status tells only how the call went. The function's own result is in the body: ``meta.status``, what came out
of it in ``data``, and what went wrong in ``fail``, item by item.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.permissions import needed_permission

WORDS_MAX_LENGTH = 300
"""Characters of the service's own words that are repeated in a message."""

CLOCK_TOLERANCE_SECONDS = 60
"""A difference between the clocks that nobody needs to hear of."""


class MimecastError(MopsError):
    """The service answered, and the answer is a failure."""

    def __init__(self, message: str, reason: str, **facts: Any) -> None:
        """``reason`` is the message's shortest form: what happened, in the service's own words where there are any."""
        super().__init__(message, **facts)
        self.reason = reason


class FunctionFailed(MimecastError):
    """What was wrong lies in what was asked for: the same call with other data may do well."""


class CallRefused(MimecastError):
    """What was wrong lies in the call itself: the next one, whatever its data, would fare the same."""


@dataclass(frozen=True)
class Reason:
    """One entry of ``errors``."""

    code: str
    message: str
    retryable: bool
    field: str = ""
    """What of the item it is about, if anything."""

    def __str__(self) -> str:
        message = f' "{self.message}"' if self.message else ""
        field = f" ({self.field})" if self.field else ""
        return self.code + message + field


@dataclass(frozen=True)
class Failure:
    """One entry of ``fail``: what went wrong with one item of the request."""

    key: Any
    """The item, or its id; None where the service does not say which it was."""
    reasons: tuple[Reason, ...]

    @property
    def retryable(self) -> bool:
        return bool(self.reasons) and all(reason.retryable for reason in self.reasons)

    def __str__(self) -> str:
        return ", ".join(map(str, self.reasons)) or "no reason given"


@dataclass(frozen=True)
class RateLimit:
    """The quota, as the headers of every answer tell it. A number that the service did not send is None."""

    limit: int | None
    remaining: int | None
    reset_ms: int | None
    """Milliseconds until a request is added to the quota."""

    def as_dict(self) -> dict[str, int | None]:
        return {"limit": self.limit, "remaining": self.remaining, "reset_ms": self.reset_ms}


@dataclass(frozen=True)
class Reply:
    """An answer, taken apart."""

    answer: Answer = field(repr=False)
    status: int
    """The HTTP status; where that is 200 and nothing in ``failures`` says more, the function's own."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[Any, ...] = ()
    failures: tuple[Failure, ...] = ()
    raw_failures: tuple[Any, ...] = ()
    """``failures`` as the service wrote them."""

    @property
    def retryable(self) -> bool:
        """Whether the service says that the same request may do better, and nothing of it has been done yet."""
        return not self.data and bool(self.failures) and all(failure.retryable for failure in self.failures)

    def words(self) -> str:
        """What the service itself says of the failure, or nothing."""
        return shortened("; ".join(dict.fromkeys(str(failure) for failure in self.failures)))


def read_reply(answer: Answer) -> Reply:
    """Take an answer apart. Raises `AnswerUnusable` where one with status 200 is not what the service's API sends."""
    body = json_object(answer)
    if answer.status != 200:
        body = body or {}
        failures = _list(body.get("fail"))
        return Reply(answer, answer.status, failures=_failures(failures), raw_failures=failures)
    where = f"POST {answer.url}"
    if body is None:
        raise AnswerUnusable(
            f"{where}: the answer is not JSON ({content_type(answer)}). Is that the address of the service's API?"
        )
    meta = body.get("meta")
    if not isinstance(meta, dict) or not isinstance(meta.get("status"), int):
        raise AnswerUnusable(
            f"{where}: the answer has no meta.status, which every answer of the service's API has. "
            "Is that the address of the service's API?"
        )
    if not isinstance(body.get("data", []), list) or not isinstance(body.get("fail") or [], list):
        raise AnswerUnusable(
            f"{where}: data and fail in the answer are not both lists, as they are in the service's API."
        )
    failures = _list(body.get("fail"))
    return Reply(
        answer,
        200 if failures else meta["status"],
        meta=meta,
        data=_list(body.get("data")),
        failures=_failures(failures),
        raw_failures=failures,
    )


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """The quota's state, or None where the answer does not tell it."""
    numbers = [_number(headers.get("X-RateLimit-" + name)) for name in ("Limit", "Remaining", "Reset")]
    return None if numbers == [None, None, None] else RateLimit(*numbers)


def dictated_wait(answer: Answer) -> float | None:
    """Seconds that the service wants to be left alone for, or None where it does not say."""
    reset_ms = _number(answer.headers.get("X-RateLimit-Reset"))
    return None if reset_ms is None else reset_ms / 1000


def clock_offset(answer: Answer, now: float) -> float | None:
    """Seconds by which this host's clock (``now``, Unix seconds) is ahead of the service's; None if unknown."""
    try:
        return now - parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def explain(reply: Reply, path: str, *, request_id: str | None, dated: bool, offset: float | None) -> MimecastError:
    """The failure that a reply is.

    ``dated`` says whether the request was signed with this host's time, ``offset`` is then that of `clock_offset`.
    """
    what, advice = _meaning(reply, path, dated, offset)
    words = reply.words()
    sentences = [
        f"POST {reply.answer.url}: {what} ({reply.status})" + (f": {words}." if words else "."),
        advice,
        f"The request's id is {request_id}.",
    ]
    kind = FunctionFailed if reply.status in (200, 400, 409) else CallRefused
    return kind(
        " ".join(filter(None, sentences)),
        words or f"{what} ({reply.status})",
        http_status=reply.answer.status,
        fail=list(reply.raw_failures),
        request_id=request_id,
        **({} if offset is None else {"clock_offset": round(offset)}),
    )


def shortened(text: str) -> str:
    """The service's words on one line, and not longer than a message can bear."""
    line = " ".join(text.split())
    return line if len(line) <= WORDS_MAX_LENGTH else line[:WORDS_MAX_LENGTH] + "…"


def _meaning(reply: Reply, path: str, dated: bool, offset: float | None) -> tuple[str, str]:
    """What happened, and what to do about it."""
    status = reply.status
    codes = {reason.code for failure in reply.failures for reason in failure.reasons}
    if "app_forbidden" in codes:
        return "the application may not call this", f"Add a product that holds {path} to the application."
    if status == 200:
        return "the function failed", ""
    if status == 400:
        damaged = "" if reply.answer.body.strip() else ", and says no more, as where an id in it is damaged"
        return f"the service cannot work with the request{damaged}", ""
    if status == 401:
        return "the service does not accept the credentials", _advice_on_credentials(dated, offset)
    if status == 403:
        return "the call is not permitted", needed_permission(path)
    if status == 404:
        return "there is no such URL", (
            f"Is {path} spelled right, and are region or base_url those of the account? "
            "Each region has an address of its own."
        )
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


def json_object(answer: Answer) -> dict[str, Any] | None:
    """The answer's body where it is a JSON object, else None."""
    try:
        body = json.loads(answer.text())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _failures(entries: tuple[Any, ...]) -> tuple[Failure, ...]:
    return tuple(_failure(entry) for entry in entries)


def _failure(entry: Any) -> Failure:
    if not isinstance(entry, dict):
        return Failure(None, (Reason(shortened(str(entry)), "", False),))
    # API 2.0's gateway writes the reason into the entry itself.
    errors = entry.get("errors", [entry] if "code" in entry else [])
    reasons = tuple(_reason(error) for error in errors) if isinstance(errors, list) else ()
    return Failure(entry.get("key"), reasons)


def _reason(error: Any) -> Reason:
    if not isinstance(error, dict):
        return Reason(shortened(str(error)), "", False)
    return Reason(
        code=shortened(str(error.get("code") or "no code")),
        message=shortened(str(error.get("message") or "")),
        retryable=error.get("retryable") is True,
        field=shortened(str(error.get("field") or "")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def content_type(answer: Answer) -> str:
    """What an answer says it is, for a message."""
    return shortened(answer.headers.get("Content-Type", "")) or f"{len(answer.body)} bytes without a Content-Type"
