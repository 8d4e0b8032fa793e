# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed, Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import (
    Following,
    Interrupted,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    Observed,
    Step,
    Subject,
    reach,
)
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope, running


class Lamp(Subject):
    """A subject with two properties; ``colour`` can be set only by the number that the server gives."""

    def __init__(self, on=True, colour=None, absent=False, always=False):
        self.on, self.colour, self.absent, self.always = on, colour, absent, always

    def read(self, ask):
        return ask("GetLamp")

    def steps(self, current):
        if self.absent:
            return [Step("DeleteLamp", {"id": 1})] if current else []
        if current is None:
            return [Step("CreateLamp", {"on": self.on})]
        steps = []
        if current["on"] is not self.on:
            steps.append(Step("SetLampOn", {"on": self.on}))
        if self.colour and current.get("colour") != self.colour:
            steps.append(Step("PaintLamp", {"id": current["id"], "colour": self.colour}))
        if self.always:
            steps.append(Step("SetLampShade", {}, once=True))
        return steps

    def predicted(self, current):
        return None if self.absent else {**(current or {}), "on": self.on}

    def shortfall(self, after):
        return "The lamp is broken." if after and after.get("broken") else None


LIT, DARK = {"id": 1, "on": True}, {"id": 1, "on": False}


@pytest.fixture
def interruption():
    return Interruption()


@pytest.fixture
def attempt(server, client, clock, interruption):
    """Reach a subject's state over a scripted server; returns the outcome."""

    def run(subject, *steps, check_mode=False, timeout=0.0, observed=None):
        server.script(*steps)
        waiting = Waiting(timeout, cancels=False)
        following = Following(
            Server("host", "admin", "p"), waiting, interruption, Progress(None, interval=60.0), clock=clock
        )
        return reach(client, following, subject, check_mode=check_mode, observed=observed)

    return run


class Verified(Lamp):
    """A lamp of which the server itself has to be asked whether it can be."""

    def verify(self, client, steps):
        raise MopsError(f"No bulb for {steps[0].function}.")


def functions(server):
    return [path.rpartition("/")[2] for path, _form in server.calls]


def result(value=None):
    return envelope(result=value)


def test_what_is_as_it_should_be_is_looked_at_once(server, attempt):
    outcome = attempt(Lamp(), result(LIT))
    assert not outcome.changed
    assert outcome.before == outcome.after == LIT
    assert functions(server) == ["GetLamp"]


def test_what_is_missing_is_done_and_looked_at_again(server, attempt):
    outcome = attempt(Lamp(), result(DARK), result(), result(LIT))
    assert outcome.changed
    assert outcome.after == LIT
    assert outcome.unmet == ()
    assert functions(server) == ["GetLamp", "SetLampOn", "GetLamp"]


def test_check_mode_sends_nothing_that_writes(server, attempt):
    outcome = attempt(Lamp(), result(DARK), check_mode=True)
    assert outcome.changed
    assert outcome.functions == ["SetLampOn"]
    assert outcome.after == LIT
    assert functions(server) == ["GetLamp"]


def test_what_needs_the_number_of_what_was_created_is_done_after_it(server, attempt):
    painted = {**LIT, "id": 7, "colour": "red"}
    outcome = attempt(Lamp(colour="red"), result(None), result(), result({**LIT, "id": 7}), result(), result(painted))
    assert outcome.functions == ["CreateLamp", "PaintLamp"]
    assert server.calls[3] == ("/api/invoke/PaintLamp", {"id": "7", "colour": "red"})
    assert outcome.after == painted


def test_what_was_created_and_is_not_to_be_seen_is_not_created_twice(server, attempt):
    outcome = attempt(Lamp(), result(None), result(), result(None))
    assert functions(server) == ["GetLamp", "CreateLamp", "GetLamp"]
    assert [step.function for step in outcome.unmet] == ["CreateLamp"]


def test_after_a_removal_there_is_nothing_to_look_at(server, attempt):
    outcome = attempt(Lamp(absent=True), result(LIT), result())
    assert outcome.after is None
    assert functions(server) == ["GetLamp", "DeleteLamp"]


def test_what_the_server_does_not_keep_is_told_and_not_done_again(server, attempt):
    outcome = attempt(Lamp(), result(DARK), result(), result(DARK))
    assert [step.function for step in outcome.unmet] == ["SetLampOn"]
    assert functions(server) == ["GetLamp", "SetLampOn", "GetLamp"]


def test_what_is_done_every_time_is_not_missing_afterwards(attempt):
    outcome = attempt(Lamp(always=True), result(LIT), result(), result(LIT))
    assert outcome.functions == ["SetLampShade"]
    assert outcome.unmet == ()


def test_a_failure_in_between_says_what_was_done(attempt):
    failed = envelope(statusCode="failed", error={"message": "No paint.", "details": ""})
    with pytest.raises(CallFailed, match=r"PaintLamp: .*No paint\. Done before that: SetLampOn\.$") as caught:
        attempt(Lamp(colour="red"), result(DARK), result(), failed)
    assert caught.value.facts == {"changed": True, "functions": ["SetLampOn"]}


def test_a_failure_at_first_says_that_nothing_changed(attempt):
    failed = envelope(statusCode="failed", error={"message": "No power.", "details": ""})
    with pytest.raises(CallFailed, match=r"No power\.$") as caught:
        attempt(Lamp(), result(DARK), failed)
    assert caught.value.facts == {"changed": False, "functions": []}


def test_a_state_that_a_person_has_to_hear_about_is_a_failure(attempt):
    with pytest.raises(MopsError, match=r"The lamp is broken\. Done before that: SetLampOn\."):
        attempt(Lamp(), result(DARK), result(), result({**LIT, "broken": True}))


def test_a_set_whose_answer_was_lost_is_sent_again(server, attempt):
    outcome = attempt(Lamp(), result(DARK), AnswerLost("gone"), result(), result(LIT))
    assert outcome.functions == ["SetLampOn"]
    assert functions(server) == ["GetLamp", "SetLampOn", "SetLampOn", "GetLamp"]


@pytest.mark.parametrize("answer", [AnswerLost("gone"), AnswerUnusable("html"), (503, b"down")])
def test_a_creation_whose_answer_was_lost_is_not_sent_again(server, attempt, answer):
    with pytest.raises(MopsError, match="Whether it has taken effect is not known"):
        attempt(Lamp(), result(None), answer)
    assert functions(server) == ["GetLamp", "CreateLamp"]


def test_a_step_that_takes_long_is_followed_to_its_end(server, attempt):
    outcome = attempt(Lamp(), result(None), running(1, token="t"), envelope(), result(LIT))
    assert outcome.changed
    assert functions(server) == ["GetLamp", "CreateLamp", "get-status", "GetLamp"]


def test_a_step_that_takes_too_long_is_left_to_the_server(server, clock, attempt):
    def late(form):
        clock.now += 60
        return running(2)

    with pytest.raises(CallFailed, match=r"has not ended within 30 s.*mailstore_operation") as caught:
        attempt(Lamp(), result(None), running(1, token="t"), late, timeout=30.0)
    assert caught.value.facts["token"] == "t"
    assert "cancel-async" not in functions(server)


def test_after_an_interruption_no_step_is_begun(server, attempt, interruption):
    def interrupted(form):
        interruption.set("SIGTERM")
        return result()

    with pytest.raises(Interrupted, match=r"PaintLamp was not begun\. Done before that: SetLampOn\."):
        attempt(Lamp(colour="red"), result(DARK), interrupted)
    assert functions(server) == ["GetLamp", "SetLampOn"]


def test_arguments_of_a_step_are_not_in_its_repr():
    assert "secret" not in repr(Step("SetLampOn", {"password": "secret"}))


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_the_server_has_to_be_asked_about_is_asked_before_the_first_step(attempt, server, check_mode):
    with pytest.raises(MopsError, match="No bulb for SetLampOn"):
        attempt(Verified(), result(DARK), check_mode=check_mode)
    assert functions(server) == ["GetLamp"]


def test_nothing_is_asked_about_what_is_as_it_should_be(attempt):
    assert not attempt(Verified(), result(LIT)).changed


class Hosted(Lamp):
    """A lamp in an instance."""

    instance = "alpha"


def failure():
    return envelope(statusCode="failed", error={"message": "Not found.", "details": ""})


def test_check_mode_predicts_from_nothing_where_the_instance_is_yet_to_be_created(server, attempt):
    outcome = attempt(Hosted(), failure(), result([]), check_mode=True)
    assert outcome.instance_missing
    assert (outcome.before, outcome.after, outcome.functions) == (None, {"on": True}, ["CreateLamp"])
    assert set(functions(server)) == {"GetLamp", "GetInstances"}


def test_check_mode_fails_as_a_run_does_where_the_instance_is_there(server, attempt):
    with pytest.raises(CallFailed, match="Not found"):
        attempt(Hosted(), failure(), result([{"instanceID": "ALPHA"}]), check_mode=True)


def test_a_run_needs_the_instance(server, attempt):
    with pytest.raises(CallFailed, match="Not found"):
        attempt(Hosted(), failure())
    assert functions(server) == ["GetLamp"]


class Started(Lamp):
    """A lamp that is on only after it was created and switched on; a server may do that by itself."""

    def steps(self, current):
        if current is None:
            return [Step("CreateLamp", {}, anew=True), Step("SetLampOn", {}), Step("Blink", {}, once=True)]
        return [*([] if current["on"] else [Step("SetLampOn", {})]), Step("Blink", {}, once=True)]


@pytest.mark.parametrize(
    ("created", "done"),
    [(DARK, ["CreateLamp", "SetLampOn", "Blink"]), (LIT, ["CreateLamp", "Blink"])],
    ids=["as created", "by itself"],
)
def test_what_follows_a_creation_is_worked_out_from_what_was_created(server, attempt, created, done):
    answers = [result(f"made by {function}") for function in done]
    outcome = attempt(Started(), result(None), answers[0], result(created), *answers[1:], result(LIT))
    assert outcome.functions == done
    assert list(outcome.results) == [f"made by {function}" for function in done]
    assert outcome.unmet == ()


def test_what_was_read_along_with_others_is_not_read_again(server, attempt):
    assert not attempt(Lamp(), observed=Observed(LIT)).changed
    assert functions(server) == []
    assert attempt(Lamp(), result(), result(LIT), observed=Observed(None)).functions == ["CreateLamp"]
    assert functions(server) == ["CreateLamp", "GetLamp"]
