# Copyright: Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""One call of the service: sent, tried again where that is right, its answer understood."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    Answer,
    AnswerLost,
    AnswerUnusable,
    Http,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.auth import MimecastAuth
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.reply import (
    MimecastError,
    RateLimit,
    Reply,
    clock_offset,
    dictated_wait,
    explain,
    rate_limit,
    read_reply,
)
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, TryAgain

PAGE_SIZE_MAX = 500
"""Items that the service puts on one page at most."""


@dataclass(frozen=True)
class Pages:
    """What a list came to, page after page."""

    data: tuple[Any, ...]
    meta: Mapping[str, Any]
    """Of the last page."""
    count: int
    """How many pages were fetched."""
    truncated: bool
    """Whether the service has more than was taken."""


class MimecastClient:
    """Calls functions of the service with one set of credentials.

    Not safe for several threads at once.
    """

    def __init__(
        self,
        http: Http,
        auth: MimecastAuth,
        retry: Retry,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """``wall_clock`` gives Unix seconds, to be compared with the service's where it refuses a signature."""
        self._http = http
        self._auth = auth
        self._retry = retry
        self._wall_clock = wall_clock
        self._rate_limit: RateLimit | None = None

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> MimecastClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def facts(self) -> dict[str, Any]:
        """What a task tells of its calls, whether they went well or not."""
        return {
            "request_id": self._auth.request_id,
            "rate_limit": self._rate_limit.as_dict() if self._rate_limit else None,
            "retries": self._retry.retries,
            "waited": round(self._retry.waited, 3),
        }

    def call(
        self,
        path: str,
        data: Sequence[Mapping[str, Any]],
        *,
        meta: Mapping[str, Any] | None = None,
        repeatable: bool,
    ) -> Reply:
        """Call one function with a list of items; its reply may hold failures of some of them, or of all.

        ``repeatable`` says whether the service may be asked twice for the same: only then is a call repeated of which
        it is not known whether the service has acted on it. Raises `MimecastError` where the service refused the
        whole call, and one of the `HttpError` tree where no usable answer came.
        """
        body = json.dumps({**({"meta": meta} if meta else {}), "data": list(data)})
        try:
            return self._retry.call(lambda: self._attempt(path, body, repeatable))
        except MopsError as error:
            error.facts = {**self.facts(), **error.facts}
            raise

    def pages(
        self,
        path: str,
        data: Sequence[Mapping[str, Any]],
        *,
        meta: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Pages:
        """Read a list to its end, or until ``limit`` items of ``data`` have come. Raises what `call` raises.

        One page's failure is the failure of the whole: a list with a hole in it looks like a list.
        """
        pagination = {"pageSize": PAGE_SIZE_MAX, **_pagination(meta)}
        items: list[Any] = []
        seen: set[str] = set()
        count = 0
        while True:
            reply = self.call(path, data, meta={**(meta or {}), "pagination": pagination}, repeatable=True)
            self.check(reply, path)
            items += reply.data
            count += 1
            following = next_page(reply.meta)
            if following is None or (limit is not None and len(items) >= limit):
                truncated = following is not None or (limit is not None and len(items) > limit)
                return Pages(tuple(items[:limit]), reply.meta, count, truncated)
            if following in seen:
                raise AnswerUnusable(
                    f"POST {reply.answer.url}: page {count} names a page as the next that was there before."
                )
            seen.add(following)
            pagination = {**pagination, "pageToken": following}

    def check(self, reply: Reply, path: str) -> None:
        """Raise the failure that a reply is, if any item of it failed."""
        if reply.failures:
            error = self._explain(reply, path)
            error.facts = {**self.facts(), **error.facts}
            raise error

    def _attempt(self, path: str, body: str, repeatable: bool) -> Reply:
        lost: AnswerLost | None = None
        try:
            answer = self._send(path, body)
        except AnswerLost as error:
            lost = error
        if lost is not None:
            if repeatable:
                raise TryAgain(lost)
            lost.args = (f"{lost} Whether the service acted on the request is not known, so it was not repeated.",)
            raise lost
        self._rate_limit = rate_limit(answer.headers) or self._rate_limit
        reply = read_reply(answer)
        if reply.status == 200 and not reply.retryable:
            return reply
        refusal = self._explain(reply, path)
        if reply.status == 429:
            raise TryAgain(refusal, wait=dictated_wait(answer))
        if reply.status != 418 and (reply.retryable or (repeatable and reply.status >= 500)):
            raise TryAgain(refusal)
        raise refusal

    def _send(self, path: str, body: str) -> Answer:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = self._http.post(path, auth=self._auth, data=body, headers=headers)
        if answer.status == 401 and self._auth.renew():
            answer = self._http.post(path, auth=self._auth, data=body, headers=headers)
        return answer

    def _explain(self, reply: Reply, path: str) -> MimecastError:
        return explain(
            reply,
            path,
            request_id=self._auth.request_id,
            dated=self._auth.dated,
            offset=clock_offset(reply.answer, self._wall_clock()) if self._auth.dated and reply.status == 401 else None,
        )


def next_page(meta: Mapping[str, Any]) -> str | None:
    """The token of the page after this one, or None where this is the last."""
    return _pagination(meta).get("next") or None


def _pagination(meta: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """``meta.pagination``, empty where there is none."""
    pagination = (meta or {}).get("pagination")
    return pagination if isinstance(pagination, dict) else {}
