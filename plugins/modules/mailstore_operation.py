#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_operation
short_description: Go on with a process of a MailStore SPE server that was left running
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Waits for the end of a process that M(mops.maintenance.mailstore_invoke) has started and left running, cancels it,
    or asks how it stands. That may be in another task, another play or another playbook.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.waiting
attributes:
  check_mode:
    support: full
    details:
      - In check mode the server is asked once how the process stands. Nothing is cancelled, and nothing is waited for.
  diff_mode:
    support: none
options:
  token:
    description:
      - The process's token, as M(mops.maintenance.mailstore_invoke) has returned it.
      - Either this or O(state_dir) is required.
    type: str
  function:
    description:
      - The function that has started the process. Progress and messages name it, with O(arguments).
      - It is the RV(mops.maintenance.mailstore_invoke#module:function) of the task that has started the process. The
        server does not tell it.
    type: str
    version_added: 0.2.0
  arguments:
    description:
      - The arguments of O(function), by which progress and messages say which instance and store they are about.
    type: dict
    default: {}
    version_added: 0.2.0
  state_dir:
    description:
      - The folder in which M(mops.maintenance.mailstore_invoke) lists the processes that it follows. All that nobody
        follows any more are brought to O(state), each after the other, and are returned as RV(operations). Where there
        is none, nothing is done.
    type: path
    version_added: 0.2.0
  status_version:
    description:
      - The number of the newest status that is known, as M(mops.maintenance.mailstore_invoke) or an earlier run of
        this module has returned it. RV(log_output) begins after it.
    type: int
    default: 0
  state:
    description:
      - V(finished) waits for the end of the process. The task fails where the process fails or is cancelled.
      - V(cancelled) cancels the process, unless it has ended already, and waits until it has ended.
      - V(queried) asks how the process stands, and leaves it alone.
    type: str
    choices: [finished, cancelled, queried]
    default: finished
  on_timeout:
    description:
      - What becomes of a process that has not ended within O(wait_timeout), or when the play is cancelled.
      - V(detach) leaves it running, as it was before. After O(wait_timeout) the task succeeds with
        RV(status_code=running).
      - V(cancel) cancels it, and the task fails.
    type: str
    choices: [cancel, detach]
    default: detach
notes:
  - A server knows a process for some time after its end, and not beyond its own restart. Where it does not know the
    process, the task fails.
seealso:
  - module: mops.maintenance.mailstore_invoke
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Start a verification and do not wait for it
  mops.maintenance.mailstore_invoke:
    function: VerifyStores
    arguments:
      instanceID: alpha
    wait: false
  register: verification

- name: See how it stands
  mops.maintenance.mailstore_operation:
    token: "{{ verification.token }}"
    state: queried
  register: progress

- name: Wait for it, for an hour at most, and then leave it running
  mops.maintenance.mailstore_operation:
    token: "{{ verification.token }}"
    function: "{{ verification.function }}"
    arguments: "{{ verification.arguments }}"
    status_version: "{{ progress.status_version }}"
    wait_timeout: 3600

- name: Wait for whatever a killed container has left running
  mops.maintenance.mailstore_operation:
    state_dir: "{{ lookup('ansible.builtin.env', 'HOME') }}/mailstore-processes"

- name: Make sure that it does not run any more
  mops.maintenance.mailstore_operation:
    token: "{{ verification.token }}"
    state: cancelled
"""

RETURN = r"""
result:
  description: What the function returns, in its own shape, with secrets masked. Null where it returns nothing, or has
    not ended.
  returned: when the server knows the process
  type: raw
  sample: null
status_code:
  description: How the process stands, in the server's words.
  returned: when the server knows the process
  type: str
  sample: succeeded
status_version:
  description: The number of the newest status.
  returned: when the server knows the process
  type: int
  sample: 269
percent_progress:
  description: The last percentage that the server named, or null; 100 after a success.
  returned: when the server knows the process
  type: float
  sample: 100
status_text:
  description: The last words that the server said about the state of the process, or null.
  returned: when the server knows the process
  type: str
  sample: Verifying messages
log_output:
  description:
    - What the process has logged after O(status_version).
    - Where the task has failed and has no C(failed_when), which is when Ansible prints the result, it is the last 40
      lines of a longer log, and all of it is in C(diff.log_output).
  returned: when the server knows the process
  type: str
  sample: "Verifying file group #2...\r\n"
log_characters_cut:
  description: How many characters were left out in the middle of RV(log_output).
  returned: if the log output was longer than what is kept
  type: int
  sample: 1048576
token:
  description: The process's token.
  returned: when the server knows the process
  type: str
  sample: sa71c6ef0d880a14eb2220fa87f276710e
error:
  description: The server's error.
  returned: if the server reports one
  type: dict
  contains:
    message:
      description: What went wrong.
      type: str
    details:
      description: Technical details.
      type: str
  sample: {message: The disk is full., details: ""}
polls:
  description: How often the server was asked for the state of the process.
  returned: when the server knows the process
  type: int
  sample: 12
elapsed:
  description: Seconds that this took.
  returned: when the server knows the process
  type: float
  sample: 61.3
timed_out:
  description: Whether the process had not ended within O(wait_timeout).
  returned: when the server knows the process
  type: bool
  sample: false
operations:
  description: What became of each process that nobody followed any more. Each has the values above, and these.
  returned: with O(state_dir)
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    what:
      description: The function, and what it works on.
      type: str
    started_at:
      description: When it was started, in UTC.
      type: str
    on_timeout:
      description: What was to become of it, V(cancel) or V(detach).
      type: str
  sample: []
"""

from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import ProcessUnknown
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    SecretArgumentsModule,
    connection_arguments,
    process_facts,
    server_of,
    waiting_arguments,
    waiting_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.invocation import Invocation
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.reattachment import (
    Reattached,
    State,
    resume,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.started import Entry, Started
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress


def main() -> None:
    module = SecretArgumentsModule(
        argument_spec={
            **connection_arguments(),
            **waiting_arguments(on_timeout="detach"),
            "token": {"type": "str", "no_log": False},
            "function": {"type": "str"},
            "arguments": {"type": "dict", "default": {}},
            "state_dir": {"type": "path"},
            "status_version": {"type": "int", "default": 0},
            "state": {"type": "str", "choices": [state.value for state in State], "default": State.FINISHED.value},
        },
        required_one_of=[("token", "state_dir")],
        mutually_exclusive=[("token", "state_dir")],
        supports_check_mode=True,
    )
    with reported_failures(module):
        if module.params["token"] is None:
            report_all(module, carry_out_all(module))
        report(module, carry_out(module))


def report(module: SecretArgumentsModule, resumed: Reattached) -> None:
    """End the task with what became of the only process."""
    if resumed.failure is not None:
        module.fail_json(f"{label_of(module)}: {resumed.failure}", changed=resumed.changed, **facts_of(resumed))
    module.exit_json(changed=resumed.changed, **facts_of(resumed))


def report_all(module: SecretArgumentsModule, results: list[tuple[Entry, Reattached]]) -> None:
    """End the task with what became of all that was left over."""
    changed = any(resumed.changed for _entry, resumed in results)
    operations = [{**facts_of(resumed), **entry.as_json()} for entry, resumed in results]
    failures = [f"{entry.what}: {resumed.failure}" for entry, resumed in results if resumed.failure is not None]
    if failures:
        module.fail_json(
            f"{len(failures)} of {len(results)} processes failed. {' '.join(failures)}",
            changed=changed,
            operations=operations,
        )
    module.exit_json(changed=changed, operations=operations)


def facts_of(resumed: Reattached) -> dict[str, Any]:
    """What became of a process, by the names of the return values."""
    known = process_facts(resumed.process)
    return {
        **known,
        "result": masked(known["result"]),
        "elapsed": round(resumed.elapsed, 3),
        "timed_out": resumed.timed_out,
    }


def carry_out(module: SecretArgumentsModule) -> Reattached:
    """Carry out what the options ask for, about one process."""
    options = module.params
    server, waiting = server_of(options), waiting_of(options)
    state = State(options["state"])
    interruption = work_apart()
    with Progress.of(module) as progress:
        following = Following(server, waiting, interruption, progress)
        return resume(
            following,
            options["token"],
            options["status_version"],
            state,
            label=label_of(module),
            check_mode=module.check_mode,
        )


def label_of(module: SecretArgumentsModule) -> str:
    """What progress and messages call the process."""
    function = module.params["function"]
    return str(Invocation(function, module.params["arguments"])) if function else "Process"


def carry_out_all(module: SecretArgumentsModule) -> list[tuple[Entry, Reattached]]:
    """Carry out what the options ask for, about every listed process that nobody follows."""
    options = module.params
    server, waiting = server_of(options), waiting_of(options)
    state = State(options["state"])
    interruption = work_apart()
    started = Started(options["state_dir"], server.endpoint().base_url, options["on_timeout"])
    results: list[tuple[Entry, Reattached]] = []
    with Progress.of(module) as progress:
        following = Following(server, waiting, interruption, progress, started=started)
        for entry in started.left_over():
            try:
                resumed = resume(following, entry.token, 0, state, check_mode=module.check_mode, label=entry.what)
            except ProcessUnknown:
                started.forget(entry)  # it has ended long ago, or with the server
                continue
            if not resumed.process.running:
                started.forget(entry)
            results.append((entry, resumed))
    return results


if __name__ == "__main__":
    main()
