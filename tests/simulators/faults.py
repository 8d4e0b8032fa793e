# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulator is told to do wrong, to which of the next requests, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any

# Parameters that each action takes. An action of one service only is added by that service.
COMMON_ACTIONS: Mapping[str, frozenset[str]] = {
    "reset": frozenset(),
    "hang": frozenset({"seconds"}),
    "delay": frozenset({"seconds"}),
    "truncate": frozenset({"bytes"}),
    "trickle": frozenset({"seconds", "bytes"}),
    "status": frozenset({"status", "headers", "body", "size", "content_type"}),
    "body": frozenset({"status", "headers", "body", "size", "content_type"}),
    "redirect": frozenset({"status", "location"}),
    "headers": frozenset({"headers"}),
    "clock": frozenset({"seconds"}),
}

# These decide the answer, so at most one of them is applied to a request; all others combine.
DECISIVE = frozenset({"reset", "hang", "truncate", "trickle", "status", "body", "redirect"})

# These damage the true answer, so by default there is one to damage.
AFTER_BY_DEFAULT = frozenset({"truncate", "trickle", "headers"})


class FaultError(ValueError):
    """A fault that was not understood; the text says which part."""


@dataclass(frozen=True)
class Fault:
    """One instruction. `times` None is for ever; of the matching requests, `skip` pass, then each `every`-th is hit."""

    action: str
    path: str = "/"
    times: int | None = 1
    skip: int = 0
    every: int = 1
    when: str = "before"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: Any, actions: Mapping[str, frozenset[str]]) -> Fault:
        if not isinstance(data, dict):
            raise FaultError(f"a fault is an object, not {data!r}")
        action = data.get("action")
        if not isinstance(action, str) or action not in actions:
            raise FaultError(f"unknown action {action!r}; known: {', '.join(sorted(actions))}")
        own = {item.name for item in fields(cls)} - {"parameters"}
        parameters = {key: value for key, value in data.items() if key not in own}
        unknown = set(parameters) - actions[action]
        if unknown:
            raise FaultError(f"unknown parameter of {action}: {', '.join(sorted(unknown))}")
        given = {key: value for key, value in data.items() if key in own}
        given.setdefault("when", "after" if action in AFTER_BY_DEFAULT else "before")
        if given["when"] not in ("before", "after"):
            raise FaultError("when is 'before' or 'after'")
        given["times"] = given.get("times", 1) or None
        if int(given.get("every", 1)) < 1:
            raise FaultError("every is at least 1")
        return cls(**given, parameters=parameters)

    @property
    def decisive(self) -> bool:
        return self.action in DECISIVE


@dataclass
class _Entry:
    fault: Fault
    seen: int = 0
    applied: int = 0

    def due(self, path: str) -> bool:
        """Counts a matching request, and tells whether it is one to be hit."""
        if not path.startswith(self.fault.path) or self.spent:
            return False
        self.seen += 1
        position = self.seen - self.fault.skip
        return position > 0 and position % self.fault.every == 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.applied >= self.fault.times


class FaultBook:
    """The instructions of one simulator, in the order in which they were given."""

    def __init__(self, own_actions: Mapping[str, frozenset[str]]) -> None:
        self._actions = {**COMMON_ACTIONS, **own_actions}
        self._entries: list[_Entry] = []
        self._cleared = asyncio.Event()
        self.applied = 0

    def add(self, items: Iterable[Any]) -> None:
        """Adds all of them or, where one is not understood, none (FaultError)."""
        self._entries.extend([_Entry(Fault.parse(item, self._actions)) for item in items])

    def clear(self) -> None:
        self._entries.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        """Returns after so many seconds, or when the faults are cleared."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), seconds)

    def due(self, path: str) -> list[Fault]:
        """The faults for a request to `path`; of the decisive ones the first only, the others keep their turn."""
        chosen: list[Fault] = []
        decided = False
        for entry in self._entries:
            if not entry.due(path) or (decided and entry.fault.decisive):
                continue
            decided = decided or entry.fault.decisive
            entry.applied += 1
            self.applied += 1
            chosen.append(entry.fault)
        self._entries = [entry for entry in self._entries if not entry.spent]
        return chosen

    def listing(self) -> list[dict[str, Any]]:
        """The faults that are still in force, for the state."""
        return [
            {"action": entry.fault.action, "path": entry.fault.path, "seen": entry.seen, "applied": entry.applied}
            for entry in self._entries
        ]
