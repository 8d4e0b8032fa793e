# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The signature of a post ("Mashery Reporting Event Post API Guide", "The API Signature")."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Callable

from ansible_collections.mops.maintenance.plugins.module_utils._http import AuthBase

if TYPE_CHECKING:
    import requests


class MasheryAuth(AuthBase):
    """Signs each request with the time at which it is sent.

    ``raw`` is the post's body before compression: that is what the signature covers, whatever goes over the wire.
    """

    def __init__(self, api_key: str, secret: str, raw: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._api_key = api_key
        self._secret = secret
        self._raw = raw
        self._clock = clock

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        timestamp = int(self._clock())
        request.prepare_url(request.url, {"apikey": self._api_key, "timestamp": str(timestamp)})
        request.headers["X-Mashery-Signature"] = signature(self._api_key, self._secret, timestamp, self._raw)
        return request


def signature(api_key: str, secret: str, timestamp: int, raw: bytes) -> str:
    """Lower-case hexits of HMAC-SHA256 over the lower-cased query and, right behind it, the raw body.

    The guide's page shows a damaged ``&timestamp``; its worked example comes out only with the whole word.
    ``timestamp`` is in seconds since 1970.
    """
    query = f"apikey={api_key}&timestamp={timestamp}".lower()
    digest = hmac.new(secret.encode("utf-8"), query.encode("utf-8"), hashlib.sha256)
    digest.update(
        raw
    )  # not joined with the query: a body is megabytes, and hashing it leaves other threads free to run
    return digest.hexdigest()
