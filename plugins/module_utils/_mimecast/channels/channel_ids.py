# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The ids of event channels, as a person writes them."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption


def checked_channel_ids(channel_ids: Sequence[str]) -> list[str]:
    """The ids, each once. Raises `InvalidOption` where there is none, or where one cannot be an id."""
    if not channel_ids:
        raise InvalidOption("channel_ids names no channel.")
    for position, channel_id in enumerate(channel_ids, 1):
        if not channel_id.strip():
            raise InvalidOption(f"The channel id at place {position} of channel_ids is empty.")
        if channel_id != channel_id.strip() or not channel_id.isprintable():
            raise InvalidOption(f"The channel id {channel_id!r} begins or ends with a space, or holds a line break.")
    return list(dict.fromkeys(channel_ids))
