# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
import requests
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.auth import BasicAuth, SessionAuth
from requests.structures import CaseInsensitiveDict

COOKIES = [f"link%2b{number}%2f%3d" for number in range(11)]
TOKENS = [f"token+{number}/" for number in range(11)]


def answer(number, **headers):
    """The answer that makes the next request the one with ``number``."""
    cookie = {"Set-Cookie": f"MSWEB_MGM_AUTH={COOKIES[number]};path=/;secure;HttpOnly"}
    body = json.dumps({"antiXsrfToken": TOKENS[number]}).encode()
    return Answer(200, CaseInsensitiveDict({**cookie, **headers}), body, "https://host/login")


def signed(auth, **headers):
    return requests.Request("POST", "https://host/api", headers=headers, auth=auth).prepare().headers


def test_each_of_ten_requests_carries_what_the_answer_before_it_brought():
    auth = SessionAuth()
    for number in range(10):
        auth.learn(answer(number), TOKENS[number])
        headers = signed(auth)
        assert headers["Cookie"] == f"MSWEB_MGM_AUTH={COOKIES[number]}"
        assert headers["X-AntiXsrfToken"] == TOKENS[number]


def test_a_cookie_goes_back_percent_encoded_as_it_came():
    auth = SessionAuth()
    auth.learn(answer(0), "t")
    assert signed(auth)["Cookie"] == "MSWEB_MGM_AUTH=link%2b0%2f%3d"


def test_what_a_cookie_jar_has_put_there_is_replaced():
    auth = SessionAuth()
    auth.learn(answer(0), "t")
    assert signed(auth, Cookie="MSWEB_MGM_AUTH=other")["Cookie"] == "MSWEB_MGM_AUTH=link%2b0%2f%3d"


def test_an_answer_without_cookie_and_token_changes_nothing():
    auth = SessionAuth()
    auth.learn(answer(0), "t")
    auth.learn(Answer(200, CaseInsensitiveDict(), b"", "https://host/api"), None)
    headers = signed(auth)
    assert (headers["Cookie"], headers["X-AntiXsrfToken"]) == ("MSWEB_MGM_AUTH=link%2b0%2f%3d", "t")


def test_an_emptied_cookie_ends_the_session():
    auth = SessionAuth()
    auth.learn(answer(0), "t")
    auth.learn(answer(1, **{"Set-Cookie": "MSWEB_MGM_AUTH=;path=/;secure;HttpOnly"}), None)
    assert not auth.ready
    assert "Cookie" not in signed(auth)


@pytest.mark.parametrize(
    "header",
    ["other=1;path=/, MSWEB_MGM_AUTH=mine;secure", "MSWEB_MGM_AUTH=mine", "X_MSWEB_MGM_AUTH=no, MSWEB_MGM_AUTH=mine"],
)
def test_the_cookie_is_found_among_others(header):
    auth = SessionAuth()
    auth.learn(answer(0, **{"Set-Cookie": header}), "t")
    assert signed(auth)["Cookie"] == "MSWEB_MGM_AUTH=mine"


def test_a_login_without_a_session_sends_neither_cookie_nor_token():
    headers = signed(SessionAuth(), Cookie="MSWEB_MGM_AUTH=other")
    assert "Cookie" not in headers
    assert "X-AntiXsrfToken" not in headers


def test_basic_is_utf_8():
    value = signed(BasicAuth("jürgen", "pä:ß"))["Authorization"]
    assert base64.b64decode(value.split(" ")[1]).decode("utf-8") == "jürgen:pä:ß"


def test_a_netrc_does_not_replace_either(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine host login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with requests.Session() as session:
        basic = session.prepare_request(requests.Request("POST", "https://host/", auth=BasicAuth("u", "p")))
        chain = session.prepare_request(requests.Request("POST", "https://host/", auth=SessionAuth()))
    assert basic.headers["Authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    assert "Authorization" not in chain.headers
