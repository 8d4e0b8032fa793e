# Copyright (c) Contributors to the mops.maintenance project
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
from typing import Any, Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer, AnswerUnusable

WORDS_MAX_LENGTH = 300
"""Characters of the service's own words that are repeated in a message."""


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


class Reason(NamedTuple):
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


class Failure(NamedTuple):
    """One entry of ``fail``: what went wrong with one item of the request."""

    key: Any
    """The item, or its id; None where the service does not say which it was."""
    reasons: tuple[Reason, ...]

    @property
    def retryable(self) -> bool:
        return bool(self.reasons) and all(reason.retryable for reason in self.reasons)

    def __str__(self) -> str:
        return ", ".join(map(str, self.reasons)) or "no reason given"


class RateLimit(NamedTuple):
    """The quota, as the headers of every answer tell it. A number that the service did not send is None."""

    limit: int | None
    remaining: int | None
    reset_ms: int | None
    """Milliseconds until a request is added to the quota."""


class Reply(NamedTuple):
    """An answer, taken apart."""

    answer: Answer
    status: int
    """The HTTP status; where that is 200 and nothing in ``failures`` says more, the function's own."""
    meta: Mapping[str, Any]
    data: tuple[Any, ...]
    failures: tuple[Failure, ...]
    raw_failures: tuple[Any, ...]
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
        return Reply(answer, answer.status, {}, (), _failures(failures), failures)
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


def shortened(text: str) -> str:
    """The service's words on one line, and not longer than a message can bear."""
    line = " ".join(text.split())
    return line if len(line) <= WORDS_MAX_LENGTH else line[:WORDS_MAX_LENGTH] + "…"


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
