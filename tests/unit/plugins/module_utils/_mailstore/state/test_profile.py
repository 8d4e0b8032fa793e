# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ambiguous
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.profile import WantedProfile
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.tests.shapes import recorded

AUTOMATIC, BY_JOB = recorded("mailstore", "25", "GetProfiles")
DETAILS = AUTOMATIC["details"]
NEW = {"owner": "anna", "connector": "IMAP", "details": {"host": "h", "password": "p4ss"}}


def wanted(name="Exchange journal", **options):
    return WantedProfile("a", name, **options)


def calls(subject, current):
    return [
        (step.function, {key: value for key, value in step.arguments.items() if key != "instanceID"})
        for step in subject.steps(current)
    ]


def test_profiles_are_read_as_they_are():
    asked = []

    def ask(function, **arguments):
        asked.append((function, arguments))
        return [AUTOMATIC, BY_JOB]

    assert wanted().read(ask) is AUTOMATIC
    assert asked == [("GetProfiles", {"instanceID": "a", "raw": True})]


def test_profiles_of_one_name_are_told_apart_by_owner_or_id():
    annas, bens = {**AUTOMATIC, "id": 7, "owner": "anna"}, {**AUTOMATIC, "id": 8, "owner": "ben"}
    with pytest.raises(Ambiguous, match=r"id 7 of anna, id 8 of ben of instance a. Give id, or owner"):
        wanted().find([annas, bens])
    assert wanted(owner="Anna").find([annas, bens]) is annas
    assert wanted(None, id=8).find([annas, bens]) is bens
    assert wanted("other").find([annas, bens]) is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"connector": "exchange", "type": "i", "owner": "$ARCHIVEADMIN"},
        {"details": {"host": DETAILS["host"], "password": DETAILS["password"]}},
        {"automatic": True},
        {"automatic": True, "pause": 300},
        {"automatic": True, "maintenance_windows": ""},
    ],
)
def test_what_is_as_it_should_be_is_left_alone(options):
    assert calls(wanted(**options), AUTOMATIC) == []


@pytest.mark.parametrize(
    ("current", "options", "arguments"),
    [
        (AUTOMATIC, {"automatic": False}, {"automatic": False}),
        (AUTOMATIC, {"automatic": True, "pause": 60}, {"automatic": True, "automaticPauseBetweenExecutions": "60"}),
        (
            AUTOMATIC,
            {"automatic": True, "maintenance_windows": "01:00-03:00"},
            {
                "automatic": True,
                "automaticPauseBetweenExecutions": "300",
                "automaticMaintenanceWindows": "01:00-03:00",
            },
        ),
        (
            {**AUTOMATIC, "serverSideExecution": None},
            {"automatic": True, "pause": 300},
            {"automatic": True, "automaticPauseBetweenExecutions": "300"},
        ),
    ],
)
def test_when_a_profile_runs_is_set_by_its_function(current, options, arguments):
    assert calls(wanted(**options), current) == [("SetProfileServerSideExecution", {"id": current["id"], **arguments})]


def test_an_automatic_run_needs_a_pause():
    with pytest.raises(NotPossible, match="give pause, in seconds"):
        wanted(automatic=True).steps({**AUTOMATIC, "serverSideExecution": {"automatic": False}})


def test_truth_may_come_as_text():
    execution = {"automatic": "true", "automaticPauseBetweenExecutions": 300}
    assert calls(wanted(automatic=True, pause=300), {**AUTOMATIC, "serverSideExecution": execution}) == []


def test_a_new_profile_is_created_with_all_that_is_asked():
    subject = wanted("Anna", **NEW, automatic=True, pause=300)
    properties = {
        **NEW,
        "type": "I",
        "name": "Anna",
        "serverSideExecution": {"automatic": True, "automaticPauseBetweenExecutions": "300"},
    }
    assert calls(subject, None) == [("CreateProfile", {"properties": properties, "raw": True})]
    before, after = subject.diff(None, subject.predicted(None))
    assert before is None
    assert "p4ss" not in str(after)


@pytest.mark.parametrize("missing", ["owner", "connector", "details"])
def test_a_new_profile_needs_what_it_cannot_be_without(missing):
    with pytest.raises(NotPossible, match=f"no profile Anna of instance a. To create it, {missing} must be given"):
        wanted("Anna", **{**NEW, missing: None}).steps(None)


def test_a_profile_with_an_id_is_never_created():
    with pytest.raises(NotPossible, match="no profile with id 9 of instance a"):
        wanted(None, id=9).find([AUTOMATIC])
    assert wanted(None, id=9, present=False).find([AUTOMATIC]) is None


def test_what_cannot_be_changed_is_named_and_left():
    subject = wanted(connector="IMAP", details={"host": "new"})
    with pytest.raises(NotPossible, match=r"\(id 1\) of instance a differs in connector, details.host.*recreate: true"):
        subject.steps(AUTOMATIC)


def test_a_profile_is_replaced_where_that_is_asked_for_and_the_old_one_goes_last():
    subject = wanted(details={"host": "new"}, recreate=True)
    (created, made), (deleted, gone) = calls(subject, AUTOMATIC)
    assert (created, deleted, gone) == ("CreateProfile", "DeleteProfile", {"id": 1})
    assert made["properties"]["details"] == {**DETAILS, "host": "new"}
    assert made["properties"]["serverSideExecution"] == AUTOMATIC["serverSideExecution"]
    assert not {"id", "version"} & set(made["properties"])
    assert subject.predicted(AUTOMATIC) == made["properties"]


def test_a_secret_that_is_not_shown_is_not_lost_when_a_profile_is_replaced():
    hidden = {**AUTOMATIC, "details": {**DETAILS, "password": None}}
    with pytest.raises(NotPossible, match="nothing in place of password"):
        wanted(details={"host": "new"}, recreate=True).steps(hidden)
    subject = wanted(details={"host": "new", "password": "p"}, recreate=True)
    assert [step.function for step in subject.steps(hidden)] == ["CreateProfile", "DeleteProfile"]


def test_a_secret_that_is_not_shown_replaces_nothing_unless_that_is_asked_for():
    hidden = {**AUTOMATIC, "details": {**DETAILS, "password": None}}
    assert calls(wanted(details={"password": "p"}), hidden) == []
    with pytest.raises(NotPossible, match=r"differs in details\.password"):
        wanted(details={"password": "p"}, renew_secrets=True).steps(hidden)


def test_a_profile_is_run_each_time():
    assert calls(wanted(run=True), AUTOMATIC) == [("RunProfile", {"id": 1})]
    creation, run = wanted("Anna", **NEW, run=True).steps(None)
    assert (creation.function, creation.anew, run.function, run.once) == ("CreateProfile", True, "RunProfile", True)


def test_a_profile_is_removed_once():
    assert calls(wanted(present=False), AUTOMATIC) == [("DeleteProfile", {"id": 1})]
    assert calls(wanted(present=False), None) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": " "}, "by name, or by id"),
        ({"pause": 60}, "automatic: true"),
        ({"automatic": False, "maintenance_windows": "01:00-02:00"}, "automatic: true"),
        ({"automatic": True, "pause": -1}, "number of seconds"),
    ],
)
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(InvalidOption, match=words):
        wanted(**options).check()


def test_no_password_is_shown():
    assert wanted().shown(AUTOMATIC)["details"]["password"] == MASK
    assert DETAILS["password"] not in str(wanted().diff(AUTOMATIC, AUTOMATIC))
    assert "p4ss" not in repr(wanted(**NEW)) + repr(wanted(**NEW).steps(None))
