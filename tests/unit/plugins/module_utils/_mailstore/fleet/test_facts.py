# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import threading
from datetime import datetime, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    RETRY_SECONDS,
    LoginRefused,
    Server,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import NotFound
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import (
    OF_INSTANCE,
    FactsGatherer,
    Scope,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.shapes import recorded
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
        surveyor = FactsGatherer(following, now=NOW)
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
    both = threading.Barrier(2, timeout=120)

    def step(form):
        both.wait()
        return result([form["instanceID"]])

    server.script(result([instance("a"), instance("b")]), step, step)
    survey = take("stores", concurrency=8)
    assert [item["stores"] for item in survey["instances"]] == [["a"], ["b"]]
    assert (server.logins, server.logouts) == (2, 2)


def test_all_is_everything(server, take):
    server.script(result({}), result({}), result([instance("a")]), *[result([])] * len(OF_INSTANCE))
    (found,) = take("all")["instances"]
    assert set(OF_INSTANCE) < set(found)


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
        clock.sleep(RETRY_SECONDS)
        return AnswerLost("no answer in time.")

    server.script(result([instance("a"), instance("b")]), hang, result([1]), result([2]))
    hanging, well = take("stores", "users")["instances"]
    assert list(hanging["not_gathered"]) == ["stores", "users"]
    assert well["not_gathered"] == {}


@pytest.mark.parametrize("failure", [RequestNotSent("gone"), LoginRefused("no more")])
def test_a_failure_of_the_whole_server_ends_the_survey(server, take, clock, failure):
    def fail(form):
        clock.sleep(RETRY_SECONDS)
        return failure

    server.script(result([instance("a"), instance("b")]), fail)
    with pytest.raises(type(failure)):
        take("stores")


def test_a_server_that_does_not_list_its_instances_is_a_failure(server, take):
    server.script(refusal("No permission."))
    with pytest.raises(MopsError, match=r"GetInstances.*No permission\."):
        take("stores")


@pytest.mark.parametrize(
    ("instances", "allow_empty", "missing"),
    [
        (["al*", "ALPHA", "beta", "c*"], False, "beta, c*"),
        (["al*", "beta", "c*"], True, "beta"),
        (["beta*"], False, "beta*"),
    ],
)
def test_what_is_named_and_not_there_is_a_failure_with_the_nearest(server, take, instances, allow_empty, missing):
    server.script(result([instance("Alpha")]), result([instance("Alpha"), instance("beto")]))
    with pytest.raises(NotFound, match=re.escape(f"The server has no instance {missing}. The most alike are beto")):
        take("instances", instances=instances, allow_empty=allow_empty)


@pytest.mark.parametrize(
    ("patterns", "options"),
    [(["c*"], {"allow_empty": True}), (["*"], {}), (["beta", "c*"], {"allow_missing": True})],
)
def test_what_may_match_nothing_is_named_without_a_failure(server, take, patterns, options):
    server.script(result([]))
    assert take("instances", instances=patterns, **options)["unmatched"] == patterns


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


def days_of(form):
    return (datetime.fromisoformat(form["fromIncluding"]), datetime.fromisoformat(form["toExcluding"]))


def limited(rows, most, refused=()):
    """A GetWorkerResults that refuses to answer with more than ``most`` rows, or for a time in ``refused``."""

    def answer(form):
        begin, end = days_of(form)
        found = [row for row in rows if begin <= datetime.fromisoformat(row) < end]
        if len(found) > most or any(begin <= datetime.fromisoformat(time) < end for time in refused):
            return refusal("Nullable object must have a value.")
        return result(found)

    return answer


def ask_limited(server, take, rows, most, refused=()):
    """What is gathered of results, and the days of every request."""
    answer = limited(rows, most, refused)
    asked_for = []

    def step(form):
        server.steps.append(step)
        if "fromIncluding" not in form:
            return result(True)  # GetArchiveAdminEnabled
        asked_for.append(days_of(form))
        return answer(form)

    server.script(result([instance("a")]), step)
    try:
        (found,) = take("worker_results")["instances"]
    finally:
        server.steps.clear()
    return found, asked_for


def test_a_period_that_the_server_refuses_is_asked_for_in_halves_and_nothing_is_missing_or_twice(server, take):
    rows = [f"2026-02-{day:02d}T{hour:02d}:00:00" for day in range(21, 29) for hour in range(12, 24)]
    found, asked_for = ask_limited(server, take, rows, most=13)
    assert sorted(found["worker_results"]) == rows
    assert found["not_gathered"] == {}
    assert len(asked_for) < 20


def test_what_is_refused_down_to_a_day_is_said_in_the_servers_words_and_the_rest_is_there(server, take):
    rows = ["2026-02-22T13:00:00", "2026-02-25T13:00:00", "2026-02-27T13:00:00"]
    found, _asked = ask_limited(server, take, rows, most=100, refused=["2026-02-25T13:00:00"])
    assert sorted(found["worker_results"]) == [rows[0], rows[2]]
    assert found["not_gathered_kind"] == {"worker_results": "failed"}
    reason = found["not_gathered"]["worker_results"]
    assert "2026-02-25T12:00:00 to 2026-02-26T12:00:00 are missing" in reason
    assert "Nullable object must have a value." in reason


def test_a_function_that_fails_whatever_the_period_is_not_asked_for_every_day(server, take):
    found, asked_for = ask_limited(server, take, [], most=-1)
    assert len(asked_for) == 2
    assert found["not_gathered"]["worker_results"].endswith("The server says: Nullable object must have a value.")
    assert "worker_results" not in found


def test_results_that_take_the_server_long_are_waited_for(server, take):
    server.script(
        result([instance("a")]),
        envelope(statusCode="running", token="t", statusVersion=1),
        envelope(statusCode="succeeded", token="t", statusVersion=2, result=[1]),
    )
    assert take("worker_results")["instances"][0]["worker_results"] == [1]


def test_an_instance_that_withholds_access_is_told_apart_and_its_stores_are_read(server, take):
    server.script(result([instance("a")]), result([1]), refusal("No."), result(False), refusal("No."))
    (found,) = take("stores", "users", "jobs")["instances"]
    assert found["stores"] == [1]
    assert found["not_gathered_kind"] == {"users": "access_withheld", "jobs": "access_withheld"}
    assert "archive_admin_enabled" in found["not_gathered"]["jobs"]


def test_a_function_that_the_server_does_not_have_is_told_apart(server, take):
    server.script(result([instance("a")]), (404, b"Not Found"))
    (found,) = take("credentials")["instances"]
    assert found["not_gathered_kind"] == {"credentials": "unknown_function"}


def test_profiles_are_asked_for_raw_and_no_secret_is_shown(server, take):
    server.script(result([instance("a")]), result(recorded("mailstore", "25", "GetProfiles")))
    (found,) = take("profiles")["instances"]
    assert asked(server)[1:] == [("GetProfiles", {"instanceID": "a", "raw": "true"})]
    assert "made-up-Pa55word" not in str(found)
    assert found["profiles"][0]["details"]["password"] == MASK
    assert found["profiles"][0]["details"]["userName"] == "journal"


def test_where_results_begin_is_told(server, take):
    server.script(result([instance("a")]), result([]))
    assert take("job_results", days=7)["results_since"] == "2026-02-21T12:00:00"


def test_a_function_that_answers_500_keeps_no_other_from_being_asked(server, take, clock):
    def broken(form):
        clock.sleep(200)
        return (500, b"Internal Server Error")

    server.script(result([instance("a")]), broken, result(["user"]))
    (found,) = take("stores", "users")["instances"]
    assert found["not_gathered_kind"] == {"stores": "no_answer"}
    assert found["users"] == ["user"]
