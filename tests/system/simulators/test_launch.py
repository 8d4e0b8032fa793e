# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulators start on any free ports, and leave nothing behind, however they end."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import ROOT, eventually

from simulators.launch import NAMES, Options, running


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        # A process that has ended but was not waited for is no process that was left behind.
        state = Path(f"/proc/{pid}/stat")
        return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")
    return False


def gone(pids: list[int]) -> bool:
    return eventually(lambda: not any(alive(pid) for pid in pids))


@contextlib.contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any], str]]:
    """`python -m simulators` with its file and what it printed."""
    output = folder / "build" / "simulators.json"
    command = [sys.executable, "-m", "simulators", "--output", str(output), *options]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "export " not in printed:
            line = process.stdout.readline()
            assert line, "it ended while starting"
            printed += line
        yield process, json.loads(output.read_text("utf-8")), printed
    finally:
        process.kill()
        process.communicate()


def test_two_sets_run_side_by_side_with_secrets_of_their_own_or_given_ones(simulators):
    with running(Options(given={"mailstore": {"password": "chosen"}})) as other:
        assert not set(simulators.secrets()) & set(other.secrets())
        assert simulators.mailstore.session_port != other.mailstore.session_port
        assert other.mailstore.password == "chosen"
        assert [other.state(name)["faults"] for name in NAMES] == [[], [], []]
    assert gone(list(other.pids.values()))


def test_the_file_has_all_that_is_needed_and_is_private_and_sigterm_leaves_no_process(tmp_path):
    with started(tmp_path, "--mimecast-channels", "5") as (process, data, printed):
        assert stat.S_IMODE((tmp_path / "build" / "simulators.json").stat().st_mode) == 0o600
        assert Path(data["ca_path"]).is_file()
        assert {"base_url", "access_key", "secret_key", "app_id", "app_key"} <= set(data["mimecast"])
        assert len(data["mimecast"]["channel_ids"]) == 5
        assert {"url", "api_key", "secret"} <= set(data["mashery"])
        assert {"host", "session_port", "basic_port", "username", "password"} <= set(data["mailstore"])
        line = printed.splitlines()[-1]
        script = line + ' && printf \'%s\\n\' "$MAILSTORE_PASSWORD" "$MIMECAST_SECRET_KEY" "$MASHERY_CA_PATH"'
        shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
        assert shown == [data["mailstore"]["password"], data["mimecast"]["secret_key"], data["ca_path"]]
        process.send_signal(signal.SIGTERM)
        assert gone([*data["pids"].values(), process.pid])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path, number):
    with started(tmp_path) as (process, data, _printed):
        pids = list(data["pids"].values())
        assert all(alive(pid) for pid in pids)
        process.send_signal(number)
        assert gone([*pids, process.pid])


def test_it_ends_with_the_command_that_it_runs_and_with_its_status(tmp_path):
    config = tmp_path / "integration_config.yml"
    show = f"import json, sys; print(json.load(open({str(config)!r}))['simulators']['pids']); sys.exit(3)"
    command = [sys.executable, "-m", "simulators", "--ansible-test-config", str(config), "--"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    ended = subprocess.run(
        [*command, sys.executable, "-c", show], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 3
    assert gone([int(pid) for pid in ast.literal_eval(ended.stdout).values()])


def test_secrets_are_in_no_process_list(simulators):
    for pid in simulators.pids.values():
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert not any(secret.encode() in shown for secret in simulators.secrets())
