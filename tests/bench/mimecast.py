# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a call of Mimecast takes, against the same call written by hand and against a bare request.

Wall time of ``ansible-playbook`` beyond that of a play without tasks: the median of several rounds, each of which runs
every playbook once, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from simulators.launch import Options, Simulators, running

HEAD = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""

ENDPOINT = "/api/ess/get-latest-channel-token"

# A task for each step, as one writes it: date, GUID, signature, request. Ansible's filter to_uuid makes the same GUID
# of the same seed, and its random numbers are short: what no other request may have comes from the system.
BY_HAND = """
  tasks:
    - ansible.builtin.command: date -u '+%a, %d %b %Y %H:%M:%S UTC'
      environment: {LC_ALL: C}
      register: date
      changed_when: false
    - ansible.builtin.command: cat /proc/sys/kernel/random/uuid
      register: request_id
      changed_when: false
    - ansible.builtin.shell: >-
        printf '%s' "$TEXT" | openssl dgst -sha1 -mac HMAC
        -macopt hexkey:$(printf '%s' "$KEY" | base64 -d | od -An -v -tx1 | tr -d ' \\n') -binary | base64
      environment:
        TEXT: "{{ date.stdout }}:{{ request_id.stdout }}:ENDPOINT:{{ app_key }}"
        KEY: "{{ secret_key }}"
      register: signature
      changed_when: false
    - ansible.builtin.uri:
        url: "{{ base_url }}ENDPOINT"
        method: POST
        ca_path: "{{ ca_path }}"
        body_format: json
        body: {data: [{channelId: "{{ channel_ids[0] }}"}]}
        headers:
          Authorization: "MC {{ access_key }}:{{ signature.stdout }}"
          x-mc-app-id: "{{ app_id }}"
          x-mc-date: "{{ date.stdout }}"
          x-mc-req-id: "{{ request_id.stdout }}"
""".replace("ENDPOINT", ENDPOINT)

BARE = f"""
  tasks:
    - ansible.builtin.uri:
        url: "{{{{ base_url }}}}{ENDPOINT}"
        method: POST
        ca_path: "{{{{ ca_path }}}}"
        body_format: json
        body: {{data: [{{channelId: "{{{{ channel_ids[0] }}}}"}}]}}
        status_code: 401
"""

OURS = """
  tasks:
    - mops.maintenance.mimecast_channel_token:
        channel_ids: "{{ channel_ids[:COUNT] }}"
"""

PLAYBOOKS = {
    "empty": "  tasks: []\n",
    "by hand": BY_HAND,
    "bare": BARE,
    "ours": OURS.replace("COUNT", "1"),
    "ours, 100 channels": OURS.replace("COUNT", "100"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--tiny", action="store_true", help="one round and no verdict, to see that it works")
    arguments = parser.parse_args()
    rounds = 0 if arguments.tiny else arguments.rounds
    # One channel that the bench asks for is as good as another; a quota would be measured as waiting.
    with running(Options(mimecast_channels=100, settings={"mimecast": {"quota_limit": 1_000_000}})) as simulators:
        with tempfile.TemporaryDirectory() as folder:
            seconds = measured(Path(folder), simulators, rounds)
    missed = report(seconds)
    return 0 if arguments.tiny else missed


def measured(folder: Path, simulators: Simulators, rounds: int) -> dict[str, float]:
    """The median of the seconds that each playbook takes."""
    for name, tasks in PLAYBOOKS.items():
        (folder / f"{name}.yml").write_text(HEAD + tasks)
    variables = {**vars(simulators.mimecast), "ca_path": simulators.ca_path}
    (folder / "variables.json").write_text(json.dumps(variables))
    environment = {**os.environ, **simulators.environment("session"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    taken: dict[str, list[float]] = {name: [] for name in PLAYBOOKS}
    for number in range(rounds + 1):
        for name in PLAYBOOKS:
            seconds = run(folder, name, environment)
            if number > 0 or rounds == 0:  # the first round fills caches
                taken[name].append(seconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def run(folder: Path, name: str, environment: dict[str, str]) -> float:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-e", "@variables.json", f"{name}.yml"]
    start = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if ended.returncode != 0:
        raise SystemExit(f"{name}: {ended.stdout}{ended.stderr}")
    return seconds


def report(seconds: dict[str, float]) -> int:
    """Print the table; 1 where a target is missed."""
    beyond = {name: value - seconds["empty"] for name, value in seconds.items()}
    rows = [
        ("one call / the same by hand", beyond["ours"] / beyond["by hand"], 0.5),
        ("one call / one bare ansible.builtin.uri", beyond["ours"] / beyond["bare"], 1.0),
        ("100 channels / one channel", beyond["ours, 100 channels"] / beyond["ours"], 1.3),
    ]
    print("\nMimecast: wall time beyond a play without tasks")
    print(f"  {'':42}{'ratio':>8}{'target':>9}")
    for name, ratio, target in rows:
        print(f"  {name:42}{ratio:8.2f}{'<= ' + format(target, '.2f'):>9}{'' if ratio <= target else '  MISSED'}")
    print("  " + ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in beyond.items() if name != "empty"))
    return int(any(ratio > target for _name, ratio, target in rows))


if __name__ == "__main__":
    sys.exit(main())
