# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Mimecast that says what the test wants, and time that passes only by sleeping."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.auth import HmacAuth, Keys, MimecastAuth
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, RetryPolicy
from requests.structures import CaseInsensitiveDict

BASE_URL = "https://eu-api.mimecast.com"
KEYS = Keys("access", "c2VjcmV0IGtleSBvZiB0aGlydHktdHdvIGJ5dGVzISE=", "app-id", "my-app-key")


def answered(body: Any = None, *, status: int = 200, headers: dict[str, str] | None = None, path: str = "/x") -> Answer:
    """An answer; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    # Whatever case a name is looked up in, as with the headers of requests.
    given = CaseInsensitiveDict(headers or {})
    return Answer(status=status, headers=given, body=raw, url=BASE_URL + path)


def envelope(*data: Any, fail: Any = (), status: int = 200, **meta: Any) -> dict[str, Any]:
    return {"meta": {"status": status, **meta}, "data": list(data), "fail": list(fail)}


def failure(code: str, message: str = "", *, key: Any = None, retryable: bool = False) -> dict[str, Any]:
    named = {} if key is None else {"key": key}
    return {**named, "errors": [{"code": code, "message": message, "retryable": retryable}]}


@dataclass
class Request:
    """A request as it would have gone out."""

    method: str
    url: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


class ScriptedHttp:
    """Stands in for `Http`: answers the n-th request with the n-th of a script, and fails where the script ends."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.requests: list[Request] = []

    def post(self, path: str, **options: Any) -> Answer:
        return self.request("POST", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        auth: Any,
        data: Any = None,
        headers: Any = None,
        params: Any = (),
        save: Any = None,
    ) -> Answer:
        request = Request(method, BASE_URL + path, data, dict(headers or {}), dict(params))
        auth(request)
        self.requests.append(request)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        answer = answer(request) if callable(answer) else answer
        sink = save(answer.status, answer.headers) if save is not None else None
        if sink is not None:
            for start in range(0, len(answer.body), 1000):
                sink.write(answer.body[start : start + 1000])
            answer = answer._replace(body=b"")
        return answer._replace(method=method)

    def bodies(self) -> list[Any]:
        return [json.loads(request.body) for request in self.requests]

    def close(self) -> None:
        pass


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass
class Setup:
    client: MimecastClient
    http: ScriptedHttp
    clock: Clock


def scripted_client(
    *script: Any, auth: MimecastAuth | None = None, retries: int = 3, timeout: float = 300.0, now: float = 0.0
) -> Setup:
    """A client before a script. Backoffs have their full length."""
    http, clock = ScriptedHttp(*script), Clock()
    retry = Retry(
        RetryPolicy(retries=retries, timeout=timeout),
        clock=clock,
        sleep=clock.sleep,
        uniform=lambda _low, high: high,
    )
    client = MimecastClient(http, auth or HmacAuth(KEYS), retry, wall_clock=lambda: now)  # type: ignore[arg-type]
    return Setup(client, http, clock)
