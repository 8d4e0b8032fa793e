# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet as a folder of files: exported, applied, drifting, brought back, and cut off in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from runs import Run, eventually, finish, module, result, start

from simulators.launch import Options, Simulators, running

TENANTS = int(os.environ.get("MOPS_TENANTS", "8"))
KILLS = int(os.environ.get("MOPS_TENANT_KILLS", "3"))
PATIENCE = 600.0


@pytest.fixture(scope="module")
def started_fleet() -> Iterator[Simulators]:
    with running(Options(fleet=TENANTS, seed=7, mailstore_process_seconds=0.2)) as simulators:
        yield simulators


@pytest.fixture
def fleet(started_fleet: Simulators) -> Simulators:
    started_fleet.reset("mailstore")
    return started_fleet


class Api:
    """What somebody does in the console, by the functions that it uses."""

    def __init__(self, simulators: Simulators) -> None:
        mailstore = simulators.mailstore
        self._url = f"https://{mailstore.host}:{mailstore.basic_port}/api/invoke/"
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = simulators.ca_path
        self._http.auth = (mailstore.username.encode(), mailstore.password.encode())

    def __call__(self, function: str, instance: str, **arguments: Any) -> Any:
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}
        form["instanceFilter" if function == "GetInstances" else "instanceID"] = instance
        answer = json.loads(self._http.post(self._url + function, data=form).content.decode("utf-8-sig"))
        assert answer["statusCode"] == "succeeded", answer
        return answer["result"]

    def users(self, instance: str) -> list[str]:
        names = [row["userName"] for row in self("GetUsers", instance)]
        return sorted(name for name in names if not name.startswith("$"))


def run(simulators: Simulators, folder: Path, playbook: str, *options: str, **variables: Any) -> Run:
    given = {f"mailstore_{playbook}_{name}": value for name, value in {"dir": str(folder / "ms"), **variables}.items()}
    words = ["ansible-playbook", f"mops.maintenance.mailstore_{playbook}", *options, "-e", json.dumps(given)]
    return finish(start(words, folder, simulators.environment("basic")), PATIENCE)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted((folder / "ms").rglob("*.yml"))}


def written(simulators: Simulators, before: Counter[str]) -> Counter[str]:
    """The functions since ``before`` that change something."""
    return Counter(
        {name: count for name, count in (functions(simulators) - before).items() if not name.startswith("Get")}
    )


def functions(simulators: Simulators) -> Counter[str]:
    return Counter(simulators.state("mailstore")["functions"])


def ten_clicks(api: Api, tenants: list[str]) -> set[tuple[str, str, str, str]]:
    """Ten changes in the console, at three tenants; what drift calls each of them."""
    one, two, three = tenants[:3]
    anna, ben, carla = api.users(one)[0], api.users(two)[0], api.users(three)[0]
    jobs = {name: {job["id"]: job["name"] for job in api("GetJobs", name)} for name in (one, two)}
    api("SetUserFullName", one, userName=anna, fullName="Some {{ 6 * 7 }} <b>body</b>")
    api("CreateUser", one, userName="intruder", privileges="admin")
    api("SetJobEnabled", one, id=1, enabled=False)
    api("SetUserPrivileges", two, userName=ben, privileges="login,export")
    api("DeleteJob", two, id=2)
    api("SetComplianceConfiguration", two, config={"legalHoldEnabled": False, "logSuccessfulUserActivities": []})
    api("SetProfileServerSideExecution", two, id=2, automatic=False)
    api("SetStoreRequestedState", three, id=api("GetStores", three)[-1]["id"], requestedState="disabled")
    api("SetUserEmailAddresses", three, userName=carla, emailAddresses="other@spe.example")
    index = {"attachmentExtensions": ["pdf"], "includeAttachmentsOfPDFs": True}
    api("SetIndexConfiguration", three, config=index)
    return {
        (one, "users", anna, "changed"),
        (one, "users", "intruder", "added"),
        (one, "jobs", jobs[one][1], "changed"),
        (two, "users", ben, "changed"),
        (two, "jobs", jobs[two][2], "removed"),
        (two, "configurations", "ComplianceConfiguration", "changed"),
        (two, "profiles", "IMAP mailboxes", "changed"),
        (three, "stores", "2026", "changed"),
        (three, "users", carla, "changed"),
        (three, "configurations", "IndexConfiguration", "changed"),
    }


def drifted(folder: Path) -> set[tuple[str, str, str, str]]:
    report = json.loads((folder / "reports/mailstore-drift.json").read_text())
    return {
        (tenant["instance"], item["part"], item["name"], item["kind"])
        for tenant in report["tenants"]
        for item in tenant["differences"]
    }


def test_ten_clicks_are_ten_differences_and_an_apply_takes_back_those_and_nothing_else(
    fleet: Simulators, tmp_path: Path
) -> None:
    api = Api(fleet)
    exported = run(fleet, tmp_path, "export")
    assert exported.returncode == 0, exported.everything
    first = files(tmp_path)
    assert len(first) == TENANTS + 1
    assert b"Pa55word" not in b"".join(first.values())

    before = functions(fleet)
    unchanged = run(fleet, tmp_path, "tenant")
    assert unchanged.returncode == 0, unchanged.everything
    assert "changed=0" in unchanged.stdout
    assert written(fleet, before) == Counter()
    asked = functions(fleet) - before
    users = sum(text.count(b"    full_name:") for name, text in first.items() if name.startswith("ms/tenants"))
    assert asked["GetUserInfo"] == users
    assert asked.total() - users <= 14 * TENANTS + 10

    clicks = ten_clicks(api, sorted(name for name, status in instances(fleet).items() if status == "running"))
    reports = str(tmp_path / "reports")
    seen = run(fleet, tmp_path, "drift", report_dir=reports, fail_on="drift")
    assert seen.returncode == 2, seen.everything
    assert "10 differences at 3 of" in seen.stdout
    assert drifted(tmp_path) == clicks
    page = (tmp_path / "reports/mailstore-drift.html").read_text()
    assert "&lt;b&gt;body" in page
    assert "<b>body" not in page
    assert "{{ 6 * 7 }}" in page

    before = functions(fleet)
    plan = run(fleet, tmp_path, "tenant", "--check", "--diff", purge=["users"])
    assert plan.returncode == 0, plan.everything
    assert '-    "enabled": false' in plan.stdout
    assert written(fleet, before) == Counter()

    applied = run(fleet, tmp_path, "tenant", purge=["users"])
    assert applied.returncode == 0, applied.everything
    assert written(fleet, before).total() == 10, written(fleet, before)
    again = run(fleet, tmp_path, "export")
    assert "changed=0" in again.stdout, again.everything
    assert files(tmp_path) == first


def instances(simulators: Simulators) -> dict[str, str]:
    found: dict[str, str] = simulators.state("mailstore")["instances"]
    return found


@pytest.mark.slow
def test_a_file_that_somebody_has_edited_is_not_overwritten_and_the_others_are(
    fleet: Simulators, tmp_path: Path
) -> None:
    assert run(fleet, tmp_path, "export").returncode == 0
    names = sorted(name for name, status in instances(fleet).items() if status == "running")[:2]
    edited, clicked = (tmp_path / f"ms/tenants/{name}.yml" for name in names)
    edited.write_text(edited.read_text().replace("enabled: true", "enabled: false", 1) + "# by hand\n")
    mine = edited.read_text()
    Api(fleet)("SetJobEnabled", names[1], id=1, enabled=False)
    refused = run(fleet, tmp_path, "export", "--diff")
    assert refused.returncode == 2, refused.everything
    assert f"Somebody has edited tenants/{names[0]}.yml" in " ".join(refused.stdout.split())
    assert "-# by hand" in refused.stdout
    assert edited.read_text() == mine
    assert "enabled: false" in clicked.read_text()
    assert run(fleet, tmp_path, "tenant", instances=[names[0]]).returncode == 0
    assert run(fleet, tmp_path, "export").returncode == 0  # it says the same as the server now
    assert edited.read_text() == mine
    assert run(fleet, tmp_path, "export", force=True).returncode == 0


@pytest.mark.slow
def test_a_second_apply_leaves_alone_the_tenant_that_the_first_one_is_at(fleet: Simulators, tmp_path: Path) -> None:
    exported = result(module("mailstore_export", tmp_path, fleet, include_installation=False))
    document = next(row["document"] for row in exported["tenants"] if row["document"].get("users"))
    document["users"][0]["full_name"] = "Somebody Else"
    options = {"tenants": [document], "lock_dir": str(tmp_path / "locks")}

    slow = {"action": "delay", "path": "/api/invoke/SetUserFullName", "seconds": PATIENCE, "times": 1}
    fleet.faults("mailstore", [slow])
    first = module("mailstore_tenant", tmp_path, fleet, **options)
    assert eventually(lambda: fleet.state("mailstore")["paths"].get(slow["path"], 0) > 0), finish(first)
    second = result(module("mailstore_tenant", tmp_path, fleet, **options))
    fleet.clear_faults("mailstore")
    assert f"{document['instance']} is being applied by another run (" in second["msg"]
    assert "Wait for its end. Nothing was changed." in second["msg"]
    assert result(first)["changed"]
    assert fleet.state("mailstore")["functions"]["SetUserFullName"] == 1
    assert not result(module("mailstore_tenant", tmp_path, fleet, **options))["changed"]


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a module and to the process in which it does its work."""
    os.kill(process.pid, signal.SIGSTOP)
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_only_what_was_not_done_yet(fleet: Simulators, tmp_path: Path) -> None:
    api, chance = Api(fleet), random.Random(1)
    exported = result(module("mailstore_export", tmp_path, fleet, include_installation=False))
    documents = [row["document"] for row in exported["tenants"] if "users" in row["document"]]
    declared = {
        (document["instance"], user["name"]): user["full_name"] for document in documents for user in document["users"]
    }

    def left() -> set[tuple[str, str]]:
        rows = {name: api("GetUsers", name) for name in {instance for instance, _user in declared}}
        shown = {(name, row["userName"]): row["fullName"] for name in rows for row in rows[name]}
        return {who for who, full_name in declared.items() if shown[who] != full_name}

    def begin(**options: Any) -> subprocess.Popen[str]:
        lock_dir = str(tmp_path / "locks")
        return module("mailstore_tenant", tmp_path, fleet, tenants=documents, lock_dir=lock_dir, **options)

    def under_way(process: subprocess.Popen[str], count: int) -> bool:
        return functions(fleet)["SetUserFullName"] >= count or process.poll() is not None

    for _kill in range(KILLS):
        remaining = left()
        if len(remaining) < 10:
            for instance, user in declared:
                api("SetUserFullName", instance, userName=user, fullName="Nobody")
            remaining = set(declared)
        count = functions(fleet)["SetUserFullName"] + chance.randrange(len(remaining) // 2)
        process = begin()
        assert eventually(partial(under_way, process, count), PATIENCE)
        if process.poll() is None:
            kill(process)
        else:
            finish(process)
        plan = result(begin(_ansible_check_mode=True))
        changes = {(tenant["instance"], change["name"]) for tenant in plan["tenants"] for change in tenant["changes"]}
        assert changes == left()
    final = result(begin())
    assert not final.get("failed"), final
    assert left() == set()
    assert not result(begin())["changed"]
