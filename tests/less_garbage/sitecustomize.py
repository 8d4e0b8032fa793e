# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""With this folder in PYTHONPATH, a Python looks for no garbage: a fifth of the time of a short run of Ansible."""

from __future__ import annotations

import gc

gc.disable()
