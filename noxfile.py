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
from antsibull_nox.sessions.collections import CollectionSetup, prepare_collections
from antsibull_nox.utils import Version

ROOT = Path(__file__).parent
sys.path.append(str(ROOT / "tests"))

from lines import Line, able, interpreters, lines, newest_here, oldest_python  # noqa: E402

SIMULATORS_REQUIREMENTS = "tests/simulators/requirements.txt"
ANSIBLE_TEST_TARGET = "mailstore_info"
"""Enough to see that targets run under ansible-test, where all of them take five times as long."""

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.envdir = "build/nox"
nox.options.reuse_existing_virtualenvs = True
antsibull_nox.load_antsibull_nox_toml()
os.environ["PIP_NO_COMPILE"] = "1"  # each session uses little of what is installed for it
os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # as pip does


def install_core(session: nox.Session, *more: str) -> None:
    line = newest_here()
    session.log(f"ansible-core {line.core}, the newest line for Python {sys.version_info[0]}.{sys.version_info[1]}")
    session.install(line.requirement, "-r", "requirements.txt", *more)


def install_line(session: nox.Session, core: str, *more: str) -> Line:
    line = next(line for line in lines() if str(line.core) == core)
    if line.why_not is not None:
        session.skip(f"ansible-core {core}: {line.why_not}")
    session.install(line.requirement, "-r", "requirements.txt", *more)
    return line


@contextmanager
def collection_tree(session: nox.Session) -> Iterator[CollectionSetup]:
    """A copy of the collection below a folder ``ansible_collections``, which is the current folder meanwhile."""
    setup = prepare_collections(session, install_in_site_packages=False, install_out_of_tree=True)
    if setup is None:
        session.error("The collection could not be put into a tree of collections.")
    with session.chdir(setup.current_path):
        yield setup


def ansible_test(session: nox.Session, command: str, *arguments: str) -> None:
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
    session.run("ansible-test", command, "--venv", "--color", "auto", *(arguments or session.posargs), env=env)


def folder_of(session: nox.Session, name: str) -> Path:
    """A new folder, of this run of the session alone, that is gone when nox ends."""
    prefix = re.sub(r"[^\w.]+", "-", f"{session.name}-{name}-")
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=ROOT / "build"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def first_python(*minors: int) -> str | None:
    """The first of these Pythons 3 that works on this machine, or None where none does."""
    found = (interpreters().get(Version(3, minor)) for minor in minors)
    return next((str(python) for python in found if python is not None), None)


def path_of_interpreters(session: nox.Session) -> str:
    """A PATH on which ansible-test finds every working Python, and none that only looks like one."""
    links = folder_of(session, "interpreters")
    for version, executable in interpreters().items():
        (links / f"python{version}").symlink_to(executable)
    rest = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    return os.pathsep.join([session.bin, str(links), *rest])


def requirements_source(session: nox.Session) -> str:
    """The part of the installed ansible-test that names the versions of pip that it looks for."""
    where = "import ansible_test._internal.python_requirements as module; print(module.__file__)"
    return Path(str(session.run("python", "-c", where, silent=True)).strip()).read_text()


@contextmanager
def serving(session: nox.Session, *command: str) -> Iterator[None]:
    """A Python of the session runs ``command`` meanwhile, and has printed a line. It ends when nox does, in any way."""
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
            session.error(f"This did not start: {' '.join(command)}.")
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


every_line = nox.parametrize(
    ("core", "python"), [nox.param(str(line.core), line.executable, id=str(line.core)) for line in lines()]
)


@nox.session
@every_line
def units(session: nox.Session, core: str) -> None:
    """Run the unit tests on a line of ansible-core; on the oldest, by ansible-test with the oldest Python as well."""
    line = install_line(session, core, "-r", "tests/unit/requirements.txt")
    with collection_tree(session) as tree:
        run_pytest(session, tree)
        if line == able()[0]:
            ansible_test(session, "units", "--python", str(oldest_python()), *session.posargs)


def run_pytest(session: nox.Session, tree: CollectionSetup) -> None:
    """Run the unit tests by pytest alone, for ansible-test starts a process for each: three times the work."""
    loading = "from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()"
    command = ["python", "-c", f"import sys, pytest; {loading}; sys.exit(pytest.main())", "--quiet"]
    # Files of the same name lie in several folders.
    command += ["--import-mode", "importlib", *(session.posargs or ["tests/unit"])]
    session.run(*command, env={"ANSIBLE_COLLECTIONS_PATH": str(tree.current_place)})


@nox.session
@every_line
def integration(session: nox.Session, core: str) -> None:
    """Run the integration targets on a line of ansible-core; on this Python's newest, one by ansible-test as well."""
    line = install_line(session, core, "-r", SIMULATORS_REQUIREMENTS)
    with collection_tree(session) as tree:
        answers = folder_of(session, "simulators") / "simulators.json"
        with serving(session, "-m", "simulators", "--output", str(answers), "--until-stdin-closes"):
            config = {"simulators": json.loads(answers.read_text())}
            (tree.current_path / "tests/integration/integration_config.yml").write_text(json.dumps(config))
            play_targets(session, tree)
            if line == newest_here() and not session.posargs:
                ansible_test(session, "integration", ANSIBLE_TEST_TARGET)


def play_targets(session: nox.Session, tree: CollectionSetup) -> None:
    """Play the integration targets as ansible-test does, each on a host of its own, but all in one ansible-playbook.

    Their modules run in a warm Python. Both together make it three times as fast.
    """
    folder = tree.current_path / "tests/integration"
    warm = folder_of(session, "warm")
    targets = session.posargs or sorted(aliases.parent.name for aliases in folder.glob("targets/*/aliases"))
    common = {
        "ansible_connection": "local",
        "ansible_pipelining": True,
        "ansible_python_interpreter": str(warm / "python"),
    }
    inventory = {"all": {"hosts": dict.fromkeys(targets), "vars": common}}
    playbook = [
        {"hosts": target, "gather_facts": False, "vars_files": ["integration_config.yml"], "roles": [target]}
        for target in targets
    ]
    (folder / "inventory.json").write_text(json.dumps(inventory))
    (folder / "targets.yml").write_text(json.dumps(playbook))
    # Much as a play of these modules does by itself: looking for results else takes as long as many a task.
    (folder / "ansible.cfg").write_text("[defaults]\ninternal_poll_interval = 0.01\n")
    env = {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "PYTHONPATH": str(ROOT / "tests/quick_python"),
        "ANSIBLE_COLLECTIONS_PATH": str(tree.current_place),
        "ANSIBLE_ROLES_PATH": str(folder / "targets"),
        "ANSIBLE_HOME": str(folder_of(session, "home")),
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
    }
    with serving(session, "-m", "warm", str(warm)), session.chdir(folder):
        session.run("ansible-playbook", "--inventory", "inventory.json", "targets.yml", env=env)


@nox.session
def system(session: nox.Session) -> None:
    """Run whole playbooks from the built collection, as a user does; and try the simulators themselves."""
    install_core(session, "-r", SIMULATORS_REQUIREMENTS, "-r", "tests/system/requirements.txt")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(installed(session)), "PYTHONPATH": str(ROOT / "tests")}
    # Most of the time these tests wait. Each worker has simulators of its own. The end tells what was skipped, and why.
    workers = ["-n", "3", "--dist", "loadfile", "-rs"]
    # README's examples have a session of their own.
    session.run(
        "python", "-m", "pytest", *workers, *(session.posargs or ["tests/system", "-k", "not in_a_page"]), env=env
    )


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
    tests = ["tests/system/documentation/test_examples.py", "-k", "in_a_page", *session.posargs]
    session.run("python", "-m", "pytest", *tests, env=env)


@nox.session
@nox.parametrize(
    ("core", "python"),
    [
        nox.param("ansible-core~=2.16.0", first_python(12, 11, 10), id="oldest"),
        nox.param("ansible-core", first_python(*range(19, 9, -1)), id="newest"),
    ],
)
def jobs(session: nox.Session, core: str) -> None:
    """Run the shipped playbooks as AWX runs them, in job images with the oldest ansible-core or the newest."""
    if session.python is None:
        session.skip(f"This machine has no Python that can install {core}.")
    session.install(core, "-r", "requirements.txt", "-r", SIMULATORS_REQUIREMENTS)
    session.install("-r", "tests/system/requirements.txt")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(installed(session)), "PYTHONPATH": str(ROOT / "tests")}
    tests = session.posargs or [f"tests/system/awx/test_runner_{name}.py" for name in ("playbooks", "answers")]
    session.run("python", "-m", "pytest", "-n", "3", *tests, env=env)


@nox.session(name="execution-environment")
def execution_environment(session: nox.Session) -> None:
    """Build the execution environment, and run every shipped playbook in it. It takes Podman."""
    install_core(session, "-r", SIMULATORS_REQUIREMENTS, "-r", "tests/system/requirements.txt", "ansible-navigator")
    tarball = built(session)
    env = {"PYTHONPATH": os.pathsep.join((str(ROOT / "tests"), str(ROOT / "tests/system")))}
    missing = str(
        session.run("python", "-c", "from image.podman import why_not; print(why_not() or '')", env=env, silent=True)
    )
    if missing.strip():
        session.skip(f"{missing.strip()} Debian and Ubuntu have it: apt-get install podman buildah runc debootstrap")
    session.run("python", "-m", "image", str(tarball), env=env)
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/image"]), env=env)


@nox.session(name="build-import-check")
def build_import_check(session: nox.Session) -> None:
    """Build the collection, and have Galaxy's importer judge it: a warning fails this, too."""
    session.install("ansible-core", "galaxy-importer")
    tarball = built(session)
    with session.chdir(tarball.parent):
        # ansible-lint has a session of its own, which is stricter.
        env = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true", "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
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
