# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide on AWX, step by step: from an empty AWX to a green job, and a workflow that repairs and tells the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import runner
from pages import guide_blocks
from runs import ROOT, finish, start
from test_awx_setup import SHIPPED, awx_collections, changes, objects  # noqa: F401 # pylint: disable=unused-import

from simulators.awx.launch import Awx, running
from simulators.launch import Simulators

GUIDE = list(guide_blocks(ROOT / "docs/docsite/rst/awx.rst"))
WORKFLOW = "mops: MailStore SPE health, mended"
LEFT_TO_PEOPLE_MENDED = [
    {"instanceID": "gamma", "status": "running", "start_stop_error": None},
    {"instanceID": "beta", "profile": 2, "failing": False},
]
"""What is wrong in the simulated archive and no function of maintenance sets right."""
HEALTH = "mops: MailStore SPE health"


@pytest.fixture(scope="module")
def awx() -> Iterator[Awx]:
    with running([f"playbooks/{name}.yml" for name in SHIPPED]) as started:
        yield started


class Operator:
    """Follows the guide on a machine of their own."""

    def __init__(self, awx: Awx, collections: Path, folder: Path) -> None:
        path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(collections)])
        self._environment = {"ANSIBLE_COLLECTIONS_PATH": path}
        self._login = awx.environment()
        self.folder = folder

    def follow(self, beginning: str) -> str:
        """Run the commands of the guide's block with this in it, as they stand but for where AWX is."""
        (block,) = [block for block in GUIDE if block.language == "console" and beginning in block.code]
        commands = [line[2:] for line in block.code.splitlines() if line.startswith("$ ")]
        lines = [f"export {name}={value}" for name, value in self._login.items()]
        lines += [line for line in commands if not line.startswith("export ")]
        run = finish(start(["bash", "-ec", "\n".join(lines)], self.folder, self._environment), timeout=600)
        assert run.returncode == 0, run.everything
        return run.stdout

    def play(self) -> str:
        """Run the guide's own playbook."""
        (block,) = [block for block in GUIDE if block.code.startswith("- name: Set up AWX")]
        (self.folder / "setup.yml").write_text(block.code)
        command = ["ansible-playbook", "setup.yml"]
        run = finish(start(command, self.folder, {**self._environment, **self._login}), timeout=600)
        assert run.returncode == 0, run.everything
        return run.stdout


@pytest.fixture
def operator(awx: Awx, awx_collections: Path, tmp_path: Path) -> Operator:  # noqa: F811
    """With an AWX that has nothing but what every AWX has."""
    awx.control("POST", "reset")
    return Operator(awx, awx_collections, tmp_path)


def fill_in(awx: Awx, simulators: Simulators) -> None:
    """What a person does after the set-up: the credential of MailStore."""
    credential = objects(awx, "credentials")["mops: MailStore SPE"]
    inputs = runner.entered(simulators)["mailstore"]
    awx.request("PATCH", f"/api/v2/credentials/{credential['id']}/", {"inputs": inputs})


def functions(simulators: Simulators) -> dict[str, int]:
    called: dict[str, int] = simulators.state("mailstore")["functions"]
    return called


# To set up AWX takes more than anything after it, so all that the guide does with it is one test, in the guide's order.
def test_the_guide_leads_from_an_empty_awx_to_green_jobs_and_a_workflow_that_says_what_it_left(
    awx: Awx, operator: Operator, simulators: Simulators, tmp_path: Path
) -> None:
    told = operator.follow("ansible-playbook mops.maintenance.awx_setup -e awx_setup_scm_url")
    assert 'MailStore SPE health\\" first. It only reads' in told
    templates = objects(awx, "job_templates").values()
    assert sorted(each["playbook"] for each in templates) == [f"playbooks/{name}.yml" for name in SHIPPED]
    writes = awx.state()["writes"]
    assert "changed=0" in operator.follow("ansible-playbook mops.maintenance.awx_setup -e awx_setup_scm_url")
    assert awx.state()["writes"] == writes
    fill_in(awx, simulators)
    dispatcher = runner.Dispatcher(awx, tmp_path)

    job = dispatcher.launch(HEALTH, extra_vars={"mailstore_health_fail_on": "never"})
    assert job.status == "successful", job.output
    job = dispatcher.launch("mops: MailStore SPE maintenance", extra_vars={})
    assert job.hosts_of("Do what is due"), job.output
    assert "WARNING" not in "\n".join(job.lines()[:3])

    simulators.reset("mailstore")
    simulators.control("mailstore", "POST", "archive", LEFT_TO_PEOPLE_MENDED)
    simulators.processes({"seconds": 0.3, "steps": 1})
    status, ran = dispatcher.launch_workflow(WORKFLOW)
    assert status == "successful", "".join(job.output for job in ran.values())
    assert list(ran) == ["repairs", "health-again"]
    assert functions(simulators)["UpgradeStore"] == 1
    assert any(name.startswith("Rebuild") for name in functions(simulators))
    assert not {"VerifyStore", "CompactStore"} & functions(simulators).keys(), "that is for the night"
    assert "Rebuild" not in ran["health-again"].output

    simulators.reset("mailstore")
    simulators.processes({"seconds": 0.3, "steps": 1})
    status, ran = dispatcher.launch_workflow(WORKFLOW)
    assert status == "failed", "something is left to people"
    assert (ran["repairs"].status, ran["health-again"].status) == ("successful", "failed")
    assert functions(simulators)["UpgradeStore"] == 1
    assert "Start what does not run (1): gamma" in ran["health-again"].output
    assert "Upgrade stores" not in ran["health-again"].output

    simulators.reset("mailstore")
    simulators.control("mailstore", "POST", "archive", LEFT_TO_PEOPLE_MENDED)
    simulators.processes({"function": "UpgradeStore", "outcome": "failed"}, {"seconds": 0.3, "steps": 1})
    status, ran = dispatcher.launch_workflow(WORKFLOW)
    assert status == "failed", "a repair has failed"
    assert list(ran) == ["repairs", "health-after-failure"]
    assert "Upgrade stores (1): beta/2023" in ran["health-after-failure"].output

    operator.follow("awx_setup_state=absent")
    assert objects(awx, "job_templates") == {}


@pytest.mark.slow
def test_the_guides_own_playbook_is_taken_by_awx(awx: Awx, operator: Operator) -> None:
    awx.request("POST", "/api/v2/organizations/", {"name": "Operations"})
    image = awx.request("POST", "/api/v2/execution_environments/", {"name": "mops", "image": "mops:1"})["id"]
    organization = objects(awx, "organizations")["Operations"]["id"]
    awx.request("POST", "/api/v2/inventories/", {"name": "Gateways", "organization": organization})
    operator.play()
    assert {each["execution_environment"] for each in objects(awx, "job_templates").values()} == {image}
    assert len(objects(awx, "schedules")) == 2
    (count,) = {line.split("changed=")[1].split()[0] for line in operator.play().splitlines() if "changed=" in line}
    assert count == "0"
