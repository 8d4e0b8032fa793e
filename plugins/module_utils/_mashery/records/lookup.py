# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A table in a file: what stands in the log (a consumer, a route), and the key that it has at Mashery."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import is_key


class TableError(MopsError):
    """A table that was changed while the log is shipped is no longer one."""


class Table:
    """Two columns with a comma between them, or, in a file named ``.json``, an object. Read again when it changes."""

    def __init__(self, path: str) -> None:
        """Raises `InvalidOption`."""
        self.path = path
        self._state = self._stat()
        self._keys = self._read()

    def get(self, name: str) -> str | None:
        return self._keys.get(name)

    def refresh(self) -> bool:
        """Whether the file was changed, and was read again. Raises `TableError`."""
        try:
            state = self._stat()
            if state == self._state:
                return False
            self._keys, self._state = self._read(), state
        except InvalidOption as error:
            failure = error
        else:
            return True
        raise TableError(f"{failure} It was changed while the logs were read; nothing more is sent.")

    def _stat(self) -> tuple[int, int, int]:
        try:
            status = os.stat(self.path)
        except OSError as error:
            failure = error
        else:
            return (status.st_ino, status.st_size, status.st_mtime_ns)
        raise InvalidOption(f"The lookup table {self.path} cannot be read: {failure.strerror}.")

    def _read(self) -> dict[str, str]:
        try:
            with open(self.path, encoding="utf-8-sig") as file:
                text = file.read()
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            problem = "is not UTF-8"
        else:
            keys = self._of_json(text) if self.path.endswith(".json") else self._of_lines(text)
            if keys:
                return keys
            problem = "has no line with a name, a comma, and a key"
        raise InvalidOption(f"The lookup table {self.path} {problem}.")

    def _of_lines(self, text: str) -> dict[str, str]:
        keys: dict[str, str] = {}
        places: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            name, comma, key = (part.strip() for part in line.rpartition(","))
            if not comma or not name:
                raise InvalidOption(
                    f"The lookup table {self.path} has no name, comma and key in line {number}: {line.strip()[:80]}."
                )
            if name in keys:
                raise InvalidOption(
                    f"The lookup table {self.path} has {name} twice, in lines {places[name]} and {number}."
                )
            keys[name] = self._key(name, key)
            places[name] = number
        return keys

    def _of_json(self, text: str) -> dict[str, str]:
        try:
            pairs = json.loads(text, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError) as error:
            failure = error
        else:
            if not isinstance(pairs, _Pairs):
                raise InvalidOption(f"The lookup table {self.path} is JSON, but not an object of names and keys.")
            keys: dict[str, str] = {}
            for name, key in pairs:
                if name in keys:
                    raise InvalidOption(f"The lookup table {self.path} has {name} twice.")
                keys[name] = self._key(name, key)
            return keys
        raise InvalidOption(f"The lookup table {self.path} is not JSON: {failure}.")

    def _key(self, name: str, key: Any) -> str:
        if isinstance(key, str) and is_key(key):
            return key
        raise InvalidOption(
            f"The lookup table {self.path} has for {name} something that is no key: a key is text without space, "
            "quote, backslash and underscore."
        )


class _Pairs(list):  # type: ignore[type-arg]
    """An object of JSON as it stands, with what it has twice."""
