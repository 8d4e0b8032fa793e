# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Token files as consumers have them: under a quota, written by many at once, killed in the middle, on many hosts."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import Run, eventually, finish, play, start

from simulators.launch import Options, Simulators, running

KILLS = int(os.environ.get("MOPS_CRASH_KILLS", "6"))


@pytest.fixture(scope="module")
def many_channels() -> Iterator[Simulators]:
    with running(Options(mimecast_channels=12)) as simulators:
        yield simulators


@pytest.fixture
def service(many_channels: Simulators) -> Simulators:
    """The simulators with twelve channels, as they were when they started."""
    many_channels.reset()
    return many_channels


def variables(folder: Path, **values: object) -> str:
    (folder / "variables.json").write_text(json.dumps(values))
    return "@variables.json"


def channels_in(path: Path) -> dict[str, str]:
    return {channel_id: entry["token"] for channel_id, entry in json.loads(path.read_text())["channels"].items()}


def test_ten_channels_one_by_one_under_a_quota(tmp_path, service):
    # The failure of one channel is not named, so that the answer for all of them is in doubt.
    service.settings("mimecast", fail_key="absent")
    refusal = {"action": "status", "status": 429, "headers": {"X-RateLimit-Reset": "20"}}
    service.faults("mimecast", [{**refusal, "skip": 1, "every": 2, "times": 5}])
    service.control(
        "mimecast", "POST", "channels", [{"channel_id": "CH0011-SIMU-LATED1", "code": "no", "message": "no"}]
    )
    task = """
- mops.maintenance.mimecast_channel_token:
    channel_ids: "{{ channel_ids }}"
    path: "{{ playbook_dir }}/tokens.json"
  register: result
  ignore_errors: true
- ansible.builtin.copy:
    content: "{{ result | to_json }}"
    dest: "{{ playbook_dir }}/result.json"
    mode: '0600'
"""
    given = variables(tmp_path, channel_ids=service.mimecast.channel_ids[:11])
    run = play(tmp_path, task, service.environment(), "-e", given)
    assert run.returncode == 0, run.everything
    result, seen = json.loads((tmp_path / "result.json").read_text()), service.state("mimecast")
    assert [entry["channel_id"] for entry in result["failed_channels"]] == ["CH0011-SIMU-LATED1"]
    assert channels_in(tmp_path / "tokens.json") == {
        channel_id: seen["tokens"][channel_id] for channel_id in service.mimecast.channel_ids[:10]
    }
    assert (result["retries"], seen["faults_applied"]) == (5, 5)
    assert seen["requests"] == 1 + 11 + result["retries"]
    assert seen["replays"] == 0


@pytest.mark.slow
def test_many_hosts_that_write_one_file_at_once_lose_no_channel(tmp_path, service):
    hosts = {f"host{number}": channel_id for number, channel_id in enumerate(service.mimecast.channel_ids)}
    run = playbook_of_hosts(
        tmp_path,
        service,
        list(hosts),
        """
  tasks:
    - mops.maintenance.mimecast_channel_token:
        channel_id: "{{ channel_of[inventory_hostname] }}"
        path: "{{ playbook_dir }}/tokens.json"
""",
        "-f12",
        channel_of=hosts,
    )
    assert run.returncode == 0, run.everything
    assert channels_in(tmp_path / "tokens.json") == service.state("mimecast")["tokens"]
    assert not list(tmp_path.glob(".tokens*"))


def test_a_run_that_is_killed_leaves_a_whole_file(tmp_path, service):
    """A run that does nothing but write is killed again and again; a reader never sees half a file."""
    path = tmp_path / "tokens.json"
    writer = f"""
from datetime import datetime, timezone
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels import token_file
file, number = token_file.TokenFile({str(path)!r}), 0
while True:
    number += 1
    new = {{f"channel-{{one}}": f"token-{{number}}" * 50 for one in range(40)}}
    file.update(lambda content: token_file.with_tokens(content, new, datetime.now(timezone.utc), force=True))
"""
    environment = {"PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    chance = random.Random(1)
    for _round in range(KILLS):
        process = start([sys.executable, "-c", writer], tmp_path, environment)
        assert eventually(path.exists)
        time.sleep(chance.uniform(0.05, 0.4))
        process.send_signal(signal.SIGKILL)
        assert finish(process).returncode == -signal.SIGKILL
        assert len(set(channels_in(path).values())) == 1
    run = play(
        tmp_path,
        f"""
- mops.maintenance.mimecast_channel_token:
    channel_id: {service.mimecast.channel_ids[0]}
    path: "{{{{ playbook_dir }}}}/tokens.json"
""",
        service.environment(),
    )
    assert run.returncode == 0, run.everything
    assert len(channels_in(path)) == 41
    assert not list(tmp_path.glob(".tokens*"))


ROLE = """
  roles:
    - role: mops.maintenance.mimecast_event_channels
      mimecast_event_channels_ids: "{{ channel_ids }}"
      mimecast_event_channels_path: "{{ playbook_dir }}/{{ inventory_hostname }}/tokens.json"
  handlers:
    - name: Tell the consumer
      ansible.builtin.debug:
        msg: "{{ inventory_hostname }} was told"
      listen: mimecast_event_channels_changed
"""


def test_every_host_gets_its_file_once_and_its_consumer_is_told(tmp_path, service):
    hosts, channel_ids = ["alpha", "beta", "gamma"], service.mimecast.channel_ids[:4]
    service.settings("mimecast", quota_limit=1, quota_refill_ms=1500)
    first = playbook_of_hosts(tmp_path, service, hosts, ROLE, "-vvv", channel_ids=channel_ids)
    assert first.returncode == 0, first.everything
    assert "AnsiballZ_mimecast_channel_token" not in first.stdout, "the keys went through a file"
    seen = service.state("mimecast")
    assert seen["requests"] == 3 + seen["refusals"].get("429", 0)
    assert seen["tokens_issued"] == 12
    for host in hosts:
        assert list(channels_in(tmp_path / host / "tokens.json")) == channel_ids
        assert f"{host} was told" in first.stdout

    second = playbook_of_hosts(tmp_path, service, hosts, ROLE, channel_ids=channel_ids)
    assert second.returncode == 0, second.everything
    assert service.state("mimecast")["requests"] == seen["requests"]
    assert "was told" not in second.stdout
    assert second.stdout.count("changed=0") == 3


def test_the_keys_reach_other_hosts_from_the_controllers_environment_alone(tmp_path, service):
    """The hosts' own environment knows nothing: the module gets its keys as options."""
    hidden = {name: "" for name in service.environment() if name.startswith("MIMECAST_")}
    text = ROLE + "  environment: " + json.dumps(hidden) + "\n"
    run = playbook_of_hosts(tmp_path, service, ["alpha"], text, channel_ids=service.mimecast.channel_ids[:1])
    assert run.returncode == 0, run.everything
    assert (tmp_path / "alpha" / "tokens.json").exists()


def playbook_of_hosts(
    folder: Path, service: Simulators, hosts: list[str], body: str, *options: str, **values: object
) -> Run:
    """Run a play on hosts that are all this machine."""
    (folder / "hosts").write_text("".join(f"{host} ansible_connection=local\n" for host in hosts))
    (folder / "hosts.yml").write_text("- hosts: all\n  gather_facts: false\n" + body)
    values["ansible_python_interpreter"] = sys.executable
    command = ["ansible-playbook", "-i", "hosts", "-e", variables(folder, **values), *options, "hosts.yml"]
    return finish(start(command, folder, service.environment()))
