# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running processes: they move by themselves, in steps, and everyone who waits for news is told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .arguments import ApiError

FIRST_VERSION = 3
MAX_LOG_LINE = 2000


@dataclass(frozen=True)
class Plan:
    """What a function starts: words for its log, and what it does to the archive, and gives back, in the end.

    A `brief` process is over in a moment; with `log_all`, each of the `steps` stands in the log once. A `failure`
    is known beforehand: the process ends with it.
    """

    title: str
    effect: Callable[[], Any] = lambda: None
    steps: tuple[str, ...] = ()
    brief: bool = False
    log_all: bool = False
    failure: str | None = None


@dataclass(frozen=True)
class Control:
    """How a process goes. `outcome`: succeeded, failed, cancelled. `progress`: forward, backward, none.

    `repeat_versions` leaves every second status with the version of the one before; `log_bytes` is the volume of
    log output over the whole process.
    """

    seconds: float = 3.0
    steps: int = 10
    outcome: str = "succeeded"
    log_bytes: int = 0
    progress: str = "forward"
    repeat_versions: bool = False
    message: str = "The process failed."
    details: str | None = None
    error_null: bool = False
    result: Any = None


@dataclass
class Process:
    """One process and the status that it is in."""

    function: str
    plan: Plan
    control: Control
    token: str = field(default_factory=lambda: "s" + secrets.token_hex(16) + "e")
    version: int = FIRST_VERSION
    status: str = "running"
    percent: float | None = 0
    text: str | None = None
    result: Any = None
    error: dict[str, str] | None = None
    finished: float | None = None
    clock: Callable[[], float] = time.monotonic
    _log: list[tuple[int, str]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _cancelled: bool = False
    _hurried: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._log.append((self.version, f"{self.plan.title}...\r\n"))

    def log_since(self, version: int) -> str | None:
        """What was logged after the status of `version`; None where nothing was."""
        return "".join(text for at, text in self._log if at > version) or None

    async def news(self, known: int, milliseconds: float) -> None:
        """Returns when there is a newer status than `known`, or when the time is over."""
        end = time.monotonic() + milliseconds / 1000.0
        while self.version <= known:
            left = end - time.monotonic()
            if left <= 0:
                return
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except asyncio.TimeoutError:
                return

    def cancel(self) -> None:
        self._cancelled = True
        self._moved.set()

    def step(self, count: int | None) -> None:
        """Takes the next steps, or all that are left, without waiting."""
        self._hurried += self.control.steps if count is None else count
        self._moved.set()

    async def run(self) -> None:
        """Goes through the steps to the end."""
        control = self.control
        for step in range(1, control.steps + 1):
            if await self._pause(control.seconds / control.steps):
                self._end("cancelled")
                return
            if step < control.steps:
                self._advance(step)
        self._finish()

    def _advance(self, step: int) -> None:
        control = self.control
        self.percent = _percent(control.progress, step, control.steps)
        self.text = f"{self.plan.title}: step {step} of {control.steps}"
        if not (control.repeat_versions and step % 2 == 0):
            words = self.plan.steps
            self._write(words[(step - 1) % len(words)] if words else f"Step {step} of {control.steps} done.")
            self._pad(step)
            self.version += 1
        self._tell()

    def _pad(self, step: int) -> None:
        """Fills the log up to its share of the volume that was asked for."""
        left = self.control.log_bytes * step // self.control.steps - sum(len(text) for _at, text in self._log)
        while left > 0:
            size = min(MAX_LOG_LINE, left)
            self._write(("Message checked. " * (size // 17 + 1))[: max(1, size - 2)])
            left -= max(3, size)

    def _finish(self) -> None:
        control = self.control
        if control.log_bytes:
            self._pad(control.steps)
        if control.outcome == "cancelled":
            self._end("cancelled")
            return
        failure = self.plan.failure or (control.message if control.outcome == "failed" else None)
        if failure is not None:
            self._fail(failure)
            return
        try:
            self.result = self.plan.effect()
        except ApiError as error:  # the archive changed meanwhile
            self._fail(error.message)
            return
        if control.result is not None:
            self.result = control.result
        self._end("succeeded")

    def _fail(self, message: str) -> None:
        if not self.control.error_null:
            self.error = {"message": message, "details": self.control.details or f"{self.function}: {message}"}
        self._write(f"Failed: {message}")
        self._end("failed")

    def _end(self, status: str) -> None:
        self.status = status
        self.percent = None
        self.text = None
        self.finished = self.clock()
        self.version += 1
        self._tell()

    def _write(self, line: str) -> None:
        self._log.append((self.version + 1, line + "\r\n"))

    def _tell(self) -> None:
        event, self._news = self._news, asyncio.Event()
        event.set()

    async def _pause(self, seconds: float) -> bool:
        """Waits; True where the process was cancelled meanwhile."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._moved.wait(), seconds)
        self._hurried = max(0, self._hurried - 1)
        if not self._hurried and not self._cancelled:
            self._moved.clear()
        return self._cancelled


def _percent(progress: str, step: int, steps: int) -> float | None:
    if progress == "none":
        return None
    percent = 100.0 * step / steps
    if progress == "backward" and step % 3 == 0:
        percent = max(0.0, percent - 40.0)
    return round(percent)


class Processes:
    """All processes by token. The clock (seconds) is passed in."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all: dict[str, Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, function: str, plan: Plan, control: Control) -> Process:
        process = Process(function, plan, control, clock=self._clock)
        self._all[process.token] = process
        task = asyncio.get_running_loop().create_task(process.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return process

    def find(self, token: str, retention: float) -> Process | None:
        """The process, unless it ended more than `retention` seconds ago."""
        process = self._all.get(token)
        if process is not None and process.finished is not None and process.finished + retention < self._clock():
            return None
        return process

    def step(self, count: int | None) -> int:
        """Takes all that run so many steps further, or to their end; returns how many these are."""
        running = [process for process in self._all.values() if process.status == "running"]
        for process in running:
            process.step(count)
        return len(running)

    def forget(self, token: str | None = None, function: str | None = None) -> None:
        """Loses processes as a restart of the server does: they stop, and nobody knows them any more."""
        for process in list(self._all.values()):
            if token in (None, process.token) and function in (None, process.function):
                process.cancel()
                del self._all[process.token]

    def listing(self) -> list[dict[str, Any]]:
        return [
            {
                "token": item.token,
                "function": item.function,
                "status_code": item.status,
                "status_version": item.version,
                "percent": item.percent,
            }
            for item in self._all.values()
        ]
