# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from datetime import datetime, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.client import LoginRefused, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.survey import Scope, Surveyor
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope

NOW = datetime(2026, 3, 1, 12, 0, 0, 999, tzinfo=timezone.utc)


def instance(identifier, status="running"):
    return {"instanceID": identifier, "status": status}


def result(value):
    return envelope(result=value)


def refusal(message):
    return envelope(statusCode="failed", error={"message": message, "details": ""})


@pytest.fixture
def interruption():
    return Interruption()


@pytest.fixture
def take(server, clock, interruption):
    def take(*subsets, concurrency=1, **scope):
        nowhere = Progress(None, interval=60)
        following = Following(Server("host", "admin", "päss&=%"), Waiting(), interruption, nowhere, clock=clock)
        surveyor = Surveyor(following, now=NOW)
        try:
            return surveyor.take(Scope(subsets, **scope), concurrency=concurrency)
        finally:
            assert server.open == {}

    return take


def asked(server):
    return [(path.rpartition("/")[2], form) for path, form in server.calls]


def test_the_installation_is_asked_for_nothing_but_what_is_wanted(server, take):
    server.script(result({"version": "25.3"}))
    assert take("environment") == {"environment": {"version": "25.3"}}
    assert asked(server) == [("GetEnvironmentInfo", {})]


def test_all_instances_together_are_one_request(server, take):
    server.script(result([instance("a"), instance("b")]))
    assert take("instances", instances=["a*", "b"])["instances"] == [instance("a"), instance("b")]
    assert asked(server) == [("GetInstances", {"instanceFilter": "a*,b"})]


def test_every_running_instance_is_asked_once_for_every_part(server, take):
    server.script(result([instance("a"), instance("b")]), *[result([number]) for number in range(4)])
    survey = take("stores", "users")
    assert [(item["stores"], item["users"]) for item in survey["instances"]] == [([0], [1]), ([2], [3])]
    assert asked(server)[1:] == [
        ("GetStores", {"instanceID": "a"}),
        ("GetUsers", {"instanceID": "a"}),
        ("GetStores", {"instanceID": "b"}),
        ("GetUsers", {"instanceID": "b"}),
    ]
    assert (server.logins, server.logouts) == (1, 1)


def test_several_instances_are_asked_in_sessions_of_their_own(server, take):
    both = threading.Barrier(2, timeout=10)

    def step(form):
        both.wait()
        return result([form["instanceID"]])

    server.script(result([instance("a"), instance("b")]), step, step)
    survey = take("stores", concurrency=8)
    assert [item["stores"] for item in survey["instances"]] == [["a"], ["b"]]
    assert (server.logins, server.logouts) == (2, 2)


def test_all_is_everything(server, take):
    server.script(result({}), result({}), result([instance("a")]), *[result([])] * 7)
    (found,) = take("all")["instances"]
    assert {"statistics", "stores", "users", "profiles", "jobs", "worker_results", "job_results"} < set(found)


def test_results_are_looked_for_with_a_day_more_at_both_ends(server, take):
    server.script(result([instance("a")]), result([]), result([]))
    take("worker_results", "job_results", days=7)
    period = {"instanceID": "a", "fromIncluding": "2026-02-21T12:00:00", "toExcluding": "2026-03-02T12:00:00"}
    assert asked(server)[1:] == [("GetWorkerResults", period), ("GetJobResults", period)]


@pytest.mark.parametrize("status", ["stopped", "frozen", None])
def test_an_instance_that_does_not_run_is_asked_for_nothing(server, take, status):
    server.script(result([instance("a", status)]))
    (found,) = take("stores", "jobs")["instances"]
    assert set(found["not_gathered"]) == {"stores", "jobs"}
    assert f"not running: its status is {status}" in found["not_gathered"]["stores"]
    assert "stores" not in found


def test_what_an_instance_refuses_to_tell_keeps_nothing_else_from_being_read(server, take):
    server.script(result([instance("a")]), refusal("The store is broken."), result(["user"]))
    (found,) = take("stores", "users")["instances"]
    assert "The store is broken." in found["not_gathered"]["stores"]
    assert found["users"] == ["user"]


def test_an_instance_that_hangs_is_given_up_after_one_part_and_the_next_one_is_asked(server, take, clock):
    def hang(form):
        clock.sleep(40)
        return AnswerLost("no answer in time.")

    server.script(result([instance("a"), instance("b")]), hang, result([1]), result([2]))
    hanging, well = take("stores", "users")["instances"]
    assert list(hanging["not_gathered"]) == ["stores", "users"]
    assert well["not_gathered"] == {}


@pytest.mark.parametrize("failure", [RequestNotSent("gone"), LoginRefused("no more")])
def test_a_failure_of_the_whole_server_ends_the_survey(server, take, clock, failure):
    def fail(form):
        clock.sleep(40)
        return failure

    server.script(result([instance("a"), instance("b")]), fail)
    with pytest.raises(type(failure)):
        take("stores")


def test_a_server_that_does_not_list_its_instances_is_a_failure(server, take):
    server.script(refusal("No permission."))
    with pytest.raises(MopsError, match=r"GetInstances.*No permission\."):
        take("stores")


def test_patterns_that_fit_nothing_are_named(server, take):
    server.script(result([instance("Alpha")]))
    assert take("instances", instances=["al*", "ALPHA", "beta", "c*"])["unmatched"] == ["beta", "c*"]


def test_an_interruption_ends_the_survey_and_the_session(server, take, interruption):
    def interrupt(form):
        interruption.set("SIGTERM")
        return result([])

    server.script(result([instance("a"), instance("b")]), interrupt)
    with pytest.raises(MopsError, match="SIGTERM"):
        take("stores")


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ({"days": 0}, "results_days"),
        ({"days": 100_000}, "results_days"),
        ({"instances": []}, "instances"),
        ({"instances": [" "]}, "instances"),
        ({"instances": ["a,b"]}, "instances"),
        ({"concurrency": 0}, "concurrency"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_asked(server, take, scope, words):
    with pytest.raises(InvalidOption, match=words):
        take("stores", **scope)
    assert server.logins == 0
