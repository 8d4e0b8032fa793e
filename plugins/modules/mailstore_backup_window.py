#!/usr/bin/python
# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mailstore_backup_window
short_description: Freeze instances of MailStore SPE for a backup, and thaw them whatever happens
version_added: 0.1.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - Opens a window in which instances are frozen, so that their files can be backed up, and closes it again.
  - Before it freezes anything, it starts a process that watches over the window. That process thaws the instances when
    the play has gone without closing the window, however it was ended, and at the latest after O(max_duration).
  - The role P(mops.maintenance.mailstore_backup_window#role) runs tasks between the two.
extends_documentation_fragment:
  - mops.maintenance.attributes
  - mops.maintenance.attributes.actiongroup_mailstore
  - mops.maintenance.mailstore
attributes:
  check_mode:
    support: full
    details:
      - Says whether the instances could be frozen, and freezes none. There is no RV(window) then.
  diff_mode:
    support: none
options:
  state:
    description:
      - V(opened) freezes. It refuses where one of the instances does not run or is not there.
      - V(closed) thaws. With O(window), it closes that window. With O(instances), it thaws whatever is left frozen of
        them, except what a window with a lease in O(state_dir) still holds. With O(state_dir) alone, it closes the
        windows that were lost, and nothing else. It is no failure where nothing is frozen.
    type: str
    choices: [opened, closed]
    required: true
  instances:
    description:
      - The instances, by their ids, in which V(*) stands for any characters.
      - Required if O(state=opened).
      - The task fails if the server does not have one of the ids, or if a pattern matches no instance.
    type: list
    elements: str
  allow_empty:
    description:
      - Whether a pattern in O(instances) may match no instance when O(state=closed). V(*) alone may in any case.
    type: bool
    default: false
    version_added: 0.2.0
  window:
    description: What opening has returned as RV(window). With it, closing fails where an instance was not frozen any
      more, for a backup of it cannot be trusted.
    type: dict
  state_dir:
    description:
      - A folder for the leases of windows. Each open window has a file in it, which says what it holds, and which is
        renewed every two seconds. It is made where it is not there.
      - A window is lost where its lease was not renewed for 30 seconds, for its container or its machine was killed.
        Closing with the same folder thaws what a lost window has left frozen, and nothing that another window holds.
        Opening does the same first for the instances that it is about.
      - It must outlive the container or the machine on which the module runs, and be the same one for every job that
        opens or closes windows on the server. They must name the server by the same O(host).
      - Without it, nobody but the window's own play can close it when the play is gone.
    type: path
    version_added: 0.2.0
  max_duration:
    description:
      - Seconds after which the instances are thawed at the latest, even while the play still runs. Users cannot search,
        and nothing is archived, for so long at most.
    type: float
    default: 3600
  wait_timeout:
    description: Seconds that freezing may take.
    type: float
    default: 600
notes:
  - MailStore Server has no instances, so this module is for MailStore SPE alone, and says so there.
  - The watching process outlives Ctrl-C, a cancelled job, a SIGKILL to the play and everything else that ends the play
    alone. It does not outlive the end of the machine, or a SIGKILL to its container, which is what AWX does when a job
    is cancelled on an execution node. For that, set O(state_dir), and close lost windows from elsewhere, for example in
    a node of the workflow that always runs, and on a schedule.
  - It is on the host that runs the module. Where that is not the play's controller, it cannot see the play's end, and
    only O(max_duration) ends the window.
  - Its credentials are in its memory alone.
seealso:
  - module: mops.maintenance.mailstore_instance
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.

- name: Back up an instance
  block:
    - name: Freeze it
      mops.maintenance.mailstore_backup_window:
        state: opened
        instances: [alpha]
        max_duration: 900
      register: opened

    - name: Take a snapshot
      ansible.builtin.command: /bin/true
      changed_when: true
  always:
    - name: Thaw it
      mops.maintenance.mailstore_backup_window:
        state: closed
        window: "{{ opened.window }}"
      when: opened.window is defined

- name: Close windows that were lost with their container, from elsewhere
  mops.maintenance.mailstore_backup_window:
    state: closed
    state_dir: "{{ lookup('ansible.builtin.env', 'HOME') }}/mailstore-backup-windows"

- name: Thaw whatever is left frozen, whoever froze it
  mops.maintenance.mailstore_backup_window:
    state: closed
    instances: ["*"]
"""

RETURN = r"""
window:
  description: The open window, to close it with.
  returned: if O(state=opened), and it was opened
  type: dict
  contains:
    instances:
      description: The ids of the instances that are frozen.
      type: list
      elements: str
    watch:
      description: Where the process that watches over the window can be told of its end.
      type: str
    watches_play:
      description: Whether that process sees the play's end.
      type: bool
    ends_at:
      description: When the instances are thawed at the latest, in UTC.
      type: str
    lease:
      description: The window's file in O(state_dir).
      returned: with O(state_dir)
      type: str
  sample:
    instances: [alpha]
    watch: /tmp/mops-watch-x3k2/pipe
    watches_play: true
    ends_at: "2026-01-01T01:00:00Z"
thawed:
  description: The instances that were thawed.
  returned: if O(state=closed)
  type: list
  elements: str
  sample: [alpha]
lost:
  description: The windows that were lost. They are closed now.
  returned: with O(state_dir), but for closing a O(window)
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    instances:
      description: The ids of the instances that it has frozen.
      type: list
      elements: str
    opened_at:
      description: When it was opened, in UTC.
      type: str
    ends_at:
      description: When it would have ended at the latest, in UTC.
      type: str
  sample:
    - instances: [alpha]
      opened_at: "2026-01-01T00:00:00Z"
      ends_at: "2026-01-01T01:00:00Z"
held:
  description: The windows that somebody still holds, each with what RV(lost) has. They were left alone.
  returned: if O(state=closed), with O(state_dir), but for closing a O(window)
  type: list
  elements: dict
  version_added: 0.2.0
  sample: []
"""

from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import check_found
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.backup_window import (
    FROZEN,
    SETTLE_SECONDS,
    THAW_SECONDS,
    Lost,
    NotClosed,
    NotOpened,
    broken,
    check_all_run,
    check_patterns,
    close_lost,
    freeze,
    status_of,
    thaw,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process import lease, supervisor
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import (
    Orphaned,
    play_that_waits,
)
from ansible_collections.mops.maintenance.plugins.module_utils._module import reported_failures, warn_of_lost_state

CLOSE_SECONDS = 60.0
"""For how long closing tries to thaw; what watches over the window goes on after that."""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "state": {"type": "str", "choices": ["opened", "closed"], "required": True},
            "instances": {"type": "list", "elements": "str"},
            "allow_empty": {"type": "bool", "default": False},
            "window": {"type": "dict"},
            "state_dir": {"type": "path"},
            "max_duration": {"type": "float", "default": 3600},
            "wait_timeout": {"type": "float", "default": 600},
        },
        required_if=[("state", "opened", ["instances"])],
        required_one_of=[("instances", "window", "state_dir")],
        mutually_exclusive=[("instances", "window")],
        supports_check_mode=True,
    )
    with reported_failures(module):
        server = server_of(module.params)
        if module.params["state"] == "opened":
            result = opened(module, server)
        elif module.params["window"] is not None:
            result = closed(module, server, module.params["window"])
        else:
            result = thawed(module, server)
    module.exit_json(**result)


def opened(module: AnsibleModule, server: Server) -> dict[str, Any]:
    """Freeze the instances, with somebody who watches over them."""
    patterns, seconds = module.params["instances"], module.params["max_duration"]
    check_patterns(patterns)
    if not 0 < seconds <= 7 * 86400:
        raise InvalidOption(f"max_duration must be a number of seconds above 0 and at most a week, not {seconds}.")
    waiting = Waiting(module.params["wait_timeout"])
    waiting.check()
    warn_of_lost_state(module, "state_dir", "Where that happens while the window is open, the instances stay frozen.")
    with Client(server) as client:
        status = status_of(client, patterns)
    facts: dict[str, Any] = {}
    if module.params["state_dir"]:
        lost = lost_windows(module, server, sorted(status))
        facts["lost"] = [each.as_json() for each in lost.closed]
        if lost.held:
            raise NotOpened(f"There is another backup window: {lost.held[0]}. Nothing was frozen.")
        status.update(dict.fromkeys(lost.thawed, "running"))
    check_all_run(status, patterns)
    if module.check_mode:
        return {"changed": True, **facts}
    names = sorted(status)
    ends_at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    window: dict[str, Any] = {"instances": names, "ends_at": ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if module.params["state_dir"]:
        window["lease"] = taken(module, server, names, ends_at)
    try:
        window.update(watched(module, server, window))
    except MopsError:
        lease.drop(window.get("lease", ""))
        raise
    following = Following.silently(server, waiting)
    failure: MopsError | None = None
    try:
        freeze(following, names, partial(noted, window, "process"))
        noted(window, "settled", True)
    except MopsError as error:
        failure = error
    if failure is None and not supervisor.tell(window["watch"], supervisor.SETTLED):
        failure = NotOpened("What should watch over the window has been ended, so the window was closed again.")
    if failure is not None:
        undo(server, window)
        raise failure
    return {"changed": True, "window": window, **facts}


def taken(module: AnsibleModule, server: Server, names: list[str], ends_at: datetime) -> str:
    """Take a lease on the instances, and return its path."""
    folder, url = module.params["state_dir"], server.endpoint().base_url
    path = lease.take(folder, url, names, ends_at)
    others = [each for each in lease.read(folder, url) if each.path != path and set(names) & set(each.instances)]
    if others:
        # Both were opened at once. Each of them sees the other, or at least one of them does.
        lease.drop(path)
        raise NotOpened(f"Another backup window was opened meanwhile: {others[0]}. Nothing was frozen.")
    return path


def noted(window: dict[str, Any], what: str, value: Any) -> None:
    """Say something in the window's lease, where it has one."""
    if "lease" in window:
        lease.note(window["lease"], **{what: value})


def watched(module: AnsibleModule, server: Server, window: dict[str, Any]) -> dict[str, Any]:
    """Start what thaws the instances if nobody else does."""
    names = window["instances"]

    def act(settled: bool) -> None:
        linger = 0.0 if settled else SETTLE_SECONDS
        try:
            thawed = thaw(lambda: Client(server), names, seconds=THAW_SECONDS, linger=linger)
            lease.drop(window.get("lease", ""))
            module.log(
                f"The backup window of {', '.join(names)} was not closed. Thawed: {', '.join(thawed) or 'none'}."
            )
        except MopsError as error:
            module.log(f"The backup window of {', '.join(names)} was not closed. {error}")

    failure: NotOpened | None = None
    try:
        play = play_that_waits()
    except Orphaned:
        failure = NotOpened("The play has gone before its window was opened. Nothing was frozen.")
    if failure:
        raise failure
    holding = partial(lease.renewing, window["lease"]) if "lease" in window else nullcontext
    path = supervisor.start(act, play, module.params["max_duration"], holding)
    return {"watch": path, "watches_play": play is not None}


def undo(server: Server, window: dict[str, Any]) -> None:
    """Thaw what could not be frozen as a whole, here or else by what watches."""
    try:
        thaw(lambda: Client(server), window["instances"], seconds=CLOSE_SECONDS)
    except MopsError:
        supervisor.tell(window["watch"], supervisor.ACT)
    else:
        supervisor.tell(window["watch"], supervisor.RELEASE)
        lease.drop(window.get("lease", ""))


def closed(module: AnsibleModule, server: Server, window: dict[str, Any]) -> dict[str, Any]:
    """Close a window, and find out whether it was open all the time."""
    names = window.get("instances")
    if not isinstance(names, list):
        raise InvalidOption("window must be what opening it has returned.")
    check_patterns(names)
    with Client(server) as client:
        status = status_of(client, names)
    frozen = [name for name, state in status.items() if state == FROZEN]
    if module.check_mode:
        return {"changed": bool(frozen), "thawed": frozen}
    interrupted = broken(status, names)
    thawed = thaw(lambda: Client(server), frozen, seconds=CLOSE_SECONDS) if frozen else []
    alive = supervisor.tell(str(window.get("watch")), supervisor.RELEASE)
    lease.drop(str(window.get("lease", "")))
    if interrupted:
        raise NotClosed(
            f"The window is closed, but when it was, {', '.join(interrupted)}: a backup that was made in it cannot "
            f"be trusted. {'' if alive else 'Perhaps it took longer than max_duration. '}Make it again.",
            changed=bool(thawed),
            thawed=thawed,
        )
    return {"changed": bool(thawed), "thawed": thawed}


def thawed(module: AnsibleModule, server: Server) -> dict[str, Any]:
    """Close the windows that were lost; with instances, thaw whatever else is frozen of them and not held."""
    patterns = module.params["instances"]
    facts: dict[str, Any] = {}
    thawed: list[str] = []
    spared: set[str] = set()
    names = None
    if patterns is not None:
        check_patterns(patterns)
        with Client(server) as client:
            names = list(status_of(client, patterns))
            found = [{"instanceID": name} for name in names]
            check_found(client, patterns, found, allow_empty=module.params["allow_empty"])
    if module.params["state_dir"]:
        lost = lost_windows(module, server, names)
        thawed += lost.thawed
        spared = {name for each in lost.held for name in each.instances}
        facts = {"lost": [each.as_json() for each in lost.closed], "held": [each.as_json() for each in lost.held]}
    if names is not None:
        with Client(server) as client:
            status = status_of(client, patterns)
        frozen = [name for name, state in status.items() if state == FROZEN and name not in spared]
        more = (
            frozen if module.check_mode or not frozen else thaw(lambda: Client(server), frozen, seconds=CLOSE_SECONDS)
        )
        thawed += [name for name in more if name not in thawed]
    return {"changed": bool(thawed), "thawed": thawed, **facts}


def lost_windows(module: AnsibleModule, server: Server, names: list[str] | None) -> Lost:
    """Close the windows that were lost, and say so."""
    folder, url = module.params["state_dir"], server.endpoint().base_url
    if module.params["state"] == "closed":
        warn_of_lost_state(module, "state_dir", "No window of another container has a lease there.")
    lost = close_lost(lambda: Client(server), folder, url, names, dry=module.check_mode, seconds=CLOSE_SECONDS)
    for each in lost.closed:
        module.warn(f"A backup window was lost: {each}. A backup that was made in it cannot be trusted.")
    return lost


if __name__ == "__main__":
    main()
