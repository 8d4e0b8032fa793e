# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collecting SIEM events when things go wrong: kills at any moment; and the shipped playbook."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest
from leaks import assert_nowhere, left_behind
from runs import finish, module, result, start

from simulators.launch import Simulators

MODULE = "mimecast_siem_events"
EVENTS = int(os.environ.get("MOPS_CRASH_EVENTS", "20000"))
KILLS = int(os.environ.get("MOPS_CRASH_KILLS", "6"))
BATCH = 500


def options_for(simulators: Simulators, dest: Path, **more: object) -> dict[str, object]:
    mimecast = simulators.mimecast
    return {
        "types": ["receipt", "delivery"],
        "dest": str(dest),
        "start": "earliest",
        "base_url": mimecast.base_url,
        "client_id": mimecast.client_id,
        "client_secret": mimecast.client_secret,
        "ca_path": str(simulators.ca_path),
        **more,
    }


def collected(folder: Path) -> list[str]:
    """The id of each event in the folder, rotated files included."""
    files = [path for path in folder.iterdir() if ".jsonl" in path.name and ".state" not in path.name]
    return [
        json.loads(line)["aggregateId"]
        for path in files
        if not path.name.startswith(".")
        for line in path.read_text().split("\n")
        if line
    ]


@pytest.mark.parametrize("layout", ["append", "batches"])
def test_however_often_it_is_killed_each_event_is_there_once(
    tmp_path: Path, simulators: Simulators, layout: str
) -> None:
    for kind in ("receipt", "delivery"):
        simulators.control("mimecast", "POST", "siem", {"type": kind, "batches": EVENTS // 2 // BATCH, "events": BATCH})
    simulators.settings("mimecast", quota_limit=100_000)
    folder = tmp_path / "events"
    folder.mkdir()
    dest = folder / "events.jsonl" if layout == "append" else folder
    options = options_for(simulators, dest, layout=layout, rotate_bytes=500_000)
    chance = random.Random(layout)
    kills = 0
    while kills < KILLS // 2:
        # A bound, so that a kill does not only ever find the end of the work.
        process = module(MODULE, tmp_path, simulators, **options, max_batches=chance.randrange(1, 4))
        try:
            # From before its first line of code until after several batches.
            process.wait(chance.uniform(0.2, 1.2))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        else:
            assert "failed" not in result(process)
    end = result(module(MODULE, tmp_path, simulators, **options))

    assert end.get("msg") is None
    assert end["caught_up"]
    assert end["possibly_duplicated"] == 0
    events = collected(folder)
    assert len(events) == EVENTS
    assert len(set(events)) == EVENTS
    again = result(module(MODULE, tmp_path, simulators, **options))
    assert (again["changed"], again["events"]) == (False, 0)


def test_the_playbook_begins_now_and_then_takes_what_comes(tmp_path: Path, simulators: Simulators) -> None:
    simulators.control("mimecast", "POST", "siem", {"type": "receipt", "batches": 2, "events": 10})
    variables = {
        "mimecast_siem_collection_dest": str(tmp_path / "events" / "mimecast.jsonl"),
        "mimecast_siem_collection_types": ["receipt", "process"],
    }
    environment = simulators.environment("session")
    command = ["ansible-playbook", "-e", json.dumps(variables), "mops.maintenance.mimecast_siem_collection"]

    first = finish(start(command, tmp_path, environment))
    simulators.control("mimecast", "POST", "siem", {"type": "process", "batches": 2, "events": 10})
    second = finish(start(command, tmp_path, environment))
    third = finish(start(command, tmp_path, environment))

    assert (first.returncode, second.returncode, third.returncode) == (0, 0, 0), first.everything + second.everything
    assert "0 events in 0 batches." in first.stdout
    assert "20 events in 1 batches." in second.stdout
    assert "changed=0" in third.stdout
    assert len(collected(tmp_path / "events")) == 20
    assert simulators.mimecast.client_secret not in first.everything + second.everything
    assert_nowhere([simulators.mimecast.client_secret], left_behind(tmp_path))
