# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``make test`` runs. ``nox --list`` says of each session what it does; antsibull-nox.toml sets up the checks."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import antsibull_nox
import nox
from antsibull_nox.ansible import get_ansible_core_info, get_supported_core_versions
from antsibull_nox.sessions.collections import CollectionSetup, prepare_collections
from antsibull_nox.utils import Version

ROOT = Path(__file__).parent
SIMULATORS_REQUIREMENTS = "tests/simulators/requirements.txt"

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "venv"
nox.options.envdir = "build/nox"
nox.options.reuse_existing_virtualenvs = True
antsibull_nox.load_antsibull_nox_toml()


def newest_core() -> Version:
    """The newest line of ansible-core that the Python which runs nox can install."""
    here = Version(*sys.version_info[:2])
    return max(
        version
        for version in get_supported_core_versions()
        if isinstance(version, Version) and here in get_ansible_core_info(version).controller_python_versions
    )


def install_core(session: nox.Session, *more: str) -> None:
    core = newest_core()
    session.log(f"ansible-core {core}, the newest line for Python {sys.version_info[0]}.{sys.version_info[1]}")
    session.install(f"ansible-core~={core}.0", "-r", "requirements.txt", *more)


@contextmanager
def collection_tree(session: nox.Session) -> Iterator[CollectionSetup]:
    """A copy of the collection below a folder ``ansible_collections``, which is the current folder meanwhile."""
    setup = prepare_collections(session, install_in_site_packages=False, install_out_of_tree=True)
    if setup is None:
        session.error("The collection could not be put into a tree of collections.")
    with session.chdir(setup.current_path):
        yield setup


def ansible_test(session: nox.Session, command: str) -> None:
    """Run ansible-test in a home directory of its own.

    ansible-test wants to download get-pip from a host of its project; it does not where it finds one in its cache.
    Python has a pip to install with it, so the cache gets a script that takes that: no other host is needed.
    """
    home = folder_of(session, "home")
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    for pip in set(re.findall(r"\bpip='([\d.]+)'", requirements_source(session))):
        (cache / f"get_pip_{pip.replace('.', '_')}.py").write_text("import ensurepip\n\nensurepip.bootstrap()\n")
    env = {"HOME": str(home), "PATH": path_of_interpreters(session)}
    session.run("ansible-test", command, "--venv", "--color", "auto", *session.posargs, env=env)


def folder_of(session: nox.Session, name: str) -> Path:
    """A new folder, of this run of the session alone, that is gone when nox ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"{session.name}-{name}-", dir=ROOT / "build"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def interpreters() -> dict[str, Path]:
    """The working Pythons of this machine from 3.8 on, by version: those on the PATH and those of a version manager.

    A version manager's stand-ins on the PATH answer to every version, and fail for most of them.
    """
    names = [f"python3.{minor}" for minor in range(8, 20)]
    return {name: found for name in names if (found := interpreter(name)) is not None}


def interpreter(name: str) -> Path | None:
    """The first working Python of this name (``python3.12``), or None where there is none."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which(name) or name, *map(str, sorted(versions.glob(f"*/bin/{name}")))]
    return next((found for candidate in candidates if (found := executable_of(candidate)) is not None), None)


def first_python(*minors: int) -> str | None:
    """The first of these Pythons 3 that works on this machine, or None where none does."""
    found = (interpreter(f"python3.{minor}") for minor in minors)
    return next((str(python) for python in found if python is not None), None)


def executable_of(python: str) -> Path | None:
    """The file that runs as ``python``, or None where none does."""
    command = [python, "-c", "import sys, venv; print(sys.executable)"]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(tried.stdout.strip())


def path_of_interpreters(session: nox.Session) -> str:
    """A PATH on which ansible-test finds every working Python, and none that only looks like one."""
    links = folder_of(session, "interpreters")
    for name, executable in interpreters().items():
        (links / name).symlink_to(executable)
    rest = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    return os.pathsep.join([session.bin, str(links), *rest])


def requirements_source(session: nox.Session) -> str:
    """The part of the installed ansible-test that names the versions of pip that it looks for."""
    where = "import ansible_test._internal.python_requirements as module; print(module.__file__)"
    return Path(str(session.run("python", "-c", where, silent=True)).strip()).read_text()


@contextmanager
def simulators(session: nox.Session, output: Path) -> Iterator[None]:
    """The three simulators run meanwhile, and have written ``output``. They end with nox, however that ends."""
    command = ["-m", "simulators", "--output", str(output), "--until-stdin-closes"]
    process = subprocess.Popen(
        [str(Path(session.bin) / "python"), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        if not process.stdout.readline():
            session.error("The simulators did not start.")
        try:
            yield
        finally:
            process.terminate()


def built(session: nox.Session) -> Path:
    """The tarball that ``make dist`` builds, in a folder of its own."""
    folder = folder_of(session, "dist")
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(folder), silent=True)
    return next(folder.iterdir())


def installed(session: nox.Session) -> Path:
    """A new folder for collections, with the collection in it, installed from its tarball."""
    folder = folder_of(session, "collections")
    session.run("ansible-galaxy", "collection", "install", "-p", str(folder), str(built(session)), silent=True)
    return folder


@nox.session
def sanity(session: nox.Session) -> None:
    """Run ansible-test sanity, without anything ignored."""
    install_core(session)
    with collection_tree(session):
        ansible_test(session, "sanity")


@nox.session
def units(session: nox.Session) -> None:
    """Run the unit tests through ansible-test."""
    install_core(session)
    with collection_tree(session):
        ansible_test(session, "units")


@nox.session
def integration(session: nox.Session) -> None:
    """Run the integration targets through ansible-test, against the simulators."""
    install_core(session, "-r", SIMULATORS_REQUIREMENTS)
    with collection_tree(session) as tree:
        answers = folder_of(session, "simulators") / "simulators.json"
        with simulators(session, answers):
            config = {"simulators": json.loads(answers.read_text())}
            (tree.current_path / "tests/integration/integration_config.yml").write_text(json.dumps(config))
            ansible_test(session, "integration")


@nox.session
def system(session: nox.Session) -> None:
    """Run whole playbooks from the built collection, as a user does; and try the simulators themselves."""
    install_core(session, "-r", SIMULATORS_REQUIREMENTS, "-r", "tests/system/requirements.txt")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(installed(session)), "PYTHONPATH": str(ROOT / "tests")}
    # Most of the time these tests wait. Each worker has simulators of its own. The end tells what was skipped, and why.
    workers = ["-n", "3", "--dist", "loadfile", "-rs"]
    session.run("python", "-m", "pytest", *workers, *(session.posargs or ["tests/system"]), env=env)


@nox.session
@nox.parametrize(
    ("core", "python"),
    [
        nox.param("ansible-core~=2.16.0", first_python(12, 11, 10), id="oldest"),
        nox.param("ansible-core", first_python(*range(19, 9, -1)), id="newest"),
    ],
)
def examples(session: nox.Session, core: str) -> None:
    """Run README's examples from the built collection, with the oldest ansible-core or the newest and nothing else."""
    if session.python is None:
        session.skip(f"This machine has no Python that can install {core}.")
    session.install(core, "-r", "requirements.txt", "-r", SIMULATORS_REQUIREMENTS, "pytest")
    session.run("ansible", "--version")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(installed(session)), "PYTHONPATH": str(ROOT / "tests")}
    session.run("python", "-m", "pytest", "tests/system/test_examples.py", "-k", "in_a_page", *session.posargs, env=env)


@nox.session(name="build-import-check")
def build_import_check(session: nox.Session) -> None:
    """Build the collection, and have Galaxy's importer judge it: a warning fails this, too."""
    session.install("ansible-core", "galaxy-importer")
    tarball = built(session)
    with session.chdir(tarball.parent):
        env = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true"}
        log = str(session.run("python", "-m", "galaxy_importer.main", tarball.name, env=env, silent=True))
    complaints = [line for line in log.splitlines() if line.startswith(("WARNING:", "ERROR:"))]
    if complaints:
        session.error("Galaxy's importer says:\n" + "\n".join(complaints))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into build/docs/html; a warning fails it. With "linkcheck": ask the links' hosts."""
    install_core(session, "-r", "docs/site/requirements.txt")
    build = ROOT / "build/docs"
    source = build / "rst"
    shutil.rmtree(source, ignore_errors=True)
    # antsibull-docs refuses a folder that others may write.
    source.mkdir(mode=0o755, parents=True)
    with collection_tree(session) as tree:
        command = ["antsibull-docs", "--config-file", str(ROOT / "docs/site/antsibull-docs.cfg"), "collection"]
        options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(source)]
        env = {"ANSIBLE_COLLECTIONS_PATH": str(tree.current_place)}
        session.run(*command, *options, "mops.maintenance", env=env)
    shutil.copy("docs/site/index.rst", source)
    # antsibull-docs takes guides along, but no pictures.
    shutil.copy("docs/docsite/rst/architecture.svg", source / "docsite")
    builder = session.posargs[0] if session.posargs else "html"
    folders = ["-c", "docs/site", "-d", str(build / "doctrees"), str(source), str(build / builder)]
    session.run("sphinx-build", "-b", builder, "-W", "--keep-going", *folders)
