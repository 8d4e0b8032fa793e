# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Every module says check_mode and diff_mode itself.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Predicts in C(check_mode) whether something would change, and changes nothing.
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, when run with C(--diff).
"""

    # The modules that bring about a declared state.
    STATE = r"""
options: {}
attributes:
  check_mode:
    description: Predicts in C(check_mode) whether something would change, and changes nothing.
    support: full
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, when run with C(--diff).
    support: full
"""

    ACTIONGROUP_MIMECAST = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/mops.maintenance.mimecast) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mops.maintenance.mimecast
"""

    ACTIONGROUP_MASHERY = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/mops.maintenance.mashery) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mops.maintenance.mashery
"""

    ACTIONGROUP_MAILSTORE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/mops.maintenance.mailstore) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mops.maintenance.mailstore
"""
