# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What differs between the documents of tenants and the server, for people and for programs.

What is looked at is the result of mailstore_tenant in check mode: so drift is what an apply would change, and what the
server has beyond the documents.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Iterable, Iterator, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Finding

KIND = "drift"
"""The kind of an alert about a tenant that differs from its document."""

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
"""What has happened on the server, from the point of view of the documents."""

_SEEN_FROM_DOCUMENT = {"created": REMOVED, "changed": CHANGED, "removed": ADDED}
"""An apply would create what was removed on the server."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST_DETAILS = 40
_INSTALLATION = "the installation"


def report(result: Mapping[str, Any], *, now: datetime, folder: str, server: str, earlier: str | None) -> Document:
    """What has drifted, by tenant.

    ``result`` is what mailstore_tenant has returned in check mode. ``earlier`` is the last report as JSON text: since
    when a difference is known is taken from it. Raises `InvalidOption` where ``result`` is something else.
    """
    if not isinstance(result.get("tenants"), list):
        raise InvalidOption("mailstore_drift needs what mailstore_tenant has returned, with tenants in it.")
    at = now.strftime(_TIME)
    known = _known(earlier)
    tenants = [_tenant(one) for one in result["tenants"]]
    tenants += [
        {"instance": name, "differences": [_difference(ADDED, "instance", name)], "not_compared": {}}
        for name in result.get("undeclared") or ()
    ]
    for tenant in tenants:
        for item in tenant["differences"]:
            item["first_seen"] = known.get(_identity(tenant["instance"], item), at)
    drifting = [tenant for tenant in tenants if tenant["differences"]]
    items = [item for tenant in drifting for item in tenant["differences"]]
    counts = {kind: sum(item["kind"] == kind for item in items) for kind in (ADDED, CHANGED, REMOVED)}
    not_compared = [tenant for tenant in tenants if tenant["not_compared"]]
    shown = [tenant for tenant in tenants if tenant["differences"] or tenant["not_compared"]]
    return {
        "schema": 1,
        "generated_at": at,
        "server": server,
        "folder": folder,
        "verdict": "drift" if items else "unknown" if not_compared else "ok",
        "counts": {
            **counts,
            "differences": len(items),
            "tenants": len(tenants),
            "drifting": len(drifting),
            "not_compared": len(not_compared),
        },
        "commands": {
            "apply": _patterns(one for one in drifting if any(item["kind"] != ADDED for item in one["differences"])),
            "export": _patterns(one for one in drifting if not _is_gone(one)),
        },
        "tenants": sorted(shown, key=lambda tenant: (not tenant["differences"], tenant["instance"].casefold())),
        "summary": _summary(shown, len(items), len(drifting)),
    }


def _patterns(tenants: Iterable[Mapping[str, Any]]) -> list[str]:
    """What names these tenants to a role. The installation is meant only where all are."""
    names = [str(tenant["instance"]) for tenant in tenants]
    return ["*"] if _INSTALLATION in names else names


def _is_gone(tenant: Mapping[str, Any]) -> bool:
    return any((item["kind"], item["part"]) == (REMOVED, "instance") for item in tenant["differences"])


def findings(text: str) -> list[Finding]:
    """An alert for each tenant that differs, of a report as JSON text. Raises `InvalidOption` where it is none."""
    found = _parsed(text)
    if found is None:
        raise InvalidOption("drift_report is no report of the role mailstore_drift.")
    alerts = []
    for tenant in found["tenants"]:
        items = tenant["differences"]
        if items:
            name = str(tenant["instance"])
            words = "; ".join(f"{item['part']} {item['name']} was {item['kind']}" for item in items[:5])
            more = f"; and {len(items) - 5} more" if len(items) > 5 else ""
            alerts.append(Finding("warning", KIND, name, name, f"{words}{more}."))
    return alerts


def _tenant(one: Mapping[str, Any]) -> Document:
    name = str(one.get("instance"))
    changes = one.get("changes") or []
    whole = [change for change in changes if change.get("part") == "instance"]
    gone = [change for change in whole if change.get("kind") == "created"]
    # An instance that is not there has nothing in it: that is one difference.
    items = [_of_change(change) for change in gone or changes]
    if not gone:
        items += [
            _difference(ADDED, str(row.get("part")), str(row.get("name")), when=row.get("since"))
            for row in one.get("unmanaged") or ()
        ]
    not_compared = dict(one.get("not_looked_at") or {})
    if one.get("failed") and not items and not not_compared:
        not_compared["tenant"] = str(one.get("msg"))
    return {"instance": name, "differences": items, "not_compared": not_compared}


def _of_change(change: Mapping[str, Any]) -> Document:
    kind = _SEEN_FROM_DOCUMENT.get(str(change.get("kind")), CHANGED)
    details = list(_details(change.get("before") or {}, change.get("after") or {})) if kind == CHANGED else []
    found = _difference(kind, str(change.get("part")), str(change.get("name")), when=change.get("since"))
    if change.get("obstacle"):
        found["obstacle"] = change["obstacle"]
    # The list of instances repeats some of what is in an instance's configuration.
    paths = {str(item["path"]) for item in details}
    details = [item for item in details if f"configuration.{item['path']}" not in paths]
    return {**found, "details": details[:_MOST_DETAILS]}


def _difference(kind: str, part: str, name: str, when: Any = None) -> Document:
    return {"kind": kind, "part": part, "name": name, "details": [], **({"created_at": when} if when else {})}


def _details(server: Any, declared: Any, path: str = "") -> Iterator[Document]:
    """Each value that differs, and where."""
    if isinstance(server, Mapping) and isinstance(declared, Mapping):
        for name in sorted({*server, *declared}, key=str):
            yield from _details(server.get(name), declared.get(name), f"{path}.{name}" if path else str(name))
    elif _plain(server) != _plain(declared):
        yield {"path": path, "server": _shown(server), "declared": _shown(declared)}


def _plain(value: Any) -> Any:
    """Lists of words mean the same in any order."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "none"
    if value is None or value == "":
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _identity(tenant: str, item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return tenant, str(item["kind"]), str(item["part"]), str(item["name"])


def _known(earlier: str | None) -> dict[tuple[str, str, str, str], str]:
    found = _parsed(earlier or "")
    if found is None:
        return {}
    return {
        _identity(str(tenant["instance"]), item): str(item.get("first_seen") or found.get("generated_at"))
        for tenant in found["tenants"]
        for item in tenant["differences"]
    }


def _parsed(text: str) -> Document | None:
    """A report, or None where the text is none."""
    try:
        found = json.loads(text)
        for tenant in found["tenants"]:
            for item in tenant["differences"]:
                _identity(tenant["instance"], item)
        return dict(found)
    except (ValueError, KeyError, TypeError):
        return None


def _summary(tenants: Sequence[Mapping[str, Any]], differences: int, drifting: int) -> list[str]:
    lines = [
        f"{tenant['instance']}: {item['part']} {item['name']} {item['kind']}"
        for tenant in tenants
        for item in tenant["differences"]
    ]
    lines += [
        f"{tenant['instance']}: not compared: {', '.join(tenant['not_compared'])}"
        for tenant in tenants
        if tenant["not_compared"]
    ]
    return lines or ["The server is as the files say."]
