# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: every bench of this folder, or those that are named: ``python -m bench mailstore``.

With ``--tiny``, the sizes are so small that the tables show nothing but that the benches work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    names = [word for word in sys.argv[1:] if word not in options]
    names = names or sorted(path.stem for path in HERE.glob("[a-z]*.py"))
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    # Each in a process of its own: what one has imported and allocated is not measured with the next.
    commands = [[sys.executable, str(HERE / f"{name}.py"), *options] for name in names]
    return max(subprocess.run(command, env=environment, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
