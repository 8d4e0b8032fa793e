# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.backup_window import (
    NotClosed,
    NotOpened,
    broken,
    check_all_run,
    check_patterns,
    freeze,
    thaw,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope

SERVER = Server("host", "admin", "päss&=%")


def status(**states):
    return envelope(result=[{"instanceID": name, "status": state} for name, state in states.items()])


def refusal(message):
    return envelope(statusCode="failed", error={"message": message, "details": ""})


@pytest.fixture
def try_to_thaw(server, clock):
    def try_to_thaw(*names, seconds=60, **options):
        def new_client():
            return Client(SERVER, clock=clock, sleep=clock.sleep)

        return thaw(new_client, names, seconds=seconds, clock=clock, sleep=clock.sleep, **options)

    return try_to_thaw


def functions(server):
    return [(path.rpartition("/")[2], form["instanceFilter"]) for path, form in server.calls]


@pytest.mark.parametrize("patterns", [[], [""], ["a,b"], None])
def test_what_cannot_be_a_list_of_instances_is_refused(patterns):
    with pytest.raises(InvalidOption, match="instances"):
        check_patterns(patterns)


def test_a_window_is_not_opened_where_one_does_not_run_or_is_not_there():
    check_all_run({"a": "running", "b": "running"}, ["a", "b*"])
    with pytest.raises(NotOpened, match=r"b is frozen.*Nothing was frozen"):
        check_all_run({"a": "running", "b": "frozen"}, ["*"])
    with pytest.raises(NotOpened, match="no instance c"):
        check_all_run({"a": "running"}, ["a", "c"])


def test_a_window_is_broken_where_one_is_not_frozen_any_more():
    assert broken({"a": "frozen", "b": "running"}, ["a", "b", "c"]) == ["b is running", "c is gone"]


def test_only_what_is_frozen_is_thawed(server, try_to_thaw):
    server.script(status(a="frozen", b="running"), envelope(), status(a="running"))
    assert try_to_thaw("a", "b") == ["a"]
    assert functions(server) == [("GetInstances", "a,b"), ("ThawInstances", "a"), ("GetInstances", "a")]


def test_where_nothing_is_frozen_nothing_is_thawed(server, try_to_thaw):
    server.script(status(a="running"))
    assert try_to_thaw("a") == []


def test_a_thaw_that_fails_or_does_nothing_is_tried_again(server, try_to_thaw):
    frozen = status(a="frozen")
    server.script(frozen, refusal("Busy."), frozen, envelope(), frozen, frozen, envelope(), status(a="running"))
    assert try_to_thaw("a") == ["a"]


def test_a_thaw_that_fails_all_the_time_is_given_up_with_the_servers_words(server, clock, try_to_thaw):
    server.script(*[status(a="frozen"), refusal("Busy.")] * 3)
    with pytest.raises(NotClosed, match=r"a could not be thawed.*Busy\."):
        try_to_thaw("a", seconds=10)
    assert clock.now == 10


def test_what_is_frozen_late_is_thawed_where_that_is_looked_for(server, try_to_thaw):
    server.script(status(a="running"), status(a="frozen"), envelope(), status(a="running"), status(a="running"))
    assert try_to_thaw("a", linger=10) == ["a"]


@pytest.fixture
def following(server, clock):
    return Following(SERVER, Waiting(60), Interruption(), Progress(None, interval=60), clock=clock)


def test_freezing_is_proved(server, following):
    server.script(envelope(), status(a="frozen", b="frozen"))
    freeze(following, ["a", "b"])
    assert functions(server)[0] == ("FreezeInstances", "a,b")


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([refusal("VSS is busy.")], r"VSS is busy\."),
        ([envelope(), status(a="frozen", b="running")], "b is running"),
        ([envelope(), status(a="frozen")], "b is gone"),
    ],
)
def test_freezing_that_is_not_whole_is_a_failure(server, following, steps, words):
    server.script(*steps)
    with pytest.raises(NotOpened, match=words):
        freeze(following, ["a", "b"])
