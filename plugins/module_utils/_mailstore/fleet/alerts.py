# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What to tell of a server's health to somebody who was told before: pure functions over findings.

An alert is a finding that somebody is told of when it appears, when it changes and when it is gone, and not in between.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Iterable, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import fits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet import health
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import (
    DEFAULT_LIMITS,
    KINDS,
    Finding,
    Limits,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.runs import identifier

NEW = "new"
CHANGED = "changed"
CLEARED = "cleared"

SEEN_IN = {
    "store_error": ["stores"],
    "index_rebuild": ["stores"],
    "store_upgrade": ["stores"],
    "profile_failed": ["worker_results"],
    "profile_stale": ["worker_results", "profiles"],
    "nothing_archived": ["worker_results"],
    "certificate_expiring": ["credentials"],
    "job_failed": ["job_results"],
}
"""Which parts of an instance's survey show findings of a kind. Without them, nobody knows whether they stand."""

_WORDS_VARY = frozenset(
    (
        "server_silent",
        "instance_silent",
        "access_withheld",
        "function_failed",
        "profile_failed",
        "profile_stale",
        "nothing_archived",
        "job_failed",
    )
)
"""Their words tell of tries and times, and differ from one look to the next while the trouble is the same."""

_STORES = frozenset(kind for kind, parts in SEEN_IN.items() if parts == ["stores"])


class News(NamedTuple):
    """One thing to tell."""

    status: str
    """`NEW`, `CHANGED` or `CLEARED`."""
    finding: Finding
    """As it is now, or, where it is gone, as it was told last."""


def identity(finding: Finding) -> str:
    """By this an alert is known again: ``index_rebuild:customer-1:2026``. Severity and words may change meanwhile, and
    so may the name of what has an id.

    The server's messages have nothing to know them by but their text.
    """
    if finding.kind == "message":
        return f"message:{hashlib.sha256(finding.words.encode('utf-8')).hexdigest()[:16]}"
    return ":".join([finding.kind, *([finding.instance] if finding.instance else []), finding.key or finding.subject])


def standing(
    survey: Document, told: Iterable[Finding], *, now: datetime, limits: Limits = DEFAULT_LIMITS
) -> list[Finding]:
    """What stands: all that the survey shows, and of what was ``told`` all that it cannot show now.

    The stores of an instance that is stopped, for example, cannot be looked at. They have not become healthy.
    """
    instances = {str(instance.get("instanceID")): instance for instance in survey.get("instances") or []}
    hidden = []
    for finding in told:
        instance = instances.get(str(finding.instance))
        if finding.kind in SEEN_IN and instance is not None and _cannot_show(instance, finding):
            hidden.append(finding)
    found = health.findings(survey, hidden, now=now, limits=limits)
    current = {identity(finding) for finding in found}
    return [*found, *(finding for finding in hidden if identity(finding) not in current)]


def _cannot_show(instance: Document, finding: Finding) -> bool:
    """Whether a part is missing in which the finding would be seen.

    Where a part is not complete, runs that are there show how their profile or job is.
    """
    kind = finding.kind.partition("_")[0]
    for part in SEEN_IN[finding.kind]:
        if part not in instance:
            return True
        if part in (instance.get("not_gathered") or {}):
            return finding.key is None or not any(finding.key == str(identifier(kind, run)) for run in instance[part])
    return False


def silence(server: str, reason: str) -> Finding:
    """The server itself cannot be looked at."""
    return Finding("error", "server_silent", None, server, reason)


def within(told: Iterable[Finding], scope: Sequence[str], exclude: Sequence[str]) -> list[Finding]:
    """What was told, without what is about instances that nobody looks at any more."""
    return [
        finding
        for finding in told
        if finding.instance is None or (fits(finding.instance, scope) and not fits(finding.instance, exclude))
    ]


def news(told: Mapping[str, Finding], now: Iterable[Finding]) -> list[News]:
    """What to tell whoever was ``told``: first what stands ``now``, the worst on top, then what is gone.

    ``told`` is by `identity`.
    """
    # Of two that cannot be told apart, the worse one counts.
    worst_last = sorted(now, key=health.urgency, reverse=True)
    current = {identity(finding): finding for finding in worst_last}
    changes = []
    for key, finding in current.items():
        if key not in told:
            changes.append(News(NEW, finding))
        elif _differ(told[key], finding):
            changes.append(News(CHANGED, finding))
    changes.sort(key=lambda change: health.urgency(change.finding))
    return [*changes, *(News(CLEARED, finding) for key, finding in told.items() if key not in current)]


def event(change: News, server: str) -> Document:
    """What a rulebook gets to see. ``meta.hosts`` limits a playbook that a rule runs to the instance."""
    finding = change.finding
    gone = change.status == CLEARED
    alert = {
        "id": identity(finding),
        "status": change.status,
        "severity": finding.severity,
        "category": finding.kind,
        "server": server,
        "instance": finding.instance,
        "store": finding.subject if finding.kind in _STORES and finding.subject != finding.instance else None,
        "subject": finding.subject,
        "message": finding.words,
        "action": None if gone else KINDS[finding.kind].title,
        "command": None if gone else health.command([finding], "mailstore_instances.yml"),
    }
    return {"alert": alert, **({"meta": {"hosts": [finding.instance]}} if finding.instance else {})}


def _differ(before: Finding, after: Finding) -> bool:
    same_words = after.kind in _WORDS_VARY or before.words == after.words
    return before.severity != after.severity or not same_words
