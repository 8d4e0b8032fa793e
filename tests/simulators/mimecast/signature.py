# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of API 1.0, and the forms of date that the vendor's samples send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timezone

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The Java sample writes no leading zero, the C# sample GMT; all mean the same zone.
DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{1,2}) (" + "|".join(MONTHS) + r") (\d{4}) (\d\d):(\d\d):(\d\d) (?:UTC|GMT)"
)


def expected(secret_key: str, date: str, request_id: str, path: str, app_key: str) -> str:
    """base64(HMAC-SHA1(decoded secret key, date:id:path:app key))."""
    text = ":".join((date, request_id, path, app_key))
    digest = hmac.new(base64.b64decode(secret_key), text.encode("utf-8"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def unix_seconds(date: str) -> float | None:
    """The moment that x-mc-date names, or None where it is not in the form that the service knows."""
    found = DATE.fullmatch(date)
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    try:
        moment = datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    except ValueError:
        return None
    return moment.replace(tzinfo=timezone.utc).timestamp()
