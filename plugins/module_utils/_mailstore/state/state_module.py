# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the modules that describe a state have in common: reach it, and report how it was and how it is."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import server_of
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import work_apart
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import Outcome, Subject, reach
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress


def end_in_state(
    module: AnsibleModule, name: str, subject: Subject, waiting: Waiting | None = None, *, single: bool = False
) -> NoReturn:
    """Bring ``subject`` about, and end the task; ``name`` is the return value that shows it. Raises `MopsError`.

    ``single`` says that no instance was named, which only MailStore Server can do without.

    A process on the server that has not ended within the time of ``waiting`` goes on.
    """
    server = server_of(module.params)
    waiting = waiting or Waiting(cancels=False)
    waiting.check()
    following = Following(server, waiting, work_apart(), Progress(None, interval=60.0))
    outcomes: list[Outcome] = []

    def work() -> None:
        with following.client() as client:
            if single:
                client.check_single()
            outcomes.append(reach(client, following, subject, check_mode=module.check_mode))

    following.run(work, 1)
    report(module, name, subject, outcomes[0])


def report(module: AnsibleModule, name: str, subject: Subject, outcome: Outcome) -> NoReturn:
    """End the task with what was reached."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        name: subject.shown(outcome.after),
        "functions": outcome.functions,
    }
    if module._diff:
        before, after = subject.diff(outcome.before, outcome.after)
        result["diff"] = {"before": before or {}, "after": after or {}}
    if outcome.unmet:
        functions = ", ".join(step.function for step in outcome.unmet)
        module.warn(
            f"The server has carried out {functions}, but shows something else since than what was asked for: the "
            f"next run will change it again. Compare the options with the return value {name}."
        )
    module.exit_json(**result)
