# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import Endpoint, Http
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.auth import (
    BearerToken,
    HmacAuth,
    Keys,
    OAuth2Auth,
    header_date,
    sign,
)
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import KEYS, Request

MOMENT = 1448369411  # Tue, 24 Nov 2015 12:50:11 UTC, the date of the documentation's example
REQUEST_ID = "8578FCFC-A305-4D9A-99CB-F4D5ECEFE297"
# printf '%s' "$date:$id:$path:my-app-key" | openssl dgst -sha1 -mac HMAC -macopt hexkey:… -binary | base64
SIGNATURE = "4YTn+DeMdDg8AzNQAwzKGe6670g="


def request(path="/api/ess/get-latest-channel-token"):
    return Request("POST", "https://eu-api.mimecast.com" + path, None)


def test_the_signature_for_known_inputs_is_what_openssl_makes_of_them():
    path = "/api/ess/get-latest-channel-token"
    assert sign(KEYS, date=header_date(MOMENT), request_id=REQUEST_ID, path=path) == SIGNATURE


def test_all_headers_of_a_signed_request():
    signed = HmacAuth(KEYS, clock=lambda: MOMENT, request_id=lambda: REQUEST_ID)(request())
    assert signed.headers == {
        "Authorization": f"MC access:{SIGNATURE}",
        "x-mc-app-id": "app-id",
        "x-mc-date": "Tue, 24 Nov 2015 12:50:11 UTC",
        "x-mc-req-id": REQUEST_ID,
    }


def test_every_request_gets_a_guid_of_its_own():
    auth = HmacAuth(KEYS)
    first, second = auth(request()).headers, auth(request()).headers
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["x-mc-req-id"])
    assert first["x-mc-req-id"] != second["x-mc-req-id"]
    assert first["Authorization"] != second["Authorization"]
    assert auth.request_id == second["x-mc-req-id"]


def test_only_the_path_is_signed():
    auth = HmacAuth(KEYS, clock=lambda: MOMENT, request_id=lambda: REQUEST_ID)
    assert auth(request("/a?b=c")).headers["Authorization"] == auth(request("/a")).headers["Authorization"]


def test_a_netrc_that_names_the_host_changes_nothing(raw_service, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    service = raw_service(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with Http(Endpoint(service.url)) as http:
        http.post("/x", auth=HmacAuth(KEYS))
    assert b"\r\nAuthorization: MC access:" in service.requests[0]


@pytest.mark.parametrize("secret_key", ["not base64!", "abc", "", "schlüssel", "c2VjcmV0\n"])
def test_a_secret_key_that_is_not_base64_is_said_without_repeating_it(secret_key):
    with pytest.raises(InvalidOption, match="secret_key is not valid base64") as raised:
        HmacAuth(Keys("access", secret_key, "app-id", "app-key"))
    assert not secret_key or secret_key not in str(raised.value)


@pytest.mark.parametrize("name", ["access_key", "app_id", "app_key"])
def test_a_key_that_would_break_a_header_is_refused(name):
    values = {"access_key": "a", "secret_key": "c2VjcmV0", "app_id": "b", "app_key": "c", name: "a\r\nX-Evil: yes"}
    with pytest.raises(InvalidOption, match=f"^{name} holds") as raised:
        HmacAuth(Keys(**values))
    assert "Evil" not in str(raised.value)


def test_keys_do_not_show_what_they_hold():
    assert repr(KEYS) == "Keys of application app-id"


class Tokens:
    """Hands out tokens, and counts them."""

    def __init__(self, expires_in=1799.0):
        self.count = 0
        self.expires_in = expires_in

    def __call__(self):
        self.count += 1
        return BearerToken(f"token-{self.count}", self.expires_in)


def test_a_bearer_token_is_fetched_with_the_first_request_and_used_for_all():
    tokens = Tokens()
    auth = OAuth2Auth(tokens, clock=lambda: 0.0)
    assert tokens.count == 0
    sent = [auth(request()).headers for _number in range(3)]
    assert [headers["Authorization"] for headers in sent] == ["Bearer token-1"] * 3
    assert len({headers["x-mc-req-id"] for headers in sent}) == 3


def test_a_bearer_token_is_renewed_before_it_expires():
    tokens, now = Tokens(expires_in=100.0), [0.0]
    auth = OAuth2Auth(tokens, clock=lambda: now[0])
    auth(request())
    now[0] = 69.0
    assert auth(request()).headers["Authorization"] == "Bearer token-1"
    now[0] = 70.0
    assert auth(request()).headers["Authorization"] == "Bearer token-2"


def test_a_bearer_token_that_was_good_and_is_refused_is_replaced():
    auth = OAuth2Auth(Tokens(), clock=lambda: 0.0)
    auth(request())
    auth(request())
    assert auth.renew()
    assert auth(request()).headers["Authorization"] == "Bearer token-2"


def test_a_bearer_token_that_is_refused_when_new_means_that_others_would_be_too():
    auth = OAuth2Auth(Tokens(), clock=lambda: 0.0)
    auth(request())
    assert not auth.renew()


def test_signing_keys_have_nothing_to_renew():
    assert not HmacAuth(KEYS).renew()
