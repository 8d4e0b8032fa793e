# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a playbook of ``playbook``'s tasks into a pipe, and see when each line of progress comes out of it.

``line`` finds the number in a line that tells how far the work is; the ``service``'s simulator is asked all the while
how far it really is. ``lines`` has the number of each line, how far the simulator was when the line came, and for a
person how many seconds after the simulator it came: a busy machine may take its time. ``processes`` says how
MailStore's processes go. The play runs without the variable PYTHONUNBUFFERED, which hides buffers.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.plugins.action import ActionBase

ASK_EVERY_SECONDS = 0.05


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        simulators = (task_vars or {})["simulators"]
        arguments = self._task.args
        simulator = Simulator(simulators, arguments["service"])
        simulator.ask("POST", "reset")
        if "processes" in arguments:
            simulator.ask("POST", "processes", [arguments["processes"]])
        with Watch(simulator) as watch:
            printed = self._play(arguments["playbook"], environment(simulators))
        lines: list[dict[str, Any]] = []
        for line, moment in printed:
            found = re.search(arguments["line"], line)
            if found:
                number = int(found.group(1))
                late = moment - watch.reached(number)
                lines.append({"number": number, "when": watch.when(moment), "late": late, "line": line})
        return {
            **super().run(tmp, task_vars),
            "lines": lines,
            "stdout": "".join(line for line, _moment in printed),
        }

    def _play(self, tasks: Any, variables: dict[str, str]) -> list[tuple[str, float]]:
        """What a play of these tasks prints, line by line, and when each line came."""
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        play["vars"] = {"ansible_python_interpreter": sys.executable}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "playbook.yml"
            path.write_text(json.dumps([play]))
            command = [sys.executable, "-m", "ansible.cli.playbook", str(path)]
            with subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=variables
            ) as running:
                assert running.stdout is not None
                return [(line, time.monotonic()) for line in running.stdout]


class Simulator:
    """How far the work at a simulator is, over one connection."""

    def __init__(self, simulators: dict[str, Any], service: str) -> None:
        self.service = service
        url = f"https://127.0.0.1:{simulators['mailstore']['session_port']}"
        port = urlsplit(url if service == "mailstore" else simulators[service]["url"]).port
        context = ssl.create_default_context(cafile=simulators["ca_path"])
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        self._connection.request(method, f"/_simulator/{path}", body=None if body is None else json.dumps(body))
        return json.loads(self._connection.getresponse().read())

    def reached(self) -> float:
        """The number that a line could say now, or -1 before there is any."""
        state = self.ask("GET", "state")
        if self.service == "mashery":
            return int(state["accepted_records"]) or -1
        return max((process["percent"] or 0 for process in state["processes"]), default=-1)


class Watch:
    """Asks a simulator again and again, until the block ends."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._moments: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._watcher.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._watcher.join()

    def reached(self, number: float) -> float:
        """The first moment at which the simulator was seen to be that far."""
        return next((moment for moment, seen in self._moments if seen >= number), float("-inf"))

    def when(self, moment: float) -> float:
        """How far the simulator was seen to be at that moment."""
        return max((seen for asked, seen in self._moments if asked <= moment), default=-1)

    def _watch(self) -> None:
        while not self._ended.wait(ASK_EVERY_SECONDS):
            asked = time.monotonic()
            self._moments.append((asked, self._simulator.reached()))


def environment(simulators: dict[str, Any]) -> dict[str, str]:
    """The environment of the play: this one's, without what would hide a buffer, and with the simulators' addresses."""
    mailstore, mashery = simulators["mailstore"], simulators["mashery"]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {
        **kept,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "MAILSTORE_HOST": mailstore["host"],
        "MAILSTORE_PORT": str(mailstore["session_port"]),
        "MAILSTORE_USERNAME": mailstore["username"],
        "MAILSTORE_PASSWORD": mailstore["password"],
        "MAILSTORE_CA_PATH": simulators["ca_path"],
        "MASHERY_URL": mashery["url"],
        "MASHERY_API_KEY": mashery["api_key"],
        "MASHERY_SECRET": mashery["secret"],
        "MASHERY_CA_PATH": simulators["ca_path"],
    }
