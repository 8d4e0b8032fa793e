# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much is done at once in a container with little memory."""

from __future__ import annotations

from pathlib import Path

from runs import eventually

from image.conftest import PATIENCE_SECONDS, Containers
from simulators.launch import Simulators

INVENTORY = "plugin: mops.maintenance.mailstore_instances\n"


def test_three_instances_at_once_fit_into_256_mb(simulators: Simulators, containers: Containers, folder: Path) -> None:
    (folder / "mailstore_instances.yml").write_text(INVENTORY)
    simulators.processes({"function": "VerifyStore", "seconds": 600, "steps": 600}, {"seconds": 0.1, "steps": 1})
    words = ["--inventory", "mailstore_instances.yml", "--forks", "3"]
    limit = ["--memory", "256m", "--memory-swap", "256m"]
    container = containers.play("mailstore_maintenance", {}, *words, options=limit)

    def verifying() -> int:
        processes = simulators.state("mailstore")["processes"]
        return [(process["function"], process["status_code"]) for process in processes].count(
            ("VerifyStore", "running")
        )

    assert eventually(lambda: verifying() == 3, PATIENCE_SECONDS), container.ended(1)
    container.stop()
    _status, output = container.ended()
    assert "for want of memory" not in output
    assert simulators.state("mailstore")["sessions"] == 0, output
