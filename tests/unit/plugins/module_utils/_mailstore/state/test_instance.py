# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance import WantedInstance
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible

CONFIGURATION = {"instanceID": "a", "displayName": "A", "instanceHost": "h", "debugLogEnabled": False}


def instance(status="running", **more):
    return {"instanceID": "a", "displayName": "A", "instanceHost": "h", "status": status, **more}


def functions(wanted, current):
    return [step.function for step in wanted.steps(current)]


@pytest.mark.parametrize(
    ("state", "status", "function"),
    [
        ("started", "running", None),
        ("started", "stopped", "StartInstances"),
        ("stopped", "stopped", None),
        ("stopped", "running", "StopInstances"),
        ("restarted", "running", "RestartInstances"),
        ("restarted", "stopped", "StartInstances"),
        ("frozen", "frozen", None),
        ("frozen", "running", "FreezeInstances"),
        ("thawed", "frozen", "ThawInstances"),
        ("thawed", "running", None),
        ("thawed", "stopped", None),
        ("present", "stopped", None),
        ("absent", "running", "DeleteInstances"),
    ],
)
def test_what_leads_from_a_status_to_a_state(state, status, function):
    assert functions(WantedInstance("a", state), instance(status)) == ([function] if function else [])


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("started", "frozen", "State thawed ends that"),
        ("stopped", "frozen", "State thawed ends that"),
        ("restarted", "frozen", "State thawed ends that"),
        ("frozen", "stopped", "Only an instance that runs"),
        ("started", "starting", "its status is starting"),
    ],
)
def test_what_cannot_be_is_refused_and_says_why(state, status, words):
    with pytest.raises(NotPossible, match=words):
        WantedInstance("a", state).steps(instance(status))


@pytest.mark.parametrize("state", ["stopped", "frozen", "thawed"])
def test_what_an_instance_must_be_there_for_does_not_create_it(state):
    with pytest.raises(NotPossible, match="There is no instance a"):
        WantedInstance("a", state, {"instanceHost": "h"}).steps(None)


@pytest.mark.parametrize("name", ["*", "a*", "a?", "a,b", "a b", ""])
def test_what_names_more_than_one_instance_is_refused(name):
    with pytest.raises(InvalidOption, match="id of one instance"):
        WantedInstance(name, "stopped").check()


def test_a_configuration_of_another_instance_is_refused():
    with pytest.raises(InvalidOption, match="instance b"):
        WantedInstance("a", configuration={"instanceID": "b"}).check()


def test_to_create_an_instance_its_host_must_be_named():
    with pytest.raises(NotPossible, match="instanceHost"):
        WantedInstance("a", configuration={"displayName": "A"}).steps(None)


def test_a_new_instance_is_created_with_all_that_is_asked():
    (step,) = WantedInstance("a", configuration={"instanceHost": "h", "alias": "x"}).steps(None)
    assert (step.function, step.arguments) == (
        "CreateInstance",
        {"config": {"instanceID": "a", "instanceHost": "h", "alias": "x"}},
    )


def test_a_configuration_is_set_before_the_instance_is_started():
    wanted = WantedInstance("a", "started", {"displayName": "B"})
    steps = wanted.steps(instance("stopped", configuration=CONFIGURATION))
    assert [step.function for step in steps] == ["SetInstanceConfiguration", "StartInstances"]
    assert steps[0].arguments == {"config": {**CONFIGURATION, "displayName": "B"}}


def test_the_configuration_is_read_only_where_something_is_asked_of_it():
    calls = []

    def ask(function, **arguments):
        calls.append((function, arguments))
        return CONFIGURATION if function == "GetInstanceConfiguration" else [instance()]

    assert WantedInstance("a").read(ask) == instance()
    assert WantedInstance("A", configuration={"alias": "x"}).read(ask) == instance(configuration=CONFIGURATION)
    assert calls == [
        ("GetInstances", {"instanceFilter": "a"}),
        ("GetInstances", {"instanceFilter": "A"}),
        ("GetInstanceConfiguration", {"instanceID": "a"}),
    ]


def test_the_server_is_told_the_name_in_its_own_spelling():
    (step,) = WantedInstance("A", "stopped").steps(instance())
    assert step.arguments == {"instanceFilter": "a"}


def test_the_prediction_shows_status_and_configuration():
    wanted = WantedInstance("a", "stopped", {"displayName": "B"})
    after = wanted.predicted(instance(configuration=CONFIGURATION))
    assert (after["status"], after["displayName"]) == ("stopped", "B")
    assert after["configuration"] == {**CONFIGURATION, "displayName": "B"}


def test_an_instance_that_does_not_start_is_a_shortfall_in_the_servers_words():
    wanted = WantedInstance("a", "started")
    assert wanted.shortfall(instance("running")) is None
    assert wanted.shortfall(instance("stopped", startStopError="Database locked.")).endswith(
        "but it is stopped: Database locked."
    )


def test_a_restarted_instance_that_runs_is_as_it_should_be():
    assert WantedInstance("a", "restarted").shortfall(instance("running")) is None


@pytest.mark.parametrize("state", ["stopped", "thawed", "absent"])
def test_an_instance_that_is_gone_is_as_it_should_be_where_that_may_be(state):
    wanted = WantedInstance("a", state, missing_ok=True)
    wanted.check()
    assert wanted.steps(None) == []


@pytest.mark.parametrize(("state", "words"), [("stopped", "runs no longer"), ("thawed", "is not frozen")])
def test_an_instance_that_is_gone_says_what_that_means(state, words):
    with pytest.raises(NotPossible, match=rf"no instance a, so it {words}.*missing_ok: true"):
        WantedInstance("a", state).steps(None)


@pytest.mark.parametrize("state", ["present", "started", "restarted", "frozen"])
def test_what_needs_an_instance_cannot_do_without(state):
    with pytest.raises(InvalidOption, match="missing_ok makes no sense where state is"):
        WantedInstance("a", state, missing_ok=True).check()


def admin(state="present", enabled=True):
    return WantedInstance("a", state, archive_admin_enabled=enabled)


def test_service_provider_access_is_read_only_where_it_is_asked_for():
    calls = []

    def ask(function, **arguments):
        calls.append((function, arguments))
        return False if function == "GetArchiveAdminEnabled" else [instance()]

    assert admin().read(ask) == instance(archiveAdminEnabled=False)
    assert calls[1:] == [("GetArchiveAdminEnabled", {"instanceID": "a"})]
    assert "archiveAdminEnabled" not in WantedInstance("a").read(ask)


@pytest.mark.parametrize(("enabled", "other"), [(True, False), (False, True)])
def test_service_provider_access_is_set_where_it_is_not_so(enabled, other):
    assert admin(enabled=enabled).steps(instance(archiveAdminEnabled=enabled)) == []
    current = instance(archiveAdminEnabled=other)
    (step,) = admin(enabled=enabled).steps(current)
    assert (step.function, step.arguments) == ("SetArchiveAdminEnabled", {"instanceID": "a", "enabled": enabled})
    assert step.repeatable
    assert admin(enabled=enabled).predicted(current)["archiveAdminEnabled"] is enabled
    before, after = admin(enabled=enabled).diff(current, admin(enabled=enabled).predicted(current))
    assert (before["archiveAdminEnabled"], after["archiveAdminEnabled"]) == (other, enabled)


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        ("started", "stopped", ["StartInstances", "SetArchiveAdminEnabled"]),
        ("stopped", "running", ["SetArchiveAdminEnabled", "StopInstances"]),
        ("restarted", "running", ["SetArchiveAdminEnabled", "RestartInstances"]),
        ("thawed", "frozen", ["ThawInstances", "SetArchiveAdminEnabled"]),
    ],
)
def test_service_provider_access_is_set_while_the_instance_runs(state, status, expected):
    known = {"archiveAdminEnabled": False} if status == "running" else {}
    assert functions(admin(state), instance(status, **known)) == expected


def test_what_an_instance_that_does_not_run_does_not_tell_is_no_failure_yet():
    def ask(function, **arguments):
        if function == "GetArchiveAdminEnabled":
            raise CallFailed("It does not run.")
        return [instance("stopped")]

    assert admin("started").read(ask) == instance("stopped")
    with pytest.raises(NotPossible, match="archive_admin_enabled can be set only while it runs"):
        admin().steps(instance("stopped"))


def test_a_failure_of_an_instance_that_runs_is_told():
    def ask(function, **arguments):
        if function == "GetArchiveAdminEnabled":
            raise CallFailed("No.")
        return [instance()]

    with pytest.raises(CallFailed, match="No"):
        admin().read(ask)


def test_service_provider_access_of_an_instance_that_is_created_and_left_stopped_cannot_be_set():
    wanted = WantedInstance("a", configuration={"instanceHost": "h"}, archive_admin_enabled=True)
    with pytest.raises(NotPossible, match="state started"):
        wanted.steps(None)


@pytest.mark.parametrize("state", ["started", "restarted"])
def test_an_instance_is_created_started_and_opened_to_the_provider_in_one_go(state):
    wanted = WantedInstance("a", state, {"instanceHost": "h"}, archive_admin_enabled=True)
    assert functions(wanted, None) == ["CreateInstance", "StartInstances", "SetArchiveAdminEnabled"]
    assert wanted.predicted(None)["status"] == "running"
    assert wanted.predicted(None)["archiveAdminEnabled"] is True


def test_to_be_started_an_instance_that_is_not_there_needs_a_host():
    with pytest.raises(NotPossible, match="configuration must name an instanceHost"):
        WantedInstance("a", "started").steps(None)


@pytest.mark.parametrize(
    ("state", "access", "expected"),
    [
        ("started", None, ["StartInstances"]),
        ("started", True, ["StartInstances", "SetArchiveAdminEnabled"]),
        ("present", True, ["SetArchiveAdminEnabled"]),
        ("present", None, []),
    ],
)
def test_check_mode_takes_it_that_a_task_before_creates_the_instance(state, access, expected):
    wanted = WantedInstance("a", state, archive_admin_enabled=access, created_before=True)
    assert functions(wanted, None) == expected


def test_service_provider_access_to_nothing_makes_no_sense():
    with pytest.raises(InvalidOption, match="archive_admin_enabled makes no sense where state is absent"):
        admin("absent").check()
