# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.many import Item, Names, end
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import (
    NotPossible,
    Outcome,
    Step,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.user import WantedUser

NAMES = Names("users", "user", "name")
BEFORE, AFTER = {"userName": "a", "fullName": None}, {"userName": "a", "fullName": "A"}
CHANGED = Outcome(BEFORE, AFTER, (Step("SetUserFullName", {}),))
SAME = Outcome(AFTER, AFTER)


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


def item(name, outcome=None, error=None):
    return Item(name, WantedUser("i", name), outcome, error)


def ended(*items, diff=False):
    with pytest.raises(Ended) as caught:
        end(Module(diff), NAMES, items)
    return caught.value.args[0]


def test_a_result_has_an_entry_for_each_in_order():
    assert ended(item("b", SAME), item("a", CHANGED)) == {
        "changed": True,
        "users": [
            {"name": "b", "changed": False, "user": AFTER, "functions": []},
            {"name": "a", "changed": True, "user": AFTER, "functions": ["SetUserFullName"]},
        ],
        "functions": ["SetUserFullName"],
    }


def test_nothing_of_nobody_is_no_change():
    assert ended() == {"changed": False, "users": [], "functions": []}


def test_each_has_a_difference_under_its_name():
    (difference,) = ended(item("a", CHANGED), diff=True)["diff"]
    assert difference == {"before_header": "a", "after_header": "a", "before": BEFORE, "after": AFTER}


def test_those_that_failed_are_named_beside_those_that_did_not():
    lost = MopsError("Lost.", changed=True, functions=["CreateUser"])
    with pytest.raises(MopsError) as caught:
        end(
            Module(), NAMES, [item("a", CHANGED), item("b", error=NotPossible("No.")), item("c", error=lost), item("d")]
        )
    assert str(caught.value) == "2 of 4 users failed. 1 were not begun. b: No. c: Lost."
    facts = caught.value.facts
    assert facts["changed"]
    assert facts["functions"] == ["SetUserFullName", "CreateUser"]
    assert [entry.get("failed", False) for entry in facts["users"]] == [False, True, True]


def test_what_the_server_shows_otherwise_is_warned_of():
    module = Module()
    outcome = Outcome(BEFORE, BEFORE, CHANGED.done, CHANGED.done)
    with pytest.raises(Ended):
        end(module, NAMES, [item("a", outcome)])
    assert "SetUserFullName" in module.warnings[0]
