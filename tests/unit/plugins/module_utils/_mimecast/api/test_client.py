# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.auth import BearerToken, OAuth2Auth
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import (
    CallRefused,
    MimecastError,
)
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
    scripted_client,
)

OK = answered(envelope({"done": 1}))
QUOTA_USED_UP = answered(
    {"fail": [failure("err_quota", retryable=True)]},
    status=429,
    headers={"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2500"},
)
RETRYABLE = answered(envelope(fail=[failure("err_busy", "Busy", retryable=True)]))


def request_ids(http):
    return [request.headers["x-mc-req-id"] for request in http.requests]


def test_a_call_sends_json_with_meta_and_data():
    setup = scripted_client(OK)
    reply = setup.client.call("/api/x", [{"a": "ä"}], meta={"pagination": {"pageSize": 1}}, repeatable=True)
    assert reply.data == ({"done": 1},)
    assert setup.http.bodies() == [{"meta": {"pagination": {"pageSize": 1}}, "data": [{"a": "ä"}]}]
    assert setup.http.requests[0].headers["Content-Type"] == "application/json"


def test_a_used_up_quota_waits_the_milliseconds_that_the_service_says():
    setup = scripted_client(QUOTA_USED_UP, OK)
    setup.client.call("/api/x", [], repeatable=False)
    assert len(setup.clock.waits) == 1
    assert 2.5 <= setup.clock.waits[0] <= 3.5
    assert setup.client.facts()["retries"] == 1
    assert setup.client.facts()["waited"] == setup.clock.waits[0]


def test_a_wait_longer_than_is_allowed_fails_at_once():
    setup = scripted_client(QUOTA_USED_UP, timeout=2.0)
    with pytest.raises(CallRefused, match="asks to wait 2 s"):
        setup.client.call("/api/x", [], repeatable=True)
    assert setup.clock.waits == []


@pytest.mark.parametrize(
    "first", [answered(b"", status=500), answered(b"<html>", status=503), AnswerLost("Lost."), RETRYABLE]
)
def test_a_passing_failure_is_tried_again_and_signed_anew(first):
    setup = scripted_client(first, OK)
    assert setup.client.call("/api/x", [], repeatable=True).data == ({"done": 1},)
    first_id, second_id = request_ids(setup.http)
    assert first_id != second_id


def test_what_may_have_been_done_is_not_done_again():
    setup = scripted_client(AnswerLost("POST https://host/x: no answer in time."))
    with pytest.raises(AnswerLost, match="Whether the service acted on the request is not known"):
        setup.client.call("/api/x", [], repeatable=False)
    setup = scripted_client(answered(b"", status=500))
    with pytest.raises(CallRefused):
        setup.client.call("/api/x", [], repeatable=False)


def test_what_the_service_calls_retryable_is_repeated_even_if_it_writes():
    setup = scripted_client(RETRYABLE, OK)
    setup.client.call("/api/x", [], repeatable=False)
    assert setup.client.facts()["retries"] == 1


def test_failures_beside_successes_are_not_repeated():
    reply = answered(envelope({"done": 1}, fail=[failure("err_busy", retryable=True)]))
    assert scripted_client(reply).client.call("/api/x", [], repeatable=True).failures


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418])
def test_what_a_repeat_cannot_mend_is_not_repeated(status):
    setup = scripted_client(answered(b"", status=status))
    with pytest.raises(MimecastError):
        setup.client.call("/api/x", [], repeatable=True)


def test_an_expired_binding_is_not_repeated_whatever_the_answer_says():
    setup = scripted_client(answered({"fail": [failure("err_xdk_binding_expired", retryable=True)]}, status=418))
    with pytest.raises(CallRefused, match="expired"):
        setup.client.call("/api/x", [], repeatable=True)


def test_no_connection_is_said_at_once():
    with pytest.raises(RequestNotSent):
        scripted_client(RequestNotSent("Refused.")).client.call("/api/x", [], repeatable=True)


@pytest.mark.parametrize("script", [AnswerLost("Lost."), answered(b"", status=401), answered(b"<html>"), QUOTA_USED_UP])
def test_every_failure_tells_request_id_quota_and_retries(script):
    setup = scripted_client(script, retries=0)
    with pytest.raises(MopsError) as raised:
        setup.client.call("/api/x", [], repeatable=True)
    assert raised.value.facts["request_id"] == request_ids(setup.http)[-1]
    assert {"rate_limit", "retries", "waited"} <= set(raised.value.facts)


def test_the_quota_of_the_last_answer_is_told():
    setup = scripted_client(QUOTA_USED_UP, retries=0)
    with pytest.raises(CallRefused) as raised:
        setup.client.call("/api/x", [], repeatable=True)
    assert raised.value.facts["rate_limit"] == {"limit": 2, "remaining": 0, "reset_ms": 2500}


def test_a_refused_signature_is_compared_with_the_services_clock():
    refused = answered(b"", status=401, headers={"Date": "Tue, 24 Nov 2015 12:50:11 GMT"})
    setup = scripted_client(refused, now=1448369411.0 + 1200)
    with pytest.raises(CallRefused, match=r"1200 s \(20\.0 min\) ahead of"):
        setup.client.call("/api/x", [], repeatable=True)


def bearer(*tokens):
    remaining = [BearerToken(token, 1799) for token in tokens]
    return OAuth2Auth(lambda: remaining.pop(0), clock=lambda: 0.0)


def test_a_bearer_token_that_was_revoked_is_replaced_without_a_wait():
    setup = scripted_client(OK, answered(b"", status=401), OK, auth=bearer("old", "new"))
    setup.client.call("/api/x", [], repeatable=False)
    setup.client.call("/api/x", [], repeatable=False)
    sent = [request.headers["Authorization"] for request in setup.http.requests]
    assert sent == ["Bearer old", "Bearer old", "Bearer new"]
    assert setup.clock.waits == []


def test_a_bearer_token_that_is_refused_when_new_ends_the_call():
    setup = scripted_client(OK, answered(b"", status=401), answered(b"", status=401), auth=bearer("old", "new"))
    setup.client.call("/api/x", [], repeatable=True)
    with pytest.raises(CallRefused, match="client_id"):
        setup.client.call("/api/x", [], repeatable=True)
