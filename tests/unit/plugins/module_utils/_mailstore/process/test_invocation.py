# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import LoginRefused, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import InvalidInvocation
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import NotFound
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.invocation import (
    Invocation,
    invoke_all,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.reattachment import State, resume
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope, running

METADATA = [
    {"name": "Ping", "args": []},
    {"name": "GetStores", "args": [{"name": "instanceID", "type": "string", "nullable": False}]},
    {"name": "CompactStore", "args": [{"name": "id", "type": "number", "nullable": False}]},
    {"name": "VerifyStore", "args": [{"name": "id", "type": "number", "nullable": False}]},
    {"name": "StartInstances", "args": [{"name": "instanceFilter", "type": "string", "nullable": False}]},
    {"name": "SyncUsersWithDirectoryServices", "args": [{"name": "dryRun", "type": "bool", "nullable": True}]},
]


class Progress:
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []

    def update(self, subject, text, retry_in=None):
        self.lines.append(f"{subject}: {text}")

    def finish(self, subject, text):
        self.lines.append(f"{subject}: {text}.")


@pytest.fixture
def progress():
    return Progress()


@pytest.fixture
def interruption():
    return Interruption()


@pytest.fixture
def following(server, progress, interruption):
    return Following(Server("host", "admin", "päss&=%"), Waiting(), interruption, progress)


def invoke(following, *invocations, **options):
    return invoke_all(following, [Invocation(*each) for each in invocations], **{"validate": False, **options})


def test_a_function_is_checked_invoked_and_logged_out_of(server, following):
    server.script(METADATA, envelope(result=[1]))
    (result,) = invoke(following, ("GetStores", {"instanceID": "a"}), validate=True)
    assert (result.process.status.result, result.failure, result.changed) == ([1], None, False)
    assert [path for path, form in server.calls] == ["/api/get-metadata", "/api/invoke/GetStores"]
    assert (server.logins, server.logouts, server.open) == (1, 1, {})


def test_nothing_is_invoked_where_one_of_many_is_wrong(server, following):
    server.script(METADATA)
    with pytest.raises(InvalidInvocation) as caught:
        invoke(following, ("Ping",), ("Pong",), ("GetStores",), validate=True)
    assert "no function Pong" in str(caught.value)
    assert "instanceID is missing" in str(caught.value)
    assert (len(server.calls), server.logouts) == (1, 1)


def test_a_filter_that_names_an_instance_that_is_not_there_is_a_failure_before_anything_is_invoked(server, following):
    server.script(METADATA, envelope(result=[{"instanceID": "alpha"}]))
    with pytest.raises(NotFound, match=r"StartInstances instanceFilter=ALPHA,gama: the server has no instance gama\."):
        invoke(following, ("StartInstances", {"instanceFilter": "ALPHA,gama"}), validate=True)
    assert [path for path, _arguments in server.calls] == ["/api/get-metadata", "/api/invoke/GetInstances"]
    assert server.open == {}


@pytest.mark.parametrize(("pattern", "found"), [("*", []), ("al*", [{"instanceID": "alpha"}])])
def test_a_filter_that_matches_is_invoked(server, following, pattern, found):
    server.script(METADATA, envelope(result=found), envelope())
    (result,) = invoke(following, ("StartInstances", {"instanceFilter": pattern}), validate=True)
    assert result.failure is None


def test_one_of_several_may_name_what_another_one_creates(server, following):
    server.script(METADATA, envelope(), envelope())
    results = invoke(following, ("Ping",), ("StartInstances", {"instanceFilter": "new"}), validate=True)
    assert [result.failure for result in results] == [None, None]


def test_a_server_without_a_list_of_functions_is_believed(server, following):
    server.script((404, b""), envelope())
    (result,) = invoke(following, ("Anything", {"on": True}), validate=True)
    assert result.failure is None
    assert server.calls[1] == ("/api/invoke/Anything", {"on": "true"})


def test_a_wrong_password_is_tried_once_for_all(server, following):
    attempts = []
    server.login_step = lambda form: attempts.append(1) or (200, b"-ERR No.")
    with pytest.raises(LoginRefused):
        invoke(following, ("Ping",), ("Ping",), ("Ping",), concurrency=3)
    assert len(attempts) == 1


def test_in_check_mode_only_what_reads_is_sent_and_what_has_a_dry_run(server, following):
    server.script(METADATA, envelope(), envelope())
    results = invoke(
        following,
        ("Ping",),
        ("CompactStore", {"id": 1}),
        ("VerifyStore", {"id": 1}),
        ("SyncUsersWithDirectoryServices",),
        validate=True,
        check_mode=True,
    )
    assert [result.changed for result in results] == [False, True, False, True]
    assert [result.process is not None for result in results] == [True, False, False, True]
    assert server.calls[1:] == [
        ("/api/invoke/Ping", {}),
        ("/api/invoke/SyncUsersWithDirectoryServices", {"dryRun": "true"}),
    ]


def test_in_check_mode_arguments_are_checked_all_the_same(server, following):
    server.script(METADATA)
    with pytest.raises(InvalidInvocation):
        invoke(following, ("CompactStore",), validate=True, check_mode=True)


@pytest.mark.parametrize(
    ("status", "changed"),
    [
        (envelope(), True),
        (envelope(statusCode="failed", error={"message": "No such store."}), False),
        (envelope(statusCode="failed", token="t", error={"message": "Disk full."}), True),
    ],
)
def test_what_writes_has_changed_something_once_it_has_begun(server, following, status, changed):
    server.script(status)
    (result,) = invoke(following, ("CompactStore",))
    assert result.changed is changed


def test_one_that_fails_keeps_no_other_from_running_and_order_stays(server, following):
    server.script(
        envelope(result=1),
        envelope(statusCode="failed", error={"message": "No."}),
        (404, b""),
        envelope(result=4),
    )
    results = invoke(following, ("Ping", {}, "a"), ("Ping", {}, "b"), ("Ping", {}, "c"), ("Ping", {}, "d"))
    assert [result.plan.invocation.id for result in results] == ["a", "b", "c", "d"]
    assert [result.failure is None for result in results] == [True, False, False, True]
    assert [result.process and result.process.status.result for result in results] == [1, None, None, 4]


def test_each_of_several_at_once_has_a_session_of_its_own(server, following):
    together = threading.Barrier(3, timeout=120)

    def at_once(form):
        together.wait()
        return envelope()

    server.script(at_once, at_once, at_once)
    results = invoke(following, ("Ping",), ("Ping",), ("Ping",), concurrency=3)
    assert [result.failure for result in results] == [None] * 3
    assert (server.logins, server.logouts, server.open) == (3, 3, {})


def test_no_more_sessions_than_there_is_work(server, following):
    server.script(envelope())
    invoke(following, ("Ping",), concurrency=50)
    assert server.logins == 1


def test_no_invocations_are_no_work(server, following):
    assert invoke(following) == []


def test_concurrency_is_at_least_one(following):
    with pytest.raises(InvalidOption, match="concurrency"):
        invoke(following, ("Ping",), concurrency=0)


def test_without_waiting_a_process_is_left_to_itself(server, following):
    server.script(running(3, token="t"))
    (result,) = invoke(following, ("CompactStore",), wait=False)
    assert (result.failure, result.changed, result.process.running) == (None, True, True)
    assert server.logouts == 1


def test_whether_a_lost_answer_meant_something_is_not_known(server, following):
    server.script(AnswerLost("broke off."))
    (result,) = invoke(following, ("CompactStore",))
    assert result.failure == ("broke off. Whether the function was started is not known, so it was not invoked again.")


def test_progress_is_told_of_processes_and_not_of_quick_answers(server, following, progress):
    server.script(envelope(), running(3, token="t", percentProgress=5), envelope(statusVersion=4))
    invoke(following, ("Ping",), ("VerifyStore", {"instanceID": "a", "id": 2, "password": "hunter2"}))
    assert progress.lines == [f"VerifyStore instanceID=a id=2: {text}" for text in ("5 %", "5 %", "succeeded.")]


def test_an_invocation_is_called_by_its_function_and_its_arguments():
    arguments = {"instanceID": "a", "name": "All mail", "dryRun": False, "id": 1, "config": {"a": 1}, "password": "x"}
    assert str(Invocation("F", arguments)) == 'F instanceID=a name="All mail" dryRun=false id=1'
    assert str(Invocation("F", arguments, "here")) == "F [here]"
    assert len(str(Invocation("F", {"name": "x" * 1000}))) == 80


def test_the_same_twice_is_told_apart(server, following, progress):
    server.script(*[running(3, token="t"), envelope(statusVersion=4)] * 2)
    invoke(following, ("VerifyStore", {"id": 2}), ("VerifyStore", {"id": 2}))
    assert {line.split(":")[0] for line in progress.lines} == {"VerifyStore id=2 #1", "VerifyStore id=2 #2"}


def test_after_an_interruption_nothing_more_is_invoked(server, following, interruption):
    def interrupted(form):
        interruption.set("SIGTERM")
        return envelope()

    server.script(interrupted)
    first, second = invoke(following, ("CompactStore",), ("CompactStore",))
    assert first.failure is None
    assert second.failure == "The task was interrupted (SIGTERM). It was not invoked."
    assert (second.changed, server.logouts) == (False, 1)


def test_an_interruption_cancels_what_is_followed(server, following, interruption):
    def interrupted(form):
        interruption.set("SIGTERM")
        return running(4)

    server.script(running(3, token="t"), interrupted, envelope(), envelope(statusCode="cancelled", statusVersion=5))
    (result,) = invoke(following, ("CompactStore",))
    assert result.failure == "The task was interrupted (SIGTERM). It was cancelled."
    assert server.calls[2] == ("/api/cancel-async", {"token": "t"})
    assert server.open == {}


def test_a_process_is_finished_by_its_token(server, following):
    server.script(running(5, logOutput="b"), envelope(statusVersion=6, result=7, logOutput="c"))
    resumed = resume(following, "t", 4, State.FINISHED, label="VerifyStores", check_mode=False)
    assert (resumed.process.status.result, str(resumed.process.log), resumed.process.polls) == (7, "bc", 2)
    assert (resumed.changed, resumed.failure, resumed.process.status.token) == (False, None, "t")
    assert server.calls[0][1] == {"token": "t", "lastKnownStatusVersion": "4", "millisecondsTimeout": "0"}
    assert server.open == {}


def test_a_process_is_cancelled_by_its_token(server, following):
    server.script(running(5), envelope(), envelope(statusCode="cancelled", statusVersion=6))
    resumed = resume(following, "t", 0, State.CANCELLED, label="VerifyStores", check_mode=False)
    assert (resumed.changed, resumed.failure) == (True, None)


@pytest.mark.parametrize("code", ["succeeded", "failed", "cancelled"])
def test_what_has_ended_need_not_be_cancelled(server, following, code):
    server.script(envelope(statusCode=code))
    resumed = resume(following, "t", 0, State.CANCELLED, label="VerifyStores", check_mode=False)
    assert (resumed.changed, resumed.failure, len(server.calls)) == (False, None, 1)


def test_a_query_fails_for_nothing(server, following):
    server.script(envelope(statusCode="failed", error={"message": "No."}))
    resumed = resume(following, "t", 0, State.QUERIED, label="VerifyStores", check_mode=False)
    assert (resumed.changed, resumed.failure, resumed.process.status.code) == (False, None, "failed")


@pytest.mark.parametrize(("state", "changed"), [(State.CANCELLED, True), (State.FINISHED, False)])
def test_in_check_mode_a_process_is_only_looked_at(server, following, state, changed):
    server.script(running(5))
    assert resume(following, "t", 0, state, label="VerifyStores", check_mode=True).changed is changed
    assert len(server.calls) == 1
