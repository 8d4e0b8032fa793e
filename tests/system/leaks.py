# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a secret could be seen, and what it looks like there."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

PROTOCOL_SECRETS = ("MSWEB_MGM_AUTH=", "antiXsrfToken", "Authorization:", "X-Mashery-Signature:", "access_token")
"""What stands before a secret that the service or the client makes up itself."""


def forms(secret: str) -> set[str]:
    """A secret as it is, and as it may stand in a URL, a form, JSON or a header."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded}


def assert_nowhere(secrets: Iterable[str], places: Iterable[tuple[str, str]]) -> None:
    """None of the secrets is in any of the texts, each of which has the name of its place before it."""
    words = [form for secret in secrets for form in forms(secret)]
    for place, text in places:
        for form in words:
            assert form not in text, f"a secret is in the {place}"
        for word in PROTOCOL_SECRETS:
            assert word not in text, f"{word!r} is in the {place}"


def left_behind(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder, and what it holds. What goes away meanwhile is left out."""
    for parent, _folders, names in os.walk(folder):  # which takes it, unlike rglob, if a folder has gone
        for path in (Path(parent, name) for name in names):
            with suppress(OSError):
                if path.is_file():  # and no pipe
                    yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


@contextmanager
def watched_processes() -> Iterator[set[str]]:
    """Collects the command line of every process that can be seen meanwhile."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it may have ended
                    seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
