# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance_host import WantedInstanceHost
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.tests.shapes import recorded

(HOST,) = recorded("mailstore", "25", "GetInstanceHosts")
NAME, THUMBPRINT = HOST["serverName"], HOST["serverCertificate"]["thumbprint"]
ALL = {"service_port": 8472, "thumbprint": THUMBPRINT, "base_directory": "C:\\MailArchive"}


def wanted(name=NAME, **options):
    return WantedInstanceHost(name, **options)


def steps(subject, current):
    return [(step.function, step.arguments) for step in subject.steps(current)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        ALL,
        {"thumbprint": ":".join(THUMBPRINT[i : i + 2] for i in range(0, 40, 2)).lower()},
        {"base_directory": "c:/mailarchive/"},
    ],
)
def test_what_is_as_it_should_be_is_left_alone(options):
    assert steps(wanted(**options), HOST) == []


def test_what_differs_is_set_with_the_whole_configuration():
    (step,) = wanted(service_port=9000, thumbprint="aa bb").steps(HOST)
    assert step.function == "SetInstanceHostConfiguration"
    assert step.arguments["config"] == {**HOST, "port": 9000, "serverCertificate": {"thumbprint": "AABB"}}


def test_a_host_that_is_not_there_is_added_with_all_that_it_needs():
    assert steps(wanted("new", **ALL), None) == [("CreateInstanceHost", {"config": {**HOST, "serverName": "new"}})]
    with pytest.raises(
        NotPossible, match=r"no instance host new\. To add it, thumbprint, base_directory must be given"
    ):
        wanted("new", service_port=1).steps(None)


def test_a_host_is_removed_once():
    assert steps(wanted(present=False), HOST) == [("DeleteInstanceHost", {"serverName": NAME})]
    assert steps(wanted(present=False), None) == []


@pytest.mark.parametrize(
    ("count", "words"), [(1, r"1 instance \(i0\)"), (7, r"7 instances \(i0, i1, i2, i3, i4 and 2")]
)
def test_a_host_with_instances_stays_and_they_are_named(count, words):
    rows = [{"instanceID": f"i{number}", "instanceHost": NAME.upper()} for number in range(count)]
    client = SimpleNamespace(call=lambda function, **arguments: rows)
    with pytest.raises(NotPossible, match=words):
        wanted(present=False).verify(client, [])


def test_a_host_without_instances_may_go_and_one_that_stays_asks_nothing():
    client = SimpleNamespace(call=lambda function, **arguments: [{"instanceID": "i", "instanceHost": "other"}])
    wanted(present=False).verify(client, [])
    wanted().verify(None, [])


@pytest.mark.parametrize("name", ["", "*", "host?", "a,b"])
def test_a_filter_is_no_name(name):
    with pytest.raises(InvalidOption, match="name of one instance host"):
        wanted(name).check()
