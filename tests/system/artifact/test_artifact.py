# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy and Automation Hub get: what users need, and nothing else, described as certification asks for it."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from runs import ROOT, finish, start

NEEDED = re.compile(
    r"""
    COPYING | README\.md | CHANGELOG\.md | requirements\.txt | execution-environment(\.yml|/end-last)
    | (MANIFEST|FILES)\.json                                        # what Galaxy adds
    | meta/(extensions|execution-environment|runtime)\.yml
    | playbooks/\w+\.yml
    | plugins/(action|doc_fragments|filter|inventory|lookup|module_utils|modules|plugin_utils)/(\w+/)*\w+\.py
    | roles/\w+/(README\.md | (defaults|handlers|meta|tasks|vars)/\w+\.yml | (files|templates)/[\w/-]+(\.[a-z0-9]+)+)
    | extensions/eda/(plugins/event_source/\w+\.py | rulebooks/\w+\.yml)
    """,
    re.VERBOSE,
)
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Use cases",
    "Testing",
    "Contributing",
    "Support",
    "Release notes and roadmap",
    "Related information",
    "License information",
]
# Of the parts that make the collection, git knows no file that the tarball lacks.
PARTS = ("extensions", "meta", "playbooks", "plugins", "roles")


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as `make dist` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    run = finish(start(["ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT)], folder, {}))
    assert run.returncode == 0, run.everything
    assert "[WARNING]" not in run.everything
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def packed(tarball: Path) -> set[str]:
    """The files in the tarball."""
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive if not member.isdir()}


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text()


def test_the_tarball_holds_nothing_that_users_do_not_need(packed):
    assert {name for name in packed if not NEEDED.fullmatch(name)} == set()


def test_the_tarball_holds_every_file_of_the_collection(packed, tmp_path):
    listed = finish(start(["git", "-C", str(ROOT), "ls-files", *PARTS], tmp_path, {})).stdout.splitlines()
    known = {name for name in listed if (ROOT / name).exists()}
    assert known
    assert known - packed == set()


def test_the_tarball_names_its_licence_and_depends_on_no_other_collection(tarball):
    with tarfile.open(tarball) as archive:
        manifest = archive.extractfile("MANIFEST.json")
        assert manifest is not None
        about = json.load(manifest)["collection_info"]
    assert (about["namespace"], about["name"], about["license_file"]) == ("mops", "maintenance", "COPYING")
    assert about["dependencies"] == {}


def test_requirements_are_lower_bounds_and_name_no_ansible():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert requirements
    for requirement in requirements:
        assert requirement.name not in ("ansible", "ansible-core")
        assert {specifier.operator for specifier in requirement.specifier} <= {">="}, requirement


def test_readme_has_the_sections_that_certification_asks_for_in_its_order(readme):
    headings = re.findall(r"^## (.+)$", readme, re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS


def test_readme_can_be_read_where_its_repository_is_not(readme):
    targets = re.findall(r"\]\(([^)]+)\)", readme)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []
    assert not re.search(r"pip install.* ansible(-core)?\b", readme)


def test_the_changelog_lints_and_its_pages_are_what_it_generates(tmp_path):
    shutil.copytree(ROOT / "changelogs", tmp_path / "changelogs")
    shutil.copy(ROOT / "galaxy.yml", tmp_path)
    for command in ("lint", "generate"):
        run = finish(start(["antsibull-changelog", command], tmp_path, {}))
        assert run.returncode == 0, run.everything
    for page in ("CHANGELOG.md", "CHANGELOG.rst"):
        assert (tmp_path / page).read_text() == (ROOT / page).read_text()


def test_what_is_built_has_not_been_released_yet_or_is_what_was_released_last():
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    releases = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text())["releases"]
    newest = max(releases, key=numbers)
    assert numbers(version) >= numbers(newest)
    if version == newest:
        assert not list((ROOT / "changelogs/fragments").glob("*.yml")), "galaxy.yml needs the next version"


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
