# Copyright (c) Contributors to the mops.maintenance project
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
import time
from types import FrameType
from typing import Callable, Iterable, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_EVERY_SECONDS = 0.5
_STDOUT = 1

HOLD_SECONDS = 4.0
"""ansible-runner waits for five seconds, and then takes it for an error of its own."""


class Interruption:
    """Tells that the work is to end before it is done, and why."""

    def __init__(self, nobody_waits: Callable[[], bool] = lambda: False) -> None:
        self._nobody_waits = nobody_waits
        self.reason = ""

    def __str__(self) -> str:
        return f"The task was interrupted ({self.reason})."

    def set(self, reason: str) -> None:
        """End the work; the first reason stands."""
        self.reason = self.reason or reason

    def is_set(self) -> bool:
        return bool(self.reason)

    def wait(self, timeout: float) -> bool:
        """Wait for ``timeout`` seconds, or until the work is to end. Returns `is_set`."""
        end = time.monotonic() + timeout
        while not self.is_set() and time.monotonic() < end:
            # Not an event, which a signal's handler could not set: its lock may be held by what the signal interrupts.
            time.sleep(max(0.0, min(_LOOK_EVERY_SECONDS, end - time.monotonic())))
        return self.is_set()

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
    # A signal that comes before both can handle it waits until they can.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    worker = os.fork()
    if worker:
        os.close(lifeline)
        raise _end_with(worker, mask)  # `held` is closed with this process, whatever ends it
    os.close(held)
    os.setsid()
    interruption = Interruption(_watch(lifeline))
    _on_signals(lambda number, frame: interruption.set(signal.Signals(number).name), mask)
    return interruption


def _watch(lifeline: int) -> Callable[[], bool]:
    """A function that tells whether there is nobody any more who waits for this process's result."""
    try:
        # A play that is killed leaves its worker behind, which keeps the other ends open. Without this look at the
        # play's own process, 8 of the first 17 tests of ends and cancelled jobs failed.
        ancestors = ancestors_that_wait()
    except Orphaned:
        return lambda: True

    terminal = Terminal.of(ancestors[-1]) if len(ancestors) > 1 else None

    def nobody_waits() -> bool:
        gone = _closed(lifeline, select.POLLHUP) or _closed(_STDOUT, select.POLLERR) or any(map(_gone, ancestors))
        if gone and terminal is not None:
            terminal.release_after(HOLD_SECONDS)
        return gone

    return nobody_waits


class Terminal:
    """The terminal of a play, kept open for a moment beyond its end.

    ansible-runner reads from that terminal until nobody has it open any more. In a pod of AWX, its own end is that of
    the pod, with everything that runs in it. So it has to wait until this process has tidied up.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._timer: threading.Timer | None = None

    @classmethod
    def of(cls, play: Ancestor) -> Terminal | None:
        """That of the play's output, or None where it is none, or is another user's."""
        try:
            path = os.readlink(f"/proc/{play.pid}/fd/{_STDOUT}")
            if not path.startswith("/dev/pts/"):
                return None
            return cls(os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            return None

    def release_after(self, seconds: float) -> None:
        """Close it then, or with this process. Only the first call counts."""
        if self._timer is None:
            self._timer = threading.Timer(seconds, os.close, [self._descriptor])
            self._timer.daemon = True
            self._timer.start()


class Orphaned(Exception):
    """The play that this process works for has ended before it."""


class Ancestor(NamedTuple):
    """A process that this one descends from. Its number alone could be another's tomorrow."""

    pid: int
    started: str

    def gone(self) -> bool:
        """Whether it has ended."""
        return _gone(self)


def play_that_waits() -> Ancestor | None:
    """The process that runs the play, or None on another host than the controller's, and where there is no ``/proc``.

    Raises `Orphaned` where it has gone already.
    """
    ancestors = ancestors_that_wait()
    return ancestors[-1] if len(ancestors) > 1 else None


def ancestors_that_wait() -> list[Ancestor]:
    """The processes from this one's parent up to the one that runs the play: all of them wait for this one's result.

    On a controller these are a shell or two, the worker, and the play's own process, of which the worker is a fork with
    the same command line. Elsewhere there is no such pair, and only the parent counts. No ``/proc``: none is known.
    Raises `Orphaned` where there is a worker, but its play has gone already.
    """
    chain: list[Ancestor] = []
    below: list[str] = []
    pid = os.getppid()
    while pid > 0:
        process = _process(pid)
        if process is None:
            break
        _state, parent, started = process
        command = _command(pid)
        chain.append(Ancestor(pid, started))
        if _is_ansible(below):
            if command != below:
                raise Orphaned
            return chain
        below = command
        pid = parent
    return chain[:1]


def _end_with(worker: int, mask: Iterable[int]) -> MopsError:
    """Pass signals on to the worker, and end as it ends. The error is for where it did not end by itself."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        try:
            os.kill(worker, number)
        except ProcessLookupError:
            pass

    _on_signals(pass_on, mask)
    _pid, status = os.waitpid(worker, 0)
    if os.WIFEXITED(status):
        # Without Python's own end: the worker has done what belongs to it, such as removing temporary files.
        os._exit(os.WEXITSTATUS(status))
    return MopsError(
        f"The module's process was ended by signal {os.WTERMSIG(status)} from outside, perhaps for want of memory. "
        "Its session on the server may still be open, and what it started there may go on."
    )


def _on_signals(handler: Callable[[int, FrameType | None], None], mask: Iterable[int]) -> None:
    """Handle the signals from now on, those that ``mask`` does not block."""
    for number in _SIGNALS:
        # What is ignored here was meant to be, for example by nohup.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


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


def _command(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as command:
            return command.read().split("\0")
    except OSError:
        return []


def _is_ansible(command: list[str]) -> bool:
    """Whether it is ``ansible-playbook`` or one of its siblings, started directly or by an interpreter."""
    return any(os.path.basename(word).startswith("ansible") for word in command[:2])
