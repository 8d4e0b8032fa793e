# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Who asks: the two ways in which a request says so.

API 1.0 signs every request ("Authorization" in Mimecast's API documentation, and the samples of its endpoints):
base64(HMAC-SHA1(base64-decoded secret key, ``date:request id:path:application key``)).
API 2.0 takes a bearer token, which is got with the OAuth 2.0 client credentials grant and lives for half an hour.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Callable, NamedTuple
from urllib.parse import urlsplit

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import AuthBase

if TYPE_CHECKING:
    import requests

EXPIRY_MARGIN_SECONDS = 30.0
"""How long before its end a bearer token is no longer used: it must outlive the request that carries it."""


def new_request_id() -> str:
    return str(uuid.uuid4())


class MimecastAuth(AuthBase):
    """What the client knows about whoever signs its requests."""

    dated = False
    """Whether the service refuses a request for the time that this host believes it is."""

    request_id: str | None = None
    """The id under which the service knows the last request."""

    def renew(self) -> bool:
        """The service refused the credentials that were just sent. Whether others will be sent from now on."""
        return False


class Keys(NamedTuple):
    """The four keys of an API 1.0 application."""

    access_key: str
    secret_key: str
    app_id: str
    app_key: str

    def __repr__(self) -> str:
        return f"Keys of application {self.app_id}"

    def check(self) -> None:
        """Raise `InvalidOption` for whatever no service could accept."""
        for name in ("access_key", "app_id", "app_key"):
            check_printable(name, getattr(self, name))
        decoded_key(self.secret_key)


class HmacAuth(MimecastAuth):
    """Signs every try anew: with its own date and a request id that the service has not seen."""

    dated = True

    def __init__(
        self,
        keys: Keys,
        *,
        clock: Callable[[], float] = time.time,
        request_id: Callable[[], str] = new_request_id,
    ) -> None:
        """``clock`` gives Unix seconds. Raises `InvalidOption` for keys that cannot sign."""
        keys.check()
        self._keys = keys
        self._clock = clock
        self._new_request_id = request_id

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self.request_id = self._new_request_id()
        date = header_date(self._clock())
        signature = sign(self._keys, date=date, request_id=self.request_id, path=urlsplit(request.url or "").path)
        request.headers["Authorization"] = f"MC {self._keys.access_key}:{signature}"
        request.headers["x-mc-app-id"] = self._keys.app_id
        request.headers["x-mc-date"] = date
        request.headers["x-mc-req-id"] = self.request_id
        return request


class BearerToken(NamedTuple):
    value: str
    expires_in: float
    """Seconds from when it was got."""

    def __repr__(self) -> str:
        return f"Bearer token for {self.expires_in:g} s"


class OAuth2Auth(MimecastAuth):
    """Carries a bearer token: one for the whole run, another when it expires or is refused."""

    def __init__(
        self,
        fetch: Callable[[], BearerToken],
        *,
        clock: Callable[[], float] = time.monotonic,
        request_id: Callable[[], str] = new_request_id,
    ) -> None:
        """``fetch`` asks the service for a token, when the first request needs it and not before."""
        self._fetch = fetch
        self._clock = clock
        self._new_request_id = request_id
        self._token: BearerToken | None = None
        self._usable_until = 0.0
        self._uses = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is None or self._clock() >= self._usable_until:
            self._take(self._fetch())
        if self._token is None:
            raise AssertionError("There is no token yet.")
        self._uses += 1
        self.request_id = self._new_request_id()
        request.headers["Authorization"] = f"Bearer {self._token.value}"
        request.headers["x-mc-req-id"] = self.request_id
        return request

    def renew(self) -> bool:
        # A token that was refused when it was new is not a token that has expired.
        expired = self._uses > 1
        self._token = None
        return expired

    def _take(self, token: BearerToken) -> None:
        self._token = token
        self._usable_until = self._clock() + max(token.expires_in - EXPIRY_MARGIN_SECONDS, 0)
        self._uses = 0


def sign(keys: Keys, *, date: str, request_id: str, path: str) -> str:
    """The signature of one request. ``path`` is that of its URL: no host, no query."""
    text = ":".join((date, request_id, path, keys.app_key))
    digest = hmac.new(decoded_key(keys.secret_key), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def header_date(seconds: float) -> str:
    """Unix seconds as the service writes dates: ``Tue, 24 Nov 2015 12:50:11 UTC``, whatever the host's locale."""
    return formatdate(seconds, usegmt=True)[: -len("GMT")] + "UTC"


def decoded_key(secret_key: str) -> bytes:
    """The bytes of the secret key. Raises `InvalidOption`, which does not repeat the key."""
    try:
        key = base64.b64decode(secret_key.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if not key:
        raise InvalidOption(
            "secret_key is not valid base64. It is shown once, when the keys of the application are made, and ends in "
            "most cases in an equals sign; was it copied whole?"
        )
    return key


def check_printable(name: str, value: str) -> None:
    """Raise `InvalidOption` for a key that cannot travel in a header."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidOption(f"{name} holds a space, a line break or another character that no key of the service has.")
