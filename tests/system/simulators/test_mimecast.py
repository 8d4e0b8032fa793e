# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Mimecast simulator takes what the vendor's samples send, and nothing less careful."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import ANY as ANY_TEXT

import pytest
import requests

from simulators.launch import SAMPLE_CHANNEL, ControlError, Simulators

LATEST = "/api/ess/get-latest-channel-token"
AUDIT = "/api/audit/get-audit-events"
PERIOD = {"startDateTime": "2026-01-01T00:00:00+0000", "endDateTime": "2026-02-01T00:00:00+0000"}


def date(offset: timedelta = timedelta(), zone: str = "UTC") -> str:
    return (datetime.now(timezone.utc) + offset).strftime("%a, %d %b %Y %H:%M:%S") + " " + zone


def headers(simulators: Simulators, path: str = LATEST, **changes: Any) -> dict[str, str]:
    """The headers of the vendor's Python sample; `changes` makes one of the values that go into them wrong."""
    mimecast = simulators.mimecast
    values = {
        "access_key": mimecast.access_key,
        "secret_key": mimecast.secret_key,
        "app_id": mimecast.app_id,
        "app_key": mimecast.app_key,
        "date": date(),
        "request_id": str(uuid.uuid4()),
        **changes,
    }
    text = ":".join([values["date"], values["request_id"], path, values["app_key"]])
    digest = hmac.new(base64.b64decode(values["secret_key"]), text.encode(), hashlib.sha1).digest()
    return {
        "Authorization": f"MC {values['access_key']}:{base64.b64encode(digest).decode()}",
        "x-mc-app-id": values["app_id"],
        "x-mc-date": values["date"],
        "x-mc-req-id": values["request_id"],
        "Content-Type": "application/json",
    }


def channels(*identifiers: Any) -> dict[str, Any]:
    return {"data": [{"channelId": identifier} for identifier in identifiers]}


class Caller:
    """Signed calls."""

    def __init__(self, simulators: Simulators, http: requests.Session) -> None:
        self._simulators = simulators
        self._http = http

    def __call__(self, body: Any = None, path: str = LATEST, **changes: Any) -> requests.Response:
        data = body if isinstance(body, (str, bytes)) else json.dumps(body or channels(SAMPLE_CHANNEL))
        url = self._simulators.mimecast.base_url + path
        return self._http.post(url, headers=headers(self._simulators, path, **changes), data=data, timeout=10)


@pytest.fixture
def call(simulators, http):
    return Caller(simulators, http)


def code(answer: requests.Response) -> str:
    return answer.json()["fail"][0]["errors"][0]["code"]


def test_a_channel_gets_a_token_in_the_field_called_channel_id(simulators, call):
    answer = call()
    assert answer.status_code == 200
    document = answer.json()
    assert document["fail"] == []
    assert document["meta"]["status"] == 200
    assert document["data"] == [{"channelId": simulators.state("mimecast")["tokens"][SAMPLE_CHANNEL]}]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(lambda: date(zone="GMT"), id="C# says GMT"),
        pytest.param(lambda: date(zone="UTC").replace(", 0", ", "), id="Java writes no leading zero"),
        pytest.param(lambda: date(timedelta(minutes=14)), id="a clock 14 minutes fast"),
        pytest.param(lambda: date(-timedelta(minutes=14)), id="a clock 14 minutes slow"),
    ],
)
def test_dates_of_the_samples_pass(call, moment):
    assert call(date=moment()).status_code == 200


def test_the_python_samples_single_quotes_pass_and_are_counted(simulators, call):
    payload = {"data": [{"channelId": SAMPLE_CHANNEL}]}
    assert call(str(payload)).status_code == 200
    assert simulators.state("mimecast")["lenient_bodies"] == 1


def test_a_day_without_leading_zero_passes_on_the_first_of_a_month(simulators, call):
    first = datetime.now(timezone.utc).replace(day=1)
    simulators.settings("mimecast", clock_offset_seconds=first.timestamp() - time.time())
    text = f"{first:%a}, {first.day} {first:%b %Y %H:%M:%S} UTC"
    assert call(date=text).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        ({"secret_key": base64.b64encode(b"other").decode()}, 401, "err_xdk_invalid_signature"),
        ({"app_key": "other"}, 401, "err_xdk_invalid_signature"),
        ({"access_key": "other"}, 401, "err_xdk_client_unauthorized"),
        ({"app_id": "other"}, 401, "err_developer_key"),
        ({"request_id": "not-a-guid"}, 400, "err_validation_malformed"),
        ({"date": "2026-11-22T10:00:00Z"}, 401, "err_xdk_invalid_signature"),
    ],
)
def test_what_is_not_right_is_refused(simulators, call, changes, status, expected):
    answer = call(**changes)
    assert (answer.status_code, code(answer)) == (status, expected)
    state = simulators.state("mimecast")
    assert (state["refused"], state["tokens_issued"]) == (1, 0)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_off_is_refused(call, minutes):
    assert call(date=date(timedelta(minutes=minutes))).status_code == 401


def test_the_simulators_own_clock_can_be_wrong_and_shows_in_date(simulators, call):
    simulators.faults("mimecast", [{"action": "clock", "seconds": 1200}])
    answer = call()
    assert answer.status_code == 401
    ahead = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S %Z") - datetime.now(timezone.utc).replace(
        tzinfo=None
    )
    assert abs(ahead.total_seconds() - 1200) < 5
    assert call().status_code == 200


def test_a_request_id_is_good_once(simulators, call):
    request_id = str(uuid.uuid4())
    assert call(request_id=request_id).status_code == 200
    assert call(request_id=request_id.upper()).status_code == 401
    assert simulators.state("mimecast")["replays"] == 1


def test_without_authorization_nothing_is_told(simulators, http):
    answer = http.post(simulators.mimecast.base_url + LATEST, json=channels(SAMPLE_CHANNEL), timeout=10)
    assert answer.status_code == 401


def test_wrong_urls_methods_and_bodies(simulators, http, call):
    assert call(path="/api/ess/nothing").status_code == 404
    assert http.get(simulators.mimecast.base_url + LATEST, timeout=10).status_code == 405
    assert call("{").status_code == 400
    assert call("[]").status_code == 400
    assert code(call({"data": []})) == "err_validation_null"


def test_several_channels_come_in_the_order_in_which_they_were_asked(simulators, call):
    wanted = simulators.mimecast.channel_ids
    answer = call(channels(*wanted)).json()
    tokens = simulators.state("mimecast")["tokens"]
    assert [item["channelId"] for item in answer["data"]] == [tokens[identifier] for identifier in wanted]


def test_failures_name_their_channel_and_the_others_are_answered(simulators, call):
    answer = call(channels("NOT-THERE", SAMPLE_CHANNEL, "DENIED-CHAN-NEL000", " ", None))
    assert answer.status_code == 200
    document = answer.json()
    assert len(document["data"]) == 1
    found = {item["key"]["channelId"]: item["errors"][0]["code"] for item in document["fail"]}
    assert found["NOT-THERE"] == "err_ess_channel_not_found"
    assert found["DENIED-CHAN-NEL000"] == "err_xdk_forbidden"
    assert found[" "] == "err_validation_blank"
    assert found[None] == "err_validation_null"


@pytest.mark.parametrize(("form", "expected"), [("string", ["NOT-THERE"]), ("absent", [None])])
def test_a_failure_can_name_its_channel_in_other_ways(simulators, call, form, expected):
    simulators.settings("mimecast", fail_key=form)
    assert [item.get("key") for item in call(channels("NOT-THERE")).json()["fail"]] == expected


def test_a_damaged_channel_id_is_a_bare_400(call):
    answer = call(channels("B8Y43U\x00"))
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_channel_can_be_told_to_fail_for_a_while(simulators, call):
    failure = {"channel_id": SAMPLE_CHANNEL, "code": "err_busy", "message": "Busy", "retryable": True, "times": 1}
    simulators.control("mimecast", "POST", "channels", [failure])
    error = call().json()["fail"][0]["errors"][0]
    assert error == {"code": "err_busy", "message": "Busy", "retryable": True}
    assert call().json()["fail"] == []


def test_permissions_and_products_and_bindings(simulators, call):
    simulators.settings("mimecast", denied_paths=[LATEST])
    assert (call().status_code, code(call())) == (403, "err_xdk_forbidden")
    simulators.settings("mimecast", denied_paths=[], unlicensed_paths=[LATEST])
    assert code(call()) == "app_forbidden"
    simulators.settings("mimecast", unlicensed_paths=[], binding_expired=True)
    assert (call().status_code, code(call())) == (418, "err_xdk_binding_expired")


def test_a_quota_runs_out_and_refills(simulators, call):
    simulators.settings("mimecast", quota_limit=2, quota_refill_ms=60_000)
    levels = [call().headers for _number in range(2)]
    assert [level["X-RateLimit-Remaining"] for level in levels] == ["1", "0"]
    refused = call()
    assert refused.status_code == 429
    assert refused.headers["X-RateLimit-Limit"] == "2"
    reset = int(refused.headers["X-RateLimit-Reset"])
    assert 0 < reset <= 60_000
    simulators.clock("mimecast", advance=reset / 1000)
    assert call().status_code == 200
    assert call().status_code == 429


def test_a_list_without_paging_is_cut_in_silence(call):
    answer = call({"data": [PERIOD]}, AUDIT).json()
    assert len(answer["data"]) == 100
    assert "pagination" not in answer["meta"]


def test_all_pages_are_the_whole_list(call):
    token, found, pages = None, [], 0
    while pages == 0 or token:
        pagination = {"pageSize": 500, **({"pageToken": token} if token else {})}
        answer = call({"meta": {"pagination": pagination}, "data": [PERIOD]}, AUDIT).json()
        found += [item["id"] for item in answer["data"]]
        token, pages = answer["meta"]["pagination"].get("next"), pages + 1
    assert (pages, len(found), len(set(found))) == (2, 730, 730)


@pytest.mark.parametrize("pagination", [{"pageSize": 501}, {"pageSize": 0}, {"pageSize": "10"}, {"pageToken": "?"}])
def test_paging_that_is_not_right_is_refused(call, pagination):
    assert call({"meta": {"pagination": pagination}, "data": [PERIOD]}, AUDIT).status_code == 400


def test_accounts_are_read_and_managed_urls_written(simulators, call):
    assert len(call({"data": []}, "/api/account/get-account").json()["data"]) == 1
    before = simulators.state("mimecast")["managed_urls"]
    answer = call({"data": [{"url": "https://bad.example/"}]}, "/api/ttp/url/create-managed-url").json()
    assert answer["data"][0]["url"] == "https://bad.example/"
    assert simulators.state("mimecast")["managed_urls"] == before + 1


class Bearer:
    """Calls with a token of API 2.0."""

    def __init__(self, simulators: Simulators, http: requests.Session) -> None:
        self._simulators = simulators
        self._http = http

    def token(self, **changes: str) -> requests.Response:
        mimecast = self._simulators.mimecast
        form = {"grant_type": "client_credentials", "client_id": mimecast.client_id}
        form = {**form, "client_secret": mimecast.client_secret, **changes}
        return self._http.post(mimecast.base_url + "/oauth/token", data=form, timeout=10)

    def call(self, token: str) -> int:
        url = self._simulators.mimecast.base_url + LATEST
        given = {"Authorization": f"Bearer {token}"}
        return self._http.post(url, json=channels(SAMPLE_CHANNEL), headers=given, timeout=10).status_code

    def send(self, method: str, path: str, token: str | None = None, **options: Any) -> requests.Response:
        given = {"Authorization": f"Bearer {token or self.token().json()['access_token']}"}
        url = self._simulators.mimecast.base_url + path
        return self._http.request(method, url, headers=given, timeout=10, **options)


@pytest.fixture
def bearer(simulators, http):
    return Bearer(simulators, http)


def test_a_bearer_token_opens_the_same_paths_but_for_channel_tokens(simulators, bearer):
    token = bearer.token().json()["access_token"]
    assert bearer.call(token) == 403
    assert bearer.send("POST", "/api/account/get-account", token, json={"data": []}).status_code == 200
    simulators.settings("mimecast", bearer_channel_tokens=True)
    answer = bearer.token().json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 1799
    assert bearer.call(answer["access_token"]) == 200
    assert bearer.call("another") == 401


def test_bearer_tokens_expire_and_can_be_revoked(simulators, bearer):
    simulators.settings("mimecast", oauth_token_seconds=100, bearer_channel_tokens=True)
    short = bearer.token().json()["access_token"]
    assert bearer.call(short) == 200
    simulators.clock("mimecast", advance=100)
    assert bearer.call(short) == 401
    token = bearer.token().json()["access_token"]
    simulators.faults("mimecast", [{"action": "revoke_tokens", "path": LATEST}])
    assert bearer.call(token) == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"client_secret": "other"}, 401), ({"client_id": "other"}, 401), ({"grant_type": "password"}, 400)],
)
def test_wrong_client_credentials_get_no_token(bearer, changes, status):
    assert bearer.token(**changes).status_code == status


def test_objects_are_created_changed_and_deleted_in_rest_style(bearer):
    policies = "/policy-management/cloud-gateway/v1/anti-spoofing/policies"
    created = bearer.send("POST", policies, json={"description": "New"})
    assert created.status_code == 201
    assert set(created.json()) == {"id"}
    one = f"{policies}/{created.json()['id']}"
    assert bearer.send("PATCH", one, json={"option": "bypass"}).json()["option"] == "bypass"
    assert bearer.send("DELETE", one).status_code == 204
    assert bearer.send("GET", one).json() == {"error": {"code": "err_not_found", "message": ANY_TEXT}}
    assert bearer.send("PUT", policies, json={}).status_code == 405


def test_rest_style_answers_202_and_nothing_and_puts(bearer):
    assert bearer.send("POST", "/directory/cloud-gateway/v1/integrations/sync-requests").content == b""
    domains = "/domain/cloud-gateway/v1/internal-domains"
    assert bearer.send("POST", domains, json={"domain": "a.example"}).status_code == 202
    assert bearer.send("POST", domains, json={"domain": "a.example"}).status_code == 409
    assert bearer.send("GET", domains).json() == {"data": [{"domain": "a.example", "status": "pending"}]}
    contact = "/account/cloud-gateway/v1/emergency-contact"
    assert bearer.send("PUT", contact, json={"email": "a@a.example"}).json() == {"email": "a@a.example"}


def test_members_of_a_group_are_in_the_envelope(bearer):
    members = "/directory/cloud-gateway/v1/groups/group-1"
    body = {"data": [{"emailAddress": "a@a.example"}]}
    assert bearer.send("POST", f"{members}/members", json=body).json()["fail"] == []
    assert code(bearer.send("POST", f"{members}/members", json=body)) == "err_folder_group_member_already_exists"
    assert bearer.send("POST", f"{members}/remove-members", json=body).json()["fail"] == []
    assert code(bearer.send("POST", f"{members}/remove-members", json=body)) == "err_folder_email_address_not_found"


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("fail", '{"fail": [{"code": "err_not_found"'),
        ("error", '{"error": {"code": "err_not_found"'),
        ("detail", '{"detail": "There is no policy'),
        ("problem", '{"type": "about:blank", "title": "err_not_found", "status": 404'),
        ("html", "<html>"),
    ],
)
def test_a_refusal_comes_in_several_forms(simulators, bearer, form, begins):
    simulators.settings("mimecast", rest_error_form=form)
    answer = bearer.send("GET", "/policy-management/cloud-gateway/v1/anti-spoofing/policies/none")
    assert answer.text.startswith(begins)


def test_lists_have_pages_in_two_styles(bearer):
    groups = bearer.send("GET", "/directory/cloud-gateway/v1/groups", params={"pageSize": 50}).json()
    assert groups["meta"]["pagination"] == {"pageSize": 1, "totalCount": 1}
    policies, token, pages = [], None, 0
    while pages == 0 or token:
        query = {"pageSize": 50, **({"nextPage": token} if token else {})}
        page = bearer.send("GET", "/policy-management/cloud-gateway/v1/anti-spoofing/policies", params=query).json()
        policies += page["definitions"]
        token, pages = page.get("@nextPage"), pages + 1
    assert (pages, len(policies)) == (3, 130)


def test_siem_batches_are_files_elsewhere_that_expire_and_take_no_credentials(simulators, http, bearer):
    simulators.control("mimecast", "POST", "siem", {"type": "receipt", "batches": 3, "events": 5})
    first = bearer.send("GET", "/siem/v1/batch/events/cg", params={"type": "receipt"}).json()
    assert (len(first["value"]), first["isCaughtUp"]) == (2, False)
    query = {"type": "receipt", "nextPage": first["@nextPage"]}
    second = bearer.send("GET", "/siem/v1/batch/events/cg", params=query).json()
    assert (len(second["value"]), second["isCaughtUp"]) == (1, True)
    files = [http.get(item["url"], timeout=10) for item in first["value"] + second["value"]]
    events = [json.loads(line) for file in files for line in gzip.decompress(file.content).decode().split("\n") if line]
    assert len({event["aggregateId"] for event in events}) == 15
    assert http.get(first["value"][0]["url"].partition("?")[0], timeout=10).status_code == 403
    simulators.settings("mimecast", siem_address_seconds=-1)
    late = bearer.send("GET", "/siem/v1/batch/events/cg", params={"type": "receipt"}).json()["value"][0]["url"]
    assert http.get(late, timeout=10).status_code == 403


def test_log_files_come_one_by_one_and_then_json(call):
    answers = [call({"data": [{"token": str(number)}]}, "/api/audit/get-siem-logs") for number in range(4)]
    assert [answer.headers.get("mc-siem-token") for answer in answers] == ["1", "2", "3", None]
    assert answers[0].content.startswith(b"PK")
    assert answers[3].json()["meta"]["isLastToken"] is True


def test_signed_requests_have_one_quota_and_bearers_one_for_each_function(simulators, call, bearer):
    simulators.settings("mimecast", quota_limit=1, quota_refill_ms=60000)
    assert call().status_code == 200
    assert call({"data": []}, "/api/account/get-account").status_code == 429
    token = bearer.token().json()["access_token"]
    assert bearer.send("GET", "/directory/cloud-gateway/v1/groups", token).status_code == 200
    assert bearer.send("POST", "/api/account/get-account", token, json={"data": []}).status_code == 200
    assert bearer.send("GET", "/directory/cloud-gateway/v1/groups", token).status_code == 429


def test_answers_can_be_damaged_in_many_ways(simulators, call):
    simulators.faults(
        "mimecast",
        [
            {"action": "truncate"},
            {"action": "body", "body": "<html>", "size": 3_000_000},
            {"action": "redirect", "location": "https://elsewhere.example/"},
            {"action": "headers", "headers": {"X-RateLimit-Limit": None, "X-Other": "1"}},
            {"action": "trickle", "bytes": 40, "seconds": 0.01},
            {"action": "hang", "seconds": 0.2},
        ],
    )
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call()
    page = call()
    assert (page.status_code, len(page.content), page.headers["Content-Type"][:9]) == (200, 3_000_000, "text/html")
    changed = call_without_redirects(call)
    assert (changed.status_code, changed.headers["Location"]) == (302, "https://elsewhere.example/")
    assert call().json()["fail"] == []
    with pytest.raises(requests.ConnectionError):
        call()
    assert simulators.state("mimecast")["faults_applied"] == 6


def call_without_redirects(call: Caller) -> requests.Response:
    session = call._http
    session.max_redirects = 0
    with pytest.raises(requests.TooManyRedirects) as caught:
        call()
    assert caught.value.response is not None
    return caught.value.response


@pytest.mark.parametrize(
    "fault", [{"action": "nothing"}, {"action": "reset", "seconds": 1}, {"action": "delay", "when": "never"}, 7]
)
def test_a_fault_that_is_not_understood_is_refused(simulators, fault):
    with pytest.raises(ControlError):
        simulators.faults("mimecast", [fault])
    assert simulators.state("mimecast")["faults"] == []
