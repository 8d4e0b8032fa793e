# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Automation Platform 2.5 and later is set up by the collection that comes with it, through the platform's gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pages import guide_blocks
from runs import ROOT, finish, start
from test_awx_setup import awx, awx_collections, changes, objects, set_up, started  # noqa: F401 # pylint: disable=unused-import

from simulators.awx.launch import Awx

GUIDE = list(guide_blocks(ROOT / "docs/docsite/rst/awx.rst"))

# What AWX's own build replaces to make ansible.controller of awx.awx: awx_collection/tools/roles/template_galaxy.
NAMES = {"namespace": "ansible", "name": "controller"}
REPLACED = (
    ("plugins/module_utils/controller_api.py", r'^    _COLLECTION_VERSION = ".*"', '    _COLLECTION_VERSION = "4.6.1"'),
    ("plugins/module_utils/controller_api.py", r'^    _COLLECTION_TYPE = "awx"', '    _COLLECTION_TYPE = "controller"'),
    (
        "plugins/*/*.py",
        r"^extends_documentation_fragment: awx.awx.auth([a-zA-Z0-9_]*)$",
        r"extends_documentation_fragment: ansible.controller.auth\1",
    ),
    (
        "plugins/inventory/controller.py",
        r"^    NAME = 'awx.awx.controller'",
        "    NAME = 'ansible.controller.controller'",
    ),
    ("meta/runtime.yml", r"awx\.awx\.", "ansible.controller."),
    ("MANIFEST.json", r'"(namespace|name)": "awx"', lambda match: f'"{match[1]}": "{NAMES[match[1]]}"'),
)


@pytest.fixture
def platform(awx: Awx) -> Awx:  # noqa: F811
    awx.request("POST", "/api/v2/organizations/", {"name": "Operations"})
    awx.control("POST", "settings", {"gateway": True, "links_unseen": True})
    return awx


@pytest.fixture
def controller(awx_collections: Path, tmp_path: Path) -> dict[str, str]:  # noqa: F811
    """An environment with ansible.controller, and without awx.awx."""
    made = tmp_path / "platform"
    target = made / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(awx_collections / "ansible_collections" / "awx" / "awx", target)
    for pattern, expression, replacement in REPLACED:
        for file in target.glob(pattern):
            before = file.read_text()
            file.write_text(re.sub(expression, replacement, before, flags=re.MULTILINE))
    return {"ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(made)])}


@pytest.mark.slow
def test_the_platform_is_set_up_by_its_own_collection_once(
    platform: Awx,
    set_up: Any,  # noqa: F811
    controller: dict[str, str],
    tmp_path: Path,
) -> None:
    """The first run is the guide's own playbook, which has the login in `module_defaults`."""
    options = {"awx_setup_templates": ["mailstore_health", "mailstore_maintenance"]}
    (block,) = [block for block in GUIDE if block.code.startswith("- name: Set up Automation Platform")]
    assert "https://platform.example.com" in block.code
    (tmp_path / "setup.yml").write_text(
        block.code.replace("https://platform.example.com", f"http://127.0.0.1:{platform.port}")
    )
    (tmp_path / "vault.yml").write_text(f"vault_platform_token: {platform.login.token}\n")
    command = ["ansible-playbook", "setup.yml", "-e", json.dumps(options)]
    first = finish(start(command, tmp_path, controller), timeout=600)
    assert changes(first) > 0
    assert platform.login.token not in first.everything
    assert objects(platform, "organizations")["Operations"]["linked"]["galaxy_credentials"]

    wanted = {**options, "awx_setup_organization": "Operations", "env": controller}
    nodes = objects(platform, "workflow_job_template_nodes")
    assert nodes["repairs"]["linked"]["success_nodes"] == [nodes["health-again"]["id"]]
    before = platform.state()["writes"]
    # The first one is the test's own.
    assert all(write.partition(" ")[2].startswith("/api/controller/v2/") for write in before[1:])

    second = set_up(**wanted)
    assert changes(second) == 0
    assert platform.state()["writes"] == before
    assert "version of this collection" not in second.everything, "the collection is that of the platform"

    # AWX removes inventories in the background, and refuses to be asked twice.
    platform.control("POST", "settings", {"inventories_linger": True})
    leaving = objects(platform, "inventories")["mops: localhost"]
    platform.request("DELETE", f"/api/controller/v2/inventories/{leaving['id']}/")
    assert changes(set_up(**wanted, awx_setup_state="absent")) > 0
    assert not objects(platform, "job_templates")
    early = set_up(**wanted)
    assert early.returncode == 2
    assert "AWX is still removing mops: " in early.everything.replace("\n", " ")


def test_an_organization_is_for_the_platform_to_make(
    platform: Awx,
    set_up: Any,  # noqa: F811
    controller: dict[str, str],
) -> None:
    missing = {"awx_setup_organization": "Nowhere", "awx_setup_organization_managed": True}
    refused = set_up(env=controller, **missing)
    assert refused.returncode == 2
    assert "by the collection ansible.platform" in refused.everything.replace("\n", " ")
    assert objects(platform, "organizations").keys() == {"Default", "Operations"}


def test_who_looks_for_the_api_in_the_wrong_place_is_told_which_collection_looks_where(
    platform: Awx,
    set_up: Any,  # noqa: F811
) -> None:
    lost = set_up()
    assert lost.returncode == 2
    told = lost.everything.replace("\n", " ")
    assert "could not be found at /api/v2/organizations/" in told
    assert "/api/controller/v2/, where ansible.controller does" in told
    assert platform.state()["writes"] == ["POST /api/v2/organizations/"], "that is the test's own"
