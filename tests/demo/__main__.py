# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make demo``: the shipped playbooks do their main job of all three services, against the simulators."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from simulators.launch import Simulators, running

from . import access_log

HERE = Path(__file__).parent
RECORDS = 25_000


class PlaybookFailed(Exception):
    """An ansible-playbook run ended with an error; it has said which."""


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="mops-demo-") as folder, running() as simulators:
            Demo(simulators, Path(folder)).run()
    except KeyboardInterrupt:
        print("\nInterrupted: the simulators are ended, no process is left.", file=sys.stderr)
        return 130
    except PlaybookFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


class Demo:
    """The runs, in order. ``folder`` takes what they work on; it is gone afterwards."""

    def __init__(self, simulators: Simulators, folder: Path) -> None:
        self._simulators = simulators
        self._folder = folder

    def run(self) -> None:
        self.event_channels()
        self.access_log()
        self.store_verification()
        self.what_the_services_saw()

    def event_channels(self) -> None:
        say("Mimecast: the latest token of each event channel, so that a consumer starts at now")
        channels = ",".join(self._simulators.mimecast.channel_ids)
        tokens = self._folder / "tokens.json"
        variables = (f"mimecast_event_channels_ids={channels}", f"mimecast_event_channels_path={tokens}")
        self._play("mimecast_event_channels", *variables)
        say("The same again: every channel has its token, so nothing is asked and nothing changes")
        self._play("mimecast_event_channels", *variables)

    def access_log(self) -> None:
        log = self._folder / "access.log"
        access_log.write(log, RECORDS)
        say(f"Mashery: an access log of {RECORDS:,} records ({log.stat().st_size / 1e6:.1f} MB), in posts of 10,000")
        variables = (
            f"mashery_log_shipping_logs={log}",
            f"mashery_log_shipping_ledger_directory={self._folder / 'ledgers'}",
        )
        self._play("mashery_log_shipping", *variables)
        say("The same again: the ledger knows what was sent, so nothing is posted")
        self._play("mashery_log_shipping", *variables)

    def store_verification(self) -> None:
        say("MailStore SPE: verify an archive's stores, and watch it happen")
        self._play("mailstore_store_verification")

    def what_the_services_saw(self) -> None:
        mimecast, mashery, mailstore = (self._simulators.state(name) for name in ("mimecast", "mashery", "mailstore"))
        say("What each service saw")
        succeeded = sum(process["status_code"] == "succeeded" for process in mailstore["processes"])
        rows = [
            ("Mimecast", counted(mimecast["requests"], "request"), f"{mimecast['tokens_issued']} tokens issued"),
            (
                "Mashery",
                counted(mashery["posts"], "post"),
                f"{mashery['accepted_records']:,} records accepted, {mashery['distinct_records']:,} of them different",
            ),
            (
                "MailStore SPE",
                f"sessions: {mailstore['sessions']} left open",
                f"{counted(len(mailstore['processes']), 'process', 'processes')}, {succeeded} succeeded",
            ),
        ]
        for service, asked, done in rows:
            print(f"  {service:<15}{asked:<32}{done}")

    def _play(self, playbook: str, *variables: str) -> None:
        options = [word for variable in variables for word in ("-e", variable)]
        command = ["ansible-playbook", f"mops.maintenance.{playbook}", *options]
        print("$", *command, flush=True)
        environment = {
            **os.environ,
            **self._simulators.environment(),
            "ANSIBLE_HOME": str(self._folder / "ansible"),
            "ANSIBLE_INVENTORY": str(HERE / "inventory.yml"),
            "ANSIBLE_NOCOWS": "1",
            "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", ""),
        }
        with subprocess.Popen(command, env=environment) as process:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                # Ctrl-C has reached it as well; a signal to this process alone has not.
                _end(process)
                raise
        if code:
            raise PlaybookFailed(f"{command[1]} ended with {code}.")


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun, in the form that it asks for."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def say(what: str) -> None:
    """A headline of the demo, plainly set off from Ansible's own output."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{what}{plain}", flush=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
