# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.mops.maintenance.plugins.lookup import mimecast_channel_token
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
    scripted_client,
)


@pytest.fixture
def tokens(monkeypatch):
    """The tokens of channels from a service that answers with a script."""

    def get(channel_ids, *script):
        monkeypatch.setattr(mimecast_channel_token, "connect", lambda options: scripted_client(*script).client)
        return mimecast_channel_token.tokens(channel_ids, {"validate_certs": True})

    return get


def token(value):
    return {"channelId": value}


def test_tokens_come_in_the_order_of_the_channels(tokens):
    assert tokens(["a", "b", "a"], answered(envelope(token("ta"), token("tb")))) == ["ta", "tb", "ta"]


def test_a_channel_without_a_token_fails_the_lookup(tokens):
    answer = answered(envelope(token("tb"), fail=[failure("err_gone", "No such channel", key="a")]))
    with pytest.raises(MopsError, match='err_gone "No such channel"'):
        tokens(["a", "b"], answer)


def test_an_empty_channel_id_fails_before_anything_is_sent(tokens):
    with pytest.raises(InvalidOption, match="is empty"):
        tokens([""])


def test_an_empty_environment_variable_counts_as_none(monkeypatch):
    monkeypatch.setenv("MIMECAST_REGION", "")
    monkeypatch.setenv("MIMECAST_APP_ID", "given")
    with mimecast_channel_token._without_empty_variables("MIMECAST_"):
        assert "MIMECAST_REGION" not in os.environ
        assert os.environ["MIMECAST_APP_ID"] == "given"
    assert os.environ["MIMECAST_REGION"] == ""


def test_certificates_are_not_left_unverified_by_a_slip_of_the_pen():
    with pytest.raises(InvalidOption, match="validate_certs must be true or false, not 'ture'"):
        mimecast_channel_token.strict_bool("validate_certs", "ture")
