# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.plugin_utils._long_logs import ActionWithLogs


class ActionModule(ActionWithLogs):
    """Shows the progress of M(mops.maintenance.mailstore_profile) while it runs."""
