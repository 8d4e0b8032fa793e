# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each function of the Management API does to the archive, by subject."""

from __future__ import annotations

from . import configuration, credentials, directory, folders, instances, jobs, profiles, stores, system, users
from .kind import Function

FUNCTIONS: dict[str, Function] = {
    **system.FUNCTIONS,
    **instances.FUNCTIONS,
    **stores.FUNCTIONS,
    **users.FUNCTIONS,
    **directory.FUNCTIONS,
    **folders.FUNCTIONS,
    **jobs.FUNCTIONS,
    **profiles.FUNCTIONS,
    **configuration.FUNCTIONS,
    **credentials.FUNCTIONS,
}

# What goes without service-provider access: archive stores and search indexes, and what belongs to the management
# server and not to the tenant. All else that names an instance needs it.
WITHOUT_ACCESS = frozenset(stores.FUNCTIONS) | {
    "GetArchiveAdminEnabled",
    "SetArchiveAdminEnabled",
    "GetInstanceConfiguration",
}
