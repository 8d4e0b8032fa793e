# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of a post: lower-case hex HMAC-SHA256 over the lower-cased query and the body before compression."""

from __future__ import annotations

import hashlib
import hmac


def expected(secret: str, apikey: str, timestamp: str, body: bytes) -> str:
    prefix = f"apikey={apikey}&timestamp={timestamp}".lower()
    return hmac.new(secret.encode("utf-8"), prefix.encode("utf-8") + body, hashlib.sha256).hexdigest()


def matches(signature: str, secret: str, apikey: str, timestamp: str, body: bytes) -> bool:
    """Whether `signature` is the right one; hexits in upper case are not."""
    return hmac.compare_digest(signature.encode("utf-8"), expected(secret, apikey, timestamp, body).encode("utf-8"))
