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

from typing import Any, Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.failure import (
    Failure,
    as_tuple,
    failures_in,
    failures_of,
    json_object,
    shortened,
)


class MimecastError(MopsError):
    """The service answered, and the answer is a failure."""

    def __init__(self, message: str, reason: str, codes: frozenset[str] = frozenset(), **facts: Any) -> None:
        """``reason`` is the message's shortest form: what happened, in the service's own words where there are any."""
        super().__init__(message, **facts)
        self.reason = reason
        self.codes = codes
        """The codes by which the service names the reasons."""


class FunctionFailed(MimecastError):
    """What was wrong lies in what was asked for: the same call with other data may do well."""


class CallRefused(MimecastError):
    """What was wrong lies in the call itself: the next one, whatever its data, would fare the same."""


class Reply(NamedTuple):
    """An answer, taken apart."""

    answer: Answer
    status: int
    """The HTTP status; where that is 200 and nothing in ``failures`` says more, the function's own."""
    meta: Mapping[str, Any] = {}
    data: tuple[Any, ...] = ()
    failures: tuple[Failure, ...] = ()
    raw_failures: tuple[Any, ...] = ()
    """``failures`` as the service wrote them."""
    body: Any = None
    """The JSON of an answer in REST style, which has neither ``meta`` nor ``data``."""

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retryable(self) -> bool:
        """Whether the service says that the same request may do better, and nothing of it has been done yet."""
        return not self.data and bool(self.failures) and all(failure.retryable for failure in self.failures)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all reasons."""
        return frozenset(reason.code for failure in self.failures for reason in failure.reasons)

    def words(self) -> str:
        """What the service itself says of the failure, or nothing."""
        return shortened("; ".join(dict.fromkeys(str(failure) for failure in self.failures)))


def read_reply(answer: Answer) -> Reply:
    """Take an answer apart. Raises `AnswerUnusable` where one with status 200 is not what the service's API sends."""
    if answer.status != 200:
        failures, raw = failures_in(answer)
        return Reply(answer, answer.status, failures=failures, raw_failures=raw)
    body = json_object(answer)
    where = f"{answer.method} {answer.url}"
    if body is None:
        raise not_json(answer)
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
    failed = as_tuple(body.get("fail"))
    status = 200 if failed else meta["status"]
    return Reply(answer, status, meta, as_tuple(body.get("data")), failures_of(failed), failed)


def not_json(answer: Answer) -> AnswerUnusable:
    """The failure that an answer is which should be JSON and is not."""
    return AnswerUnusable(
        f"{answer.method} {answer.url}: the answer is not JSON ({content_type(answer)}). "
        "Is that the address of the service's API?"
    )


def content_type(answer: Answer) -> str:
    """What an answer says it is, for a message."""
    return shortened(answer.headers.get("Content-Type", "")) or f"{len(answer.body)} bytes without a Content-Type"
