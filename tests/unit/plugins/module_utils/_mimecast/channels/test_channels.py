# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import CallRefused, read_reply
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels.channels import (
    assign,
    latest_tokens,
    shortfall,
)
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
    scripted_client,
)


def token(value):
    return {"channelId": value}


def tokens(*values, fail=()):
    return answered(envelope(*map(token, values), fail=fail), path="/api/ess/get-latest-channel-token")


def asked(setup):
    return [[item["channelId"] for item in body["data"]] for body in setup.http.bodies()]


def assignment(channel_ids, answer):
    known = assign(channel_ids, read_reply(answer))
    return dict(known.tokens), list(known.failures)


def test_as_many_tokens_as_channels_and_no_failure_are_in_order():
    assert assignment(["a", "b"], tokens("ta", "tb")) == ({"a": "ta", "b": "tb"}, [])


@pytest.mark.parametrize("key", ["b", {"channelId": "b"}])
def test_a_failure_that_names_its_channel_leaves_no_doubt_about_the_others(key):
    answer = tokens("ta", "tc", fail=[failure("err", key=key)])
    assert assignment(["a", "b", "c"], answer) == ({"a": "ta", "c": "tc"}, ["b"])


@pytest.mark.parametrize(
    "answer",
    [
        tokens("t1"),
        tokens("t1", "t2", "t3"),
        tokens(),
        tokens("t1", fail=[failure("err")]),
        tokens("t1", fail=[failure("err", key="somebody else's")]),
        tokens("t1", "t2", fail=[failure("err", key="b")]),
        tokens(fail=[failure("err", key="b"), failure("err", key="b")]),
        tokens(fail=[failure("err", key="b"), failure("err")]),
        answered(envelope(token("t1"), {})),
        answered(envelope(token("t1"), token(None))),
        answered(envelope(token("t1"), token(""))),
        answered(envelope(token("t1"), "t2")),
    ],
)
def test_where_there_is_doubt_nothing_is_assigned(answer):
    assert assignment(["a", "b"], answer) == ({}, [])


def test_a_failure_that_may_pass_settles_nothing_for_its_channel():
    answer = tokens("ta", fail=[failure("err_busy", key="b", retryable=True)])
    assert assignment(["a", "b"], answer) == ({"a": "ta"}, [])


def test_one_request_serves_all_channels():
    setup = scripted_client(tokens("ta", "tb", "tc"))
    fetched = latest_tokens(setup.client, ["a", "b", "c"])
    assert fetched.tokens == {"a": "ta", "b": "tb", "c": "tc"}
    assert asked(setup) == [["a", "b", "c"]]
    assert shortfall(fetched) is None


@pytest.mark.parametrize("first", [tokens("t1"), answered(b"", status=400), answered(b"?"), answered(b"", status=409)])
def test_in_doubt_every_channel_is_asked_for_alone(first):
    setup = scripted_client(first, tokens("ta"), tokens("tb"))
    assert latest_tokens(setup.client, ["a", "b"]).tokens == {"a": "ta", "b": "tb"}
    assert asked(setup) == [["a", "b"], ["a"], ["b"]]


def test_only_what_is_in_doubt_is_asked_for_again():
    setup = scripted_client(tokens("ta", fail=[failure("err_busy", key="b", retryable=True)]), tokens("tb"))
    assert latest_tokens(setup.client, ["a", "b"]).tokens == {"a": "ta", "b": "tb"}
    assert asked(setup) == [["a", "b"], ["b"]]


def test_a_channel_that_fails_does_not_keep_the_others_from_their_tokens():
    bad = answered(envelope(fail=[failure("err_gone", "No such channel")]))
    fetched = latest_tokens(scripted_client(tokens(), tokens("ta"), bad, tokens("tc")).client, ["a", "b", "c"])
    assert fetched.tokens == {"a": "ta", "c": "tc"}
    message = str(shortfall(fetched))
    assert message.startswith("No token for 1 of 3 channels. b (request ")
    assert message.endswith('): err_gone "No such channel".')


def test_each_channel_is_named_once_with_the_words_that_are_its_own():
    fail = [
        failure("err_gone", "No", key="a"),
        failure("err_denied", "Not yours", key="b"),
        failure("err_gone", "No", key="c"),
    ]
    problem = shortfall(latest_tokens(scripted_client(tokens(fail=fail)).client, ["a", "b", "c"]))
    assert problem is not None
    assert str(problem).count('err_gone "No"') == 1
    assert [(entry["channel_id"], entry["reason"]) for entry in problem.facts["failed_channels"]] == [
        ("a", 'err_gone "No"'),
        ("b", 'err_denied "Not yours"'),
        ("c", 'err_gone "No"'),
    ]


@pytest.mark.parametrize("answer", [tokens(), tokens("t1", "t2"), answered(envelope({"other": 1}))])
def test_one_channel_takes_exactly_one_token(answer):
    assert "a" in latest_tokens(scripted_client(answer).client, ["a"]).failed


def test_a_failure_that_all_would_share_ends_it_at_once():
    setup = scripted_client(answered(b"", status=403))
    with pytest.raises(CallRefused, match="permission"):
        latest_tokens(setup.client, ["a", "b", "c"])
    assert len(setup.http.requests) == 1


@pytest.mark.parametrize("stop", [answered(b"", status=418), AnswerLost("POST https://host/x broke off.")])
def test_what_was_fetched_before_such_a_failure_is_kept(stop):
    setup = scripted_client(tokens(), tokens("ta"), stop, retries=0)
    fetched = latest_tokens(setup.client, ["a", "b", "c"])
    assert fetched.tokens == {"a": "ta"}
    assert list(fetched.failed) == ["b"]
    assert fetched.not_asked == ["c"]
    assert "not asked for: c." in str(shortfall(fetched))


def test_ten_channels_one_by_one_under_a_quota_of_two():
    wait = answered(b"", status=429, headers={"X-RateLimit-Reset": "1000"})
    script = [tokens("?")]
    for number in range(10):
        script += [wait, tokens(f"t{number}")]
    setup = scripted_client(*script)
    fetched = latest_tokens(setup.client, [f"c{number}" for number in range(10)])
    assert fetched.tokens == {f"c{number}": f"t{number}" for number in range(10)}
    assert len(setup.clock.waits) == 10
    assert min(setup.clock.waits) >= 1.0
