# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import hmac

import pytest
import requests
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.auth import MasheryAuth, signature


def prepared(body: bytes, auth: MasheryAuth) -> requests.PreparedRequest:
    return requests.Request("POST", "https://partners.example/reporting", data=body, auth=auth).prepare()


def test_the_guides_worked_example_comes_out_to_the_digit():
    assert (
        signature("1234", "mysecret", 1349378903, b"abcdefghijklmnopqrstuvwxyz")
        == "2eca11949d8a9bd9ed729e722e63bd8cdb715f5e1a860f6ba98fb1af6c045220"
    )


def test_the_key_is_signed_in_lower_case_and_sent_as_it_is():
    request = prepared(b"x", MasheryAuth("AbC", "s", b"x", clock=lambda: 7.9))

    assert request.url == "https://partners.example/reporting?apikey=AbC&timestamp=7"
    expected = hmac.new(b"s", b"apikey=abc&timestamp=7x", hashlib.sha256).hexdigest()
    assert request.headers["X-Mashery-Signature"] == expected


def test_the_body_before_compression_is_signed():
    request = prepared(b"compressed", MasheryAuth("k", "s", b"raw", clock=lambda: 7))

    assert request.body == b"compressed"
    assert request.headers["X-Mashery-Signature"] == signature("k", "s", 7, b"raw")


def test_each_try_is_signed_with_its_own_time():
    times = iter([100.0, 200.0])
    auth = MasheryAuth("k", "s", b"raw", clock=lambda: next(times))

    urls = [prepared(b"raw", auth).url, prepared(b"raw", auth).url]

    assert [url.rpartition("=")[2] for url in urls] == ["100", "200"]


def test_a_netrc_that_names_the_host_changes_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine partners.example login l password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with requests.Session() as session:
        request = session.prepare_request(
            requests.Request("POST", "https://partners.example/reporting", data=b"x", auth=MasheryAuth("k", "s", b"x"))
        )

    assert "Authorization" not in request.headers
    assert "X-Mashery-Signature" in request.headers
