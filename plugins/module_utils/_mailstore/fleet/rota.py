# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Maintenance over all instances of a play: whose turn comes first, what was done in the end, and what is overdue.

A result here is what the module mailstore_maintenance has returned for an instance, or is empty where it has not run.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Finding
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.history import History, HistoryUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.maintenance import KINDS, REPAIRS

STATES = ("due", "done", "failed", "left")

_NAMES = 20
"""How many names a line of a summary has at the most."""


def order(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The hosts where something is due, in the order in which they are to be maintained.

    First those with repairs. Among them, and among the others, first the one with the step that was tried longest ago.
    Where that is the same, the one where anything was tried longest ago: so a host with much to do, which took up the
    last budget, lets the others go first.
    """
    turns = {host: _turn(result) for host, result in results.items() if result.get("steps")}
    return sorted(turns, key=lambda host: turns[host])


def _turn(result: Mapping[str, Any]) -> tuple[bool, str, str]:
    steps = result["steps"]
    repairs = [step for step in steps if step["kind"] in REPAIRS]
    oldest = min(str(step.get("tried") or "") for step in repairs or steps)
    return not repairs, oldest, str(result.get("last_tried") or "")


_OVERDUE = {"verified": "verification_overdue", "compacted": "compaction_overdue"}


def overdue(instances: Sequence[Document], paths: Sequence[str], now: datetime) -> tuple[list[Finding], list[str]]:
    """What is overdue on the stores that a survey has of ``instances``, by the records in ``paths``.

    The second value says which records cannot be used.
    """
    stores = {
        (str(instance.get("instanceID")), str(store.get("id")), store.get("databasePath")): store
        for instance in instances
        for store in instance.get("stores") or []
        if store.get("requestedState") != "disabled" and not store.get("error")
    }
    found, notes = [], []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                name = str(json.load(file)["instance"])
            record = History(path, name, now=now)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, HistoryUnusable):
            notes.append(f"{path} cannot be read, so it is not known whether maintenance is overdue there.")
            continue
        for item in record.overdue(now):
            store = stores.get((name, str(item.store_id), item.path))
            if store is None or (item.work == "compacted" and store.get("requestedState") == "writeProtected"):
                continue
            done = f"It was last {item.work} on {item.last[:10]}" if item.last else f"It has never been {item.work}"
            words = f"{done}, and has been due since {item.since:%Y-%m-%d}."
            found.append(Finding("warning", _OVERDUE[item.work], name, item.store, words))
    return found, notes


def summary(results: Mapping[str, Mapping[str, Any]]) -> Document:
    """What became of the work on all hosts: ``counts`` by kind and state, and ``lines`` for a person."""
    steps = [(host, step) for host, result in results.items() for step in result.get("steps") or []]
    counts: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        found = Counter(step["state"] for _host, step in steps if step["kind"] == kind)
        if found:
            counts[kind] = {state: found[state] for state in STATES if found[state]}
    return {"counts": counts, "lines": list(_lines(results, steps, counts))}


def _lines(
    results: Mapping[str, Mapping[str, Any]],
    steps: Sequence[tuple[str, Mapping[str, Any]]],
    counts: Mapping[str, Mapping[str, int]],
) -> list[str]:
    due = [f"{host}: {_what(step)}: {step['why']}" for host, step in steps if step["state"] == "due"]
    failed = [f"{host}: {result.get('msg')}" for host, result in results.items() if result.get("failed")]
    left = Counter(host for host, step in steps if step["state"] == "left")
    overdue = [
        f"{host}/{step['store']} ({step['kind']}{', last tried on ' + step['tried'][:10] if step['tried'] else ''})"
        for host, step in steps
        if step["overdue"] and step["state"] != "done"
    ]
    locked = [f"{host} ({result['locked_by']})" for host, result in results.items() if result.get("locked_by")]
    not_begun = [host for host, result in results.items() if not result]
    lines = [f"{kind}: {', '.join(f'{count} {state}' for state, count in counts[kind].items())}" for kind in counts]
    if not (steps or failed or locked or not_begun):
        lines.append("Nothing is due.")
    lines += due
    if left:
        names = [f"{host} ({count})" for host, count in left.items()]
        lines.append(f"Left for another time: {sum(left.values())} on {_listed(names)}.")
    if overdue:
        lines.append(f"Overdue for maintenance: {len(overdue)}, {_listed(overdue)}.")
    if locked:
        lines.append(f"Not maintained, since another run does so: {_listed(locked)}.")
    if not_begun:
        lines.append(f"Not begun, since the play ended before: {_listed(not_begun)}.")
    if failed:
        lines.append(f"Instances with failures: {len(failed)} of {len(results)}.")
        lines += failed[:_NAMES]
        lines += [f"and {len(failed) - _NAMES} more, shown above."] if len(failed) > _NAMES else []
    return lines


def _what(step: Mapping[str, Any]) -> str:
    return f"{step['function']} {step['store']}" if step["store"] else str(step["function"])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
