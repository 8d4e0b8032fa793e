# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real AWX is set up, changed, and left as it was. It runs where one is given, by AWX_URL and AWX_TOKEN.

The token is a system administrator's. All that is made lies in an organization of the test's own, but for credential
types with a prefix of the test's own. For Automation Platform 2.5 and later, which lets nobody make an organization by
the controller's API, AWX_ORGANIZATION names an empty one, and AWX_COLLECTIONS a folder of collections with
ansible.controller. Where AWX_SCM_URL names a repository that AWX can reach, the project is synced as well.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import Run, finish, start
from test_awx_setup import SCM_URL, awx_collections, changes  # noqa: F401 # pylint: disable=unused-import

pytestmark = pytest.mark.skipif(
    not {"AWX_URL", "AWX_TOKEN"} <= os.environ.keys(), reason="No AWX is given: AWX_URL and AWX_TOKEN are not set."
)


@pytest.fixture
def set_up(awx_collections: Path, tmp_path: Path) -> Iterator[Any]:  # noqa: F811
    name = f"mops test {secrets.token_hex(4)}"
    always = {
        "awx_setup_organization": os.environ.get("AWX_ORGANIZATION", name),
        "awx_setup_organization_managed": "AWX_ORGANIZATION" not in os.environ,
        "awx_setup_prefix": f"{name}: ",
        "awx_setup_scm_url": os.environ.get("AWX_SCM_URL", SCM_URL),
        "awx_setup_project_sync": "changed" if "AWX_SCM_URL" in os.environ else "never",
    }
    collections = os.environ.get("AWX_COLLECTIONS", str(awx_collections))
    env = {
        "CONTROLLER_HOST": os.environ["AWX_URL"],
        "CONTROLLER_OAUTH_TOKEN": os.environ["AWX_TOKEN"],
        "CONTROLLER_VERIFY_SSL": os.environ.get("AWX_VERIFY_SSL", "true"),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], collections]),
    }

    def run(*options: str, **variables: Any) -> Run:
        file = tmp_path / "options.json"
        file.write_text(json.dumps({**always, **variables}))
        command = ["ansible-playbook", "mops.maintenance.awx_setup", "-e", f"@{file}", *options]
        return finish(start(command, tmp_path, env), timeout=1800)

    yield run
    assert changes(run(awx_setup_state="absent")) >= 0


def test_a_real_awx_is_set_up_once_changed_and_removed_again(set_up: Any) -> None:
    inputs = {"mailstore": {"host": "archive.example.com", "username": "admin", "password": secrets.token_hex(8)}}
    assert changes(set_up("--check", awx_setup_credential_inputs=inputs)) > 0
    assert changes(set_up(awx_setup_credential_inputs=inputs)) > 0
    assert changes(set_up(awx_setup_credential_inputs=inputs)) == 0
    assert changes(set_up("--check", awx_setup_credential_inputs=inputs)) == 0
    assert changes(set_up()) == 0, "what is not given any more of a credential stays"
    assert changes(set_up(awx_setup_job_slices=2)) > 0
    assert changes(set_up(awx_setup_job_slices=2)) == 0
    assert changes(set_up(awx_setup_state="absent")) > 0
    assert changes(set_up(awx_setup_state="absent")) == 0
