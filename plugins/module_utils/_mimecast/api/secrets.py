# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Which values of a request are secrets, by the names of their fields."""

from __future__ import annotations

import json
from typing import Any, Iterator, Mapping

SECRET_WORDS = ("password", "passphrase", "secret")
"""A field whose name holds one of these, in whatever case, holds a secret."""


def secret_values(data: Any) -> set[str]:
    """Every secret in the data, at any depth, in each spelling in which it could be shown."""
    found: set[str] = set()
    for text in _secrets(data):
        # As it is; as in JSON; as in what Python prints of a dictionary.
        found |= {text, json.dumps(text)[1:-1], repr(text)[1:-1]}
    found.discard("")
    return found


def _secrets(data: Any, secret: bool = False) -> Iterator[str]:
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from _secrets(value, secret or any(word in str(name).lower() for word in SECRET_WORDS))
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _secrets(value, secret)
    elif secret and data is not None and not isinstance(data, bool):
        yield str(data)
