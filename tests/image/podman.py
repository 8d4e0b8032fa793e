# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Podman on this machine, also where this machine is a container itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/containers"

STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""

CONTAINERS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
{runtime}
"""


def why_not() -> str | None:
    """Why no image can be built or run here, or None where one can."""
    missing = [name for name in ("podman", "buildah") if shutil.which(name) is None]
    return f"There is no {' and no '.join(missing)} on this machine." if missing else None


def environment() -> dict[str, str]:
    """The environment for podman. Where systemd does not run, podman's defaults do not work, so it gets others."""
    env = dict(os.environ)
    if Path("/run/systemd/system").exists() or "CONTAINERS_STORAGE_CONF" in env:
        return env
    FOLDER.mkdir(parents=True, exist_ok=True)
    runtime = 'runtime = "runc"' if shutil.which("runc") else ""
    for name, text in (("storage", STORAGE), ("containers", CONTAINERS)):
        (FOLDER / f"{name}.conf").write_text(text.format(folder=FOLDER, runtime=runtime))
        env["CONTAINERS_STORAGE_CONF" if name == "storage" else "CONTAINERS_CONF"] = str(FOLDER / f"{name}.conf")
    return {**env, "BUILDAH_ISOLATION": "chroot"}


def podman(*words: str, check: bool = True, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run podman to its end."""
    command = ["podman", *words]
    return subprocess.run(command, env=environment(), check=check, capture_output=True, text=True, timeout=timeout)
