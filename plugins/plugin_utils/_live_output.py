# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""What Ansible prints leaves its process soon, also into a pipe or a file.

A terminal gets each line at once. Elsewhere Ansible's `Display` never flushes, so ``tee``, cron, CI and a container
without a terminal would get the progress of a task when some kilobytes have come together, or the play has ended.
"""

from __future__ import annotations

import atexit
import io
import os
import select
import signal
import sys
import threading
from contextlib import contextmanager
from typing import Iterator

_FLUSH_EVERY_SECONDS = 0.1
"""With the time in which a worker looks at a module's progress, a line comes within half a second."""


class LiveOutput:
    """Flushes a stream again and again, in a thread, until it is closed or nobody reads from the stream any more.

    A worker is a fork of this process. Ansible has every flush of standard output wait for a lock, and forks while it
    holds that lock, so no worker begins in the middle of a flush. A lock of our own would only be waited for crosswise.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="live output", daemon=True)
        with signals_kept_off():
            self._thread.start()

    def close(self) -> None:
        os.write(self._end, b".")
        self._thread.join()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._ended, select.POLLIN)
        poll.register(self._descriptor, 0)  # for POLLERR alone: the reader of a pipe has gone
        while True:
            events = dict(poll.poll(_FLUSH_EVERY_SECONDS * 1000))
            if self._ended in events:
                return
            if self._descriptor in events or not self._flushed():
                self._let_go()
                return

    def _flushed(self) -> bool:
        """Whether what was printed has gone out."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            return False
        except (OSError, ValueError):
            pass  # a full disk, or a stream that was closed: whoever prints next hears of it
        return True

    def _let_go(self) -> None:
        """Let the play print to nowhere from now on, since its reader has gone, as `head` does.

        Ansible's thread that takes results would end with a BrokenPipeError, and the play would wait for it for ever.
        """
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._descriptor)
        os.close(nowhere)


def begin() -> LiveOutput | None:
    """Flush this process's standard output from now on until it ends. None where that is not needed."""
    stdout = sys.stdout
    # A worker's is a buffer in memory, and so is that of a test that captures output.
    if not isinstance(stdout, io.TextIOWrapper) or stdout.line_buffering or stdout.write_through:
        return None
    try:
        stdout.fileno()
    except io.UnsupportedOperation:
        return None
    live = LiveOutput(stdout)
    atexit.register(live.close)
    return live


@contextmanager
def signals_kept_off() -> Iterator[None]:
    """A thread that is started in the block gets no signals.

    Python acts on a signal in the main thread alone, which may wait for something. A Ctrl-C that the system hands to
    another thread would not wake it, and so would be lost.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
