# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A process that outlives its module and its play, and does what must not be left undone.

It is armed before there is anything to undo, and acts when the play has gone without releasing it, when its time is
up, when it is told to, or when somebody ends it by a signal. It sits in a session of its own, so that neither Ctrl-C
nor a SIGKILL to the play's process group reaches it. What ends it with the play is beyond it: the end of the machine or
of the container, and a SIGKILL to itself.

Others speak to it through a named pipe that only its user can open. What it needs to know is in its memory alone.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import tempfile
import time
from contextlib import nullcontext
from typing import Callable, ContextManager

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import (
    HOLD_SECONDS,
    Ancestor,
    Terminal,
)

SETTLED = b"s"
"""There is something to undo, and nothing more is coming."""
RELEASE = b"r"
"""All was undone: nothing is left to do."""
ACT = b"a"
"""Act now."""

_LOOK_EVERY_SECONDS = 1.0
_PIPE = "pipe"
_FIRST_DESCRIPTOR = 3


class SupervisorFailed(MopsError):
    """There is no process that watches, so nothing that needs one was begun."""


def start(
    act: Callable[[bool], None],
    play: Ancestor | None,
    seconds: float,
    meanwhile: Callable[[], ContextManager[None]] = nullcontext,
) -> str:
    """Start to watch, and return the path by which to `tell`. Call it before any thread is started.

    ``act`` is called at most once, in the other process, and told whether things had settled. ``play`` is whose end
    makes it act, ``seconds`` the time after which it does so at the latest. ``meanwhile`` is entered there for as long
    as it watches or acts. Raises `SupervisorFailed`.
    """
    failure: SupervisorFailed | None = None
    try:
        folder = tempfile.mkdtemp(prefix="mops-watch-")
        path = os.path.join(folder, _PIPE)
        os.mkfifo(path, 0o600)
        reader, writer = os.pipe()
        child = os.fork()
    except OSError as error:
        failure = SupervisorFailed(
            f"No process could be started that watches over the task: {error.strerror}. So nothing was begun."
        )
    if failure:
        raise failure
    if child == 0:
        os.close(reader)
        _detach(path, writer, act, play, seconds, meanwhile)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as armed:
        if not armed.read(1):
            shutil.rmtree(folder, ignore_errors=True)
            raise SupervisorFailed(
                "The process that should watch over the task has ended at once. So nothing was begun."
            )
    return path


def tell(path: str, word: bytes) -> bool:
    """Tell it one of the words. False where it is not there any more."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        os.write(descriptor, word)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _detach(
    path: str,
    armed: int,
    act: Callable[[bool], None],
    play: Ancestor | None,
    seconds: float,
    meanwhile: Callable[[], ContextManager[None]],
) -> None:
    """Become a process that belongs to nobody, watch, act, and end. Never returns."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        signals: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, frame: signals.append(number))
        # Reading and writing, so that it never reads an end when whoever told it something closes the pipe.
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        os.write(armed, b"!")
        pipe = _let_go(pipe)
        terminal = Terminal.of(play) if play is not None else None
        with meanwhile():
            settled = watch(lambda: _heard(pipe), lambda: bool(signals) or (play is not None and play.gone()), seconds)
            if settled is not None:
                if terminal is not None:
                    terminal.release_after(HOLD_SECONDS)
                act(settled)
    finally:
        shutil.rmtree(os.path.dirname(path), ignore_errors=True)
        # Without Python's own end, which belongs to the module that this once was.
        os._exit(0)


def watch(
    heard: Callable[[], bytes],
    over: Callable[[], bool],
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> bool | None:
    """Wait until it is time to act, and return whether things had settled; None where there is nothing to do.

    ``heard`` waits a little and returns the words that it heard, ``over`` tells whether there is nobody who would undo.
    """
    end = clock() + seconds
    settled = False
    while True:
        words = heard()
        settled = settled or SETTLED in words
        if RELEASE in words:
            return None
        if ACT in words or over() or clock() >= end:
            return settled


def _heard(pipe: int) -> bytes:
    try:
        ready, _writable, _exceptional = select.select([pipe], [], [], _LOOK_EVERY_SECONDS)
        return os.read(pipe, 64) if ready else b""
    except OSError:
        return b""


def _let_go(pipe: int) -> int:
    """Close all that the module had open, whose reader would wait for it, and keep the pipe alone."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(_FIRST_DESCRIPTOR):
        os.dup2(nowhere, descriptor)
    kept = os.dup2(pipe, _FIRST_DESCRIPTOR)
    os.closerange(_FIRST_DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    return kept
