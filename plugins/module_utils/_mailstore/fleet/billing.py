# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What is billed of each instance in a month, as CSV by RFC 4180: pure functions over a survey.

The server tells what there is now, and nothing of earlier months. So growth is told from the file of the month before.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.health import named

SUBSETS = ("environment", "statistics", "stores", "users", "folder_statistics")
"""The parts of a survey that a bill is made of."""

COLUMNS = (
    "month",
    "server",
    "instance_id",
    "display_name",
    "users",
    "mailboxes",
    "messages",
    "bytes",
    "messages_growth",
    "bytes_growth",
    "measured_at",
)
"""The header. It is an interface: a column may be added at the end, and none is renamed or moved."""

_NUMBERS = ("users", "mailboxes", "messages", "bytes")
_GROWN = ("messages", "bytes")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MEGABYTE = 1 << 20

Row = Mapping[str, Any]


class BillUnusable(MopsError):
    """A file of an earlier run cannot be read."""


def month_of(option: str | None, now: datetime) -> str:
    """The month that is billed: ``2026-03``. ``now`` is in UTC. Raises `InvalidOption`.

    What is measured is what there is now, so that only this month and the one before can be meant.
    """
    this, before = f"{now:%Y-%m}", month_before(f"{now:%Y-%m}")
    month = option or this
    if not re.fullmatch(r"\d{4}-(?:0[1-9]|1[0-2])", month):
        raise InvalidOption(f"month must be a year and a month, such as {this}, not {month}.")
    if month not in (this, before):
        raise InvalidOption(
            f"month must be {this} or {before}, not {month}: the server tells what there is now, and nothing of other "
            "months."
        )
    return month


def month_before(month: str) -> str:
    first = datetime.strptime(f"{month}-01", "%Y-%m-%d")
    return f"{first - timedelta(days=1):%Y-%m}"


def bill(
    survey: Document,
    earlier: Sequence[Row],
    *,
    month: str,
    server: str,
    now: datetime,
    scope: Sequence[str],
    exclude: Sequence[str],
) -> tuple[list[Row], dict[str, str]]:
    """A row for each instance of a survey with the subsets of `SUBSETS`, and why some have cells that are empty.

    ``earlier`` is the rows of the month before, ``server`` how the server was addressed, and ``now`` is in UTC.
    """
    environment = survey.get("environment") or {}
    server = str(environment.get("serverName") or environment.get("machineName") or server)
    known = {(row["server"], row["instance_id"]): row for row in earlier}
    rows, missing = [], {}
    for instance in named(survey, scope, exclude)["instances"]:
        name = str(instance["instanceID"])
        row = {
            "month": month,
            "server": _text(server),
            "instance_id": _text(name),
            "display_name": _text(instance.get("displayName")),
            "users": len(instance["users"]) if isinstance(instance.get("users"), list) else None,
            "mailboxes": _mailboxes(instance),
            "messages": _messages(instance),
            "bytes": _bytes(instance),
        }
        before = known.get((row["server"], row["instance_id"]), {})
        for key in _GROWN:
            unknown = row[key] is None or before.get(key) is None
            row[f"{key}_growth"] = None if unknown else row[key] - before[key]
        row["measured_at"] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        if any(row[key] is None for key in _NUMBERS):
            missing[name] = _why(instance)
        rows.append(row)
    return sorted(rows, key=lambda row: str(row["instance_id"])), missing


def text(rows: Sequence[Row]) -> str:
    """The rows as CSV, with a header, and lines that end as RFC 4180 asks for. A value that is not known is empty."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def parsed(path: str, content: str) -> list[Row]:
    """The rows of a file that `text` has made, columns that were added later among them. Raises `BillUnusable`."""
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        rows = list(reader)
        if tuple(reader.fieldnames or ())[: len(COLUMNS)] != COLUMNS:
            raise ValueError("its header is another one")
        return [{**row, **{key: int(row[key]) if row[key] else None for key in _NUMBERS}} for row in rows]
    except (csv.Error, ValueError, TypeError) as error:
        raise BillUnusable(
            f"{path} is not a file of this module ({error}). Move it away: without it, nothing is known of growth."
        ) from None


def _text(value: Any) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    cell = ("" if value is None else str(value)).encode("utf-8", "replace").decode("utf-8")
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _mailboxes(instance: Document) -> int | None:
    """How many users' archives hold a message. A folder at the top is a user's archive."""
    folders = instance.get("folder_statistics")
    if not isinstance(folders, list):
        return None
    filled = [item for item in folders if item.get("count") or item.get("size")]
    return len({str(item.get("folder")).split("/", maxsplit=1)[0] for item in filled})


def _messages(instance: Document) -> int | None:
    number = (instance.get("statistics") or {}).get("numberOfMessages")
    return number if isinstance(number, int) else _sum(instance, "statisticsCount")


def _bytes(instance: Document) -> int | None:
    """By the stores, which tell bytes; else by the instance, which tells megabytes."""
    size = _sum(instance, "statisticsSize")
    megabytes = (instance.get("statistics") or {}).get("totalSizeMB")
    return size if size is not None or not isinstance(megabytes, int) else megabytes * _MEGABYTE


def _sum(instance: Document, key: str) -> int | None:
    """The sum over the stores, or None where one of them does not tell."""
    stores = instance.get("stores")
    values = [store.get(key) for store in stores] if isinstance(stores, list) else [None]
    known = [value for value in values if isinstance(value, int)]
    return sum(known) if len(known) == len(values) else None


def _why(instance: Document) -> str:
    reasons = [str(reason) for reason in (instance.get("not_gathered") or {}).values()]
    return reasons[0] if reasons else "Its stores have no statistics. RefreshAllStoreStatistics makes them."
