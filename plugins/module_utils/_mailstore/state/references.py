# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""References: what stands in a document in the place of a secret, ``{{ name_of_a_variable }}``.

A document is read by people and kept in git, so it never holds a secret. A reference is that of a variable of Ansible,
which a file that ansible-vault has encrypted can hold. Only a text that is a reference from end to end, in the place of
a secret, is one: whatever else comes from a server is never taken for a template.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Callable, Iterator, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import masked

PREFIX = "mailstore_secret"
"""How the names of the variables begin that an export refers to."""

_REFERENCE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def is_secret(name: Any) -> bool:
    """Whether the value of that name is a secret."""
    return bool(masked({str(name): ""})[str(name)])


def referenced(value: Any) -> str | None:
    """The variable that ``value`` refers to, or None where it is no reference."""
    found = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    return found.group(1) if found else None


def references(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The path of each reference in ``value``, and the variable that it refers to."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            where = f"{path}.{name}" if path else str(name)
            variable = referenced(item) if is_secret(name) else None
            if variable:
                yield where, variable
            else:
                yield from references(item, where)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            label = item.get("name") if isinstance(item, Mapping) else None
            yield from references(item, f"{path}[{label or number}]")


def resolved(value: Any, lookup: Callable[[str], str | None]) -> Any:
    """``value`` with the secrets themselves; a reference whose variable ``lookup`` does not know stays."""
    if isinstance(value, Mapping):
        return {name: _resolved_entry(name, item, lookup) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolved(item, lookup) for item in value]
    return value


def without_references(value: Any) -> Any:
    """``value`` with None in the place of each reference at its top, and without those further down."""
    if isinstance(value, Mapping):
        return {
            name: None if is_secret(name) and referenced(item) else _without_inner(item) for name, item in value.items()
        }
    return value


def _without_inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_inner(item) for name, item in value.items() if not (is_secret(name) and referenced(item))
        }
    return [_without_inner(item) for item in value] if isinstance(value, (list, tuple)) else value


def _resolved_entry(name: Any, item: Any, lookup: Callable[[str], str | None]) -> Any:
    variable = referenced(item) if is_secret(name) else None
    if variable is None:
        return resolved(item, lookup)
    secret = lookup(variable)
    return item if secret is None else secret


def without_secrets(value: Any) -> Any:
    """``value`` without what stands in the places of secrets, for comparing: a secret may be referred to in any way."""
    if isinstance(value, Mapping):
        return {name: without_secrets(item) for name, item in value.items() if not is_secret(name)}
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return value


class Names:
    """Gives each secret of one document the name of a variable of its own."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def reference(self, *path: str) -> str:
        """A reference for what lies at ``path``, such as the instance, the configuration and ``password``."""
        whole = "/".join(path)
        name = "_".join([PREFIX, *map(_word, path)])
        if self._given.setdefault(name, whole) != whole:
            # Two names can become one, as those of anna.adler and anna_adler.
            name = f"{name}_{hashlib.sha256(whole.encode('utf-8')).hexdigest()[:6]}"
        return f"{{{{ {name} }}}}"


def _word(text: str) -> str:
    """``DirectoryServicesConfiguration`` as a part of a variable's name: ``directory_services_configuration``."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", separated.lower()).strip("_") or "x"
