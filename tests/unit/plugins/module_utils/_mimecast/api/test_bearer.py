# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.auth import BearerToken
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.bearer import fetch_bearer_token
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import CallRefused
from ansible_collections.mops.maintenance.plugins.module_utils._retry import TryAgain
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    ScriptedHttp,
    answered,
)

GRANTED = {"access_token": "bearer-token", "token_type": "Bearer", "expires_in": 1799, "scope": ""}


def fetched(answer):
    http = ScriptedHttp(answer)
    return fetch_bearer_token(http, "id", "client-secret"), http.requests[0]  # type: ignore[arg-type]


def test_the_client_credentials_are_exchanged_for_a_token():
    token, request = fetched(answered(GRANTED))
    assert token == BearerToken("bearer-token", 1799.0)
    assert request.url.endswith("/oauth/token")
    assert request.body == {"grant_type": "client_credentials", "client_id": "id", "client_secret": "client-secret"}
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("lifetime", [None, "1799", True])
def test_a_token_of_unknown_life_is_used_for_a_short_time(lifetime):
    assert fetched(answered({**GRANTED, "expires_in": lifetime}))[0].expires_in == 300.0


@pytest.mark.parametrize("body", [b"<html>", {}, {"access_token": ""}, {"access_token": "a\r\nb"}, {"access_token": 7}])
def test_an_answer_without_a_token_is_unusable(body):
    with pytest.raises(AnswerUnusable, match="holds no access_token"):
        fetched(answered(body))


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_credentials_are_said_in_the_services_words(status):
    body = {"error": "invalid_client", "error_description": "Unknown client"}
    with pytest.raises(CallRefused, match=rf"\({status}\): invalid_client: Unknown client\. Are they those") as raised:
        fetched(answered(body, status=status))
    assert "client-secret" not in str(raised.value)


def test_the_services_own_error_form_is_understood_too():
    body = {"fail": [{"code": "err_client", "message": "Off", "retryable": False}]}
    with pytest.raises(CallRefused, match='err_client "Off"'):
        fetched(answered(body, status=401))


@pytest.mark.parametrize("answer", [answered(b"", status=503), AnswerLost("Lost.")])
def test_a_passing_failure_is_worth_another_try(answer):
    with pytest.raises(TryAgain):
        fetched(answer)


def test_a_used_up_quota_says_how_long_to_wait():
    with pytest.raises(TryAgain) as raised:
        fetched(answered(b"", status=429, headers={"X-RateLimit-Reset": "1500"}))
    assert raised.value.wait == 1.5
