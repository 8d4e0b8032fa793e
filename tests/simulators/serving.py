# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serving a handler on a loopback port that the kernel chooses."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

MAX_BODY = 1 << 30
KEY_ON_DISK = threading.Lock()
"""Held while a key is in a file: who ends the process at once takes it first."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def server_context(pem: str) -> ssl.SSLContext:
    """A context that serves `pem`; the standard library reads keys from files only, so one lives for a moment."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with KEY_ON_DISK, tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def serve(handler: Handler, context: ssl.SSLContext | None) -> int:
    """Starts to serve, over TLS where there is a context, and returns the port. It ends with the process."""
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_route("*", "/{path:.*}", handler)
    # A handler ends with its connection: a held status request must not outlive the client that asked.
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context, backlog=1024)
    await site.start()
    port: int = runner.addresses[0][1]
    return port
