# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible import context
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mops.maintenance.plugins.lookup.no_hosts import LookupModule

FLEET = {
    "all": ["alpha", "beta", "gamma"],
    "ungrouped": [],
    "mailstore_running": ["alpha", "beta"],
    "mailstore_stopped": ["gamma"],
}
FAILED = "archive.example.com: no connection: connection refused."


@pytest.fixture
def why(monkeypatch):
    """Why a play would have no hosts."""
    monkeypatch.setattr(context, "CLIARGS", {})

    def look(pattern, groups=None, limit=None, failures=(), **options):
        groups = FLEET if groups is None else groups
        lookup = LookupModule(loader=DataLoader())
        monkeypatch.setattr(lookup, "set_options", lambda direct: None)
        monkeypatch.setattr(lookup, "get_option", lambda name: options.get(name, ""))
        hostvars = {"localhost": {"mailstore_instances_failures": list(failures)}}
        variables = {"groups": groups, "hostvars": hostvars, "ansible_limit": limit}
        (reason,) = lookup.run([pattern], variables, **options)
        return reason

    return look


@pytest.mark.parametrize(
    ("pattern", "limit"), [("mailstore_running", None), ("all:!alpha", "b*"), ("alpha,beta", "beta")]
)
def test_where_there_are_hosts_nothing_is_said(why, pattern, limit):
    assert why(pattern, limit=limit) == ""


@pytest.mark.parametrize("limit", [None, "alpha"])
def test_an_inventory_that_could_not_be_read_is_why(why, limit):
    groups = {"all": [], "ungrouped": []}
    said = f"No host matches mailstore_running: the inventory could not be read. {FAILED}"
    assert why("mailstore_running", groups, limit, [FAILED]) == said


def test_what_could_not_be_read_is_not_why_where_there_are_hosts(why):
    assert why("mailstore_running", failures=[FAILED]) == ""


@pytest.mark.parametrize("groups", [{}, {"all": [], "ungrouped": []}])
@pytest.mark.parametrize("limit", [None, "alpha"])
def test_an_empty_inventory_is_why(why, groups, limit):
    assert why("mailstore_running", groups, limit).startswith(
        "No host matches mailstore_running: the inventory is empty. Name one with -i (in AWX, in the job template)."
    )


def test_a_group_that_is_not_there_is_said_with_the_nearest_and_with_those_there_are(why):
    assert why("mailstore_runing") == (
        "No host matches mailstore_runing. Is mailstore_running meant? The inventory has these groups: "
        "mailstore_running, mailstore_stopped."
    )


def test_a_host_is_meant_as_well_as_a_group(why):
    assert "Is alpha meant?" in why("alhpa")


def test_where_everything_is_excluded_the_groups_are_empty(why):
    groups = {"all": ["gamma"], "ungrouped": [], "mailstore_stopped": ["gamma"]}
    assert why("web", groups) == "No host matches web. The inventory has these groups: mailstore_stopped."


@pytest.mark.parametrize(("pattern", "limit"), [("mailstore_running", "gamma"), ("alpha,beta", "nobody")])
def test_a_limit_that_leaves_no_host_is_why(why, pattern, limit):
    assert why(pattern, limit=limit) == f"--limit {limit} leaves none of the hosts that match {pattern}: alpha, beta."


def test_only_some_of_many_groups_are_shown(why):
    groups = {"all": ["a"], **{f"group{number:02}": ["a"] for number in range(15)}}
    assert why("web", groups).endswith("group10, group11 and 3 more.")


def test_advice_follows_the_reason(why):
    assert why("web", advice="Name an inventory.").endswith(" Name an inventory.")
    assert why("alpha", advice="Name an inventory.") == ""


def test_a_syntax_check_asks_for_no_hosts(why, monkeypatch):
    monkeypatch.setattr(context, "CLIARGS", {"syntax": True})
    assert why("web", {}) == ""
