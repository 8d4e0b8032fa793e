# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Multi-factor authentication, which users of an instance and system administrators have alike."""

from __future__ import annotations

from typing import Any, Mapping

ENABLED = "enabled"
DISABLED = "disabled"
RESET = "reset"

CHOICES = (ENABLED, DISABLED, RESET)
"""Set up anew only where it is off, taken away, or set up anew each time."""

STATUS = "mfaStatus"
"""Where the server shows it, in its own words."""


def change(wanted: str | None, current: Mapping[str, Any]) -> str | None:
    """What has to be done: ``initialize``, ``disable``, or nothing."""
    off = str(current.get(STATUS) or DISABLED).casefold() == DISABLED
    if wanted == RESET or (wanted == ENABLED and off):
        return "initialize"
    return "disable" if wanted == DISABLED and not off else None


def predicted(wanted: str) -> str:
    """The status that the server will show."""
    return "Disabled" if wanted == DISABLED else "Enabled"
