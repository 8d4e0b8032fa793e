# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import (
    CallRefused,
    FunctionFailed,
    read_reply,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.refusal import clock_offset, explain
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    failure,
)

TOKEN_PATH = "/api/ess/get-latest-channel-token"


def explained(body=None, *, status, path=TOKEN_PATH, dated=True, offset=None):
    reply = read_reply(answered(b"" if body is None else body, status=status, path=path))
    return explain(reply, path, request_id="guid", dated=dated, offset=offset)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Tue, 99 Nov 2015 12:50:11 GMT"])
def test_a_server_without_a_clock_gives_no_offset(header):
    headers = {} if header is None else {"Date": header}
    assert clock_offset(answered(headers=headers), 0.0) is None


def test_the_offset_of_the_clock_is_positive_where_this_host_is_ahead():
    answer = answered(headers={"Date": "Tue, 24 Nov 2015 12:50:11 GMT"})
    assert clock_offset(answer, 1448369411 + 1200) == 1200
    assert clock_offset(answer, 1448369411 - 5) == -5


def test_401_says_how_far_the_clock_is_off():
    error = explained(
        {"fail": [failure("err_xdk_invalid_signature", "0004 Invalid Signature")]}, status=401, offset=-1200.4
    )
    assert "1200 s (20.0 min) behind the service's" in str(error)
    assert 'err_xdk_invalid_signature "0004 Invalid Signature"' in str(error)
    assert error.facts["clock_offset"] == -1200


def test_401_says_that_the_clock_is_right_where_it_is():
    assert "The clock is not the cause" in str(explained(status=401, offset=2.0))


def test_401_of_a_bearer_token_speaks_of_client_id_and_not_of_the_clock():
    text = str(explained(status=401, dated=False))
    assert "client_id" in text
    assert "clock" not in text


def test_403_names_the_permission():
    assert "'Event Streaming Service | Event Streaming | Read'" in str(explained(status=403))


def test_403_of_an_unknown_endpoint_says_where_its_permission_stands():
    assert "/api/some/thing in the service's endpoint reference" in str(explained(status=403, path="/api/some/thing"))


def test_403_for_want_of_a_product_speaks_of_products():
    error = explained({"fail": [failure("app_forbidden")]}, status=403)
    assert "add a product" in str(error)
    assert "permission" not in str(error)


@pytest.mark.parametrize(
    ("body", "status"), [({"fail": [{"code": "app_forbidden"}]}, 403), ({"fail": []}, 404), (b"", 404)]
)
def test_channel_tokens_with_a_bearer_token_say_what_to_use_instead(body, status):
    error = str(explained(body, status=status, dated=False))
    assert "API 2.0 does not have this endpoint" in error
    assert "auth_method hmac" in error
    assert "mops.maintenance.mimecast_siem_events" in error
    assert "region" not in error


def test_a_path_of_api_2_called_with_keys_says_which_credentials_it_wants():
    error = explained({"fail": [failure("app_forbidden")]}, status=403, path="/siem/v1/events/cg")
    assert "auth_method oauth2" in str(error)


def test_404_in_rest_style_may_be_about_the_object():
    error = explained({"error": {"code": "err_not_found"}}, status=404, path="/groups/v1/17")
    assert "is what it names there" in str(error)


def test_404_points_at_region_and_base_url():
    assert "region or base_url" in str(explained(status=404))


def test_418_says_that_the_binding_expired_and_what_to_do():
    text = str(explained(status=418))
    assert "binding of the access key has expired" in text
    assert "make a new access key" in text


def test_400_without_a_body_hints_at_a_damaged_id():
    assert "an id in it is damaged" in str(explained(status=400))
    assert "damaged" not in str(explained({"fail": [failure("err_validation_null")]}, status=400))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 418, 429, 500, 503, 596])
def test_every_refusal_names_url_status_and_request(status):
    error = explained(status=status)
    assert str(error).startswith("POST https://eu-api.mimecast.com/api/ess/get-latest-channel-token: ")
    assert f"({status}" in str(error)
    assert "The request's id is guid." in str(error)
    assert error.facts["request_id"] == "guid"


@pytest.mark.parametrize(("status", "kind"), [(400, FunctionFailed), (409, FunctionFailed), (401, CallRefused)])
def test_what_lies_in_the_data_is_told_from_what_lies_in_the_call(status, kind):
    assert isinstance(explained(status=status), kind)


def test_the_services_words_are_one_short_line():
    error = explained({"fail": [failure("code", "a\nb" * 1000)]}, status=400)
    assert "\n" not in str(error)
    assert len(str(error)) < 800
