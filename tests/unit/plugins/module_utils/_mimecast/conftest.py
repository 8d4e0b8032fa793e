# Copyright: Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client before a scripted service."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.auth import HmacAuth, MimecastAuth
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.client import MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, RetryPolicy
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    KEYS,
    Clock,
    ScriptedHttp,
    Setup,
)


@pytest.fixture
def scripted() -> Callable[..., Setup]:
    """A client before a script. Backoffs have their full length."""

    def make(
        *script: Any, auth: MimecastAuth | None = None, retries: int = 3, timeout: float = 300.0, now: float = 0.0
    ) -> Setup:
        http, clock = ScriptedHttp(*script), Clock()
        retry = Retry(
            RetryPolicy(retries=retries, timeout=timeout),
            clock=clock,
            sleep=clock.sleep,
            uniform=lambda _low, high: high,
        )
        client = MimecastClient(http, auth or HmacAuth(KEYS), retry, wall_clock=lambda: now)  # type: ignore[arg-type]
        return Setup(client, http, clock)

    return make
