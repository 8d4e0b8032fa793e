# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``make test`` runs. ``nox --list`` says of each session what it does; antsibull-nox.toml sets up the checks."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

import antsibull_nox
import nox
from antsibull_nox.sessions.collections import prepare_collections

ROOT = Path(__file__).parent
sys.path.append(str(ROOT / "tests"))

from machine import ansible_test_home, lines, newest_here, python_of_units  # noqa: E402

SIMULATORS = "tests/simulators/requirements.txt"

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.envdir = "build/nox"
nox.options.reuse_existing_virtualenvs = True
antsibull_nox.load_antsibull_nox_toml()
os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # as pip does


def every_line(function: Callable[[nox.Session, str], None]) -> None:
    """Make a session of each line of ansible-core, from the oldest supported one on: units-2.16, units-2.17 …"""
    for line in lines():

        def of_this_line(session: nox.Session, core: str = str(line.core)) -> None:
            function(session, core)

        of_this_line.__doc__ = function.__doc__
        nox.session(name=f"{function.__name__}-{line.core}", python=line.executable)(of_this_line)


def install(session: nox.Session, core: str, *more: str) -> str:
    """Install a line of ansible-core, and return the version of Python that it runs on here."""
    line = next(line for line in lines() if str(line.core) == core)
    if line.why_not is not None:
        session.skip(f"ansible-core {core}: {line.why_not}")
    session.install(line.requirement, "-r", "requirements.txt", *more)
    return str(line.python)


@contextmanager
def collection_tree(session: nox.Session) -> Iterator[Path]:
    """A copy of the collection below a folder ``ansible_collections``, which is the current folder meanwhile."""
    setup = prepare_collections(session, install_in_site_packages=False, install_out_of_tree=True)
    assert setup is not None
    with session.chdir(setup.current_path):
        yield setup.current_place


def ansible_test(session: nox.Session, command: str, *arguments: str, before: tuple[str, ...] = ()) -> None:
    home = ansible_test_home(ROOT / "build/ansible-test" / session.name, Path(session.bin))
    env = {"PYTHONPATH": str(ROOT / "tests"), **home}
    session.run(*before, "ansible-test", command, "--venv", "--color", "auto", *arguments, *session.posargs, env=env)


def installed(session: nox.Session) -> dict[str, str]:
    """The environment in which the collection is installed, from a tarball as users get it."""
    folder = ROOT / "build/installed" / session.name
    session.run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(folder), silent=True)
    (tarball,) = folder.glob("*.tar.gz")
    session.run("ansible-galaxy", "collection", "install", "--force", "-p", str(folder), str(tarball), silent=True)
    paths = ":".join(str(ROOT / path) for path in ("tests", "tests/system", "tests/system/awx"))
    return {"ANSIBLE_COLLECTIONS_PATH": str(folder), "PYTHONPATH": paths}


@nox.session
def sanity(session: nox.Session) -> None:
    """Run ansible-test sanity on this Python's newest line of ansible-core, without anything ignored."""
    install(session, newest_here())
    with collection_tree(session):
        ansible_test(session, "sanity")


@every_line
def units(session: nox.Session, core: str) -> None:
    """Run the unit tests on a line of ansible-core, by ansible-test; the oldest with the oldest Python, and so on."""
    install(session, core)
    with collection_tree(session):
        ansible_test(session, "units", "--python", python_of_units(core))


@every_line
def integration(session: nox.Session, core: str) -> None:
    """Run the integration targets on a line of ansible-core, by ansible-test; name some to run no others."""
    python = install(session, core, "-r", SIMULATORS)
    config = ("--ansible-test-config", "tests/integration/integration_config.yml")
    with collection_tree(session):
        simulators = ("python", "-m", "simulators", *config, "--")
        ansible_test(session, "integration", "--continue-on-error", "--python", python, before=simulators)


@every_line
def system(session: nox.Session, core: str) -> None:
    """Run whole playbooks from the built collection, as a user does; and try the simulators themselves."""
    whole_playbooks(session, core, "not slow")


@every_line
def slow(session: nox.Session, core: str) -> None:
    """Run the whole playbooks that make test has no time for: nothing but those marked as slow in tests/system."""
    whole_playbooks(session, core, "slow")


def whole_playbooks(session: nox.Session, core: str, which: str) -> None:
    install(session, core, "-r", SIMULATORS, "-r", "tests/system/requirements.txt")
    # Most of the time these tests wait. Each worker has simulators of its own. The end tells what was skipped, and why.
    tests = session.posargs or ["-m", which, "tests/system"]
    report = f"--junit-xml={ROOT / 'build/reports' / session.name}.xml"
    session.run(
        "python", "-m", "pytest", "-n", "3", "--dist", "loadfile", "-rs", report, *tests, env=installed(session)
    )


@nox.session(name="execution-environment")
def execution_environment(session: nox.Session) -> None:
    """Build the execution environment, and run every shipped playbook in it. It takes Podman."""
    install(session, newest_here(), "-r", SIMULATORS, "-r", "tests/image/requirements.txt")
    env = installed(session)
    session.run("python", "-m", "image", env["ANSIBLE_COLLECTIONS_PATH"], env=env)
    session.run("python", "-m", "pytest", "-rs", *(session.posargs or ["tests/image"]), env=env)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into build/docs/html; a warning fails it. With "linkcheck": ask the links' hosts."""
    install(session, newest_here(), "-r", "docs/site/requirements.txt")
    with collection_tree(session) as tree:
        env = {"ANSIBLE_COLLECTIONS_PATH": str(tree)}
        session.run("python", str(ROOT / "docs/site/build.py"), str(ROOT / "build/docs"), *session.posargs, env=env)
