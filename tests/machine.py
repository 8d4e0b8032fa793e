# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this machine has: lines of ansible-core that the collection supports, and Pythons that can install them.

``python -m machine parts`` names the parts of ``make test``, and ``python -m machine parts all`` those of
``make test-all``. ``python -m machine tell FOLDER`` tells of each line what nox reported in FOLDER, and of each test
that failed what pytest did.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from xml.etree import ElementTree

from antsibull_nox.ansible import get_ansible_core_info, get_supported_core_versions
from antsibull_nox.utils import Version

OLDEST_PYTHON = Version(3, 8)
HERE = Version(*sys.version_info[:2])


@dataclass(frozen=True)
class Line:
    core: Version
    python: Version | None
    """One of this machine on which it runs playbooks."""

    @property
    def executable(self) -> str | None:
        return None if self.python is None else str(interpreters()[self.python])

    @property
    def candidate(self) -> bool:
        """Whether there is only a release candidate, or a beta, of it."""
        return self.core not in released() and self.core in released("--pre")

    @property
    def requirement(self) -> str:
        return f"ansible-core~={self.core}.0{'b1' if self.candidate else ''}"

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
        if self.core not in released("--pre"):
            return "pip finds no release of it"
        return None


def parts(*, every: bool) -> list[str]:
    """The sessions of nox that make up a test of everything, those that take long first.

    Without ``every``, whole playbooks run on the newest line of this Python, and each module's target on the oldest.
    The unit tests come last: only they use two processors to their end.
    """
    newest, first = newest_here(), oldest()

    def of(session: str, *cores: str) -> list[str]:
        chosen = [line for line in able() if every or str(line.core) in cores]
        return [f"{session}-{line.core}{'-candidate' if line.candidate else ''}" for line in chosen]

    long = [*of("system", newest), *of("slow"), *of("integration", first)]
    return [*long, "sanity", "checks", *of("units", first, newest)]


def tell(folder: Path) -> None:
    reports = [json.loads(report.read_text()) for report in folder.glob("*.json")]
    sessions = [session for report in reports for session in report["sessions"]]
    for line in lines():
        ran = [session for session in sessions if session["name"].endswith(f"-{line.core}")]
        results = ", ".join(f"{session['name']} {session['result']}" for session in ran)
        if line.why_not is not None:
            print(f"ansible-core {line.core} skipped: {line.why_not}")
        else:
            candidate = " (a release candidate, which may fail)" if line.candidate else ""
            print(f"ansible-core {line.core}{candidate} with Python {line.python}: {results or 'not run'}")
    for report in sorted(folder.glob("*.xml")):
        for test in ElementTree.parse(report).iter("testcase"):  # noqa: S314 (our own)
            for reason in (*test.findall("failure"), *test.findall("error")):
                first, _break, _rest = reason.get("message", "").partition("\n")
                print(f"FAILED {test.get('classname')}.{test.get('name')}: {first[:500]}")
    print("make test takes the newest line for this machine's python3 and the oldest one; make test-all takes all.")


@functools.cache
def lines() -> list[Line]:
    """From the oldest one that ``meta/runtime.yml`` allows; the newest may not have a release yet.

    In turns with the oldest and with the newest Python of this machine that they run on; those of ``make test``, which
    are the oldest one and the newest one that this Python can install, with this Python where they can.
    """
    supported = sorted(core for core in get_supported_core_versions() if isinstance(core, Version))
    pythons = [set(get_ansible_core_info(core).controller_python_versions) & set(interpreters()) for core in supported]
    found = [
        Line(core, choose(some, default=None)) for core, some, choose in zip(supported, pythons, cycle((min, max)))
    ]
    chosen = (found[0].core, newest_of(found))
    return [replace(line, python=HERE) if line.core in chosen and HERE in line.runs_on else line for line in found]


def newest_of(found: list[Line]) -> Version:
    """The newest line that the Python which runs this can install."""
    return max(line.core for line in found if HERE in line.runs_on and line.why_not is None and not line.candidate)


def able() -> list[Line]:
    """Those that this machine can install."""
    return [line for line in lines() if line.why_not is None]


def newest_here() -> str:
    """The newest one that the Python which runs this can install."""
    return str(newest_of(lines()))


def oldest() -> str:
    """The oldest one that this machine can install."""
    return str(able()[0].core)


def python_of_units(core: str) -> str:
    """The Python for the unit tests of a line: the newest for the newest line, and the oldest for the oldest.

    On the oldest, modules run, though it may be too old for playbooks.
    """
    line = next(line for line in able() if str(line.core) == core)
    on_this_machine = set(line.targets) & set(interpreters())
    if core == oldest():
        return str(min(on_this_machine))
    return str(max(on_this_machine) if core == newest_here() else line.python)


def ansible_test_home(folder: Path, scripts: Path) -> dict[str, str]:
    """The environment for the ansible-test in ``scripts``: ``folder`` as its home directory, and a PATH of its own.

    ansible-test wants to download get-pip from a host of its project; it does not where it finds one in its cache.
    Python has a pip to install with it, so the cache gets a script that takes that: no other host is needed.
    On the PATH are all working Pythons, and none that only looks like one, as a version manager's stand-ins do.
    """
    cache, links = folder / ".ansible/test/cache", folder / "bin"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir()
    source = next(scripts.parent.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py"))
    for pip in set(re.findall(r"\bpip='([\d.]+)'", source.read_text())):
        (cache / f"get_pip_{pip.replace('.', '_')}.py").write_text("import ensurepip\n\nensurepip.bootstrap()\n")
    for version, executable in interpreters().items():
        (links / f"python{version}").symlink_to(executable)
    rest = [path for path in os.environ["PATH"].split(os.pathsep) if Path(path).name != "shims"]
    return {"HOME": str(folder), "PATH": os.pathsep.join([str(scripts), str(links), *rest])}


@functools.cache
def released(*options: str) -> frozenset[Version]:
    """The lines of which pip finds a release, for whatever Python. With the option ``--pre``, a candidate will do."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--ignore-requires-python", *options, "ansible-core"]
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
    """A working Python of this version, or None where there is none.

    The system's before a version manager's, which builds without optimizations: a module takes a third longer with it.
    """
    manager = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [*map(Path, os.environ["PATH"].split(os.pathsep)), *sorted(manager.glob("versions/*/bin"))]
    executables = [executable_of(folder / f"python{version}") for folder in folders]
    found = [executable for executable in executables if executable is not None]
    return min(found, key=lambda executable: manager in executable.parents, default=None)


def executable_of(python: Path) -> Path | None:
    """The file that runs as ``python``, or None where none does that can make virtual environments."""
    command = [str(python), "-c", "import ensurepip, sys, venv; print(sys.executable)"]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(tried.stdout.strip())


if __name__ == "__main__":
    if sys.argv[1] == "tell":
        tell(Path(sys.argv[2]))
    else:
        print(*parts(every="all" in sys.argv))
