# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What API 1.0's endpoints do: event channels, an account, lists with pages, managed URLs, and log files."""

from __future__ import annotations

import base64
import io
import re
import secrets
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from aiohttp import web

from . import envelope
from .body import Body
from .envelope import Problem, Refused, Result

LATEST_TOKEN = "/api/ess/get-latest-channel-token"
SIEM_LOGS = "/api/audit/get-siem-logs"
DENIED_CHANNEL = "DENIED-CHAN-NEL000"
# A damaged id is answered with a bare 400: anything but letters, digits and dashes.
CHANNEL_ID = re.compile(r"[A-Za-z0-9-]+")
LARGEST_PAGE = 500
PAGE_WITHOUT_PAGING = 100
AUDIT_EVENTS = 730
MANAGED_URLS = 260
LOG_FILES = 3

URL_EXISTS = Problem("err_managed_url_exists_code", "The managed URL exists already")
URL_UNKNOWN = Problem("err_managed_url_not_found", "The managed URL was not found")


@dataclass
class ChannelFailure:
    """A channel that is told to fail: `times` None is for ever."""

    channel_id: str
    problem: Problem
    times: int | None


class Tenant:
    """One customer's account: its channels, with the tokens issued for them, and its lists."""

    def __init__(self, channel_ids: Sequence[str]) -> None:
        self._channel_ids = list(channel_ids)
        self.tokens: dict[str, str] = {}
        self.tokens_issued = 0
        self.failing: list[ChannelFailure] = []
        self._urls = [_managed_url(number) for number in range(1, MANAGED_URLS + 1)]
        self.endpoints: dict[str, Callable[[Body], Result]] = {
            LATEST_TOKEN: self._latest_tokens,
            "/api/account/get-account": self._account,
            "/api/audit/get-audit-events": self._audit_events,
            "/api/ttp/url/get-all-managed-urls": self._managed_urls,
            "/api/ttp/url/create-managed-url": self._create_managed_url,
            "/api/ttp/url/delete-managed-url": self._delete_managed_url,
            SIEM_LOGS: self._no_logs,
        }

    @property
    def url_count(self) -> int:
        return len(self._urls)

    def _latest_tokens(self, body: Body) -> Result:
        if not body.data:
            raise Refused(400, envelope.null("data"))
        data, fail = [], []
        for item in body.data:
            problem = self._channel_problem(item.get("channelId"))
            if problem is not None:
                fail.append((item, problem))
                continue
            # The answer's field is called channelId and holds the token.
            data.append({"channelId": self._issue(item["channelId"])})
        return Result(data, tuple(fail))

    def _channel_problem(self, channel_id: Any) -> Problem | None:
        if channel_id is None:
            return envelope.null("channelId")
        if not isinstance(channel_id, str) or not channel_id.strip():
            return envelope.blank("channelId")
        if not CHANNEL_ID.fullmatch(channel_id):
            raise Refused(400, envelope.CHANNEL_UNKNOWN, bare=True)
        for failure in self.failing:
            if failure.channel_id == channel_id and failure.times != 0:
                failure.times = None if failure.times is None else failure.times - 1
                return failure.problem
        if channel_id == DENIED_CHANNEL:
            return envelope.FORBIDDEN
        return None if channel_id in self._channel_ids else envelope.CHANNEL_UNKNOWN

    def _issue(self, channel_id: str) -> str:
        self.tokens_issued += 1
        self.tokens[channel_id] = secrets.token_urlsafe(32)
        return self.tokens[channel_id]

    def _account(self, _body: Body) -> Result:
        return Result([{"accountCode": "CSIM1A1", "accountName": "Simulated Ltd", "region": "xx", "maxUsers": 250}])

    def _audit_events(self, body: Body) -> Result:
        if not body.data:
            raise Refused(400, envelope.null("data"))
        for field in ("startDateTime", "endDateTime"):
            if not body.data[0].get(field):
                raise Refused(400, envelope.null(field))
        return page([_audit_event(number) for number in range(1, AUDIT_EVENTS + 1)], body.meta)

    def _managed_urls(self, body: Body) -> Result:
        return page(self._urls, body.meta)

    def _create_managed_url(self, body: Body) -> Result:
        if not body.data:
            raise Refused(400, envelope.null("data"))
        data, fail = [], []
        for item in body.data:
            if not item.get("url"):
                fail.append((item, envelope.blank("url")))
                continue
            if any(known["url"] == item["url"] for known in self._urls):
                fail.append((item, URL_EXISTS))
                continue
            created = {**_managed_url(len(self._urls) + 1), "url": item["url"], "action": item.get("action", "block")}
            self._urls.append(created)
            data.append(created)
        return Result(data, tuple(fail))

    def _delete_managed_url(self, body: Body) -> Result:
        fail = []
        for item in body.data:
            known = [url for url in self._urls if url["id"] == item.get("id")]
            if known:
                self._urls.remove(known[0])
            else:
                fail.append((item, URL_UNKNOWN))
        return Result([], tuple(fail))

    def _no_logs(self, body: Body) -> Result:
        return Result([])

    def siem_logs(self, body: Body) -> web.Response:
        """The next log file as a zip, whose successor the header `mc-siem-token` names; JSON when there is none."""
        token = str(body.data[0].get("token", "0")) if body.data else "0"
        number = int(token) if token.isdigit() else LOG_FILES
        if number >= LOG_FILES:
            return web.json_response({"meta": {"isLastToken": True, "status": 200}, "data": [], "fail": []})
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            line = f"datetime=2026-01-0{number + 1}T00:00:00+0000|aCode=A{number}\n"
            # With the date of ZipInfo each download is the same file.
            archive.writestr(zipfile.ZipInfo(f"receipt_{number}.siem"), line * 1000)
        headers = {
            "Content-Disposition": f'attachment; filename="receipt_{number}.zip"',
            "mc-siem-token": str(number + 1),
        }
        return web.Response(body=content.getvalue(), headers=headers, content_type="application/octet-stream")


def page(items: Sequence[dict[str, Any]], meta: dict[str, Any]) -> Result:
    """The page that `meta.pagination` asks for; without it the list is cut in silence, as the service does."""
    asked = meta.get("pagination")
    if asked is None:
        return Result(list(items[:PAGE_WITHOUT_PAGING]))
    size = asked.get("pageSize", PAGE_WITHOUT_PAGING) if isinstance(asked, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_PAGE:
        raise Refused(400, Problem("err_validation_range", f"Must be from 1 to {LARGEST_PAGE}", field="pageSize"))
    start = _offset(asked.get("pageToken"))
    chosen = list(items[start : start + size])
    pagination: dict[str, Any] = {"pageSize": len(chosen), "totalCount": len(items)}
    if start + size < len(items):
        pagination["next"] = _page_token(start + size)
    if start > 0:
        pagination["previous"] = _page_token(max(0, start - size))
    return Result(chosen, pagination=pagination)


def _page_token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset:{offset}".encode("ascii")).decode("ascii")


def _offset(token: Any) -> int:
    if token is None:
        return 0
    try:
        word, _colon, number = base64.urlsafe_b64decode(token).decode("ascii").partition(":")
        if word == "offset":
            return int(number)
    except (ValueError, TypeError):
        pass
    raise Refused(400, Problem("err_validation_page_token", "Page token is not valid", field="pageToken"))


def _managed_url(number: int) -> dict[str, Any]:
    return {
        "id": f"url-{number:05d}",
        "url": f"https://site{number}.example/",
        "action": "block",
        "matchType": "explicit",
    }


def _audit_event(number: int) -> dict[str, Any]:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=number)
    return {
        "id": f"event-{number:05d}",
        "auditType": "User Logged On",
        "user": f"user{number % 25}@simulated.example",
        "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
