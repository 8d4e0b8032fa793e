# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""One post to the Reporting Event Post API, and what each answer to it means.

What a caller has to know of a post that did not go well is whether the records can have been taken, and whether
another try makes sense:

- `Unavailable` (and its kind `LimitReached`), and `_http.RequestNotSent`: surely not taken, another try makes sense.
- `OutcomeUnknown`: perhaps taken.
- `Refused`: surely not taken, and another try would be refused as well.

Sources: "Mashery Reporting Event Post API Guide", "Response Codes"; the error headers of Mashery's API Traffic Manager.
"""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import Callable

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    Answer,
    AnswerLost,
    AnswerUnusable,
    Http,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.auth import MasheryAuth
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Body

CLOCK_TOLERANCE = 300.0
"""Seconds that a timestamp may be off, as with Mashery's other signed APIs."""


class Refused(MopsError):
    """The service did not take the post, and would not take it a second time."""


class Unavailable(MopsError):
    """The service did not take the post, but may take it later.

    ``wait`` is the seconds that the service asks to wait, or None.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class LimitReached(Unavailable):
    """The service did not take the post because of a limit on posts."""


class OutcomeUnknown(MopsError):
    """Nobody can know whether the service took the post."""


class Client:
    """Posts to one service with one key. Not safe for several threads at once."""

    def __init__(self, http: Http, api_key: str, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._api_key = api_key
        self._secret = secret
        self._clock = clock

    def post(self, body: Body) -> None:
        """Post once. Returns if the service has taken it; else raises one of the four kinds of failure above."""
        failure: MopsError
        try:
            answer = self._http.post(
                "",
                auth=MasheryAuth(self._api_key, self._secret, body.raw, clock=self._clock),
                data=body.wire,
                headers={"Content-Type": body.media_type},
            )
        except (AnswerLost, AnswerUnusable) as error:
            failure = OutcomeUnknown(str(error))
        else:
            refusal = failure_of(answer, self._clock())
            if refusal is None:
                return
            failure = refusal
        raise failure


def failure_of(answer: Answer, now: float) -> MopsError | None:
    """What an answer means: None where the post was taken, else the failure that it is.

    ``now`` is this host's clock, in seconds since 1970.
    """
    words = _words(answer)
    said = f"{answer.url} answered {answer.status}" + (f" ({words})" if words else "")
    if answer.status == 200:
        if _is_web_page(answer):
            return Refused(
                f"{answer.url} answered with a web page, not as Mashery does. Look at url, and at proxies on the way."
            )
        return None
    if answer.status == 403:
        return _failure_of_403(answer, said, now)
    if answer.status == 429:
        return LimitReached(f"{said}: a limit is reached.", _retry_after(answer, now))
    if answer.status in (500, 503):
        return Unavailable(f"{said}: the service cannot take posts at the moment.", _retry_after(answer, now))
    if answer.status in (502, 504):
        return OutcomeUnknown(f"{said}: something between here and the service lost its answer.")
    if answer.status == 415:
        return Refused(
            f"{said}: the service does not take this media type. It should take text/plain and application/x-gzip: "
            "look at proxies that change the header Content-Type, or set compress to the other value."
        )
    if answer.status == 596:
        return Refused(f"{said}: nothing answers to this method and path. Look at url; its path is usually /reporting.")
    if 300 <= answer.status < 400:
        return Refused(f"{said}: a redirect, which is not followed. Look at url.")
    return Refused(f"{said}, and took nothing.")


def _failure_of_403(answer: Answer, said: str, now: float) -> MopsError:
    if _is_limit(answer):
        return LimitReached(f"{said}: a limit is reached.", _retry_after(answer, now))
    off = _clock_error(answer, now)
    if off is not None and abs(off) > CLOCK_TOLERANCE / 2:
        hint = (
            f"This host's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the service's, and a "
            f"signature is good for {CLOCK_TOLERANCE:.0f} s: set the clock, for example with chrony."
        )
    else:
        hint = "Look at api_key and secret: do they belong together, to this site, and are they active?"
    return Refused(f"{said}: the key or the signature is not accepted. {hint}")


_LIMIT = re.compile(r"over[ _-]+(?:qps|rate|queries[ _-]+per[ _-]+second)", re.IGNORECASE)


def _is_limit(answer: Answer) -> bool:
    """Whether a 403 means "slow down" and not "go away": its code decides, then its detail, then its words."""
    for told in (answer.headers.get("X-Mashery-Error-Code"), answer.headers.get("X-Error-Detail-Header")):
        if told:
            return bool(_LIMIT.search(told))
    return bool(_LIMIT.search(answer.text()[:2000]))


def _words(answer: Answer) -> str:
    """The service's own words, from the most telling place that has some: printable, and not many."""
    body = "" if _is_web_page(answer) and len(answer.body) > 1000 else re.sub(r"<[^>]*>", " ", answer.text()[:1000])
    told = (answer.headers.get("X-Mashery-Error-Code"), answer.headers.get("X-Error-Detail-Header"), body)
    shown: list[str] = []
    for text in told:
        clean = " ".join("".join(c if c.isprintable() else " " for c in text or "").split())[:200]
        clean = re.sub(rf"^{answer.status}\b\s*", "", clean)
        if clean and clean.lower() not in (known.lower() for known in shown):
            shown.append(clean)
    return ", ".join(shown)


def _is_web_page(answer: Answer) -> bool:
    return bool(re.match(rb"\s*(?:<!doctype html|<html)", answer.body[:200], re.IGNORECASE))


def _retry_after(answer: Answer, now: float) -> float | None:
    """Seconds, whether the header has seconds or a date."""
    told = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", told):
        return float(told)
    moment = _moment(told)
    return None if moment is None else max(0.0, moment - (_moment(answer.headers.get("Date", "")) or now))


def _clock_error(answer: Answer, now: float) -> float | None:
    """By how many seconds this host's clock is ahead of the service's."""
    theirs = _moment(answer.headers.get("Date", ""))
    return None if theirs is None else now - theirs


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
