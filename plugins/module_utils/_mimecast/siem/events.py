# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""SIEM events of API 2.0, in batches.

``GET /siem/v1/batch/events/cg`` gives a page of addresses, each of a gzip file with one event a line, in JSON. The page
names the one after it in ``@nextPage``, and whether there is more now in ``isCaughtUp``. An address belongs to another
host, carries its own signature in its query, takes no credentials, and expires.

What published clients agree on is sent: one ``type``, ``nextPage`` for the token, and for a first page
``dateRangeStartsAt`` as a date. The service keeps events for seven days.
"""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timedelta, timezone
from typing import IO, Any, Callable, Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils import _http
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import rest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import Call, MimecastClient

BATCHES_PATH = "/siem/v1/batch/events/cg"

TYPES = (
    "attachment protect",
    "av",
    "delivery",
    "impersonation protect",
    "internal email protect",
    "journal",
    "process",
    "receipt",
    "spam",
    "url protect",
)

DAYS_KEPT = 7
PAGE_SIZE = 100
"""Addresses on a page."""

LINE_MAX_BYTES = 16 * 1024 * 1024
"""The longest event."""

FILE_MAX_BYTES = 8 * 1024 * 1024 * 1024
"""The largest file, as it travels."""

_REFRESHES = 3
"""How often a page is asked for again because its addresses have expired."""


class AddressExpired(_http.AnswerUnusable):
    """The store of the files does not accept an address any more."""


class Page(NamedTuple):
    """A page of addresses."""

    urls: tuple[str, ...]
    next_page: str | None
    """The token of the page after this one."""
    caught_up: bool
    """Whether the service has no more for now."""


def start_of(text: str, now: datetime) -> datetime | None:
    """The moment of ``start``: None for ``now``. Raises `InvalidOption`."""
    if text == "now":
        return None
    if text == "earliest":
        return now - timedelta(days=DAYS_KEPT)
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise InvalidOption(
            f"start must be now, earliest, or a time in UTC such as 2026-01-31T12:00:00Z, not {text!r}."
        ) from None
    if moment < now - timedelta(days=DAYS_KEPT):
        raise InvalidOption(f"start is {text}, and the service keeps events for {DAYS_KEPT} days: give a later time.")
    if moment > now:
        raise InvalidOption(f"start is {text}, which is in the future.")
    return moment


def read_page(client: MimecastClient, kind: str, *, token: str | None, since: datetime | None) -> Page:
    """The page that ``token`` names, or the first one of the day of ``since``. Raises `MopsError`."""
    query = [("type", kind), ("pageSize", str(PAGE_SIZE))]
    if token is not None:
        query.append(("nextPage", token))
    elif since is not None:
        query.append(("dateRangeStartsAt", since.strftime("%Y-%m-%d")))
    reply = client.send(Call("GET", BATCHES_PATH, tuple(query)), rest.read_reply, repeatable=True)
    client.check(reply, BATCHES_PATH)
    return _page(reply.body, f"GET {reply.answer.url}", token)


def _page(body: Any, where: str, token: str | None) -> Page:
    value = body.get("value") if isinstance(body, dict) else None
    items = value if isinstance(value, list) else [None]
    found = [item.get("url") if isinstance(item, dict) else None for item in items]
    urls = tuple(url for url in found if isinstance(url, str) and url.startswith("https://"))
    if len(urls) != len(items):
        raise _http.AnswerUnusable(f"{where}: the answer is not a page of addresses, as the service sends them.")
    following = body.get("@nextPage") or None
    if urls and following in (None, token):
        raise _http.AnswerUnusable(f"{where}: the page does not name the one after it, so that it would come again.")
    # A page that leads nowhere is the last one, whatever it says.
    return Page(urls, following or token, body.get("isCaughtUp") is not False or following in (None, token))


class Batch(NamedTuple):
    """What came of a page."""

    page: Page
    events: int
    invalid: int
    """Lines that are no JSON object. They are kept as they came."""


def download(
    client: MimecastClient,
    kind: str,
    page: Page,
    *,
    token: str | None,
    since: datetime | None,
    file: IO[bytes],
    on_events: Callable[[int], None],
) -> Batch:
    """Write the events of a page into ``file``, each on a line. ``on_events`` is told how many there are so far.

    Only events of ``since`` or later are kept. Where addresses have expired, the page is asked for again. Raises
    `MopsError`; what is in the file then is of no use.
    """
    for _refresh in range(_REFRESHES):
        file.seek(0)
        file.truncate()
        lines = _Lines(file, since, on_events)
        try:
            for url in page.urls:
                lines.begin()
                client.download(url, lines.save, lines.check)
            return Batch(page, lines.events, lines.invalid)
        except AddressExpired as error:
            failure = error
        page = read_page(client, kind, token=token, since=since)
    raise failure


class _Lines:
    """A `_http.Sink` for gzip files of events, one after the other, in constant memory."""

    max_bytes = FILE_MAX_BYTES

    def __init__(self, file: IO[bytes], since: datetime | None, on_events: Callable[[int], None]) -> None:
        self.events = 0
        self.invalid = 0
        self._file = file
        self._since_ms = None if since is None else since.timestamp() * 1000
        self._on_events = on_events

    def begin(self) -> None:
        """From here on comes another file."""
        self._start = (self._file.tell(), self.events, self.invalid)

    def save(self, status: int, headers: Mapping[str, str]) -> _http.Sink | None:
        """`_http.Save`. Each try of a download begins where the file began."""
        if status != 200:
            return None
        position, self.events, self.invalid = self._start
        self._file.seek(position)
        self._file.truncate()
        self._decompressor: Any = None
        self._plain = False
        self._rest = b""
        return self

    def write(self, part: bytes) -> None:
        if self._decompressor is None and not self._plain:
            # An object store that names the compression as the content's encoding has it undone on the way.
            self._plain = not part.startswith(b"\x1f\x8b")
            self._decompressor = None if self._plain else zlib.decompressobj(wbits=31)
        try:
            self._take(part if self._plain else self._unpacked(part))
        except zlib.error:
            raise _http.AnswerUnusable("A file of events is damaged: it is not gzip to its end.") from None

    def check(self, answer: _http.Answer) -> None:
        """Raise what an answer means that is not a whole file."""
        if answer.status in (401, 403, 404, 410):
            raise AddressExpired(
                f"GET {answer.url}: the address of a file of events is not accepted ({answer.status})."
            )
        if answer.status >= 500:
            raise _http.AnswerLost(f"GET {answer.url}: the store of the files of events failed ({answer.status}).")
        if answer.status != 200:
            raise _http.AnswerUnusable(f"GET {answer.url}: a file of events is not there ({answer.status}).")
        if self._decompressor is not None and not self._decompressor.eof:
            raise _http.AnswerLost(f"GET {answer.url}: the file of events was cut off.")
        if self._rest.strip():
            self._line(self._rest)
        self._rest = b""

    def _unpacked(self, part: bytes) -> bytes:
        """What a part holds; a file may consist of several compressed ones."""
        found = self._decompressor.decompress(part)
        while self._decompressor.eof and self._decompressor.unused_data:
            unused = self._decompressor.unused_data
            self._decompressor = zlib.decompressobj(wbits=31)
            found += self._decompressor.decompress(unused)
        return found

    def _take(self, content: bytes) -> None:
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            if line.strip():
                self._line(line)
        if len(self._rest) > LINE_MAX_BYTES:
            raise _http.AnswerUnusable(f"A file of events holds a line of more than {LINE_MAX_BYTES} bytes.")
        self._on_events(self.events)

    def _line(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        stamp = event.get("timestamp") if isinstance(event, dict) else None
        if self._since_ms is not None and isinstance(stamp, (int, float)) and stamp < self._since_ms:
            return
        self._file.write(line.strip() + b"\n")
        self.events += 1
        self.invalid += not isinstance(event, dict)
