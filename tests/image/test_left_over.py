# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on the server when a container is killed is cancelled by the next run, or goes on, as on_timeout says."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from runs import eventually, playbook

from image.conftest import PATIENCE_SECONDS, Container, Containers
from simulators.launch import Simulators

KILLS = int(os.environ.get("MOPS_KILLS", "3"))
"""How many containers are killed. Whoever changes what is listed tries 50."""

WAIT = """
- mops.maintenance.mailstore_operation:
    state_dir: "{{ lookup('ansible.builtin.env', 'XDG_STATE_HOME') }}/mops.maintenance/mailstore_store_verification"
  register: waited
- ansible.builtin.debug:
    msg: "Waited for {{ waited.operations | map(attribute='what') | list }}"
"""


def verify(containers: Containers, **variables: str) -> Container:
    return containers.play(
        "mailstore_store_verification", {"mailstore_store_verification_instances": "alpha", **variables}
    )


def statuses(simulators: Simulators) -> list[str]:
    return [process["status_code"] for process in simulators.state("mailstore")["processes"]]


def listed(folder: Path) -> list[Path]:
    return list(folder.glob("state/**/*.process.json"))


@pytest.mark.parametrize("number", range(KILLS))
def test_the_next_run_cancels_what_was_left_running(
    simulators: Simulators, containers: Containers, folder: Path, number: int
) -> None:
    simulators.processes({"seconds": 300, "steps": 300})
    killed = verify(containers)
    assert eventually(lambda: len(listed(folder)) == 3, PATIENCE_SECONDS), killed.ended(1)
    time.sleep(random.Random(number).uniform(0, 3))
    killed.kill()
    assert statuses(simulators) == ["running"] * 3
    simulators.processes({"seconds": 0.5, "steps": 1})
    status, output = verify(containers).ended()
    assert status == 0, output
    assert "A run that was killed had left a process running on the server" in " ".join(output.split())
    assert (statuses(simulators), listed(folder)) == (["cancelled"] * 3 + ["succeeded"] * 3, [])


def test_what_is_to_be_detached_goes_on_and_can_be_waited_for(
    simulators: Simulators, containers: Containers, folder: Path
) -> None:
    simulators.processes({"seconds": 60, "steps": 60})
    killed = verify(containers, mailstore_store_verification_on_timeout="detach")
    assert eventually(lambda: len(listed(folder)) == 3, PATIENCE_SECONDS), killed.ended(1)
    killed.kill()
    status, output = containers.start("ansible-playbook", playbook(folder, WAIT)).ended()
    assert status == 0, output
    assert "VerifyStore [alpha/2026]" in output
    assert (statuses(simulators), listed(folder)) == (["succeeded"] * 3, [])
