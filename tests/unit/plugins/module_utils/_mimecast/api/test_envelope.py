# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import (
    read_reply,
)
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
)


def test_a_good_answer_is_taken_apart():
    reply = read_reply(answered(envelope({"a": 1}, pagination={"next": "p2"})))
    assert (reply.status, reply.data, reply.failures) == (200, ({"a": 1},), ())
    assert reply.meta["pagination"] == {"next": "p2"}


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b'{"meta": {"status": 2', b"[" * 100_000, b"[]", b"7"])
def test_an_answer_that_is_not_a_json_object_is_unusable(body):
    with pytest.raises(AnswerUnusable, match="is not JSON"):
        read_reply(answered(body))


@pytest.mark.parametrize("body", [{}, {"meta": None}, {"meta": {}}, {"meta": {"status": "200"}}])
def test_an_answer_without_a_function_status_is_unusable(body):
    with pytest.raises(AnswerUnusable, match=r"no meta\.status"):
        read_reply(answered(body))


@pytest.mark.parametrize("part", ["data", "fail"])
def test_an_answer_whose_lists_are_none_is_unusable(part):
    with pytest.raises(AnswerUnusable, match="not both lists"):
        read_reply(answered({"meta": {"status": 200}, part: {"a": 1}}))


def test_a_200_with_a_failure_is_a_failure():
    reply = read_reply(answered(envelope(fail=[failure("err_validation_blank", "Field must not be blank")])))
    assert reply.words() == 'err_validation_blank "Field must not be blank"'


def test_a_200_whose_function_failed_has_the_functions_status():
    assert read_reply(answered(envelope(status=403))).status == 403


def test_a_failure_that_is_not_of_the_known_shape_keeps_its_words():
    odd = [{"code": "token_verification_failed", "message": "Bad token"}, "oops", {"errors": "?"}, {"errors": ["no"]}]
    reply = read_reply(answered({"fail": odd}, status=400))
    assert reply.words() == 'token_verification_failed "Bad token"; oops; no reason given; no'


def test_only_what_is_all_retryable_and_has_done_nothing_is_retryable():
    again, never = failure("a", retryable=True), failure("b")
    assert read_reply(answered(envelope(fail=[again]))).retryable
    assert not read_reply(answered(envelope(fail=[again, never]))).retryable
    assert not read_reply(answered(envelope({"done": 1}, fail=[again]))).retryable
    assert not read_reply(answered(envelope())).retryable
