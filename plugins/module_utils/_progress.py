# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Live progress of a module that runs for long.

Ansible shows nothing of a module until it has ended. So a module that runs on the controller writes its progress,
line by line, into a file that the action plugin of the same name has made and reads (plugin_utils/_progress.py).
The file's name comes in an environment variable; the module takes the name off the file as soon as it has opened
it, so that nothing is left behind whatever kills either of the two. Without a viewer nothing is written and
everything else is the same.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._secrets import mask

PROGRESS_FILE_VARIABLE = "MOPS_MAINTENANCE_PROGRESS_FILE"

LINE_MAX_CHARACTERS = 500
"""A longer line is cut: a terminal and AWX's job output are for reading."""

FIRST_SECONDS = 60.0
"""A subject's first minute, in which its lines may follow each other closely."""

_LONGEST_INTERVAL = 86400.0


def progress_arguments() -> dict[str, dict[str, Any]]:
    """The options of a module that shows its progress; each documents them itself."""
    return {
        "progress": {"type": "bool", "default": True},
        "progress_interval": {"type": "float", "default": 60},
        "progress_min_interval": {"type": "float", "default": 10},
    }


@dataclass
class _Subject:
    """One thing that is followed, for example one process on a server."""

    started: float
    text: str
    retry_at: float | None = None
    """When what has failed is retried."""
    shown_text: str | None = None
    shown_at: float = float("-inf")


class Progress:
    """Shows, per subject, what has changed as it changes, and that it still runs when nothing does.

    A subject's lines are at least ``quiet`` seconds apart, after its first minute ``min_interval`` seconds (the newest
    text wins), and at most ``interval`` seconds while it has not finished. Safe for several threads. Never raises for
    what happens on the viewer's side.
    """

    def __init__(
        self,
        write: Callable[[str], None] | None,
        *,
        interval: float,
        min_interval: float = 0.0,
        quiet: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._interval = interval
        self._quiet = min(quiet, interval)
        self._min_interval = min(max(min_interval, quiet), interval)
        self._clock = clock
        self._subjects: dict[str, _Subject] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._timer: threading.Thread | None = None

    @classmethod
    def of(cls, module: Any) -> Progress:
        """For an `AnsibleModule` with the options of `progress_arguments`."""
        interval, min_interval = module.params["progress_interval"], module.params["progress_min_interval"]
        if not 0 < interval <= _LONGEST_INTERVAL:
            raise InvalidOption(
                f"progress_interval must be a number of seconds above 0 and at most {_LONGEST_INTERVAL:.0f}, "
                f"not {interval}."
            )
        if not 0 <= min_interval <= _LONGEST_INTERVAL:
            raise InvalidOption(
                f"progress_min_interval must be 0 to {_LONGEST_INTERVAL:.0f} seconds, not {min_interval}."
            )
        write = _open_viewer(module) if module.params["progress"] else None
        return cls(write, interval=interval, min_interval=min_interval)

    def update(self, subject: str, text: str, retry_in: float | None = None) -> None:
        """Say where ``subject`` stands. The first call begins its time.

        Where ``text`` is a failure, ``retry_in`` says in how many seconds it is retried: each line that is shown until
        then says how many are left.
        """
        if self._write is None:
            return
        with self._changed:
            state = self._subjects.get(subject)
            if state is None:
                state = self._subjects[subject] = _Subject(self._clock(), text)
            state.text = text
            state.retry_at = None if retry_in is None else self._clock() + retry_in
            self.show_due()
            self._start_timer()
            self._changed.notify()

    def finish(self, subject: str, text: str) -> None:
        """Show a last line now, and no more of this subject."""
        if self._write is None:
            return
        with self._changed:
            state = self._subjects.pop(subject, None) or _Subject(self._clock(), text)
            state.text, state.retry_at = text, None
            self._show(subject, state, self._clock())

    def show_due(self) -> float | None:
        """Show every line that is due now. Returns in how many seconds the next one is, or None where none will be."""
        now = self._clock()
        for subject, state in self._subjects.items():
            if now >= self._due(state):
                self._show(subject, state, now)
        return min((self._due(state) for state in self._subjects.values()), default=now) - now or None

    def close(self) -> None:
        """End the heartbeat."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._timer is not None:
            self._timer.join()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _due(self, state: _Subject) -> float:
        if state.text == state.shown_text:
            return state.shown_at + self._interval
        first = state.shown_at + self._quiet
        return first if first < state.started + FIRST_SECONDS else state.shown_at + self._min_interval

    def _show(self, subject: str, state: _Subject, now: float) -> None:
        state.shown_text, state.shown_at = state.text, now
        if self._write is not None:
            self._write(line(subject, state.text + _retry(state.retry_at, now), now - state.started))

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = threading.Thread(target=self._keep_time, name="progress", daemon=True)
            self._timer.start()

    def _keep_time(self) -> None:
        with self._changed:
            while not self._closed:
                self._changed.wait(self.show_due())


def line(subject: str, text: str, seconds: float) -> str:
    """One line for a person: ``VerifyStore: 42 %, Verifying... (0:01:23)``, free of control characters."""
    whole = "".join(character if character.isprintable() else " " for character in f"{subject}: {text}").rstrip()
    if len(whole) > LINE_MAX_CHARACTERS:
        whole = whole[: LINE_MAX_CHARACTERS - 1] + "…"
    minutes, second = divmod(int(seconds), 60)
    return f"{whole} ({minutes // 60}:{minutes % 60:02}:{second:02})"


def _retry(at: float | None, now: float) -> str:
    """The sentence that says when a failure is retried."""
    if at is None:
        return ""
    return f" Retrying in {at - now:.0f} s." if at - now >= 1 else " Retrying at once."


def _open_viewer(module: Any) -> Callable[[str], None] | None:
    """A function that hands a line to the viewer, without the module's secrets; None where nobody watches."""
    path = os.environ.get(PROGRESS_FILE_VARIABLE)
    if not path:
        return None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    except OSError:  # the module runs as another user, or not on the controller
        return None
    try:
        os.unlink(path)
    except OSError:
        pass  # the viewer removes it in the end

    def write(text: str) -> None:
        try:
            os.write(descriptor, (mask(text, module.no_log_values) + "\n").encode("utf-8", "replace"))
        except OSError:
            pass  # a full disk must not end the work that is reported on

    return write
