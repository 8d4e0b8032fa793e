# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""Modules that Ansible has at hand sooner."""

from __future__ import annotations

import gc
from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction


class QuickAction(NormalAction):
    """Runs the module of the same name as any other, and looks for garbage only in what is made meanwhile.

    Ansible reads the source of all that a module imports. A worker inherits all of Ansible's own objects, and to look
    through them time and again meanwhile takes nearly half of that.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        gc.freeze()
        try:
            return super().run(tmp, task_vars)
        finally:
            gc.unfreeze()
