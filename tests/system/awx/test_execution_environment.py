# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-builder finds what the collection needs, and makes a build context of the shipped definition.

The image itself is built and run by tests/image.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from runs import ROOT, Run, finish, start

DEFINITION = ROOT / "execution-environment.yml"


def builder(folder: Path, *words: str) -> Run:
    run = finish(start(["ansible-builder", *words], folder, {}))
    assert run.returncode == 0, run.everything
    return run


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build context of the shipped definition."""
    folder = tmp_path_factory.mktemp("builder")
    options = ["--context", "context", "--output-filename", "Containerfile"]
    builder(folder, "create", "--file", str(DEFINITION), *options)
    return folder / "context"


def test_builder_finds_requests_in_the_installed_collection_and_nothing_of_the_system(tmp_path):
    found = builder(tmp_path, "introspect", os.environ["ANSIBLE_COLLECTIONS_PATH"]).stdout
    dependencies = yaml.safe_load(found)
    ours = [line for line in dependencies["python"] if "from collection mops.maintenance" in line]
    assert [line.split("#")[0].strip() for line in ours] == ["requests>=2.25.1"]
    assert not [line for line in dependencies["system"] if "mops.maintenance" in line]


def test_the_image_gets_the_collection_and_a_way_to_its_hosts(context):
    assert yaml.safe_load((context / "_build/requirements.yml").read_text()) == {
        "collections": [{"name": "mops.maintenance"}, {"name": "awx.awx"}]
    }
    assert (context / "_build/bindep.txt").read_text().split("\n") == [
        "openssh-clients [platform:rpm]",
        "openssh-client [platform:dpkg]",
    ]


def test_the_image_has_ansible_and_its_runner_for_one_python(context):
    lines = (context / "Containerfile").read_text().splitlines()
    base = yaml.safe_load(DEFINITION.read_text())["images"]["base_image"]["name"]
    for wanted in (
        f'ARG EE_BASE_IMAGE="{base}"',
        'ARG PYCMD="/usr/bin/python3"',
        'ARG PYPKG="python3 python3-pip"',
        'ARG PKGMGR="/usr/local/bin/package-manager"',
        'ARG ANSIBLE_INSTALL_REFS="ansible-core>=2.16 ansible-runner"',
        "RUN /output/scripts/check_ansible $PYCMD",
    ):
        assert wanted in lines, "\n".join(lines)
    # What the collection asks for is found, and installed, while the image is built.
    assert any(line.startswith("RUN $PYCMD /output/scripts/introspect.py introspect") for line in lines)


def test_the_definition_uses_an_image_that_needs_no_subscription():
    assert not yaml.safe_load(DEFINITION.read_text())["images"]["base_image"]["name"].startswith("registry.redhat.io/")
