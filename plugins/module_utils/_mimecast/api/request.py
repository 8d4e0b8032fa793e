# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A call as a user describes it, checked before anything is sent.

API 1.0 and API 2.0's ``/api/`` paths take a POST with an envelope (``meta``, ``data``). API 2.0's REST-style
operations take any method, a query, and a body of their own.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import Call

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")
_OWN_HEADERS = ("authorization", "content-length", "content-type", "cookie", "host", "transfer-encoding", "x-mc-")


def build(
    method: str,
    path: str,
    *,
    data: Sequence[Mapping[str, Any]] | None = None,
    meta: Mapping[str, Any] | None = None,
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> Call:
    """The call. Raises `InvalidOption` for what cannot be meant."""
    _check_path(path)
    enveloped = data is not None or meta is not None
    if body is not None and enveloped:
        raise InvalidOption("body is a whole body, and data and meta are parts of another: give one or the other.")
    if method == "GET" and (body is not None or enveloped):
        raise InvalidOption("A GET has no body: data, meta and body need another method. What filters goes into query.")
    text = None
    if body is not None:
        text = _json("body", body)
    elif enveloped or (method == "POST" and path.startswith("/api/")):
        text = _json("data", {**({"meta": meta} if meta else {}), "data": list(data or ())})
    return Call(method, path, tuple(_pairs(query or {})), text, _headers(headers or {}))


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise InvalidOption(
            f"{path!r} is not the path of an endpoint, such as /api/account/get-account. What follows a question mark "
            "goes into query."
        )


def _json(option: str, document: Any) -> str:
    try:
        return json.dumps(document)
    except (TypeError, ValueError):
        raise InvalidOption(f"{option} holds something that JSON cannot express.") from None


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The query's parameters: lists repeat a name, null leaves it out."""
    for name, value in query.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, (Mapping, list, tuple)):
                raise InvalidOption(f"query: {name} must be a text, a number, a boolean or a list of those.")
            if item is not None:
                yield str(name), str(item).lower() if isinstance(item, bool) else str(item)


def _headers(headers: Mapping[str, Any]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", str(name)) or not str(value).isprintable():
            raise InvalidOption(f"headers: {name} is not a header that can be sent.")
        if str(name).lower().startswith(_OWN_HEADERS):
            raise InvalidOption(f"headers: {name} is set by the module.")
    return {str(name): str(value) for name, value in headers.items()}
