# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Declared states: what they share, and one file for each kind of thing."""

from __future__ import annotations

__all__ = [
    "administrator",
    "configuration",
    "credential",
    "document",
    "export",
    "instance",
    "instance_host",
    "job",
    "many",
    "profile",
    "reconcile",
    "references",
    "state_module",
    "store",
    "tenant",
    "user",
]
