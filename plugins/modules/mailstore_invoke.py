#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_invoke
short_description: Invoke functions of the MailStore SPE Management API
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Invokes any function of the Management API of MailStore Service Provider Edition, one or many at once, and follows
    the processes that they start to their end, for hours if need be.
  - It logs in, and logs out again on every way out. Where the session expires or the connection breaks in between, it
    goes on with the same process.
  - While it waits, it shows the process's progress live, where it runs on the controller.
  - To go on with a process that was left running, use M(mops.maintenance.mailstore_operation).
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
  - mops.maintenance.mailstore.waiting
attributes:
  check_mode:
    support: full
    details:
      - Functions that only read run in check mode. Functions that write are not invoked, and predict a change.
        Functions whose names begin with Verify or Test change no data and are not started.
      - C(SyncUsersWithDirectoryServices) runs in check mode with its argument C(dryRun) set to true.
  diff_mode:
    support: none
options:
  function:
    description:
      - The name of the function. Upper and lower case count.
      - Exactly one of O(function) and O(invocations) is required.
    type: str
  arguments:
    description:
      - The function's arguments, by their exact names. Dictionaries and lists become JSON text where the function
        wants that, and an argument that is null is left out.
      - The values of C(password), C(passphrase) and C(encryptionKey), and of every other name that ends like these or
        in C(secret), are masked wherever they could be shown, at any depth.
    type: dict
    default: {}
  invocations:
    description:
      - Functions to be invoked, several at once. Each is followed to its end, also where others fail.
      - In the end the task fails if any of them has failed.
    type: list
    elements: dict
    suboptions:
      function:
        description: The name of the function.
        type: str
        required: true
      arguments:
        description: Its arguments, as in O(arguments).
        type: dict
        default: {}
      id:
        description: Names the invocation in results, messages and progress.
        type: str
  concurrency:
    description:
      - How many of O(invocations) run at once. With O(auth_method=session), each of them has a session of its own.
    type: int
    default: 4
  wait:
    description:
      - Whether to wait for the end of the process. If not, the task ends as soon as it has begun, and RV(token) tells
        M(mops.maintenance.mailstore_operation) which one it is.
    type: bool
    default: true
  state_dir:
    description:
      - A folder that lists the processes which this task follows, each in a file that is renewed every two seconds and
        removed when the process has ended. It is made where it is not there.
      - Where the task is killed with its container or its machine, its processes go on, and stay listed. The next run
        with the same folder finds those that were not renewed for 30 seconds. It cancels them, and says so, if that
        run had O(on_timeout=cancel). M(mops.maintenance.mailstore_operation) can wait for the others.
      - In a container, it must be on a volume.
    type: path
    version_added: 0.2.0
  on_timeout:
    description:
      - What becomes of a process that has not ended within O(wait_timeout), or when the play is cancelled.
      - V(cancel) cancels it, and the task fails.
      - V(detach) leaves it running. After O(wait_timeout) the task succeeds with RV(status_code=running), and
        M(mops.maintenance.mailstore_operation) can go on with the process by its RV(token).
    type: str
    choices: [cancel, detach]
    default: cancel
  validate_arguments:
    description:
      - Whether to check functions and arguments against the server's own list of functions, before anything is invoked.
      - The instances that C(instanceFilter) names must be there then, if O(function) changes something.
    type: bool
    default: true
notes:
  - A function is taken to only read if its name begins with Get, Can or Ping as a word of its own. Verify and Test
    are taken to change no data. Everything else is taken to change something, and reports so; use C(changed_when)
    where you know better.
  - Signals, the end of the play and the end of its time under C(async) all end in a logout, and under
    O(on_timeout=cancel) in the cancellation of the server's process.
  - So does a container that is stopped, and a job that is cancelled in AWX where it runs in a pod, if the image is that
    of the shipped definition, which ends after all of its processes. With another image there are a few seconds. On an
    execution node, AWX kills the job's container with everything in it. The session then expires by itself, and the
    server's process goes on until a run with the same O(state_dir) finds it.
  - Callback plugins that show a task's arguments (C(display_args_to_stdout), AWX's job events) do so before the
    module runs, and can mask nothing. There, set C(no_log) on tasks whose O(arguments) hold secrets; it also hides
    the progress.
  - MailStore Server has one archive and no instances, so its functions have no argument C(instanceID). Which functions
    a server has and what they take, it says itself (C(get-metadata)); those of another version or edition are refused
    before anything is invoked.
  - What a function returns is not masked. Where that is a secret, as with C(CreateSystemAdministratorAPIPassword), set
    C(no_log).
  - At most 32 Mi characters of a process's log output are kept. Beyond that its middle is left out, which it then says
    itself, and RV(log_characters_cut) tells how much it was.
seealso:
  - module: mops.maintenance.mailstore_operation
  - name: MailStore SPE Management API - Function Reference
    description: All functions with their arguments.
    link: https://help.mailstore.com/en/spe/Management_API_-_Function_Reference
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: List all instances
  mops.maintenance.mailstore_invoke:
    function: GetInstances
    arguments:
      instanceFilter: "*"
  register: instances

- name: Verify an archive store, watch it, and give it two hours
  mops.maintenance.mailstore_invoke:
    function: VerifyStore
    arguments:
      instanceID: "{{ instances.result[0].instanceID }}"
      id: 1
    wait_timeout: 7200

- name: Rebuild the indexes of three instances, two at once
  mops.maintenance.mailstore_invoke:
    invocations:
      - id: "{{ item_ids[0] }}"
        function: RebuildSelectedStoreIndexes
        arguments: {instanceID: "{{ item_ids[0] }}"}
      - id: "{{ item_ids[1] }}"
        function: RebuildSelectedStoreIndexes
        arguments: {instanceID: "{{ item_ids[1] }}"}
    concurrency: 2
  vars:
    item_ids: "{{ instances.result | selectattr('status', 'eq', 'running') | map(attribute='instanceID') | list }}"

- name: Start a verification and do not wait for it
  mops.maintenance.mailstore_invoke:
    function: VerifyStores
    arguments:
      instanceID: "{{ instances.result[0].instanceID }}"
    wait: false
  register: verification

- name: Wait for it later
  mops.maintenance.mailstore_operation:
    token: "{{ verification.token }}"
    function: "{{ verification.function }}"
    arguments: "{{ verification.arguments }}"
    status_version: "{{ verification.status_version }}"
"""

RETURN = r"""
function:
  description: The name of the function.
  returned: if O(function) was invoked
  type: str
  version_added: 0.2.0
  sample: VerifyStore
arguments:
  description: Its arguments, as O(arguments) gave them; secrets are masked.
  returned: if O(function) was invoked
  type: dict
  version_added: 0.2.0
  sample: {instanceID: customer-1, id: 1}
result:
  description: What the function returns; its shape is the function's own. Null where it returns nothing. Secrets in
    what a function reads are masked.
  returned: if O(function) was invoked
  type: raw
  sample: [{instanceID: customer-1, instanceHost: archive.example.com, status: running}]
status_code:
  description: How the call or its process stands, in the server's words.
  returned: if O(function) was invoked
  type: str
  sample: succeeded
status_version:
  description: The number of the newest status; M(mops.maintenance.mailstore_operation) goes on after it.
  returned: if O(function) was invoked
  type: int
  sample: 269
percent_progress:
  description: The last percentage that the server named, or null; 100 after a success.
  returned: if O(function) was invoked
  type: float
  sample: 100
status_text:
  description: The last words that the server said about the state of the process, or null.
  returned: if O(function) was invoked
  type: str
  sample: Verifying messages
log_output:
  description:
    - All that the process has logged.
    - Where the task has failed and has no C(failed_when), which is when Ansible prints the result, it is the last 40
      lines of a longer log. All of it is then in C(diff.log_output), and that of each of O(invocations), in their
      order, in C(diff.log_outputs).
  returned: if O(function) was invoked
  type: str
  sample: "Verifying file group #2...\r\n"
log_characters_cut:
  description: How many characters were left out in the middle of RV(log_output).
  returned: if the log output was longer than what is kept
  type: int
  sample: 1048576
token:
  description: The process's token, or null where the function started no process.
  returned: if O(function) was invoked
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
  sample: {message: There is no such store., details: ""}
polls:
  description: How often the server was asked for the state of the process.
  returned: if O(function) was invoked
  type: int
  sample: 12
elapsed:
  description: Seconds from the function's start until there was no more to wait for.
  returned: if O(function) was invoked
  type: float
  sample: 61.3
timed_out:
  description: Whether the process had not ended within O(wait_timeout).
  returned: if O(function) was invoked
  type: bool
  sample: false
invocations:
  description:
    - One entry for each of O(invocations), in their order, with the values that are described here for a single one.
    - An entry of what was not invoked, in check mode for example, has only C(id), C(function), C(changed) and
      C(failed).
  returned: if O(invocations) is given
  type: list
  elements: dict
  contains:
    id:
      description: The invocation's O(invocations[].id), or null.
      type: str
    function:
      description: The name of the function.
      type: str
    changed:
      description: Whether it changed something.
      type: bool
    failed:
      description: Whether it has failed.
      type: bool
    msg:
      description: Why it has failed.
      type: str
  sample:
    - {id: customer-1, function: VerifyStores, changed: false, failed: false, status_code: succeeded, polls: 3}
"""

from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import Effect, masked
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    SecretArgumentsModule,
    connection_arguments,
    process_facts,
    server_of,
    started_in,
    waiting_arguments,
    waiting_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.invocation import (
    Invocation,
    Result,
    invoke_all,
)
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures, warn_of_lost_state
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress

LOST = "What a killed container has left running is then not found."


def main() -> None:
    invocation = {"function": {"type": "str"}, "arguments": {"type": "dict", "default": {}}}
    module = SecretArgumentsModule(
        argument_spec={
            **connection_arguments(),
            **waiting_arguments(on_timeout="cancel"),
            **invocation,
            "invocations": {
                "type": "list",
                "elements": "dict",
                "options": {**invocation, "function": {"type": "str", "required": True}, "id": {"type": "str"}},
            },
            "concurrency": {"type": "int", "default": 4},
            "wait": {"type": "bool", "default": True},
            "state_dir": {"type": "path"},
            "validate_arguments": {"type": "bool", "default": True},
        },
        mutually_exclusive=[("function", "invocations")],
        required_one_of=[("function", "invocations")],
        supports_check_mode=True,
    )
    with reported_failures(module):
        results = invoke(module)
        if module.params["invocations"] is None:
            report_one(module, results[0])
        report_many(module, results)


def invoke(module: SecretArgumentsModule) -> list[Result]:
    """Carry out what the options ask for."""
    options = module.params
    server, waiting = server_of(options), waiting_of(options)
    given = options["invocations"]
    if given is None:
        given = [{"function": options["function"], "arguments": options["arguments"], "id": None}]
    invocations = [Invocation(item["function"], item["arguments"], item["id"]) for item in given]
    warn_of_lost_state(module, "state_dir", LOST)
    interruption = work_apart()
    started = started_in(module, server, options["state_dir"], options["on_timeout"])
    with Progress.of(module) as progress:
        return invoke_all(
            Following(server, waiting, interruption, progress, started=started),
            invocations,
            concurrency=options["concurrency"],
            wait=options["wait"],
            validate=options["validate_arguments"],
            check_mode=module.check_mode,
        )


def report_one(module: SecretArgumentsModule, result: Result) -> None:
    """End the task with the only result."""
    invocation = result.plan.invocation
    known = facts(result)
    if known:
        known.update(function=invocation.function, arguments=masked(invocation.arguments))
    if result.failure is not None:
        module.fail_json(f"{invocation}: {result.failure}", changed=result.changed, **known)
    module.exit_json(changed=result.changed, **known)


def report_many(module: SecretArgumentsModule, results: list[Result]) -> None:
    """End the task with all results, and fail it where one of them is a failure."""
    entries: list[dict[str, Any]] = []
    for result in results:
        invocation = result.plan.invocation
        entry = {"id": invocation.id, "function": invocation.function, "changed": result.changed}
        entry.update(facts(result), failed=result.failure is not None)
        if result.failure is not None:
            entry["msg"] = result.failure
        entries.append(entry)
    outcome = {"changed": any(result.changed for result in results), "invocations": entries}
    failures = [f"{result.plan.invocation}: {result.failure}" for result in results if result.failure is not None]
    if failures:
        module.fail_json(f"{len(failures)} of {len(results)} invocations failed. {' '.join(failures)}", **outcome)
    module.exit_json(**outcome)


def facts(result: Result) -> dict[str, Any]:
    """What is known of an invocation. Empty for what was not invoked. What was read may hold secrets."""
    if result.process is None:
        return {}
    known = {**process_facts(result.process), "elapsed": round(result.elapsed, 3), "timed_out": result.timed_out}
    return {**known, "result": masked(known["result"])} if result.plan.effect is Effect.READS else known


if __name__ == "__main__":
    main()
