# Copyright: Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What ends the waiting from outside, and how a module lives long enough to tidy up after itself.

A module can be ended by a signal (Ctrl-C, AWX), by SIGKILL to its whole process group (ansible-runner when a job is
cancelled, Ansible's async wrapper at its time limit), or be left over when whoever waits for its result has gone. Each
time a session on the server is to be closed, and a process there perhaps to be cancelled. So the work is done in a
process of its own, in a process group of its own, which hears of all of these and is hit by none.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from dataclasses import dataclass
from types import FrameType
from typing import Callable

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_EVERY_SECONDS = 0.5
_STDOUT = 1


class Interruption:
    """Tells that the work is to end before it is done, and why. For those who wait it is like `threading.Event`."""

    def __init__(self, nobody_waits: Callable[[], bool] = lambda: False) -> None:
        self._event = threading.Event()
        self._nobody_waits = nobody_waits
        self.reason = ""

    def __str__(self) -> str:
        return f"The task was interrupted ({self.reason})."

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._event.wait(timeout)

    def set(self, reason: str) -> None:
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    def look_until(self, done: threading.Event) -> bool:
        """Wait until ``done`` is set (false), or the work is to end before that (true)."""
        while not done.wait(_LOOK_EVERY_SECONDS):
            if self._nobody_waits():
                self.set("nobody waits for the result any more")
            if self.is_set():
                return True
        return False


def work_apart() -> Interruption:
    """Go on in a process of its own. This one waits for it, ends as it ends, and never returns.

    Call it before any thread is started. Raises `MopsError`, in this process, where the other one was killed.
    """
    lifeline, held = os.pipe()
    worker = os.fork()
    if worker:
        os.close(lifeline)
        raise _end_with(worker)  # `held` is closed with this process, whatever ends it
    os.close(held)
    os.setsid()
    ancestors = ancestors_that_wait()

    def nobody_waits() -> bool:
        return _closed(lifeline, select.POLLHUP) or _closed(_STDOUT, select.POLLERR) or any(map(_gone, ancestors))

    interruption = Interruption(nobody_waits)
    _on_signals(lambda number, frame: interruption.set(signal.Signals(number).name))
    return interruption


@dataclass(frozen=True)
class Ancestor:
    """A process that this one descends from. Its number alone could be another's tomorrow."""

    pid: int
    started: str


def ancestors_that_wait() -> list[Ancestor]:
    """The processes from this one's parent up to the one that runs the play; all wait for this one's result.

    The play's own process is known by its child, the worker: a fork, it has the same command line. Where there is no
    such pair, as on another host than the controller, only the parent counts. Empty where there is no ``/proc``.
    """
    chain: list[Ancestor] = []
    commands: list[bytes] = []
    pid = os.getppid()
    while pid > 1:
        process = _process(pid)
        if process is None:
            break
        _state, parent, started = process
        chain.append(Ancestor(pid, started))
        commands.append(_command(pid))
        if len(commands) > 1 and commands[-1] and commands[-1] == commands[-2]:
            return chain
        pid = parent
    return chain[:1]


def _end_with(worker: int) -> MopsError:
    """Pass signals on to the worker, and end as it ends. The error is for where it did not end by itself."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        try:
            os.kill(worker, number)
        except ProcessLookupError:
            pass

    _on_signals(pass_on)
    _pid, status = os.waitpid(worker, 0)
    if os.WIFEXITED(status):
        # Without Python's own end: the worker has done what belongs to it, such as removing temporary files.
        os._exit(os.WEXITSTATUS(status))
    return MopsError(
        f"The module's process was ended by signal {os.WTERMSIG(status)} from outside, perhaps for want of memory. "
        "Its session on the server may still be open, and what it started there may go on."
    )


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in _SIGNALS:
        # What is ignored here was meant to be, for example by nohup.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _closed(descriptor: int, event: int) -> bool:
    """Whether the other end of a pipe is closed: POLLHUP says so to its reader, POLLERR to its writer."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & event for _descriptor, events in poll.poll(0))


def _gone(ancestor: Ancestor) -> bool:
    process = _process(ancestor.pid)
    if process is None:
        return True
    state, _parent, started = process
    return state == "Z" or started != ancestor.started


def _process(pid: int) -> tuple[str, int, str] | None:
    """State, parent and start time of a process, or None where there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()  # the name before it may hold anything
    except OSError:
        return None
    return fields[0], int(fields[1]), fields[19]


def _command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as command:
            return command.read()
    except OSError:
        return b""
