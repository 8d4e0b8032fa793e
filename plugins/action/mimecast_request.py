# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.plugin_utils._progress import ActionWithProgress


class ActionModule(ActionWithProgress):
    """Shows how M(mops.maintenance.mimecast_request) downloads a file."""

    def _can_be_watched(self) -> bool:
        return bool(self._task.args.get("dest")) and super()._can_be_watched()
