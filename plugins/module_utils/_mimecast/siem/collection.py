# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The next batches of SIEM events of several types, from where the last run stopped, into files."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, Protocol, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import FunctionFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem import events
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.siem.event_files import EventFiles


class Progress(Protocol):
    """What is told how far a type has come."""

    def update(self, subject: str, text: str) -> None: ...

    def finish(self, subject: str, text: str) -> None: ...


@dataclass(frozen=True)
class Bounds:
    """When to stop before all is collected; 0 is never."""

    batches: int = 0
    seconds: float = 0.0

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if self.batches < 0:
            raise InvalidOption(f"max_batches must be a number from 0 on, not {self.batches}.")
        if not 0 <= self.seconds < float("inf"):
            raise InvalidOption(f"max_seconds must be a number of seconds from 0 on, not {self.seconds}.")


@dataclass
class OfType:
    """What came of one type."""

    events: int = 0
    batches: int = 0
    started: bool = False
    """Whether its collection began with this run."""
    caught_up: bool = False
    """Whether the service has no more of it for now."""


@dataclass
class Collected:
    """What came of a run, also of one that failed."""

    types: dict[str, OfType] = field(default_factory=dict)
    recovered: int = 0
    possibly_duplicated: int = 0
    invalid: int = 0

    def facts(self) -> dict[str, Any]:
        kinds = self.types
        events = sum(of.events for of in kinds.values()) + self.recovered
        return {
            "changed": events > 0 or any(of.started for of in kinds.values()),
            "events": events,
            "batches": sum(of.batches for of in kinds.values()),
            "recovered": self.recovered,
            "possibly_duplicated": self.possibly_duplicated,
            "invalid": self.invalid,
            "caught_up": bool(kinds) and all(of.caught_up for of in kinds.values()),
            "types": {kind: {"events": of.events, "caught_up": of.caught_up} for kind, of in kinds.items()},
        }


class Collection:
    """One run."""

    def __init__(
        self,
        client: MimecastClient,
        files: EventFiles,
        *,
        start: datetime | None,
        now: datetime,
        bounds: Bounds,
        progress: Progress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``start`` is where a type begins that was never collected; None is ``now``."""
        self._client = client
        self._files = files
        self._start = start
        self._now = now
        self._bounds = bounds
        self._progress = progress
        self._clock = clock
        self._deadline = clock() + bounds.seconds if bounds.seconds else float("inf")
        self.collected = Collected()

    def run(self, kinds: Sequence[str]) -> Collected:
        """Collect every type, as far as the bounds allow. Raises `MopsError`, with what was collected as facts."""
        collected = self.collected
        collected.types = {kind: OfType() for kind in kinds}
        try:
            recovered = self._files.recover()
            collected.recovered, collected.possibly_duplicated = recovered
            for kind, of in collected.types.items():
                self._collect(kind, of)
        except MopsError as error:
            error.facts = {**error.facts, **collected.facts()}
            raise
        return collected

    def pending(self, kinds: Sequence[str]) -> bool:
        """Whether a run would write something. Sends nothing but questions. Raises `MopsError`."""
        found = False
        for kind in kinds:
            token, since = self._files.token(kind), self._files.since(kind)
            # Also where it is known already: a check that cannot reach the service is no check.
            page = self._read_page(kind, token, since or self._start or self._now)
            found = found or token is None or bool(page.urls)
        return found

    def _collect(self, kind: str, of: OfType) -> None:
        token, since = self._files.token(kind), self._files.since(kind)
        if token is None and since is None:
            of.started = True
            if self._start is None:
                self._skip_to_now(kind, of)
                return
            since = self._start
            self._files.begin(kind, since, None)
        while not self._bounds_reached():
            page = self._read_page(kind, token, since)
            if page.urls:
                self._take(kind, of, page, token, since)
            else:
                self._files.advance(kind, page.next_page)
            token = page.next_page
            if page.caught_up:
                of.caught_up = True
                break
        self._progress.finish(kind, f"{of.events} events" + ("" if of.caught_up else ", and there may be more"))

    def _read_page(self, kind: str, token: str | None, since: datetime | None) -> events.Page:
        try:
            return events.read_page(self._client, kind, token=token, since=since)
        except FunctionFailed as error:
            if token is not None:
                error.args = (
                    f"{error} Where the service does not know the page any more with which {kind} goes on, events are "
                    f"lost for good: {self._files.state_file} names it; move it away to begin anew, as start says.",
                )
            raise

    def _skip_to_now(self, kind: str, of: OfType) -> None:
        """Go through the pages of today without taking what is on them: what comes after the last is new."""
        token: str | None = None
        pages = 0
        while True:
            page = events.read_page(self._client, kind, token=token, since=self._now)
            token = page.next_page
            pages += 1
            self._progress.update(kind, f"looking for the end of what there is, page {pages}")
            if page.caught_up:
                break
        self._files.begin(kind, None if token else self._now, token)
        of.caught_up = True
        self._progress.finish(kind, "collected from now on")

    def _take(self, kind: str, of: OfType, page: events.Page, token: str | None, since: datetime | None) -> None:
        with self._files.staging() as file:
            batch = events.download(
                self._client,
                kind,
                page,
                token=token,
                since=since,
                file=file,
                on_events=lambda events: self._progress.update(kind, f"{of.events + events} events"),
            )
        if batch.events:
            self._files.keep(kind, batch.events, batch.page.next_page)
            of.batches += 1
        else:
            self._files.advance(kind, batch.page.next_page)
        of.events += batch.events
        self.collected.invalid += batch.invalid

    def _bounds_reached(self) -> bool:
        batches = sum(of.batches for of in self.collected.types.values())
        return bool(self._bounds.batches and batches >= self._bounds.batches) or self._clock() >= self._deadline
