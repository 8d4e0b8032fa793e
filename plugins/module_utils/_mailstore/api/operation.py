# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A process on the server: what each answer says of it, what is known of it in all, and how to wait for its end.

"Management API - Using the API", section Long Running Processes: where the first answer's ``statusCode`` is
``running``, its ``token`` names a process. ``get-status`` answers at once where its ``statusVersion`` is newer than
the one that the client knows, else it waits for up to ``millisecondsTimeout`` and repeats the last status.
"""

from __future__ import annotations

import enum
import time
from collections import deque
from typing import Any, Callable, NamedTuple, Protocol

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable

LOG_MAX_CHARACTERS = 32 * 1024 * 1024
"""The longest log output of one process that is kept in full."""

RECOVERY_SECONDS = 600.0
"""For how long, at least, a server that does not answer is asked again for a process that it runs."""

CANCEL_SECONDS = 30.0
"""For how long a process that was cancelled is followed until it has ended."""

_POLL_SECONDS = 1.0
"""The shortest time from one poll's start to the next, also where there is news all the time."""

_QUICK_POLLS = 3
"""So many polls may follow each other sooner, so that the end of a process that was quiet is noticed at once."""

_QUICK_POLL_SECONDS = 0.1
"""The shortest time between these."""

_DETAILS_MAX_CHARACTERS = 300

RUNNING = "running"
SUCCEEDED = "succeeded"
CANCELLED = "cancelled"


class ProcessUnknown(MopsError):
    """The server does not know a process of that token."""


class ServerError(NamedTuple):
    """The envelope's ``error``: the vendor's own words."""

    message: str
    details: str = ""

    def __str__(self) -> str:
        details = next(iter(self.details.strip().splitlines()), "")[:_DETAILS_MAX_CHARACTERS]
        return f"{self.message} ({details})" if details and details != self.message else self.message


def server_error(value: Any) -> ServerError | None:
    """The envelope's ``error``, or None where it is null."""
    if value is None:
        return None
    if isinstance(value, dict):
        message = _text(value.get("message"))
        details = _text(value.get("details"))
        return ServerError(message or details or "an error without a message", details)
    return ServerError(str(value))


class Status(NamedTuple):
    """One answer's word on a call or on its process."""

    code: str
    version: int = 0
    token: str | None = None
    percent: float | None = None
    text: str | None = None
    result: Any = None
    log: str = ""
    error: ServerError | None = None
    withheld: str = ""
    """Where a function has failed because the tenant withholds access: a sentence that says so, in our words."""

    @property
    def running(self) -> bool:
        return self.code == RUNNING

    @property
    def succeeded(self) -> bool:
        return self.code == SUCCEEDED and self.error is None

    @property
    def percent_known(self) -> float | None:
        """The percentage, which no server names any more after the end."""
        return 100 if self.succeeded else self.percent

    @classmethod
    def from_envelope(cls, envelope: Any, where: str) -> Status:
        """From an answer's JSON. Raises `AnswerUnusable` where it says neither a status nor an error."""
        if not isinstance(envelope, dict):
            raise AnswerUnusable(f"{where}: the answer is JSON, but not an object with a statusCode.")
        error = server_error(envelope.get("error"))
        code = envelope.get("statusCode")
        if not isinstance(code, str) or not code:
            if error is None:
                raise AnswerUnusable(f"{where}: the answer is JSON, but has neither a statusCode nor an error.")
            code = "failed"
        return cls(
            code=code,
            version=_whole(envelope.get("statusVersion")),
            token=_text(envelope.get("token")) or None,
            percent=_percent(envelope.get("percentProgress")),
            text=_text(envelope.get("statusText")) or None,
            result=envelope.get("result"),
            log=_text(envelope.get("logOutput")),
            error=error,
        )


def merge(known: Status, new: Status) -> Status:
    """What is known after ``new``: its word, and ``known``'s where it says nothing.

    The version and the percentage are the newest ones, also where they have gone backwards: the server compares the
    version with its own, and a percentage may start again with a process's next step.
    """
    return new._replace(
        token=known.token or new.token,  # version 8 names it in the first answer only
        percent=known.percent if new.percent is None else new.percent,
        text=new.text or known.text,
        result=known.result if new.result is None else new.result,
        error=new.error or known.error,
        log="",
    )


def new_log(previous: Status, new: Status) -> str:
    """What ``new`` adds to the log: nothing where it only repeats the last status."""
    repeated = new.version == previous.version and new.log == previous.log
    return "" if repeated else new.log


class Log:
    """Log output, collected in full up to ``limit`` characters; beyond that its middle is left out."""

    def __init__(self, limit: int = LOG_MAX_CHARACTERS) -> None:
        self._half = limit // 2
        self._head: list[str] = []
        self._head_room = self._half
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self.cut = 0
        """Characters that were left out."""
        self.last_line = ""
        """The newest line that is not empty."""

    def add(self, text: str) -> None:
        self.last_line = next((line for line in map(str.strip, reversed(text.splitlines())) if line), self.last_line)
        if self._head_room and text:
            self._head.append(text[: self._head_room])
            text = text[self._head_room :]
            self._head_room -= len(self._head[-1])
        if text:
            self._tail.append(text)
            self._tail_size += len(text)
        while self._tail_size > self._half:
            oldest = self._tail.popleft()
            surplus = min(self._tail_size - self._half, len(oldest))
            if surplus < len(oldest):
                self._tail.appendleft(oldest[surplus:])
            self._tail_size -= surplus
            self.cut += surplus

    def __str__(self) -> str:
        gap = [f"\r\n[... {self.cut} characters are left out here ...]\r\n"] if self.cut else []
        return "".join([*self._head, *gap, *self._tail])


class Process:
    """All that is known of one call and its process. It grows with every answer."""

    def __init__(self, first: Status) -> None:
        self.status = first._replace(log="")
        self.log = Log()
        self.log.add(first.log)
        self.polls = 0
        """How often the server was asked for it."""
        self._last = first

    @classmethod
    def known_by(cls, token: str, first: Status) -> Process:
        """One that somebody else has started: version 8 does not name its token again."""
        process = cls(first._replace(token=token))
        process.polls = 1
        return process

    def take(self, status: Status) -> None:
        """Add what an answer to ``get-status`` says."""
        self.polls += 1
        self.log.add(new_log(self._last, status))
        self.status = merge(self.status, status)
        self._last = status

    @property
    def running(self) -> bool:
        return self.status.running

    def failure(self) -> str:
        """Why it has not succeeded, in the server's words."""
        # Where it was cancelled, what it said last is no reason.
        said = "" if self.status.code == CANCELLED else self.log.last_line or self.status.text
        words = str(self.status.error or said or "").rstrip(".")
        hint = f" {self.status.withheld}" if self.status.withheld else ""
        if self.status.token is None and self.status.error:
            return f"The server says: {words}.{hint}"
        return f"It has ended as {self.status.code}{': ' if words else ''}{words}.{hint}"

    def __str__(self) -> str:
        """Where it stands, in a few words without a full stop: ``42 %, Verifying``."""
        percent = "" if self.status.percent is None else f"{self.status.percent:g} %"
        text, line = (words.rstrip(". ") for words in (self.status.text or "", self.log.last_line))
        return ", ".join(part for part in (percent, text, "" if line == text else line) if part) or self.status.code


class Waiting(NamedTuple):
    """How long to wait for a process, and what becomes of it after that."""

    timeout: float = 0.0
    """Seconds from the start of waiting; 0 where there is no end to it."""
    hold: int = 5000
    """Milliseconds for which the server may hold a request for news."""
    cancels: bool = True
    """Whether the process is cancelled where waiting ends before it does; else it is left running."""
    recovery: float = RECOVERY_SECONDS
    """Seconds for which a server that does not answer is asked again for its process."""

    def check(self) -> None:
        """Raise `InvalidOption` for what cannot be."""
        if not 0 <= self.timeout < float("inf"):
            raise InvalidOption(f"wait_timeout must be a number of seconds, or 0 for no limit, not {self.timeout}.")
        if not 0 <= self.hold <= 600_000:
            raise InvalidOption(f"status_timeout must be 0 to 600000 milliseconds, not {self.hold}.")


class Ending(enum.Enum):
    """Why there is no more waiting."""

    ENDED = "ended"
    TIMED_OUT = "timed out"
    INTERRUPTED = "interrupted"
    LOST = "lost"


class Server(Protocol):
    """What following a process needs of a client."""

    def status(self, token: str, version: int, hold: int, *, patience: float) -> Status: ...

    def cancel(self, token: str) -> None: ...


class Interruption(Protocol):
    """What tells that the waiting has to end; `threading.Event` can do that, too."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float, /) -> bool: ...


class Outcome(NamedTuple):
    """How the waiting for a process ended."""

    ending: Ending
    error: MopsError | None = None
    """What made it end, where something went wrong."""


class Follower:
    """Waits for the end of processes, one at a time, and does with what does not end what was asked for."""

    def __init__(
        self,
        server: Server,
        waiting: Waiting,
        interruption: Interruption,
        *,
        report: Callable[[Process], None] = lambda process: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = server
        self._waiting = waiting
        self._interruption = interruption
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._polled = float("-inf")
        """When the last poll began."""
        self._quick_polls = 0.0
        """How many polls may still follow each other quickly; one more with every `_POLL_SECONDS`."""

    def follow(self, process: Process) -> Outcome:
        """Wait until ``process`` has ended or there is a reason to wait no longer. Raises nothing of `MopsError`."""
        deadline = self._clock() + self._waiting.timeout if self._waiting.timeout else float("inf")
        outcome = self._wait(process, deadline)
        if outcome.ending in (Ending.TIMED_OUT, Ending.INTERRUPTED) and self._waiting.cancels:
            self._cancel(process)
        return outcome

    def _wait(self, process: Process, deadline: float) -> Outcome:
        self._report(process)
        while process.running:
            left = deadline - self._clock()
            if self._interruption.is_set():
                return Outcome(Ending.INTERRUPTED)
            if left <= 0:
                return Outcome(Ending.TIMED_OUT)
            try:
                self._interruption.wait(self._poll(process, left))
            except ProcessUnknown as error:
                return Outcome(Ending.LOST, error)
            except MopsError as error:
                if self._interruption.is_set():
                    return Outcome(Ending.INTERRUPTED, error)
                return Outcome(Ending.TIMED_OUT if left < self._waiting.recovery else Ending.LOST, error)
            self._report(process)
        return Outcome(Ending.ENDED)

    def _poll(self, process: Process, left: float) -> float:
        """Ask once. Returns in how many seconds it is decent to ask again."""
        token = process.status.token
        if token is None:
            raise ProcessUnknown("The server says that a process runs, but does not name its token.")
        version = process.status.version
        started = self._clock()
        regained = (started - self._polled) / _POLL_SECONDS
        self._quick_polls, self._polled = min(_QUICK_POLLS, self._quick_polls + regained) - 1, started
        hold = int(min(self._waiting.hold, left * 1000))
        process.take(self._server.status(token, version, hold, patience=min(left, self._waiting.recovery)))
        if not process.running:
            return 0.0
        least = max(_QUICK_POLL_SECONDS, (1 - self._quick_polls) * _POLL_SECONDS)
        if process.status.version == version:
            least = _POLL_SECONDS
        return max(0.0, min(least, left) - (self._clock() - started))

    def _cancel(self, process: Process) -> None:
        """Cancel, and follow the process until it has ended or clearly does not."""
        until = self._clock() + CANCEL_SECONDS
        try:
            self._server.cancel(process.status.token or "")
            while process.running and self._clock() < until:
                self._sleep(self._poll(process, until - self._clock()))
        except MopsError:
            pass  # what is known of the process says the rest
        self._report(process)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _percent(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
