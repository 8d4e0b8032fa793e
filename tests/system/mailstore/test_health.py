# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health of a fleet, in both generations of the server: what some tenants withhold is nobody's fault."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import Run, finish, start

from simulators.launch import Options, Simulators, running

INSTANCES = int(os.environ.get("MOPS_FLEET", "40"))
"""Whoever changes how a fleet is looked at tries 300."""
WITHHOLDING = 5


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulators]:
    with running(Options(fleet=INSTANCES, seed=7, mailstore_process_seconds=0.2)) as simulators:
        yield simulators


def look(simulators: Simulators, folder: Path, method: str, **variables: Any) -> tuple[Run, dict[str, Any]]:
    """Run the playbook; its run, and its report."""
    folder.mkdir()
    given = {"mailstore_health_report_dir": str(folder / "reports"), **variables}
    words = ["ansible-playbook", "mops.maintenance.mailstore_health", "-e", json.dumps(given)]
    run = finish(start(words, folder, simulators.environment(method)), 300)
    (written,) = (folder / "reports").glob("*.json")
    return run, json.loads(written.read_text())


@pytest.mark.slow
def test_tenants_that_withhold_access_are_no_error_and_nobody_offers_to_restart_them(
    fleet: Simulators, tmp_path: Path
) -> None:
    _run, before = look(fleet, tmp_path / "before", "basic", mailstore_health_fail_on="never")
    troubled = {item["instance"] for item in before["findings"]}
    rows = before["storage"]["instances"]
    well = [row["instance"] for row in rows if row["status"] == "running" and row["instance"] not in troubled]
    withholding = well[:WITHHOLDING]
    changes = [{"instanceID": name, "provider_access": False} for name in withholding]
    fleet.control("mailstore", "POST", "archive", changes)

    _run, report = look(fleet, tmp_path / "after", "basic", mailstore_health_fail_on="never")
    about = [item for item in report["findings"] if item["instance"] in withholding]
    assert [(item["severity"], item["kind"], item["command"]) for item in about] == [
        ("warning", "access_withheld", None)
    ] * WITHHOLDING
    assert report["counts"]["error"] == before["counts"]["error"]
    assert report["counts"]["warning"] == before["counts"]["warning"] + WITHHOLDING
    assert "RestartInstances" not in json.dumps(report)
    stored = {row["instance"]: row["bytes"] for row in report["storage"]["instances"]}
    assert all(stored[name] > 0 for name in withholding)

    run, report = look(
        fleet,
        tmp_path / "alone",
        "session",
        mailstore_health_instances=withholding,
        mailstore_health_fail_on="never",
    )
    assert f"WARNING: Enable service-provider access, or exclude the instance ({WITHHOLDING})" in run.stdout
    assert {item["kind"] for item in report["findings"] if item["instance"]} == {"access_withheld"}
    assert fleet.state("mailstore")["sessions"] == 0


def test_what_has_stopped_running_or_archives_nothing_or_expires_is_found(
    simulators: Simulators, tmp_path: Path
) -> None:
    credential = {"ID": 7, "Type": "Microsoft365", "Description": "Microsoft 365", "Settings": {}}
    credential["Settings"] = {"CertificateExpirationDate": "2020-03-01T12:00:00Z"}
    simulators.control(
        "mailstore",
        "POST",
        "archive",
        [
            {"instanceID": "alpha", "profile": 1, "silent_hours": 100},
            *({"instanceID": "delta", "profile": number, "idle_hours": 100} for number in (1, 2)),
            {"instanceID": "delta", "credentials": [credential]},
            {"inactive_hosts": ["host02.spe.example"]},
        ],
    )
    run, report = look(simulators, tmp_path / "run", "basic")
    found = {(item["severity"], item["kind"], item["instance"], item["subject"]) for item in report["findings"]}
    assert {
        ("warning", "profile_stale", "alpha", "Exchange journal"),
        ("warning", "nothing_archived", "delta", "delta"),
        ("error", "certificate_expiring", "delta", "Microsoft 365"),
        ("error", "server_inactive", None, "host02.spe.example"),
    } <= found
    assert run.returncode == 2
    assert report["storage"]["index_bytes"] > 0

    # The last run of a profile that runs daily is up to 26 hours older than its silence of 100 hours.
    _run, report = look(
        simulators, tmp_path / "lenient", "basic", mailstore_health_stale_hours=130, mailstore_health_fail_on="never"
    )
    assert not {"profile_stale", "nothing_archived"} & {item["kind"] for item in report["findings"]}


def test_too_many_results_are_asked_for_in_parts_and_no_secret_is_written(
    simulators: Simulators, tmp_path: Path
) -> None:
    simulators.control("mailstore", "POST", "archive", [{"most_results": 4}])
    run, report = look(simulators, tmp_path / "run", "basic", mailstore_health_fail_on="never")
    kinds = [item["kind"] for item in report["findings"]]
    assert "profile_failed" in kinds
    assert "function_failed" not in kinds
    written = "".join(path.read_text() for path in (tmp_path / "run" / "reports").iterdir())
    assert "Pa55word" not in written + run.everything


@pytest.mark.slow
def test_a_command_of_the_report_does_what_its_title_says_and_no_more(simulators: Simulators, tmp_path: Path) -> None:
    broken = [{"instanceID": name, "id": 1, "error": "Not accessible."} for name in ("alpha", "delta")]
    simulators.control("mailstore", "POST", "archive", broken)
    _run, report = look(simulators, tmp_path / "run", "basic", mailstore_health_fail_on="never")
    (task,) = [task for task in report["todo"] if task["kind"] == "store_error"]
    (tmp_path / "mailstore_instances.yml").write_text("plugin: mops.maintenance.mailstore_instances\n")
    before = simulators.state("mailstore")["functions"]
    environment = {**simulators.environment("basic"), "XDG_STATE_HOME": str(tmp_path / "state")}
    run = finish(start(shlex.split(task["command"]), tmp_path, environment))
    after = simulators.state("mailstore")["functions"]
    done = {name: count - before.get(name, 0) for name, count in after.items() if not name.startswith("Get")}
    assert {name: count for name, count in done.items() if count} == {"RetryOpenStores": 2}, run.everything
