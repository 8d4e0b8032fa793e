# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m simulators`: the three services in the foreground, until somebody ends them.

`python -m simulators -- COMMAND ...` runs the command while they run, and ends with it and with its exit status.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .launch import Options, Simulators, StartError, running


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    # A pipe, and not an event: setting an event in a signal's handler can meet the lock of whoever waits for it.
    over, ending = os.pipe()

    def end(_number: int, _frame: FrameType | None) -> None:
        os.write(ending, b".")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    output: Path = given.output
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with running(_options(given), ca_path=output.with_name(output.stem + "-ca.pem")) as simulators:
            _write_private(output, json.dumps(simulators.as_json(), indent=2) + "\n")
            if given.ansible_test_config is not None:
                _write_private(given.ansible_test_config, json.dumps({"simulators": simulators.as_json()}))
            if given.command:
                return _run(given.command, over, ending)
            _tell(simulators, output)
            os.read(over, 1)
    except StartError as error:
        print(f"simulators: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Simulators of Mimecast, Mashery and MailStore SPE on loopback, over TLS, until interrupted.",
    )
    parser.add_argument("--output", type=Path, default=Path("build/simulators.json"), help="for addresses and keys")
    parser.add_argument("--mimecast-channels", type=int, default=3, metavar="N", help="number of event channels")
    parser.add_argument("--fleet", type=int, default=0, metavar="N", help="MailStore instances (0: a handful)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same fleet")
    parser.add_argument("--mailstore-session-seconds", type=float, default=600.0, metavar="S", help="sliding expiry")
    parser.add_argument("--mailstore-process-seconds", type=float, default=3.0, metavar="S", help="of long processes")
    parser.add_argument("--mashery-sink", action="store_true", help="Mashery answers 200 and checks nothing")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="JSON: service to settings (see README.md)")
    parser.add_argument("--credentials", type=Path, metavar="FILE", help="JSON: keys to use in place of random ones")
    parser.add_argument("--ansible-test-config", type=Path, metavar="FILE", help="for addresses and keys as well")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="run this while they run, and end with it")
    return parser


def _options(given: argparse.Namespace) -> Options:
    return Options(
        mimecast_channels=given.mimecast_channels,
        fleet=given.fleet,
        seed=given.seed,
        mailstore_session_seconds=given.mailstore_session_seconds,
        mailstore_process_seconds=given.mailstore_process_seconds,
        mashery_sink=given.mashery_sink,
        settings=json.loads(given.settings.read_text("utf-8")) if given.settings else {},
        given=json.loads(given.credentials.read_text("utf-8")) if given.credentials else {},
    )


def _run(command: Sequence[str], over: int, ending: int) -> int:
    """Runs `command` to its end, or to ours, which then is its end too. Returns its exit status."""
    with subprocess.Popen(command) as process:

        def wait() -> None:
            process.wait()
            os.write(ending, b".")

        threading.Thread(target=wait, daemon=True).start()
        os.read(over, 1)
        process.terminate()
    return process.returncode


def _write_private(path: Path, text: str) -> None:
    """Replaces `path` as a whole and readable by its owner only: a waiting reader never sees half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)


def _tell(simulators: Simulators, output: Path) -> None:
    mailstore = simulators.mailstore
    print(f"Mimecast   {simulators.mimecast.base_url}")
    print(f"Mashery    {simulators.mashery.url}")
    print(f"MailStore  https://{mailstore.host}:{mailstore.session_port} (session), {mailstore.basic_port} (basic),")
    print(f"           {mailstore.server_port} (MailStore Server)")
    print(f"Addresses and keys: {output} - until Ctrl-C. For the modules:")
    print(simulators.export_line(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
