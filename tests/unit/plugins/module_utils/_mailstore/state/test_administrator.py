# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.administrator import WantedAdministrator
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible

ADMIN = {"userName": "admin", "fullName": "Administrator", "mfaStatus": "Disabled"}
SCOPED = {**ADMIN, "role": "operator", "instances": ["alpha", "beta"]}
"""As a server might have it that knows roles: the names are made up, the server's own decide."""


def wanted(**options):
    return WantedAdministrator("admin", **options)


def steps(subject, current):
    return [(step.function, step.arguments) for step in subject.steps(current)]


@pytest.mark.parametrize(
    ("current", "options"),
    [
        (ADMIN, {}),
        (ADMIN, {"full_name": "Administrator", "mfa": "disabled"}),
        ({"userName": "admin"}, {"full_name": ""}),
        (SCOPED, {"configuration": {"role": "operator", "instances": ["beta", "alpha"]}}),
        ({**ADMIN, "mfaStatus": "Enabled"}, {"mfa": "enabled"}),
        (ADMIN, {"password": "p"}),
    ],
)
def test_what_is_as_it_should_be_is_left_alone(current, options):
    assert steps(wanted(**options), current) == []


def test_settings_are_merged_and_set_without_what_the_server_makes():
    subject = wanted(full_name="Anna", configuration={"instances": ["alpha"]})
    config = {"userName": "admin", "fullName": "Anna", "role": "operator", "instances": ["alpha"]}
    assert steps(subject, SCOPED) == [("SetSystemAdministratorConfiguration", {"config": config})]


def test_a_role_that_the_server_does_not_know_is_refused():
    with pytest.raises(NotPossible, match="has no role"):
        wanted(configuration={"role": "operator"}).steps(ADMIN)


def test_a_new_administrator_needs_a_password():
    with pytest.raises(NotPossible, match="administrator_password must be given"):
        wanted().steps(None)
    subject = wanted(full_name="Anna", password="p4ss", renews_password=True, mfa="enabled")
    assert steps(subject, None) == [
        ("CreateSystemAdministrator", {"config": {"userName": "admin", "fullName": "Anna"}, "password": "p4ss"}),
        ("InitializeSystemAdministratorMFA", {"userName": "admin"}),
    ]
    assert "p4ss" not in repr(subject) + repr(subject.steps(None))
    assert subject.diff(None, ADMIN)[1]["password"] == "(set)"


def test_a_password_is_set_each_time_where_that_is_asked_for():
    (step,) = wanted(password="p", renews_password=True).steps(ADMIN)
    assert (step.function, step.once) == ("SetSystemAdministratorPassword", True)
    assert wanted(password="p", renews_password=True).diff(ADMIN, ADMIN)[1]["password"] == "(set anew)"


@pytest.mark.parametrize(
    ("mfa", "status", "function"),
    [
        ("enabled", "Disabled", "InitializeSystemAdministratorMFA"),
        ("enabled", None, "InitializeSystemAdministratorMFA"),
        ("disabled", "Enabled", "DeactivateSystemAdministratorMFA"),
        ("disabled", "Initialized", "DeactivateSystemAdministratorMFA"),
        ("reset", "Enabled", "InitializeSystemAdministratorMFA"),
    ],
)
def test_multi_factor_authentication_is_what_is_asked(mfa, status, function):
    (step,) = wanted(mfa=mfa).steps({**ADMIN, "mfaStatus": status})
    assert step.function == function
    assert step.once is (mfa == "reset")


def test_an_administrator_is_removed_once_by_the_servers_spelling():
    subject = WantedAdministrator("ADMIN", present=False)
    assert subject.read(lambda function: [ADMIN]) is ADMIN
    assert steps(subject, ADMIN) == [("DeleteSystemAdministrator", {"userName": "admin"})]
    assert steps(subject, None) == []


def test_an_api_password_is_created_after_all_else():
    assert [function for function, _arguments in steps(wanted(mfa="enabled", api_password=True), ADMIN)] == [
        "InitializeSystemAdministratorMFA",
        "CreateSystemAdministratorAPIPassword",
    ]


@pytest.mark.parametrize(
    ("name", "configuration", "words"),
    [
        (" ", {}, "not empty"),
        ("admin", {"userName": "other"}, "administrator other"),
        ("admin", {"mfaStatus": "Enabled"}, "mfa does"),
    ],
)
def test_what_cannot_be_is_refused(name, configuration, words):
    with pytest.raises(InvalidOption, match=words):
        WantedAdministrator(name, configuration=configuration).check()
