# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a post is refused: status, the two headers that say what a 403 means, and the body's words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class Refusal:
    """One kind of refusal."""

    status: int
    words: str
    code: str = ""
    detail: str = ""


class Refused(Exception):
    """A post is refused. `wait` is the seconds until it would be taken, where a limit is the reason."""

    def __init__(self, refusal: Refusal, wait: float = 0.0) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal
        self.wait = wait


NOT_AUTHORIZED = Refusal(403, "Not Authorized", "ERR_403_NOT_AUTHORIZED", "Not Authorized")
INACTIVE = Refusal(403, "Developer Inactive", "ERR_403_DEVELOPER_INACTIVE", "Account Inactive")
OVER_QPS = Refusal(
    403, "Over Queries Per Second Limit", "ERR_403_DEVELOPER_OVER_QPS", "Account Over Queries Per Second Limit"
)
OVER_RATE = Refusal(403, "Over Rate Limit", "ERR_403_DEVELOPER_OVER_RATE", "Account Over Rate Limit")
SERVICE_OVER_QPS = Refusal(
    403,
    "Service Over Queries-per-Second-Limit",
    "ERR_403_SERVICE_OVER_QUERIES_PER_SECOND",
    "Service Over Queries Per Second Limit",
)
UNSUPPORTED = Refusal(415, "Unsupported Media Type")
WRONG_ENDPOINT = Refusal(596, "Service Not Found", "ERR_596_SERVICE_NOT_FOUND", "Service Not Found")

KINDS = {
    "not_authorized": NOT_AUTHORIZED,
    "inactive": INACTIVE,
    "over_qps": OVER_QPS,
    "over_rate": OVER_RATE,
    "service_over_qps": SERVICE_OVER_QPS,
}


def malformed(text: str) -> Refused:
    """A body that is not what the log format says. The guide names no status for it; 400 is this project's choice."""
    return Refused(Refusal(400, text))


def response(refusal: Refusal, retry_after: float = 0.0, clue: str = "all") -> web.Response:
    """The answer. `clue` leaves only one of `code`, `detail` and `body` to tell what a 403 means."""
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    if refusal.code and clue in ("all", "code"):
        headers["X-Mashery-Error-Code"] = refusal.code
    if refusal.detail and clue in ("all", "detail"):
        headers["X-Error-Detail-Header"] = refusal.detail
    if retry_after > 0:
        headers["Retry-After"] = str(math.ceil(retry_after))
    words = refusal.words if clue in ("all", "body") else "Forbidden"
    return web.Response(status=refusal.status, headers=headers, text=f"<h1>{refusal.status} {words}</h1>")
