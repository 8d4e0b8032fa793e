# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api import client as client_module
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, Server
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import (
    Clock,
    ScriptedServer,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(clock, monkeypatch):
    """The scripted server; in the end nothing of its script may be left, and no session open."""
    scripted = ScriptedServer(clock)
    monkeypatch.setattr(client_module, "Http", lambda endpoint: scripted)
    yield scripted
    assert scripted.steps == []


@pytest.fixture
def client(server, clock):
    with Client(Server("host", "admin", "päss&=%"), clock=clock, sleep=clock.sleep) as connected:
        yield connected


@pytest.fixture
def basic_client(server, clock):
    server.sessions = False
    with Client(Server("host", "admin", "p", auth_method="basic"), clock=clock, sleep=clock.sleep) as connected:
        yield connected
