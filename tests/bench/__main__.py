# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: every bench of this folder, or those that are named: ``python -m bench mailstore``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("[a-z]*.py"))
    # Each in a process of its own: what one has imported and allocated is not measured with the next.
    codes = [subprocess.run([sys.executable, HERE / f"{name}.py"], check=False).returncode for name in names]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
