# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of one simulator: configuration comes in on standard input, its ports go out on standard output.

Standard input stays open as long as whoever started this process lives; when it closes, however that came about,
the process ends. Secrets come this way too, so that no process list shows them.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import sys
import threading
from types import ModuleType
from typing import Any

from .serving import KEY_ON_DISK


def main() -> None:
    # Ctrl-C reaches the whole foreground group; the parent decides about the end, not the terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Imported before the configuration is there: the parent makes certificates meanwhile.
    service = importlib.import_module(f".{sys.argv[1]}.service", __package__)
    configuration = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_run(service, configuration))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    with KEY_ON_DISK:
        os._exit(0)


async def _run(service: ModuleType, configuration: dict[str, Any]) -> None:
    ports = await service.start(configuration)
    print(json.dumps({"ports": ports}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
