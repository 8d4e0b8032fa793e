# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""How ids and patterns select instances: ``*`` stands for any characters, and upper and lower case are the same."""

from __future__ import annotations

import fnmatch
from typing import Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Document, nearest


class NotFound(MopsError):
    """An instance that was named is not there."""


def fits(identifier: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names the instance. Upper and lower case are the same."""
    return any(fnmatch.fnmatchcase(identifier.lower(), pattern.strip().lower()) for pattern in patterns)


def unmatched(patterns: Sequence[str], instances: Sequence[Document]) -> list[str]:
    """Those of the patterns that name no instance."""
    known = [str(instance.get("instanceID")) for instance in instances]
    return [pattern for pattern in patterns if not any(fits(identifier, [pattern]) for identifier in known)]


def not_found(patterns: Sequence[str], instances: Sequence[Document], *, allow_empty: bool) -> list[str]:
    """Those of the patterns that should have named an instance and do not.

    An id has to be there. A pattern has to match something unless ``allow_empty``; but ``*`` alone asks for whatever
    there is.
    """
    return [
        pattern
        for pattern in unmatched(patterns, instances)
        if pattern.strip() != "*" and not (allow_empty and "*" in pattern)
    ]


def check_found(client: Client, patterns: Sequence[str], instances: Sequence[Document], *, allow_empty: bool) -> None:
    """Raise `NotFound`, with the nearest ids, where a pattern should have named one of ``instances`` and does not."""
    missing = not_found(patterns, instances, allow_empty=allow_empty)
    if not missing:
        return
    known = [str(instance.get("instanceID")) for instance in client.call("GetInstances", instanceFilter="*") or []]
    near = f" The most alike are {', '.join(nearest(missing[0], known))}." if known else ""
    hint = (
        ""
        if allow_empty or not any("*" in pattern for pattern in missing)
        else " Set allow_empty if a pattern may match none."
    )
    raise NotFound(f"The server has no instance {', '.join(missing)}.{near}{hint}", unmatched=missing)
