# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped rulebook under ansible-rulebook, and its event source where it meets a server in trouble."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from leaks import assert_nowhere, left_behind
from pages import guide_blocks, here
from runs import ROOT, Run, eventually, finish, processes_of, start

from simulators.launch import Simulators

SOURCE = "ansible_collections/mops/maintenance/extensions/eda/plugins/event_source/mailstore_alerts.py"

RUN_SOURCE = """
import asyncio, json, runpy, sys

class Queue:
    async def put(self, event):
        print(json.dumps(event["alert"]), flush=True)

asyncio.run(runpy.run_path(sys.argv[1])["main"](Queue(), json.loads(sys.argv[2])))
"""


def java_version() -> int:
    """The version of the Java runtime on this machine; 0 where there is none."""
    java = shutil.which("java")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr if java else ""
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


needs_rulebook = pytest.mark.skipif(
    java_version() < 17 or importlib.util.find_spec("ansible_rulebook") is None,
    reason="ansible-rulebook is not installed, or there is no Java runtime of version 17 or later for it",
)


@pytest.fixture(autouse=True)
def nothing_stays_behind(tmp_path: Path) -> Iterator[None]:
    """A test that fails leaves something that would go on looking."""
    yield
    for pid in processes_of(tmp_path):
        os.kill(pid, signal.SIGKILL)


def rulebook(simulators: Simulators, folder: Path, **more: str) -> subprocess.Popen[str]:
    """Start the shipped rulebook, which looks every two seconds."""
    (folder / "mailstore_instances.yml").write_text("plugin: mops.maintenance.mailstore_instances\n")
    variables = {"mailstore_alerts_interval": 2, "mailstore_alerts_state_path": str(state(folder))}
    (folder / "variables.yml").write_text(json.dumps(variables))
    command = ["ansible-rulebook", "-r", "mops.maintenance.mailstore_upkeep", "-i", "mailstore_instances.yml"]
    # With -Xrs, Java leaves signals to Python, and ansible-rulebook ends as it is meant to.
    environment = {**simulators.environment(), "JAVA_TOOL_OPTIONS": "-Xrs", **more}
    return start([*command, "-e", "variables.yml"], folder, environment)


def source(simulators: Simulators, folder: Path, **options: Any) -> subprocess.Popen[str]:
    """Start the source alone, as ansible-rulebook does: by its path."""
    arguments = json.dumps({"interval": 1, "state_path": str(state(folder)), **options})
    return start([sys.executable, "-c", RUN_SOURCE, source_path(), arguments], folder, simulators.environment())


def source_path() -> str:
    roots = map(Path, os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":"))
    return next(str(root / SOURCE) for root in roots if (root / SOURCE).exists())


def in_guide() -> dict[str, str]:
    """The files that the guide shows, by their names."""
    blocks = guide_blocks(ROOT / "docs/docsite/rst/event_driven.rst")
    return {block.file: block.code for block in blocks if block.file is not None}


def state(folder: Path) -> Path:
    return folder / "state" / "alerts.json"


def told(folder: Path) -> set[str]:
    """The alerts that were told and not cleared."""
    return set(json.loads(state(folder).read_text())["alerts"]) if state(folder).exists() else set()


def plays(folder: Path) -> list[str]:
    return [command for command in processes_of(folder).values() if "ansible-playbook" in command]


def looks(simulators: Simulators) -> int:
    count: int = simulators.state("mailstore")["functions"].get("GetServiceStatus", 0)
    return count


def look_again(simulators: Simulators, times: int = 2) -> bool:
    """Wait until it has looked so many times more, from the beginning to the end."""
    seen = looks(simulators)
    return eventually(lambda: looks(simulators) > seen + times)


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> Run:
    process.send_signal(number)
    return finish(process)


def end_rulebook(process: subprocess.Popen[str]) -> Run:
    """End ansible-rulebook. Once (1.3.2, not reproduced since) it did not end after one SIGTERM: send up to five."""
    for _signal in range(4):
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            stdout, stderr = process.communicate(timeout=30)
            return Run(process.returncode, stdout, stderr)
    return end(process)


def reported(run: Run) -> list[tuple[str, str]]:
    """The alerts that the rulebook has printed, which are all that it starts no playbook for."""
    return re.findall(r"'id': '([^']+)'.*?'status': '(\w+)'", run.stdout, re.DOTALL)


@needs_rulebook
@pytest.mark.slow
def test_an_index_is_rebuilt_once_and_each_alert_told_once_across_restarts(
    simulators: Simulators, tmp_path: Path
) -> None:
    simulators.processes({"seconds": 0.5})
    outdated = {"index_rebuild:alpha:2024", "index_rebuild:alpha:2025"}
    simulators.control("mailstore", "POST", "archive", [{"instanceID": "alpha", "id": 1, "needs_rebuild": True}])
    process = rulebook(simulators, tmp_path)
    assert eventually(lambda: outdated <= told(tmp_path)), end_rulebook(process).everything
    assert eventually(lambda: not outdated & told(tmp_path)), end_rulebook(process).everything
    assert look_again(simulators)
    assert eventually(lambda: not plays(tmp_path))
    first = end_rulebook(process)

    events = reported(first)
    assert sorted(set(events)) == sorted(events)
    assert {(alert, "cleared") for alert in outdated} <= set(events)
    assert len(re.findall("^PLAY RECAP", first.stdout, re.MULTILINE)) == len(outdated)
    assert simulators.state("mailstore")["functions"]["RebuildSelectedStoreIndexes"] == 1
    assert "VerifyStore" not in simulators.state("mailstore")["functions"]

    process = rulebook(simulators, tmp_path)
    assert look_again(simulators)
    second = end_rulebook(process)
    assert (first.returncode, second.returncode) == (0, 0)
    assert reported(second) == []
    assert simulators.state("mailstore")["sessions"] == 0
    places = [("output", first.everything + second.everything), *left_behind(tmp_path)]
    assert_nowhere(simulators.secrets(), places)


@needs_rulebook
def test_the_rulebooks_of_the_guide_are_rulebooks() -> None:
    from ansible_rulebook.condition_parser import parse_condition
    from ansible_rulebook.validators import Validate

    rulebooks = [code for code in map(yaml.safe_load, in_guide().values()) if isinstance(code, list)]
    assert rulebooks
    for rulesets in rulebooks:
        Validate.rulebook(rulesets)
        for rule in (rule for ruleset in rulesets for rule in ruleset["rules"]):
            parse_condition(rule["condition"])


@needs_rulebook
def test_a_rulebook_of_ones_own_hears_what_is_down_and_back(simulators: Simulators, tmp_path: Path) -> None:
    code = here(in_guide()["archive_down.yml"], tmp_path).replace("interval: 60", "interval: 2")
    (tmp_path / "archive_down.yml").write_text(code)
    environment = {**simulators.environment(), "JAVA_TOOL_OPTIONS": "-Xrs"}
    process = start(["ansible-rulebook", "-r", "archive_down.yml"], tmp_path, environment)
    assert look_again(simulators), end_rulebook(process).everything
    started = {"status": "running", "start_stop_error": None}
    simulators.control("mailstore", "POST", "archive", [{"instanceID": "gamma", **started}])
    assert look_again(simulators), end_rulebook(process).everything
    said = re.findall("gamma is .*", end_rulebook(process).stdout)
    assert said == [
        "gamma is down: The instance could not be started: the license database is locked by another process.",
        "gamma is back.",
    ]


@needs_rulebook
def test_a_wrong_password_ends_it_with_words_and_one_try(simulators: Simulators, tmp_path: Path) -> None:
    run = finish(rulebook(simulators, tmp_path, MAILSTORE_PASSWORD="not-the-password"))
    assert run.returncode == 1
    assert "the server refused the login of" in run.everything
    assert "not-the-password" not in run.everything
    assert simulators.state("mailstore")["refused_logins"] == 1


def test_trouble_passes_and_what_happens_meanwhile_is_told_after_it(simulators: Simulators, tmp_path: Path) -> None:
    process = source(simulators, tmp_path, instances=["alpha"])
    silence = f"server_silent:{simulators.mailstore.host}"
    assert eventually(lambda: "index_rebuild:alpha:2025" in told(tmp_path)), end(process).everything
    simulators.faults("mailstore", [{"action": "reset", "times": 0}])
    assert eventually(lambda: silence in told(tmp_path)), end(process).everything
    simulators.control("mailstore", "POST", "archive", [{"instanceID": "alpha", "id": 1, "needs_rebuild": True}])
    simulators.clear_faults("mailstore")
    assert eventually(lambda: "index_rebuild:alpha:2024" in told(tmp_path)), end(process).everything
    run = end(process, signal.SIGINT)
    events = [(alert["status"], alert["id"]) for alert in map(json.loads, run.stdout.splitlines())]
    assert events[-3:] == [
        ("new", silence),
        ("new", "index_rebuild:alpha:2024"),
        ("cleared", silence),
    ]
    assert len(set(events)) == len(events)
    assert run.stderr.count("It goes on trying.") == 1
    assert run.stderr.count("answers again.") == 1


def test_ended_in_the_middle_of_a_look_it_logs_out(simulators: Simulators, tmp_path: Path) -> None:
    simulators.faults("mailstore", [{"action": "delay", "path": "/api/invoke/GetStores", "seconds": 600, "times": 0}])
    process = source(simulators, tmp_path)
    asked = "/api/invoke/GetStores"
    assert eventually(lambda: simulators.state("mailstore")["paths"].get(asked, 0) > 0), end(process)
    assert simulators.state("mailstore")["sessions"] > 0
    process.send_signal(signal.SIGINT)
    simulators.clear_faults("mailstore")
    run = finish(process)
    assert run.stdout == ""
    mailstore = simulators.state("mailstore")
    assert (mailstore["sessions"], mailstore["logouts"]) == (0, mailstore["logins"])


def test_it_uses_its_own_collection_wherever_python_knows_of_others(tmp_path: Path) -> None:
    """The package "ansible" brings a package of the same name, and an older release may be there as well."""
    other = tmp_path / "ansible_collections" / "mops" / "maintenance"
    (other / "plugins" / "module_utils").mkdir(parents=True)
    (tmp_path / "ansible_collections" / "__init__.py").write_text("")
    (other / "plugins" / "module_utils" / "_errors.py").write_text("raise RuntimeError('the other one')")
    run = finish(
        start(
            [sys.executable, "-c", "import runpy, sys; runpy.run_path(sys.argv[1])", source_path()],
            tmp_path,
            {"PYTHONPATH": str(tmp_path)},
        )
    )
    assert run.returncode == 0, run.everything
