# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: checks a post in the order key, media type, signature, limits, records; counts what it accepted."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from ..credentials import MasheryCredentials
from ..faults import Fault
from ..service import CommonSettings, Service
from ..serving import serve, server_context
from . import refusal as refusals
from .quota import Window
from .record import Syntax
from .refusal import Refusal, Refused
from .signature import matches

ENDPOINT = "/reporting"
CLOCK_TOLERANCE = 300
PLAIN, GZIP = "text/plain", "application/x-gzip"
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Settings(CommonSettings):
    """Limits are off at 0. `retry_after` adds that header to refusals for limits; `clue` see `refusal.response`."""

    sink: bool = False
    max_records: int = 10_000
    max_bytes: int = 0
    per_second: int = 0
    service_per_second: int = 0
    total: int = 0
    total_window_seconds: float = 86_400.0
    retry_after: bool = False
    clue: str = "all"
    inactive: bool = False
    strict_internal_fields: bool = True
    keep: bool = False
    """Whether the state has the accepted records, and not only their number."""


@dataclass(frozen=True)
class Post:
    """A post that passed: its records and how large it was, before compression and on the wire."""

    records: list[bytes]
    raw_bytes: int
    wire_bytes: int


class Mashery(Service[Settings]):
    actions: ClassVar[Mapping[str, frozenset[str]]] = {"refuse": frozenset({"kind", "clue", "retry_after"})}

    def __init__(self, settings: Settings, credentials: MasheryCredentials) -> None:
        super().__init__(settings)
        self._credentials = credentials
        self.forget()

    def forget(self) -> None:
        self._posts = 0
        self._accepted = 0
        self._kept: list[bytes] = []
        self._raw_bytes = 0
        self._wire_bytes = 0
        self._largest_post = 0
        # Eight bytes of a digest a record: enough to count millions without keeping them.
        self._distinct: set[int] = set()
        self._refused: Counter[str] = Counter()
        self._media_types: Counter[str] = Counter()
        self._signatures: set[str] = set()
        self._repeated_signatures = 0
        self._window, self._service_window, self._total = Window(), Window(), Window()
        self._syntax = {strict: Syntax(strict) for strict in (True, False)}

    def own_state(self) -> dict[str, Any]:
        return {
            "posts": self._posts,
            "refused": self._refused.total(),
            "refusals": dict(self._refused),
            "accepted_records": self._accepted,
            "distinct_records": len(self._distinct),
            "largest_post": self._largest_post,
            "raw_bytes": self._raw_bytes,
            "wire_bytes": self._wire_bytes,
            "media_types": dict(self._media_types),
            "repeated_signatures": self._repeated_signatures,
            "records": [record.decode("utf-8", "backslashreplace") for record in self._kept],
        }

    def apply(self, fault: Fault, request: web.Request, body: bytes) -> web.Response | None:
        kind = refusals.KINDS[str(fault.parameters.get("kind", "over_qps"))]
        self._refused[kind.words] += 1
        retry_after = float(fault.parameters.get("retry_after", 0))
        return refusals.response(kind, retry_after, str(fault.parameters.get("clue", "all")))

    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        if self.settings.sink:
            self._posts += 1
            self._wire_bytes += len(body)
            return web.Response(status=200)
        try:
            self._authorize(request)
            self._check_media_type(request)
            raw = _decompressed(request, body)
            self._check_signature(request, raw)
            self._check_limits()
            post = Post(self._records(raw), len(raw), len(body))
        except Refused as refused:
            kind = refused.refusal
            self._refused[kind.words if kind.status != 400 else "malformed"] += 1
            return refusals.response(kind, refused.wait if self.settings.retry_after else 0.0, self.settings.clue)
        self._accept(post, request.content_type)
        return web.Response(status=200)

    def _authorize(self, request: web.Request) -> None:
        if request.path != ENDPOINT or request.method != "POST":
            raise Refused(refusals.WRONG_ENDPOINT)
        if request.query.getall("apikey", []) != [self._credentials.api_key]:
            raise Refused(refusals.NOT_AUTHORIZED)
        if self.settings.inactive:
            raise Refused(refusals.INACTIVE)
        timestamp = request.query.get("timestamp", "")
        if not timestamp.isascii() or not timestamp.isdigit():
            raise Refused(refusals.NOT_AUTHORIZED)
        if abs(int(timestamp) - self.now(request)) > CLOCK_TOLERANCE:
            raise Refused(refusals.NOT_AUTHORIZED)

    def _check_media_type(self, request: web.Request) -> None:
        if "Content-Type" not in request.headers or request.content_type not in (PLAIN, GZIP):
            raise Refused(refusals.UNSUPPORTED)

    def _check_signature(self, request: web.Request, raw: bytes) -> None:
        signature = request.headers.get("X-Mashery-Signature", "")
        query = request.query
        if not matches(signature, self._credentials.secret, query["apikey"], query["timestamp"], raw):
            raise Refused(refusals.NOT_AUTHORIZED)
        if signature in self._signatures:
            # Nothing forbids it; a client that signs each try anew repeats one only within a second.
            self._repeated_signatures += 1
        self._signatures.add(signature)

    def _check_limits(self) -> None:
        settings, now = self.settings, self.clock()
        limits = (
            (self._service_window, settings.service_per_second, 1.0, refusals.SERVICE_OVER_QPS),
            (self._window, settings.per_second, 1.0, refusals.OVER_QPS),
            (self._total, settings.total, settings.total_window_seconds, refusals.OVER_RATE),
        )
        for window, limit, seconds, kind in limits:
            wait = window.wait(now, limit, seconds)
            if wait > 0:
                raise Refused(kind, wait)
        for window, *_rest in limits:
            window.count(now)

    def _records(self, raw: bytes) -> list[bytes]:
        if self.settings.max_bytes and len(raw) > self.settings.max_bytes:
            raise Refused(Refusal(413, "Request Entity Too Large"))
        lines = raw.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        if not lines:
            raise refusals.malformed("no records")
        if len(lines) > self.settings.max_records:
            raise refusals.malformed(f"{len(lines)} records, at most {self.settings.max_records} in a post")
        reason = self._syntax[self.settings.strict_internal_fields].first_fault(lines)
        if reason is not None:
            raise refusals.malformed(str(reason))
        return lines

    def _accept(self, post: Post, media_type: str) -> None:
        self._posts += 1
        self._accepted += len(post.records)
        if self.settings.keep:
            self._kept += post.records
        self._raw_bytes += post.raw_bytes
        self._wire_bytes += post.wire_bytes
        self._largest_post = max(self._largest_post, len(post.records))
        self._media_types[media_type] += 1
        digest = hashlib.blake2b
        self._distinct.update(int.from_bytes(digest(record, digest_size=8).digest(), "big") for record in post.records)


def _decompressed(request: web.Request, body: bytes) -> bytes:
    """The body before compression. A Content-Encoding has been undone by the web server already."""
    encoded = "Content-Encoding" in request.headers
    if request.content_type != GZIP or (encoded and not body.startswith(GZIP_MAGIC)):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise refusals.malformed(f"not gzip: {error}") from error


async def start(configuration: dict[str, Any]) -> list[int]:
    """Starts the service in this process; returns its port."""
    service = Mashery(Settings(**configuration["settings"]), MasheryCredentials(**configuration["credentials"]))
    return [await serve(service.handle, server_context(configuration["certificate"]))]
