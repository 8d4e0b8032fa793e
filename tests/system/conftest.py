# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running simulators, for every test of a whole system."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from simulators.launch import Simulators, running

for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        # By a shell's "&", or nohup. What tests start would inherit that, but not a handler, which ignores as well.
        signal.signal(number, lambda number, frame: None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "slow: takes more processor time than ``make test`` has; ``make test-all`` runs it"
    )


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test's own, with a short name.

    ansible-core 2.21 makes a socket below it, and the path of a socket may have 107 characters at most.
    """
    return tmp_path_factory.mktemp("test")


@pytest.fixture(scope="session")
def started() -> Iterator[Simulators]:
    """The three simulators, started once for the whole session."""
    with running() as simulators:
        yield simulators


@pytest.fixture
def simulators(started: Simulators) -> Simulators:
    """The three simulators, each as it was when it started."""
    started.reset()
    return started


@pytest.fixture
def http(simulators: Simulators) -> Iterator[requests.Session]:
    """A plain client that trusts the simulators, and takes nothing from the environment."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = simulators.ca_path
        yield session
