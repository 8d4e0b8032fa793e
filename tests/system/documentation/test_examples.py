# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example runs: those in the plugins' documentation, and in README. test_guides.py has those in the guides."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import commands, fenced_blocks, here, prepare, variables
from runs import ROOT, finish, play, start

from simulators.launch import Simulators

README = ROOT / "README.md"
WITHOUT_VERSION_8 = ("mailstore_credential",)
"""Modules whose functions only a current server has."""


def plugin_files(*kinds: str) -> list[Path]:
    return sorted(path for kind in kinds for path in (ROOT / "plugins" / kind).glob("[a-z]*.py"))


def examples_of(plugin: Path) -> str:
    found = re.search(r'^EXAMPLES = r?"""\n(.*?)^"""', plugin.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{plugin.name} has no EXAMPLES"
    return found.group(1)


def readme_blocks(*languages: str) -> list[Any]:
    blocks = [block for block in fenced_blocks(README) if block.language in languages]
    return [pytest.param(block.code, id=block.place) for block in blocks]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return prepare(tmp_path)


@pytest.fixture
def environment(simulators: Simulators) -> dict[str, str]:
    return variables(simulators)


# These need an AWX and awx.awx: test_awx_setup.py has both, and runs them.
@pytest.mark.parametrize(
    "plugin",
    [path for path in plugin_files("modules") if path.stem not in ("awx_module", "awx_request")],
    ids=lambda path: path.stem,
)
def test_example_in_the_documentation_of(plugin, folder, environment, simulators):
    if plugin.stem in WITHOUT_VERSION_8:
        environment.update(simulators.environment("basic"))
    run = play(folder, here(examples_of(plugin), folder), environment)
    assert run.returncode == 0, run.everything
    assert "[DEPRECATION" not in run.everything


def test_examples_in_the_documentation_of_lookups_and_filters(folder, environment):
    """They change nothing, so that one run shows all of them."""
    examples = (here(examples_of(plugin), folder) for plugin in plugin_files("lookup", "filter"))
    run = play(folder, "\n".join(examples), environment)
    assert run.returncode == 0, run.everything
    assert "[DEPRECATION" not in run.everything


@pytest.mark.parametrize("code", readme_blocks("yaml"))
def test_example_in_a_page(code, folder, environment):
    example = yaml.safe_load(code)
    if isinstance(example, dict):
        assert_requirements(example)
        return
    if "hosts" in example[0] or "ansible.builtin.import_playbook" in example[0]:
        path = folder / "example.yml"
        path.write_text(here(code, folder))
        run = finish(start(["ansible-playbook", str(path)], folder, environment))
    else:
        run = play(folder, here(code, folder), environment)
    assert run.returncode == 0, run.everything


def assert_requirements(document: dict[str, Any]) -> None:
    """What names collections to install names this one; Galaxy itself is not asked."""
    assert "mops.maintenance" in [collection["name"] for collection in document["collections"]]


@pytest.mark.parametrize("code", readme_blocks("bash", "console"))
def test_command_in_a_page(code, folder, environment):
    for command in commands(code):
        if command.startswith("ansible-playbook "):
            run = finish(start(shlex.split(here(command, folder)), folder, environment))
            assert run.returncode == 0, run.everything
        elif command.startswith("make "):
            assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        else:
            # The session that runs this has installed the collection from its tarball; Galaxy itself is not asked.
            assert re.fullmatch(
                r"ansible-galaxy collection install (mops\.maintenance|-r collections/requirements\.yml)", command
            )


def test_readme_names_every_plugin_role_and_playbook_there_is():
    readme = README.read_text()
    plugins = {path.stem for path in plugin_files("modules", "lookup", "filter", "inventory")}
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert {name for name in plugins | playbooks if f"`{name}`" not in readme} == set()
    assert {path.name for path in (ROOT / "roles").iterdir()} <= playbooks
