# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m gateways nginx_combined 10000`` writes a log."""

from __future__ import annotations

import sys

from gateways import log

if __name__ == "__main__":
    print(*log(sys.argv[1], int(sys.argv[2]))[0], sep="\n")
