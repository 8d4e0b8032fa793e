# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Channel tokens: where a consumer of an event stream begins to read, so that it starts at "now".

"Get Latest Token" in Mimecast's endpoint reference. The field that carries the token in the answer is called
``channelId``, like the one that carries the channel's id in the request. Nothing in an answer says which channel a
token belongs to but its place in the list, so that a token is taken only where the places are beyond doubt.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils import _errors
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import envelope
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.failure import Failure
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.permissions import LATEST_TOKEN_PATH


class Assignment(NamedTuple):
    """What one reply says beyond doubt of the channels that were asked for. Of the others it says nothing."""

    tokens: Mapping[str, str]
    failures: Mapping[str, Failure]


class ChannelFailure(NamedTuple):
    """Why there is no token for a channel."""

    reason: str
    """In the service's own words, where there are any."""
    request_id: str | None


class Fetched:
    """What became of the channels that were asked for; each is in one of the three."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.failed: dict[str, ChannelFailure] = {}
        self.not_asked: list[str] = []
        """Because the failure before would have been theirs as well."""


def latest_tokens(client: MimecastClient, channel_ids: Sequence[str]) -> Fetched:
    """Ask for the latest token of each channel: for all in one request, then one by one for those still in doubt.

    Raises a `MopsError` only where it would have been the same for every channel and nothing is known of any.
    """
    fetched = Fetched()
    if len(channel_ids) > 1:
        _ask_together(client, channel_ids, fetched)
    for position, channel_id in enumerate(channel_ids):
        if channel_id in fetched.tokens or channel_id in fetched.failed:
            continue
        if not _ask_alone(client, channel_id, fetched):
            known = {*fetched.tokens, *fetched.failed}
            fetched.not_asked = [later for later in channel_ids[position:] if later not in known]
            break
    return fetched


def assign(channel_ids: Sequence[str], reply: envelope.Reply) -> Assignment:
    """Which of the reply's tokens belongs to which channel, as far as that is beyond doubt.

    It is where there are as many tokens as channels and no failures, and where every failure names the channel
    that it is about and the tokens are as many as the channels without one. A failure that another try may fix
    settles nothing for its channel.
    """
    failures = {_channel_named(failure, channel_ids): failure for failure in reply.failures}
    successes = [channel_id for channel_id in channel_ids if channel_id not in failures]
    tokens = [token for token in map(_token, reply.data) if token is not None]
    if None in failures or len(failures) != len(reply.failures):
        return Assignment({}, {})
    if len(tokens) != len(reply.data) or len(tokens) != len(successes):
        return Assignment({}, {})
    return Assignment(
        dict(zip(successes, tokens)),
        {str(channel_id): failure for channel_id, failure in failures.items() if not failure.retryable},
    )


def shortfall(fetched: Fetched) -> _errors.MopsError | None:
    """One failure that names every channel for which there is no token, and why; None where there is none such."""
    missing = len(fetched.failed) + len(fetched.not_asked)
    if not missing:
        return None
    channels_by_reason: dict[str, list[str]] = {}
    for channel_id, failure in fetched.failed.items():
        channels_by_reason.setdefault(failure.reason, []).append(f"{channel_id} (request {failure.request_id})")
    sentences = [f"{', '.join(channels)}: {reason.rstrip('.')}." for reason, channels in channels_by_reason.items()]
    asked = missing + len(fetched.tokens)
    sentences[0] = (
        f"No token for {missing} of {asked} channels. {sentences[0]}" if asked > 1 else f"No token for {sentences[0]}"
    )
    if fetched.not_asked:
        sentences.append(f"After that failure these were not asked for: {', '.join(fetched.not_asked)}.")
    return _errors.MopsError(" ".join(sentences), failed_channels=_failed_channels(fetched))


def _ask_together(client: MimecastClient, channel_ids: Sequence[str], fetched: Fetched) -> None:
    """Settle what one request for all channels settles. Some ids may make the service refuse all: that settles none."""
    try:
        reply = _request(client, channel_ids)
    except (envelope.FunctionFailed, AnswerUnusable):
        return
    known = assign(channel_ids, reply)
    fetched.tokens.update(known.tokens)
    request_id = client.facts()["request_id"]
    for channel_id, failure in known.failures.items():
        fetched.failed[channel_id] = ChannelFailure(str(failure), request_id)


def _ask_alone(client: MimecastClient, channel_id: str, fetched: Fetched) -> bool:
    """Settle one channel. Whether it makes sense to go on with another."""
    stop: _errors.MopsError | None = None
    try:
        reply = _request(client, [channel_id])
        client.check(reply, LATEST_TOKEN_PATH)
        fetched.tokens[channel_id] = _only_token(reply)
    except envelope.FunctionFailed as error:
        fetched.failed[channel_id] = ChannelFailure(error.reason, error.facts.get("request_id"))
    except AnswerUnusable as error:
        fetched.failed[channel_id] = ChannelFailure(str(error), client.facts()["request_id"])
    except _errors.MopsError as error:
        stop = error
    if stop is None:
        return True
    if not fetched.tokens and not fetched.failed:
        raise stop
    fetched.failed[channel_id] = ChannelFailure(str(stop), stop.facts.get("request_id"))
    return False


def _request(client: MimecastClient, channel_ids: Sequence[str]) -> envelope.Reply:
    # Asking changes nothing: the same question twice is two answers to choose from.
    return client.call(LATEST_TOKEN_PATH, [{"channelId": channel_id} for channel_id in channel_ids], repeatable=True)


def _only_token(reply: envelope.Reply) -> str:
    token = _token(reply.data[0]) if len(reply.data) == 1 else None
    if token is None:
        raise AnswerUnusable(
            f"POST {reply.answer.url}: one token was asked for, and the answer holds {len(reply.data)} items"
            f"{' without a channelId' if len(reply.data) == 1 else ''}."
        )
    return token


def _token(item: Any) -> str | None:
    token = item.get("channelId") if isinstance(item, dict) else None
    return token if isinstance(token, str) and token else None


def _channel_named(failure: Failure, channel_ids: Sequence[str]) -> str | None:
    """The channel that a failure's key names: by its id, or by the item of the request."""
    key = failure.key.get("channelId") if isinstance(failure.key, dict) else failure.key
    return key if isinstance(key, str) and key in channel_ids else None


def _failed_channels(fetched: Fetched) -> list[dict[str, Any]]:
    failed = [
        {"channel_id": channel_id, "reason": failure.reason, "request_id": failure.request_id}
        for channel_id, failure in fetched.failed.items()
    ]
    return failed + [
        {"channel_id": channel_id, "reason": "not asked for, after the failure before", "request_id": None}
        for channel_id in fetched.not_asked
    ]
