# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""State that must outlive a container: whether a path lies where it is gone with the container, and what to say then.

Podman, Docker and Kubernetes each leave a sign in a container. What lies on a volume is on a mount of its own; the rest
is on the container's own file system, or on one in memory, or on what lasts no longer than a pod or a job.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

_SIGNS = ("/run/.containerenv", "/.dockerenv", "/var/run/secrets/kubernetes.io")
_VARIABLES = ("container", "KUBERNETES_SERVICE_HOST")
"""Podman sets the first one; its file is not seen where the container has a ``/run`` in memory."""
_OWN_TYPES = ("overlay", "fuse-overlayfs", "fuse.fuse-overlayfs", "aufs", "zfs")
_IN_MEMORY = ("tmpfs", "ramfs")
_EMPTY_DIR = "/kubernetes.io~empty-dir/"
_JOB_FOLDER = re.compile(r"/awx_\d+_[^/]+$")
"""What AWX mounts into a job's container on an execution node, and removes after the job."""


class Mount(NamedTuple):
    """A line of ``/proc/self/mountinfo``."""

    point: str
    root: str
    """What of the file system is mounted: ``/`` where it is all of it."""
    kind: str

    @property
    def ends_with_container(self) -> bool:
        """Whether what lies on it is gone when the container is."""
        if _EMPTY_DIR in self.root or _JOB_FOLDER.search(self.root):
            return True
        if self.point == "/":
            # A disk of its own, as a whole, is that of a machine, whatever signs its image has left.
            return self.root != "/" or self.kind in _OWN_TYPES
        return self.kind in _IN_MEMORY and self.root == "/"


def warning(option: str, path: str, consequence: str) -> str | None:
    """What to warn of where ``path``, which ``option`` names, is gone with the container; else None.

    ``consequence`` is a sentence that says what follows from it.
    """
    if not is_gone_with_container(path):
        return None
    return (
        f"{option}: {path} lies in the container's own file system, and is gone when the container ends. {consequence} "
        f"Mount a volume into the container, and let {option} name a path on it."
    )


def is_gone_with_container(path: str) -> bool:
    """Whether ``path`` lies in a container, and on nothing that outlives it."""
    if not any(map(os.path.exists, _SIGNS)) and not any(map(os.environ.get, _VARIABLES)):
        return False
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mount = mount_of(os.path.realpath(path), file.read())
    except OSError:
        return False
    return mount is not None and mount.ends_with_container


def mount_of(path: str, mountinfo: str) -> Mount | None:
    """The mount on which ``path`` lies, whether it is there yet or not. Of several at one place, the last one."""
    best: Mount | None = None
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = _unescaped(fields[4])
        below = path == point or path.startswith(point.rstrip("/") + "/")
        if below and (best is None or len(point) >= len(best.point)):
            best = Mount(point, _unescaped(fields[3]), after.split(" ")[0])
    return best


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
