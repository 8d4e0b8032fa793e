# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""The viewer of a module's live progress: see module_utils/_progress.py for the other end."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import threading
from contextlib import contextmanager
from types import FrameType
from typing import Any, BinaryIO, Iterator

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.mops.maintenance.plugins.module_utils._progress import PROGRESS_FILE_VARIABLE
from ansible_collections.mops.maintenance.plugins.plugin_utils import _live_output

_LOOK_EVERY_SECONDS = 0.2


# Ansible's main process loads an action plugin before the first task that needs it, but never runs it. It is the
# process that shows all lines, those of its workers included.
_live_output.begin()


class ActionWithProgress(NormalAction):
    """Runs the module of the same name as any other, and shows what it reports while it runs."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if not self._can_be_watched():
            return super().run(tmp, task_vars)
        host = (task_vars or {}).get("inventory_hostname", self._task.delegate_to or "localhost")
        with _progress_shown(str(host)) as path:
            environment = self._task.environment
            self._task.environment = [*(environment or []), {PROGRESS_FILE_VARIABLE: path}]
            try:
                return super().run(tmp, task_vars)
            finally:
                self._task.environment = environment

    def _can_be_watched(self) -> bool:
        """Whether the module runs here, its user wants to see it, and nothing forbids to show it."""
        return (
            self._connection.transport == "local"
            and not self._task.async_val
            and not self._task.no_log
            and boolean(self._task.args.get("progress", True), strict=False)
        )


@contextmanager
def _progress_shown(host: str) -> Iterator[str]:
    """Yields the path of a file, and shows the lines that are written into it until the block ends."""
    descriptor, path = tempfile.mkstemp(prefix="mops-progress-", dir=C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
    ended = threading.Event()
    showing = threading.RLock()
    with os.fdopen(descriptor, "rb") as lines, _signals_between_lines(showing):
        viewer = threading.Thread(target=_show_lines, args=(lines, host, ended, showing), name="progress", daemon=True)
        with _live_output.signals_kept_off():
            viewer.start()
        try:
            yield path
        finally:
            ended.set()
            viewer.join()
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass  # the module has taken its name away, as it should


@contextmanager
def _signals_between_lines(showing: threading.RLock) -> Iterator[None]:
    """Let a signal end this process, Ansible's worker, only when no line is being shown.

    A line goes through a queue that all workers share. A worker that dies in the middle of one leaves that queue
    locked, and the whole play then hangs instead of ending.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def act(number: int, frame: FrameType | None) -> None:
        handler = before[signal.Signals(number)]
        with showing:
            if callable(handler):
                handler(number, frame)
            else:
                signal.signal(number, handler)
                os.kill(os.getpid(), number)

    for number, handler in before.items():
        if handler not in (signal.SIG_IGN, None):
            signal.signal(number, act)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is act:
                signal.signal(number, handler)


def _show_lines(lines: BinaryIO, host: str, ended: threading.Event, showing: threading.RLock) -> None:
    display = Display()
    rest = b""
    last_look = False
    while not last_look:
        last_look = ended.wait(_LOOK_EVERY_SECONDS)
        *whole, rest = (rest + lines.read()).split(b"\n")
        for line in whole:
            with showing:
                display.display(shown(host, line.decode("utf-8", "replace")))


def shown(host: str, line: str) -> str:
    """A line with the host in front, which behind that is not named again: an instance is a host of the inventory."""
    label, colon, text = line.partition(": ")
    if label == host:
        return f"[{host}] {text}"
    label = re.sub(rf" \w+={re.escape(host)}(?= |$)", "", label, count=1)
    return f"[{host}] {label}{colon}{text}"
