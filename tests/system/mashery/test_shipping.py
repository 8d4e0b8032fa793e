# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shipping logs when things go wrong: kills at any moment, secrets on a gateway's disk, a library that is not there."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from leaks import left_behind
from runs import MODULES, environment, finish, module, result, start

from simulators.launch import Simulators

MODULE = "mashery_event_post"

RECORDS = int(os.environ.get("MOPS_CRASH_RECORDS", "60000"))
KILLS = int(os.environ.get("MOPS_CRASH_KILLS", "6"))
LOOKS = 20
"""How often a gateway's disk is searched while a post is under way."""


def write_log(path: Path, count: int, first: int = 0) -> None:
    """A log of records that can be told apart."""
    with path.open("w") as file:
        for number in range(first, first + count):
            file.write(
                f"- 10.{number >> 16}.{number >> 8 & 255}.{number & 255} - - [12/Jun/2012:21:53:03 +0000] "
                f'"GET - HTTP/1.1" {number} 200 "-" "-" 0_u2cbu87r6f2q3m66j6yc2uce_ygnj8v68nqb7 "-" "-" "Get" 0 - '
                "0.5 0.4 0.3 0.2 -\n"
            )


@pytest.mark.parametrize("on_invalid", ["fail", "skip"])
@pytest.mark.parametrize("files", [1, 700])
def test_however_often_it_is_killed_everything_arrives_and_what_came_twice_is_told(
    tmp_path: Path, simulators: Simulators, on_invalid: str, files: int
) -> None:
    """In one file, or in so many that each post has records of several."""
    each = -(-RECORDS // files)
    for first in range(0, RECORDS, each):
        write_log(tmp_path / f"access-{first:09}.log", min(each, RECORDS - first), first)
    options = {
        "src": [str(tmp_path / "*.log")],
        "ledger": str(tmp_path / "ledger"),
        "batch_size": max(100, RECORDS // 300),
        "on_invalid": on_invalid,
    }
    chance = random.Random(f"{on_invalid} {files}")
    kills = told = 0
    while kills < KILLS // 4:
        process = module(MODULE, tmp_path, simulators, **options)
        try:
            # From before its first line of code until after several posts.
            process.wait(chance.uniform(0.05, 0.7))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            output = process.communicate()[0]
            kills += 1
            # It may have been done, and have said so, with only its own end left to be killed.
            told += int(json.loads(output)["possibly_duplicated"]) if output.strip().endswith("}") else 0
        else:
            told += int(str(result(process)["possibly_duplicated"]))
            break
    end = result(module(MODULE, tmp_path, simulators, **options))
    told += int(str(end["possibly_duplicated"]))

    seen = simulators.state("mashery")
    assert seen["distinct_records"] == RECORDS
    assert seen["accepted_records"] - RECORDS <= told
    assert told <= (kills + 1) * options["batch_size"]  # type: ignore[operator]
    assert seen["refused"] == 0
    assert seen["posts"] <= RECORDS // options["batch_size"] + 2 * kills + 2  # type: ignore[operator]
    assert result(module(MODULE, tmp_path, simulators, **options))["posts"] == 0


def test_the_role_leaves_no_secret_on_the_disk_of_a_gateway_even_while_it_runs(
    tmp_path: Path, simulators: Simulators
) -> None:
    write_log(tmp_path / "access.log", 10)
    (tmp_path / "inventory").write_text(
        f"[mashery_gateways]\ngateway ansible_connection=local ansible_python_interpreter={sys.executable}\n"
    )
    variables = {
        "mashery_log_shipping_logs": [str(tmp_path / "access.log")],
        "mashery_log_shipping_ledger_directory": str(tmp_path / "state"),
    }
    simulators.faults("mashery", [{"action": "delay", "seconds": 600, "path": "/reporting"}])
    process = start(
        ["ansible-playbook", "-i", "inventory", "-e", json.dumps(variables), "mops.maintenance.mashery_log_shipping"],
        tmp_path,
        simulators.environment("session"),
    )
    found: set[str] = set()
    looks = 0
    while process.poll() is None:
        found |= {name for name, text in left_behind(tmp_path) if simulators.mashery.secret in text}
        looks += simulators.state("mashery")["requests"]  # only one is made, and held until the faults are cleared
        if looks == LOOKS:
            simulators.clear_faults("mashery")
    run = finish(process)

    assert run.returncode == 0, run.everything
    assert "gateway: 10 records in 1 posts" in run.stdout
    assert looks >= LOOKS
    assert found == set()


def test_a_library_that_is_not_there_is_said_with_the_package_that_has_it(
    tmp_path: Path, simulators: Simulators
) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "requests.py").write_text("raise ImportError('none here')\n")
    python_path = os.pathsep.join(
        [str(tmp_path / "without"), os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0]]
    )

    process = subprocess.run(
        [sys.executable, "-m", f"{MODULES}.{MODULE}"],
        env={**environment(tmp_path, simulators.environment("session")), "PYTHONPATH": python_path},
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"events": [], "_ansible_check_mode": True}}),
        capture_output=True,
        text=True,
        check=False,
    )

    message = json.loads(process.stdout)["msg"]
    assert "python3-requests" in message
