# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    Answer,
    AnswerLost,
    AnswerUnusable,
    RequestNotSent,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.client import (
    Client,
    LimitReached,
    OutcomeUnknown,
    Refused,
    Unavailable,
    failure_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Body
from requests.structures import CaseInsensitiveDict

NOW = 1_000_000_000.0
DATE = "Sun, 09 Sep 2001 01:46:40 GMT"  # the same moment


def answered(status: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CaseInsensitiveDict(named), body, "https://partners.example/reporting")


@pytest.mark.parametrize("body", [b"", b"OK", b"<h1>200 OK</h1>"])
def test_200_is_taken(body):
    assert failure_of(answered(200, body), NOW) is None


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>log in</html>", b"  <HTML><body>proxy</body></HTML>"])
def test_200_with_a_web_page_is_somebody_else(body):
    failure = failure_of(answered(200, body), NOW)
    assert isinstance(failure, Refused)
    assert "web page" in str(failure)


@pytest.mark.parametrize(
    "answer",
    [
        answered(403, X_Mashery_Error_Code="ERR_403_DEVELOPER_OVER_QPS"),
        answered(403, X_Mashery_Error_Code="ERR_403_DEVELOPER_OVER_RATE"),
        answered(403, X_Mashery_Error_Code="ERR_403_SERVICE_OVER_QUERIES_PER_SECOND"),
        answered(403, X_Error_Detail_Header="Account Over Rate Limit"),
        answered(403, X_Error_Detail_Header="Account Over Queries Per Second Limit"),
        answered(403, b"<h1>403 Over Queries Per Second Limit</h1>"),
        answered(403, b"<h1>403 Over Rate Limit</h1>"),
        answered(403, b"<h1>403 Service Over Queries-per-Second-Limit</h1>"),
        answered(429),
    ],
)
def test_a_limit_is_worth_another_try(answer):
    assert isinstance(failure_of(answer, NOW), LimitReached)


@pytest.mark.parametrize(
    "answer",
    [
        answered(403),
        answered(403, b"<h1>403 Not Authorized</h1>"),
        answered(403, b"<h1>403 Developer Inactive</h1>"),
        # The code is the service's own judgement; a page around it may say anything.
        answered(403, b"Over Rate Limit", X_Mashery_Error_Code="ERR_403_NOT_AUTHORIZED"),
        answered(
            403, X_Mashery_Error_Code="ERR_403_DEVELOPER_INACTIVE", X_Error_Detail_Header="Account Over Rate Limit"
        ),
    ],
)
def test_a_403_that_is_no_limit_stops_at_once(answer):
    failure = failure_of(answer, NOW)
    assert isinstance(failure, Refused)
    assert "api_key and secret" in str(failure)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("17", 17),
        ("0", 0),
        ("Sun, 09 Sep 2001 01:47:10 GMT", 30),
        ("Sun, 09 Sep 2001 01:00:00 GMT", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_may_be_seconds_or_a_date(header, wait):
    failure = failure_of(answered(503, Retry_After=header, Date=DATE), NOW + 5000)
    assert isinstance(failure, Unavailable)
    assert failure.wait == wait


@pytest.mark.parametrize(("now", "words"), [(NOW + 1200, "1200 s ahead of"), (NOW - 1200, "1200 s behind")])
def test_a_clock_that_is_off_is_said_with_a_bad_signature(now, words):
    assert words in str(failure_of(answered(403, b"Not Authorized", Date=DATE), now))


def test_a_clock_that_is_right_is_not_blamed():
    assert "clock" not in str(failure_of(answered(403, b"Not Authorized", Date=DATE), NOW + 2))


@pytest.mark.parametrize("status", [500, 503])
def test_a_service_in_trouble_is_worth_another_try(status):
    assert isinstance(failure_of(answered(status), NOW), Unavailable)


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateways_own_answer_says_nothing_of_the_post(status):
    assert isinstance(failure_of(answered(status), NOW), OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "words"),
    [(415, "compress"), (596, "/reporting"), (302, "redirect"), (400, "took nothing"), (404, "took nothing")],
)
def test_what_would_be_refused_again_says_where_to_look(status, words):
    failure = failure_of(answered(status), NOW)
    assert isinstance(failure, Refused)
    assert words in str(failure)


def test_the_services_words_are_shown_once_and_without_markup():
    failure = failure_of(answered(400, b"<h1>400 malformed\x1b[31m, record 7</h1>", X_Error_Detail_Header="Bad"), NOW)
    assert "answered 400 (Bad, malformed [31m, record 7)" in str(failure)


class OneAnswer:
    """An Http with one thing to say."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.sent = None

    def post(self, path, **request):
        self.sent = request
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize(
    ("body", "data", "media_type"),
    [(Body(b"raw"), b"raw", "text/plain"), (Body(b"raw", b"gz"), b"gz", "application/x-gzip")],
)
def test_a_post_says_what_it_is(body, data, media_type):
    http = OneAnswer(answered(200))

    Client(http, "k", "s").post(body)

    assert http.sent["data"] == data
    assert http.sent["headers"] == {"Content-Type": media_type}


@pytest.mark.parametrize("error", [AnswerLost("broken"), AnswerUnusable("huge")])
def test_without_a_usable_answer_the_outcome_is_unknown(error):
    with pytest.raises(OutcomeUnknown, match=str(error)):
        Client(OneAnswer(error), "k", "s").post(Body(b"raw"))


def test_what_was_not_sent_is_not_in_doubt():
    with pytest.raises(RequestNotSent):
        Client(OneAnswer(RequestNotSent("refused")), "k", "s").post(Body(b"raw"))
