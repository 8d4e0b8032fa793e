# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""How often Ansible asks its workers whether a task has ended: less often in a play that waits for hours."""

from __future__ import annotations

from ansible import constants as C

SECONDS = 0.02


def lengthen() -> None:
    """Raise ``internal_poll_interval`` to `SECONDS` for the rest of this run, unless somebody has configured it.

    Ansible's main process looks a thousand times a second for results: most of the processor time that following a
    process costs, all night, on a controller that many jobs share. Fifty times a second costs a task 10 ms.
    """
    _value, origin = C.config.get_config_value_and_origin("DEFAULT_INTERNAL_POLL_INTERVAL")  # type: ignore[attr-defined]
    if origin == "default":
        C.DEFAULT_INTERNAL_POLL_INTERVAL = SECONDS  # type: ignore[attr-defined]
