# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""All instances of an installation: facts, health, alerts, maintenance, backup windows, directory synchronization."""

from __future__ import annotations

__all__ = [
    "alerts",
    "backup_window",
    "billing",
    "delivered",
    "directory",
    "drift",
    "facts",
    "findings",
    "health",
    "history",
    "maintenance",
    "metrics",
    "rota",
    "rotation",
    "tenants",
]
