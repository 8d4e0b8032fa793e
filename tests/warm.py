# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python that is warm: its runs are forks of a process that has imported and compiled before.

Of half a second that a module of Ansible computes, nearly all goes into importing requests and compiling what Ansible
packs together with it, the same for every task. ``python -m warm FOLDER`` makes FOLDER/python, a stand-in for the
Python that runs it, says so in a line, and serves it until standard input ends.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import socket
import sys
from contextlib import suppress
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(server, [request[:1]], [0, 1, 2])
server.sendall(request[1:])
server.shutdown(socket.SHUT_WR)
answers = server.makefile()
process = int(answers.readline())
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: os.kill(process, number))
sys.exit(int(answers.readline() or 1))
"""

PRELOADED = (
    "ast base64 bz2 concurrent.futures copy ctypes dataclasses datetime difflib fcntl fnmatch getpass glob grp gzip "
    "importlib.metadata inspect ipaddress locale logging lzma platform pwd queue random requests select selectors "
    "shlex shutil socket stat string subprocess syslog tarfile tempfile termios traceback tty typing uuid zipfile zlib "
    "quick_python.sitecustomize"
)


def main(folder: Path) -> None:
    for module in PRELOADED.split():
        __import__(module)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen(64)
    stand_in = folder / "python"
    stand_in.write_text(CLIENT.format(python=sys.executable, address=str(folder / "socket")))
    stand_in.chmod(0o700)
    print(f"{stand_in} is warm.", flush=True)
    serve(listener)


def serve(listener: socket.socket) -> None:
    """Returns when standard input has ended; and in each process that was asked for, when it has done its work."""
    gc.freeze()
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _address = listener.accept()
        if not os.fork():
            listener.close()
            answer(connection)
            return
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def answer(connection: socket.socket) -> None:
    data, files, _flags, _sender = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as rest:
        arguments, environment, folder = json.loads(data + rest.read())
    process = os.fork()
    if process:
        for file in files:
            os.close(file)
        connection.sendall(b"%d\n" % process)
        _process, status = os.waitpid(process, 0)
        connection.sendall(b"%d\n" % abs(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    run(arguments)


def run(arguments: list[str]) -> None:
    """What ``python ARGUMENTS`` does, as far as Ansible asks: the program is a file, or comes on standard input."""
    if arguments and arguments[0] != "-":
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
    else:
        sys.argv = ["-"]
        program = compile(sys.stdin.read(), "<stdin>", "exec")
        exec(program, {"__name__": "__main__"})  # noqa: S102 - this is what a Python is for


if __name__ == "__main__":
    main(Path(sys.argv[1]))
