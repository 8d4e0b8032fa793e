# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of ansible-core that the collection supports, and the Pythons of this machine that can install them.

``python -m lines`` names those that ``make test`` takes, ``python -m lines all`` all that can be installed here.
``python -m lines FOLDER`` tells of each what nox reported in FOLDER: what ran, with which Python, and what did not.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from antsibull_nox.ansible import get_ansible_core_info, get_supported_core_versions
from antsibull_nox.utils import Version

OLDEST_PYTHON = Version(3, 8)


@dataclass(frozen=True)
class Line:
    core: Version
    python: Version | None
    """One of this machine on which it runs playbooks."""

    @property
    def executable(self) -> str | None:
        return None if self.python is None else str(interpreters()[self.python])

    @property
    def requirement(self) -> str:
        return f"ansible-core~={self.core}.0"

    @property
    def runs_on(self) -> tuple[Version, ...]:
        """The Pythons on which it runs playbooks."""
        return get_ansible_core_info(self.core).controller_python_versions

    @property
    def targets(self) -> tuple[Version, ...]:
        """The Pythons on which its modules run."""
        return get_ansible_core_info(self.core).remote_python_versions

    @property
    def why_not(self) -> str | None:
        """Why this machine cannot install it, or None where it can."""
        if self.python is None:
            here = ", ".join(map(str, interpreters()))
            return f"it runs on Python {' or '.join(map(str, self.runs_on))}, and this machine has {here}"
        if self.core not in released():
            return "pip finds no release of it"
        return None


def tell(folder: Path) -> None:
    reports = [json.loads(report.read_text()) for report in folder.glob("*.json")]
    sessions = [session for report in reports for session in report["sessions"]]
    for line in lines():
        ran = [session for session in sessions if session["args"].get("core") == str(line.core)]
        results = ", ".join(f"{session['name']} {session['result']}" for session in ran)
        if line.why_not is not None:
            print(f"ansible-core {line.core} skipped: {line.why_not}")
        else:
            print(f"ansible-core {line.core} with Python {line.python}: {results or 'not run'}")
    print(f"Units of {able()[0].core} run with Python {oldest_python()} through ansible-test, too.")
    print("make test takes the oldest line and the newest for this machine's python3; make test-all takes all.")


@functools.cache
def lines() -> list[Line]:
    """From the oldest one that ``meta/runtime.yml`` allows; the newest may not have a release yet.

    In turns with the oldest and with the newest Python of this machine that they run on.
    """
    supported = sorted(core for core in get_supported_core_versions() if isinstance(core, Version))
    pythons = [set(get_ansible_core_info(core).controller_python_versions) & set(interpreters()) for core in supported]
    return [
        Line(core, choose(found, default=None)) for core, found, choose in zip(supported, pythons, cycle((min, max)))
    ]


def able() -> list[Line]:
    """Those that this machine can install."""
    return [line for line in lines() if line.why_not is None]


def newest_here() -> Line:
    """The newest one that the Python which runs this can install."""
    here = Version(*sys.version_info[:2])
    return max((line for line in able() if here in line.runs_on), key=lambda line: line.core)


def oldest_python() -> Version:
    """The oldest one of this machine on which the collection's modules run, be it too old for playbooks."""
    return min(set(able()[0].targets) & set(interpreters()))


@functools.cache
def released() -> frozenset[Version]:
    """The lines of which pip finds a release, for whatever Python."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--ignore-requires-python", "ansible-core"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return frozenset(Version(int(major), int(minor)) for major, minor in re.findall(r"\b(\d+)\.(\d+)\.\d+", answer))


@functools.cache
def interpreters() -> dict[Version, Path]:
    """The working Pythons of this machine from 3.8 on, by version: those on the PATH and those of a version manager.

    A version manager's stand-ins on the PATH answer to every version, and fail for most of them.
    """
    versions = [Version(3, minor) for minor in range(OLDEST_PYTHON.minor, 20)]
    return {version: found for version in versions if (found := interpreter(version)) is not None}


def interpreter(version: Version) -> Path | None:
    """The first working Python of this version, or None where there is none."""
    name = f"python{version}"
    managed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which(name) or name, *map(str, sorted(managed.glob(f"*/bin/{name}")))]
    return next((found for candidate in candidates if (found := executable_of(candidate)) is not None), None)


def executable_of(python: str) -> Path | None:
    """The file that runs as ``python``, or None where none does."""
    command = [python, "-c", "import sys, venv; print(sys.executable)"]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(tried.stdout.strip())


if __name__ == "__main__":
    if sys.argv[1:] in ([], ["all"]):
        # The oldest one has most to do, so it comes first.
        print(*[line.core for line in (able() if sys.argv[1:] else dict.fromkeys([able()[0], newest_here()]))])
    else:
        tell(Path(sys.argv[1]))
