# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What following a process costs, how soon its end is noticed, what one short call takes, and many at once.

Each against a playbook written by hand with ``ansible.builtin.uri`` in the same run, and less what a play without tasks
takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from simulators.launch import Options, Simulators, running

HEAD = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    session: "https://{{ host }}:{{ session_port }}"
    basic: "https://{{ host }}:{{ basic_port }}"
  module_defaults:
    ansible.builtin.uri:
      method: POST
      body_format: form-urlencoded
      return_content: true
      ca_path: "{{ ca_path }}"
  tasks:
"""

EMPTY = "    []\n"

ONE_BY_HAND = """
    - ansible.builtin.uri:
        url: "{{ session }}/login"
        body: {u: "{{ username }}", p: "{{ password }}"}
      register: login
    - ansible.builtin.uri:
        url: "{{ session }}/api/invoke/GetInstances"
        body: {instanceFilter: "*"}
        headers:
          Cookie: "{{ login.set_cookie.split(';')[0] }}"
          X-AntiXsrfToken: "{{ login.content.split(' ')[1] }}"
      register: instances
    - ansible.builtin.uri:
        url: "{{ session }}/logout"
        headers:
          Cookie: "{{ instances.set_cookie.split(';')[0] }}"
          X-AntiXsrfToken: "{{ (instances.content | regex_replace('^\\ufeff', '') | from_json).antiXsrfToken }}"
        follow_redirects: none
        status_code: 302
"""

ONE = """
    - mops.maintenance.mailstore_invoke:
        function: GetInstances
        arguments: {instanceFilter: "*"}
"""

# With HTTP Basic: a loop cannot carry a session's chain from one try to the next. The version of the last status is not
# carried either, so the server answers at once.
FOLLOWED_BY_HAND = """
    - ansible.builtin.uri:
        url: "{{ basic }}/api/invoke/VerifyStore"
        url_username: "{{ username }}"
        url_password: "{{ password }}"
        force_basic_auth: true
        body: {instanceID: alpha, id: 1}
      register: started
    - ansible.builtin.uri:
        url: "{{ basic }}/api/get-status"
        url_username: "{{ username }}"
        url_password: "{{ password }}"
        force_basic_auth: true
        body:
          token: "{{ (started.content | regex_replace('^\\ufeff', '') | from_json).token }}"
          lastKnownStatusVersion: 0
          millisecondsTimeout: 0
      register: status
      until: (status.content | regex_replace('^\\ufeff', '') | from_json).statusCode != 'running'
      retries: 1000
      delay: 5
"""

FOLLOWED = """
    - mops.maintenance.mailstore_invoke:
        function: VerifyStore
        arguments: {instanceID: alpha, id: 1}
"""

NOTICED = """
    - mops.maintenance.mailstore_invoke:
        invocations: "{{ [{'function': 'VerifyStore', 'arguments': {'instanceID': 'alpha', 'id': 1}}] * COUNT }}"
        concurrency: 1
        progress: false
      register: noticed
    - ansible.builtin.copy:
        content: "{{ noticed.invocations | map(attribute='elapsed') | list | to_json }}"
        dest: elapsed.json
        mode: "0600"
"""

MANY = """
    - mops.maintenance.mailstore_invoke:
        invocations: "{{ [{'function': 'VerifyStore', 'arguments': {'instanceID': 'alpha', 'id': 1}}] * COUNT }}"
        concurrency: 20
        progress: false
"""


@dataclass(frozen=True)
class Cost:
    """What a run of ansible-playbook took."""

    wall: float
    cpu: float
    """Seconds, of all its processes."""
    memory: float
    """Megabytes: the largest sum, over time, of what the module's processes had for themselves."""

    def beyond(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu, self.memory)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    value: float
    limit: float


class Bench:
    """Runs playbooks against the simulators."""

    def __init__(self, simulators: Simulators, folder: Path) -> None:
        self.simulators = simulators
        self.folder = folder
        variables = {**vars(simulators.mailstore), "ca_path": simulators.ca_path}
        (folder / "variables.json").write_text(json.dumps(variables))
        self.environment = {
            **os.environ,
            **simulators.environment("session"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    def run(self, tasks: str, **environment: str) -> Cost:
        (self.folder / "playbook.yml").write_text(HEAD + tasks)
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-e", "@variables.json", "playbook.yml"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        with Memory() as memory:
            ended = subprocess.run(
                command,
                cwd=self.folder,
                env={**self.environment, **environment},
                capture_output=True,
                text=True,
                check=False,
            )
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended.returncode != 0:
            raise SystemExit(ended.stdout + ended.stderr)
        return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory.most)

    def median(self, rounds: int, *all_tasks: str) -> list[Cost]:
        """The median cost of each, run in turns, so that what else the machine does meets all of them."""
        costs: list[list[Cost]] = [[self.run(tasks) for tasks in all_tasks] for _round in range(rounds + 1)]
        costs = costs[1:] or costs  # the first round fills caches
        return [
            Cost(*(statistics.median(values) for values in zip(*((c.wall, c.cpu, c.memory) for c in column))))
            for column in zip(*costs)
        ]

    def processes(self, seconds: float) -> None:
        """From now on, processes take so long and have a new status every second."""
        self.simulators.processes({"seconds": seconds, "steps": max(1, int(seconds))})


class Memory:
    """Watches what the module's processes take, in megabytes: the sum of their proportional set sizes."""

    def __init__(self) -> None:
        self.most = 0.0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._watcher.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.25):
            self.most = max(self.most, sum(map(_proportional_set_size, _modules())))


def _modules() -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[1].endswith(b"AnsiballZ_mailstore_invoke.py"):
            found.append(pid)
    return found


def _proportional_set_size(pid: str) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(float(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def following(bench: Bench, seconds: float) -> list[Row]:
    bench.processes(seconds)
    empty, by_hand, ours = (bench.run(tasks) for tasks in (EMPTY, FOLLOWED_BY_HAND, FOLLOWED))
    costs = ours.beyond(empty).cpu, by_hand.beyond(empty).cpu
    print("  CPU of a process of {:.0f} s: {:.2f} s, by hand {:.2f} s".format(seconds, *costs))
    return [Row(f"CPU, a process of {seconds:.0f} s / by hand", costs[0] / costs[1], 0.2)]


def noticing(bench: Bench, count: int) -> list[Row]:
    bench.processes(3)
    bench.run(NOTICED.replace("COUNT", str(count)))
    elapsed = json.loads((bench.folder / "elapsed.json").read_text())
    return [Row(f"s until the end is noticed (median of {count})", statistics.median(elapsed) - 3, 0.5)]


def one_call(bench: Bench, rounds: int) -> list[Row]:
    empty, by_hand, ours = bench.median(rounds, EMPTY, ONE_BY_HAND, ONE)
    print(
        f"  GetInstances: {ours.beyond(empty).wall * 1000:.0f} ms, by hand {by_hand.beyond(empty).wall * 1000:.0f} ms"
    )
    return [Row("wall, GetInstances once / by hand", ours.beyond(empty).wall / by_hand.beyond(empty).wall, 0.6)]


def many(bench: Bench, count: int) -> list[Row]:
    bench.processes(2)
    empty, cost = bench.run(EMPTY), bench.run(MANY.replace("COUNT", str(count)))
    ideal = count * 2 / 20
    return [
        Row(f"wall, {count} processes of 2 s, 20 at once / {ideal:.0f} s", cost.beyond(empty).wall / ideal, 1.25),
        Row("MB, the module's memory with that", cost.memory, 150),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of it")
    parser.add_argument("--tiny", action="store_true", help="as little as can be and no verdict, to see that it works")
    arguments = parser.parse_args()
    short, tiny = arguments.short, arguments.tiny
    print("\nMailStore")
    with running(Options()) as simulators, tempfile.TemporaryDirectory() as folder:
        bench = Bench(simulators, Path(folder))
        rows = [
            *one_call(bench, rounds=0 if tiny else 3 if short else 9),
            *many(bench, count=20 if tiny else 60 if short else 200),
            *noticing(bench, count=1 if tiny else 10),
            *following(bench, seconds=2 if tiny else 15 if short else 60),
        ]
    print(f"  {'':70}{'measured':>10}{'limit':>8}")
    for row in rows:
        missed = "" if row.value <= row.limit else "  MISSED"
        print(f"  {row.name:70}{row.value:10.2f}{row.limit:8.2f}{missed}")
    return int(not tiny and any(row.value > row.limit for row in rows))


if __name__ == "__main__":
    sys.exit(main())
