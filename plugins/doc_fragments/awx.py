# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Whose modules and client are used.
    DOCUMENTATION = r"""
options:
  collection:
    description:
      - The collection to use, awx.awx 22.3 or later, or ansible.controller 4.4 or later.
      - With V(auto), it is the one that is installed. Where both are, it is the one for whose group C(module_defaults)
        say who logs in, and else ansible.controller.
    type: str
    choices: [auto, ansible.controller, awx.awx]
    default: auto
"""
