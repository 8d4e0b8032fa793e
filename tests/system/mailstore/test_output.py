# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person reads of a process: where it stands while it runs, and why it has failed."""

from __future__ import annotations

import json

from runs import PATIENCE_SECONDS, eventually, play, playbook, start

FAILING = """
- mops.maintenance.mailstore_invoke:
    function: CompactStore
    arguments: {instanceID: alpha, id: 1}
  register: compacted
  ignore_errors: true
- ansible.builtin.copy:
    content: "{{ compacted | to_json }}"
    dest: result.json
    mode: "0600"
"""

TWO_TASKS = """
- mops.maintenance.mailstore_invoke:
    function: VerifyStore
    arguments: {instanceID: alpha, id: 1}
    wait: false
  register: started
- mops.maintenance.mailstore_operation:
    token: "{{ started.token }}"
    function: "{{ started.function }}"
    arguments: "{{ started.arguments }}"
    state: cancelled
"""


def test_a_failure_prints_the_end_of_a_log_of_three_megabytes_and_the_result_has_all_of_it(simulators, tmp_path):
    simulators.processes(
        {"seconds": 1, "outcome": "failed", "log_bytes": 3_000_000, "message": "The disk is full.", "details": "D:"}
    )
    run = play(tmp_path, FAILING, simulators.environment())
    result = json.loads((tmp_path / "result.json").read_text())
    assert run.returncode == 0, run.everything
    assert "The disk is full." in run.stdout
    assert "Failed: The disk is full." in run.stdout  # the log's last line
    assert len(run.stdout) < 200_000
    assert result["log_output"].count("\n") == 41
    assert len(result["diff"]["log_output"]) >= 3_000_000


def test_a_process_that_another_task_has_started_is_called_by_its_function_and_not_by_its_token(simulators, tmp_path):
    simulators.processes({"seconds": 600, "steps": 3})
    run = play(tmp_path, TWO_TASKS, simulators.environment())
    (process,) = simulators.state("mailstore")["processes"]
    assert "[localhost] VerifyStore instanceID=alpha id=1: cancelled" in run.stdout, run.everything
    assert process["token"] not in run.stdout


def test_a_play_whose_reader_has_gone_goes_on_to_its_end(simulators, tmp_path):
    simulators.processes({"seconds": 3600, "steps": 6})
    task = (
        "- mops.maintenance.mailstore_invoke:\n    function: VerifyStore\n    arguments: {instanceID: alpha, id: 1}\n"
    )
    later = '- ansible.builtin.copy: {content: "", dest: later, mode: "0600"}\n'
    running = start(["ansible-playbook", playbook(tmp_path, task + later)], tmp_path, simulators.environment())
    try:
        assert running.stdout is not None
        while "VerifyStore" not in running.stdout.readline():
            pass
        running.stdout.close()
        simulators.step(3)
        assert eventually(lambda: simulators.state("mailstore")["processes"][0]["percent"] == 50)
        simulators.step()
        assert running.wait(PATIENCE_SECONDS) in (0, 120)  # Python says 120 where it could not write all that it had
        assert (tmp_path / "later").exists()
    finally:
        running.kill()
        running.wait()
