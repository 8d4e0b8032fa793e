# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import NotFound
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.rotation import Rotation, rotate
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope


def store(number, name, state="normal", folder="D:\\a"):
    return {"id": number, "name": name, "databasePath": f"{folder}\\{name}", "requestedState": state}


def steps(stores, name="2026", **options):
    found = Rotation(name, **options).of("a").steps({"stores": stores})
    return [(step.function, {k: v for k, v in step.arguments.items() if k != "instanceID"}) for step in found]


def set_state(number, state):
    return ("SetStoreRequestedState", {"id": number, "requestedState": state})


def created(path="D:\\a\\2026"):
    return ("CreateStore", {"name": "2026", "databasePath": path, "requestedState": "current"})


def test_a_new_store_is_made_beside_the_current_one():
    stores = [store(1, "2024", folder="C:\\old"), store(2, "2025", "current")]
    assert steps(stores) == [created()]


def test_nothing_is_done_where_it_is_current_already():
    assert steps([store(1, "2025"), store(2, "2026", "current")]) == []


def test_one_that_is_there_becomes_current():
    assert steps([store(1, "2026"), store(2, "2025", "current")]) == [set_state(1, "current")]


def test_the_one_before_is_protected_where_that_is_wanted():
    stores = [store(1, "2024"), store(2, "2025", "current")]
    assert steps(stores, previous_state="writeProtected") == [created(), set_state(2, "writeProtected")]


def test_a_run_that_was_killed_between_the_two_is_completed():
    stores = [store(1, "2024"), store(2, "2025"), store(3, "2026", "current")]
    assert steps(stores, previous_state="writeProtected") == [set_state(2, "writeProtected")]


def test_one_before_that_is_disabled_is_left_alone():
    stores = [store(1, "2025", "disabled"), store(2, "2026", "current")]
    assert steps(stores, previous_state="writeProtected") == []


def test_the_path_is_filled_in():
    assert steps([], database_path="E:\\{instance}\\{name}") == [created("E:\\a\\2026")]


def test_an_instance_without_a_store_needs_a_path():
    with pytest.raises(NotPossible, match="Say where with database_path"):
        steps([])


def test_the_folder_of_another_store_is_not_taken():
    taken = {**store(1, "renamed", "current"), "databasePath": "d:/A/2026"}
    with pytest.raises(NotPossible, match="is that of archive store renamed"):
        steps([taken])


def test_what_is_predicted_needs_no_further_step():
    stores = [store(1, "2024"), store(2, "2025", "current")]
    wanted = Rotation("2026", previous_state="writeProtected").of("a")
    after = wanted.predicted({"stores": stores})
    assert [item["requestedState"] for item in after["stores"]] == ["normal", "writeProtected", "current"]
    assert wanted.steps(after) == []


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "a/b"},
        {"name": "2026."},
        {"name": "con|"},
        {"name": "2026", "database_path": "D:\\{instanz}\\x"},
        {"name": "2026", "database_path": "D:\\stores"},
    ],
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(InvalidOption):
        Rotation(**options).check()


def result(value):
    return envelope(result=value)


def entry(name, status="running"):
    return {"instanceID": name, "status": status}


@pytest.fixture
def run(server, clock):
    def run(check_mode=False, **options):
        nowhere = Progress(None, interval=60)
        following = Following(
            Server("host", "admin", "päss&=%", retry_timeout=0), Waiting(), Interruption(), nowhere, clock=clock
        )
        given = {"instances": ["*"], "exclude": [], "allow_empty": False, "concurrency": 1, **options}
        try:
            return rotate(following, Rotation("2026"), check_mode=check_mode, **given)
        finally:
            assert server.open == {}

    return run


def asked(server):
    return [path.rpartition("/")[2] for path, _form in server.calls]


def test_an_instance_that_is_as_it_should_be_costs_one_request(server, run):
    done = [store(1, "2026", "current")]
    server.script(result([entry("a"), entry("b"), entry("c", "stopped")]), result(done), result(done))
    rotated = run()
    assert (rotated.changed, rotated.failures, rotated.skipped) == ([], {}, {"c": "stopped"})
    assert asked(server) == ["GetInstances", "GetStores", "GetStores"]


def test_one_that_fails_keeps_no_other_from_it(server, run):
    old = [store(1, "2025", "current")]
    new = [store(1, "2025"), store(2, "2026", "current")]
    refusal = envelope(statusCode="failed", error={"message": "No space.", "details": ""})
    server.script(result([entry("a"), entry("b")]), result(old), refusal, result(old), result(None), result(new))
    rotated = run()
    assert "No space." in str(rotated.failures["a"])
    assert rotated.changed == ["b"]


def test_check_mode_sends_nothing_that_writes(server, run):
    server.script(result([entry("a")]), result([store(1, "2025", "current")]))
    assert run(check_mode=True).changed == ["a"]
    assert asked(server) == ["GetInstances", "GetStores"]


def test_a_server_that_goes_away_ends_it_and_says_what_was_done(server, run):
    old = [store(1, "2025", "current")]
    new = [store(1, "2025"), store(2, "2026", "current")]
    gone = RequestNotSent("No connection.")
    server.script(result([entry("a"), entry("b"), entry("c")]), result(old), result(None), result(new))
    server.script(gone)
    with pytest.raises(RequestNotSent) as caught:
        run()
    assert caught.value.facts["rotated"] == ["a"]


def test_an_instance_that_is_not_there_is_named(server, run):
    server.script(result([]), result([entry("alpha")]))
    with pytest.raises(NotFound, match=r"no instance alhpa\. The most alike are alpha"):
        run(instances=["alhpa"])
