# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job that AWX divides into slices over the MailStore inventory works on each instance exactly once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import runner

from simulators.launch import Options, running

SLICES = 3


@pytest.mark.slow
def test_slices_work_on_each_instance_exactly_once(tmp_path: Path) -> None:
    with running(Options(fleet=7, seed=7, mailstore_process_seconds=0.2)) as simulators:
        inventory = runner.mailstore_inventory(simulators, tmp_path / "update")
        folders = [tmp_path / f"slice{number}" for number in range(1, SLICES + 1)]
        for number, folder in enumerate(folders, start=1):
            runner.prepare(
                folder,
                {"mailstore": runner.entered(simulators)["mailstore"]},
                inventory=runner.sliced(inventory, number, SLICES),
                extra_vars={
                    "mailstore_maintenance_state_dir": str(tmp_path / "state"),
                    "mailstore_maintenance_compact_days": 0,
                },
            )
        processes = [runner.launch(folder, "mailstore_maintenance") for folder in folders]
        slices = [runner.ended(folder, process) for folder, process in zip(folders, processes)]
        state = simulators.state("mailstore")
    for job in slices:
        assert job.status == "successful", job.output
        assert job.hosts_of("Do what is due"), "a slice without work proves nothing"
    instances = [name for name, status in state["instances"].items() if status == "running"]
    assert sorted(host for job in slices for host in job.hosts_of("Do what is due")) == sorted(instances)
    asked = [call["arguments"] for call in state["invocations"] if call["function"] == "GetStores"]
    # Once to see what is due, and once to do it.
    assert Counter(arguments["instanceID"] for arguments in asked) == dict.fromkeys(instances, 2)
    verified = [call["arguments"] for call in state["invocations"] if call["function"] == "VerifyStore"]
    assert set(Counter((arguments["instanceID"], arguments["id"]) for arguments in verified).values()) == {1}
    assert state["sessions"] == 0
