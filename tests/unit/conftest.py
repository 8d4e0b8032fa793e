# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that answers with bytes, for tests of what a client makes of them."""

from __future__ import annotations

import signal
import socket
import struct
import threading
from typing import Callable, Iterator

import pytest

for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        # By a shell's "&", or nohup. What tests start would inherit that, but not a handler, which ignores as well.
        signal.signal(number, lambda number, frame: None)


class RawService:
    """Listens on loopback and answers the n-th request with the n-th of ``answers``, the last of them from then on.

    An answer is bytes, after which the connection is closed; None resets the connection instead.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(_read_request(connection))
                answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                if answer is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    connection.sendall(answer)


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
        if not received[:1].isalpha():
            return received  # not HTTP: the beginning of a TLS handshake
    head, _end, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def raw_service() -> Iterator[Callable[..., RawService]]:
    services: list[RawService] = []

    def start(*answers: bytes | None) -> RawService:
        services.append(RawService(*answers))
        return services[-1]

    yield start
    for service in services:
        service.close()
