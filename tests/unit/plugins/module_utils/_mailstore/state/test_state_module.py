# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import (
    PAIRS,
    WantedConfiguration,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import Outcome, Step
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.state_module import report

SUBJECT = WantedConfiguration(PAIRS["SmtpSettings"], "a", {"port": 26})
BEFORE, AFTER = {"port": 25, "password": "p-secret"}, {"port": 26, "password": "p-secret"}
SET = Step("SetSmtpSettings", {})


class Ended(Exception):
    """A task's result."""


class Module:
    """What of a module reports a result."""

    def __init__(self, diff=False):
        self._diff = diff
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)

    def exit_json(self, **result):
        raise Ended(result)


def reported(module, outcome):
    with pytest.raises(Ended) as caught:
        report(module, "configuration", SUBJECT, outcome)
    return caught.value.args[0]


def test_a_result_has_the_object_without_secrets_and_what_was_done():
    module = Module()
    assert reported(module, Outcome(BEFORE, AFTER, (SET,))) == {
        "changed": True,
        "configuration": {"port": 26, "password": MASK},
        "functions": ["SetSmtpSettings"],
    }
    assert module.warnings == []


def test_a_difference_is_there_only_where_it_is_asked_for():
    result = reported(Module(diff=True), Outcome(BEFORE, AFTER, (SET,)))
    assert result["diff"] == {"before": {"port": 25, "password": MASK}, "after": {"port": 26, "password": MASK}}


def test_what_is_not_there_is_an_empty_side_of_the_difference():
    class Gone(WantedConfiguration):
        def diff(self, before, after):
            return before, after

    with pytest.raises(Ended) as caught:
        report(Module(diff=True), "x", Gone(PAIRS["SmtpSettings"], "a", {}), Outcome({"a": 1}, None, (SET,)))
    assert caught.value.args[0]["x"] is None
    assert caught.value.args[0]["diff"] == {"before": {"a": 1}, "after": {}}


def test_what_the_server_did_not_keep_is_a_warning():
    module = Module()
    assert reported(module, Outcome(BEFORE, BEFORE, (SET,), (SET,)))["changed"]
    assert "SetSmtpSettings" in module.warnings[0]
    assert "next run will change it again" in module.warnings[0]


def test_what_is_predicted_of_an_instance_that_is_not_there_is_warned_of():
    module = Module()
    assert reported(module, Outcome(None, AFTER, (SET,), instance_missing=True))["changed"]
    (warning,) = module.warnings
    assert "There is no instance a." in warning
