# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of one start: random, so that a test can search for them, unless somebody gives them."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class MimecastCredentials:
    access_key: str
    secret_key: str
    app_id: str
    app_key: str
    client_id: str
    client_secret: str

    @classmethod
    def random(cls) -> MimecastCredentials:
        return cls(
            access_key=secrets.token_urlsafe(96),
            secret_key=base64.b64encode(secrets.token_bytes(64)).decode("ascii"),
            app_id=str(uuid.uuid4()),
            app_key=str(uuid.uuid4()),
            client_id=secrets.token_urlsafe(36),
            client_secret=secrets.token_urlsafe(48),
        )


@dataclass(frozen=True)
class MasheryCredentials:
    api_key: str
    secret: str

    @classmethod
    def random(cls) -> MasheryCredentials:
        # Capitals in the key find clients that sign it as it is, and not in lower case.
        return cls(api_key=secrets.token_hex(6) + "Key" + secrets.token_hex(5), secret=secrets.token_hex(16))


@dataclass(frozen=True)
class MailStoreCredentials:
    username: str
    password: str
    api_password: str

    @classmethod
    def random(cls) -> MailStoreCredentials:
        # A password that has to be percent-encoded in a form finds clients that forget it.
        return cls(
            username="admin",
            password=secrets.token_urlsafe(12) + "+&=%/ ä" + secrets.token_urlsafe(4),
            api_password=secrets.token_urlsafe(24),
        )


@dataclass(frozen=True)
class Credentials:
    mimecast: MimecastCredentials
    mashery: MasheryCredentials
    mailstore: MailStoreCredentials

    @classmethod
    def random(cls, given: Mapping[str, Mapping[str, Any]] | None = None) -> Credentials:
        """Random ones, but for those in `given`, which is shaped like the sections of simulators.json."""
        parts = {
            "mimecast": MimecastCredentials.random(),
            "mashery": MasheryCredentials.random(),
            "mailstore": MailStoreCredentials.random(),
        }
        return cls(**{name: _replaced(made, (given or {}).get(name, {})) for name, made in parts.items()})


def _replaced(made: Any, given: Mapping[str, Any]) -> Any:
    known = {item.name for item in fields(made)}
    return replace(made, **{name: value for name, value in given.items() if name in known})
