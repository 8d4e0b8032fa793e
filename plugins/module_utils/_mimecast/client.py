# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""One call of the service: sent, tried again where that is right, its answer understood."""

from __future__ import annotations

import json
import time
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils import _http
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast import auth, envelope
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, TryAgain


class MimecastClient:
    """Calls functions of the service with one set of credentials.

    Not safe for several threads at once.
    """

    def __init__(
        self,
        http: _http.Http,
        auth: auth.MimecastAuth,
        retry: Retry,
        *,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """``wall_clock`` gives Unix seconds, to be compared with the service's where it refuses a signature."""
        self._http = http
        self._auth = auth
        self._retry = retry
        self._wall_clock = wall_clock
        self._rate_limit: envelope.RateLimit | None = None

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
            "rate_limit": self._rate_limit._asdict() if self._rate_limit else None,
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
    ) -> envelope.Reply:
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

    def check(self, reply: envelope.Reply, path: str) -> None:
        """Raise the failure that a reply is, if any item of it failed."""
        if reply.failures:
            error = self._explain(reply, path)
            error.facts = {**self.facts(), **error.facts}
            raise error

    def _attempt(self, path: str, body: str, repeatable: bool) -> envelope.Reply:
        lost: _http.AnswerLost | None = None
        try:
            answer = self._send(path, body)
        except _http.AnswerLost as error:
            lost = error
        if lost is not None:
            if repeatable:
                raise TryAgain(lost)
            lost.args = (f"{lost} Whether the service acted on the request is not known, so it was not repeated.",)
            raise lost
        self._rate_limit = envelope.rate_limit(answer.headers) or self._rate_limit
        reply = envelope.read_reply(answer)
        if reply.status == 200 and not reply.retryable:
            return reply
        refusal = self._explain(reply, path)
        if reply.status == 429:
            raise TryAgain(refusal, wait=envelope.dictated_wait(answer))
        if reply.status != 418 and (reply.retryable or (repeatable and reply.status >= 500)):
            raise TryAgain(refusal)
        raise refusal

    def _send(self, path: str, body: str) -> _http.Answer:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = self._http.post(path, auth=self._auth, data=body, headers=headers)
        if answer.status == 401 and self._auth.renew():
            answer = self._http.post(path, auth=self._auth, data=body, headers=headers)
        return answer

    def _explain(self, reply: envelope.Reply, path: str) -> envelope.MimecastError:
        from ansible_collections.mops.maintenance.plugins.module_utils._mimecast import refusal

        dated = self._auth.dated
        offset = refusal.clock_offset(reply.answer, self._wall_clock()) if dated and reply.status == 401 else None
        return refusal.explain(reply, path, request_id=self._auth.request_id, dated=dated, offset=offset)
