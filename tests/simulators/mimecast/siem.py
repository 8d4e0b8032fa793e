# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIEM events of API 2.0: pages of events, and pages of addresses of gzip files with events (batches).

What is known from published clients: a page is `{"value", "@nextPage", "isCaughtUp"}`; the batch endpoint takes one
`type` and dates without times, the other one `types` and times; the page token goes into the query as `nextPage`; an
address is signed, belongs to another host, takes no credentials, and expires; a file holds one JSON object a line.
"""

from __future__ import annotations

import gzip
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from aiohttp import web

from .rest import RestError

BATCHES = "/siem/v1/batch/events/cg"
EVENTS = "/siem/v1/events/cg"
STORAGE = "/_storage/"
TYPES = (
    "attachment protect",
    "av",
    "delivery",
    "impersonation protect",
    "internal email protect",
    "journal",
    "process",
    "receipt",
    "spam",
    "url protect",
)
DAYS_KEPT = 7
BATCHES_PER_PAGE = 2


@dataclass
class Stream:
    """The batches of one type, in order; each holds events."""

    batches: list[list[dict[str, Any]]] = field(default_factory=list)


class Siem:
    """Events are made by `produce`; a page token is a position in the stream of its type."""

    def __init__(self) -> None:
        self._streams = {name: Stream() for name in TYPES}
        self._addresses: dict[str, tuple[str, int, float]] = {}
        self._produced = 0
        self.downloads = 0
        self.credentials_sent = 0

    def state(self) -> dict[str, Any]:
        return {
            "events_produced": self._produced,
            "siem_downloads": self.downloads,
            "siem_credentials_sent": self.credentials_sent,
        }

    def produce(self, data: Any) -> dict[str, Any]:
        """`{"type", "batches", "events"}`: that many batches of that many events, made now or `minutes_ago`."""
        stream = self._streams[data["type"]]
        moment = datetime.now(timezone.utc) - timedelta(minutes=float(data.get("minutes_ago", 0)))
        for _batch in range(int(data.get("batches", 1))):
            stream.batches.append([self._event(data["type"], moment) for _event in range(int(data.get("events", 10)))])
        return {"events_produced": self._produced}

    def _event(self, kind: str, moment: datetime) -> dict[str, Any]:
        self._produced += 1
        return {
            "aggregateId": f"event-{self._produced:08d}",
            "processingId": f"processing-{self._produced:08d}",
            "accountId": "CSIM1A1",
            "timestamp": int(moment.timestamp() * 1000),
            "type": kind,
            "subject": "A subject with ü and \u2028 in it",
        }

    def batches(self, query: Mapping[str, str], base_url: str, seconds: float) -> web.Response:
        """A page of addresses, each good for so many seconds."""
        kind = _type(query, "type")
        start = self._start(query, kind, "%Y-%m-%d")
        stream = self._streams[kind].batches
        end = min(start + BATCHES_PER_PAGE, len(stream))
        now = time.time()
        expiry = datetime.fromtimestamp(now + seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        value = []
        for index in range(start, end):
            name = secrets.token_urlsafe(12)
            self._addresses[name] = (kind, index, now + seconds)
            size = len(_packed(stream[index]))
            url = f"{base_url}{STORAGE}{name}/{kind.replace(' ', '-')}.json.gz?X-Amz-Signature=signed-{name}"
            value.append({"url": url, "expiry": expiry, "size": size})
        return _page(value, kind, end, len(stream))

    def events(self, query: Mapping[str, str]) -> web.Response:
        kind = _type(query, "types")
        start = self._start(query, kind, "%Y-%m-%dT%H:%M:%S.%fZ")
        stream = self._streams[kind].batches
        end = min(start + 1, len(stream))
        return _page([event for batch in stream[start:end] for event in batch], kind, end, len(stream))

    def file(self, request: web.Request) -> web.Response:
        """A file of a batch. Like an object store: the signature in the query decides, credentials are a mistake."""
        name = request.path[len(STORAGE) :].partition("/")[0]
        kind, index, expires = self._addresses.get(name, ("", 0, 0.0))
        if "Authorization" in request.headers:
            self.credentials_sent += 1
        if request.method != "GET" or request.query.get("X-Amz-Signature") != f"signed-{name}" or time.time() > expires:
            text = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
            return web.Response(status=403, text=text, content_type="application/xml")
        self.downloads += 1
        return web.Response(body=_packed(self._streams[kind].batches[index]), content_type="binary/octet-stream")

    def _start(self, query: Mapping[str, str], kind: str, form: str) -> int:
        """The first batch of a page: the one that the token names, or the first of the date range."""
        token = query.get("nextPage") or query.get("@nextPage")
        if token:
            name, _colon, number = token.rpartition(":")
            if name != kind or not number.isdigit():
                raise RestError(400, "err_validation_page_token", "The page token is not valid")
            return int(number)
        text = query.get("dateRangeStartsAt")
        if not text:
            return 0
        try:
            begin = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
        except ValueError:
            raise RestError(400, "err_validation_malformed", f"dateRangeStartsAt must be {form}") from None
        if begin < datetime.now(timezone.utc) - timedelta(days=DAYS_KEPT + 1):
            raise RestError(400, "err_validation_range", f"dateRangeStartsAt must be within {DAYS_KEPT} days")
        stamps = [batch[0]["timestamp"] for batch in self._streams[kind].batches]
        return next((index for index, stamp in enumerate(stamps) if stamp >= begin.timestamp() * 1000), len(stamps))


def _type(query: Mapping[str, str], name: str) -> str:
    kind = query.get(name, "")
    if kind not in TYPES:
        raise RestError(400, "err_validation_enum", f"{name} must be one of {', '.join(TYPES)}")
    return kind


def _page(value: list[Any], kind: str, end: int, total: int) -> web.Response:
    document = {"value": value, "@nextPage": f"{kind}:{end}", "@nextLink": "", "pageSize": len(value)}
    return web.json_response({**document, "isCaughtUp": end >= total})


def _packed(events: list[dict[str, Any]]) -> bytes:
    return gzip.compress("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode("utf-8"))
