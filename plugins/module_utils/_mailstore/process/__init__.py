# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Processes on the server: start, follow, cancel, and go on with them; and what holds a task together meanwhile."""

from __future__ import annotations

__all__ = ["concurrency", "following", "interruption", "invocation", "lease", "reattachment", "started", "supervisor"]
