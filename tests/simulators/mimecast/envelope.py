# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of answers: `fail`, `meta`, `data`; and the vendor's error codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Problem:
    """One error of a `fail` entry."""

    code: str
    message: str
    retryable: bool = False
    field: str | None = None

    def as_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"code": self.code, "message": self.message, "retryable": self.retryable}
        if self.field is not None:
            entry["field"] = self.field
        return entry


class Refused(Exception):
    """The call as a whole is refused with an HTTP status; `bare` is an answer without a body."""

    def __init__(self, status: int, problem: Problem, bare: bool = False) -> None:
        super().__init__(problem.message)
        self.status = status
        self.problem = problem
        self.bare = bare


INVALID_SIGNATURE = Problem("err_xdk_invalid_signature", "0004 Invalid Signature")
UNAUTHORIZED = Problem("err_xdk_client_unauthorized", "0001 Client is not authorized")
DEVELOPER_KEY = Problem("err_developer_key", "0003 Developer key is not valid")
BINDING_EXPIRED = Problem("err_xdk_binding_expired", "0018 AccessKey Has Expired")
FORBIDDEN = Problem("err_xdk_forbidden", "0006 No permission for this request")
APP_FORBIDDEN = Problem("app_forbidden", "The application has no product with this endpoint")
TOKEN_REFUSED = Problem("token_invalid", "Access token is expired or unknown")
NOT_FOUND = Problem("err_not_found", "No such resource")
METHOD = Problem("err_method_not_allowed", "Only POST is allowed here")
QUOTA = Problem("err_quota_exceeded", "Quota of requests exceeded", retryable=True)
CHANNEL_UNKNOWN = Problem("err_ess_channel_not_found", "Channel not found", field="channelId")


def malformed(text: str) -> Refused:
    return Refused(400, Problem("err_validation_malformed", text))


def blank(field: str) -> Problem:
    return Problem("err_validation_blank", "Field must not be blank", field=field)


def null(field: str) -> Problem:
    return Problem("err_validation_null", "Field must not be null", field=field)


@dataclass(frozen=True)
class Result:
    """What an endpoint gives back: items, failures by their key, and where the next page is."""

    data: list[Any]
    fail: tuple[tuple[Any, Problem], ...] = ()
    pagination: dict[str, Any] | None = None


def success(result: Result, fail_key: str) -> web.Response:
    """HTTP 200. `fail_key`: the failed item as an `object`, its only value as a `string`, or `absent`."""
    meta: dict[str, Any] = {"status": 200}
    if result.pagination is not None:
        meta["pagination"] = result.pagination
    fail = [_failure(item, problem, fail_key) for item, problem in result.fail]
    return web.json_response({"fail": fail, "meta": meta, "data": result.data})


def _failure(item: Any, problem: Problem, fail_key: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"errors": [problem.as_json()]}
    if fail_key == "object":
        entry["key"] = item
    elif fail_key == "string":
        entry["key"] = next(iter(item.values()), None)
    return entry


def refusal(refused: Refused) -> web.Response:
    if refused.bare:
        return web.Response(status=refused.status)
    fail = [{"errors": [refused.problem.as_json()]}]
    return web.json_response({"fail": fail, "meta": {"status": refused.status}, "data": []}, status=refused.status)
