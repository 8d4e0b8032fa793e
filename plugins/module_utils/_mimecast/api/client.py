# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""One call of the service: sent, retried where that is right, its answer understood."""

from __future__ import annotations

import json
import time
from typing import Any, Callable, Mapping, NamedTuple, Sequence
from urllib.parse import urlsplit

from ansible_collections.mops.maintenance.plugins.module_utils import _http
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import auth, envelope, quota, refusal
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, TryAgain

_NOT_REPEATED = "Whether the service acted on the request is not known, so it was not repeated."


class Call(NamedTuple):
    """What is to be sent."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: str | None = None
    """JSON."""
    headers: Mapping[str, str] = {}


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
        self._rate_limit: quota.RateLimit | None = None

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
        return self.send(Call("POST", path, body=body), envelope.read_reply, repeatable=repeatable)

    def send(
        self,
        call: Call,
        read: Callable[[_http.Answer], envelope.Reply],
        *,
        repeatable: bool,
        save: _http.Save | None = None,
    ) -> envelope.Reply:
        """Send any call; ``read`` takes its answer apart, ``save`` may take the body of one as a file.

        ``repeatable`` and what is raised are those of `call`.
        """
        try:
            return self._retry.call(lambda: self._attempt(call, read, repeatable, save))
        except MopsError as error:
            error.facts = {**self.facts(), **error.facts}
            raise

    def download(self, url: str, save: _http.Save, check: Callable[[_http.Answer], None]) -> None:
        """Get a file from an address on another host that the service has given, without credentials.

        ``check`` raises what is wrong with the answer; the request is repeated where that is an `AnswerLost`. Raises
        `HttpError`, and what ``check`` and ``save`` raise.
        """
        parts = urlsplit(url)
        endpoint = self._http.endpoint._replace(base_url=f"{parts.scheme}://{parts.netloc}")

        def attempt() -> None:
            lost: _http.AnswerLost | None = None
            try:
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                check(elsewhere.request("GET", path, auth=_http.NoAuth(), save=save))
            except _http.AnswerLost as error:
                lost = error
            if lost is not None:
                raise TryAgain(lost)

        with _http.Http(endpoint) as elsewhere:
            self._retry.call(attempt)

    def check(self, reply: envelope.Reply, path: str) -> None:
        """Raise the failure that a reply is, if any item of it failed."""
        if reply.failures:
            error = self._explain(reply, path)
            error.facts = {**self.facts(), **error.facts}
            raise error

    def _attempt(
        self,
        call: Call,
        read: Callable[[_http.Answer], envelope.Reply],
        repeatable: bool,
        save: _http.Save | None,
    ) -> envelope.Reply:
        failure: _http.HttpError | None = None
        try:
            answer = self._request(call, save)
            self._rate_limit = quota.rate_limit(answer.headers) or self._rate_limit
            reply = read(answer)
        except (_http.AnswerLost, _http.AnswerUnusable) as error:
            failure = error
        if failure is not None:
            if not repeatable:
                failure.args = (f"{failure} {_NOT_REPEATED}",)
            elif isinstance(failure, _http.AnswerLost):
                raise TryAgain(failure)
            raise failure
        if reply.succeeded and not reply.retryable:
            return reply
        refusal = self._explain(reply, call.path)
        if reply.status == 429:
            raise TryAgain(refusal, wait=quota.dictated_wait(answer, self._wall_clock()))
        if reply.status >= 500 and not repeatable:
            refusal.args = (f"{refusal} {_NOT_REPEATED}",)
        elif reply.status >= 500 or (reply.retryable and reply.status != 418):
            raise TryAgain(refusal, wait=quota.dictated_wait(answer, self._wall_clock()))
        raise refusal

    def _request(self, call: Call, save: _http.Save | None) -> _http.Answer:
        answer = self._once(call, save)
        if answer.status == 401 and self._auth.renew():
            answer = self._once(call, save)
        return answer

    def _once(self, call: Call, save: _http.Save | None) -> _http.Answer:
        content = {} if call.body is None else {"Content-Type": "application/json"}
        headers = {"Accept": "application/json" if save is None else "*/*", **content, **call.headers}
        more: dict[str, Any] = {"params": list(call.query)} if call.query else {}
        if save is not None:
            more["save"] = save
        return self._http.request(call.method, call.path, auth=self._auth, data=call.body, headers=headers, **more)

    def _explain(self, reply: envelope.Reply, path: str) -> envelope.MimecastError:
        dated = self._auth.dated
        offset = refusal.clock_offset(reply.answer, self._wall_clock()) if dated and reply.status == 401 else None
        return refusal.explain(reply, path, request_id=self._auth.request_id, dated=dated, offset=offset)
