# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import CallFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.user import WantedUser
from ansible_collections.mops.maintenance.tests.shapes import recorded

ANNA = {
    "userName": "anna",
    "fullName": "Anna",
    "distinguishedName": "CN=Anna,OU=x",
    "authentication": "integrated",
    "emailAddresses": ["a@x", "b@x", "c@x"],
    "pop3UserNames": ["p", "q"],
    "privileges": ["login", "archive"],
    "loginPrivileges": ["web", "api"],
    "privilegesOnFolders": [{"folder": "anna", "privileges": ["read"]}, {"folder": "ben", "privileges": ["read"]}],
}


def wanted(**options):
    return WantedUser("i", "anna", **options)


def calls(subject, current=None):
    return [
        (step.function, {k: v for k, v in step.arguments.items() if k not in ("instanceID", "userName")})
        for step in subject.steps(current)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"full_name": "Anna"},
        {"distinguished_name": "cn=anna, ou=X"},
        {"authentication": "integrated"},
        {"email_addresses": ["A@x", "C@x", "b@x"]},
        {"pop3_user_names": ["q", "p"]},
        {"privileges": ["archive", "login", "login"]},
        {"login_privileges": ["web"]},
        {"login_privileges": ["web", "api"]},
        {"folders": {"anna": ["read"]}},
        {"folders": {"carla": ["none"]}},
        {"folders": {"anna": ["read"], "ben": ["read"]}, "purge_folders": True},
        {"password": "p"},
    ],
    ids=str,
)
def test_what_means_the_same_is_left_alone(options):
    assert calls(wanted(**options), ANNA) == []


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({"full_name": "Ann"}, ("SetUserFullName", {"fullName": "Ann"})),
        ({"full_name": ""}, ("SetUserFullName", {"fullName": None})),
        ({"distinguished_name": "cn=b"}, ("SetUserDistinguishedName", {"distinguishedName": "cn=b"})),
        ({"authentication": "directoryServices"}, ("SetUserAuthentication", {"authentication": "directoryServices"})),
        ({"email_addresses": ["b@x", "a@x", "c@x"]}, ("SetUserEmailAddresses", {"emailAddresses": "b@x,a@x,c@x"})),
        ({"email_addresses": []}, ("SetUserEmailAddresses", {"emailAddresses": None})),
        ({"pop3_user_names": ["p"]}, ("SetUserPop3UserNames", {"pop3UserNames": "p"})),
        ({"privileges": []}, ("SetUserPrivileges", {"privileges": "none"})),
        ({"privileges": ["admin"]}, ("SetUserPrivileges", {"privileges": "admin"})),
        ({"login_privileges": ["none"]}, ("SetUserLoginPrivileges", {"loginPrivileges": "none"})),
        ({"login_privileges": ["web", "imap"]}, ("SetUserLoginPrivileges", {"loginPrivileges": "web,imap"})),
        (
            {"folders": {"anna": ["read", "write"]}},
            ("SetUserPrivilegesOnFolder", {"folder": "anna", "privileges": "read,write"}),
        ),
        ({"folders": {"ben": []}}, ("SetUserPrivilegesOnFolder", {"folder": "ben", "privileges": "none"})),
        (
            {"folders": {"anna": ["read"]}, "purge_folders": True},
            ("SetUserPrivilegesOnFolder", {"folder": "ben", "privileges": "none"}),
        ),
        ({"folders": {}, "purge_folders": True}, ("ClearUserPrivilegesOnFolders", {})),
        ({"folders": {"anna": [], "ben": ["none"]}}, ("ClearUserPrivilegesOnFolders", {})),
        ({"password": "p", "renews_password": True}, ("SetUserPassword", {"password": "p"})),
    ],
    ids=str,
)
def test_what_differs_is_set_by_its_own_function(options, call):
    assert calls(wanted(**options), ANNA) == [call]


def test_a_new_user_is_created_with_what_the_function_takes_and_gets_the_rest_after_it():
    subject = wanted(
        full_name="Anna",
        email_addresses=["a@x"],
        pop3_user_names=[],
        privileges=["login"],
        login_privileges=[],
        folders={"anna": ["read"], "ben": []},
        password="p",
        renews_password=True,
    )
    assert calls(subject) == [
        ("CreateUser", {"password": "p", "fullName": "Anna", "privileges": "login", "loginPrivileges": "none"}),
        ("SetUserEmailAddresses", {"emailAddresses": "a@x"}),
        ("SetUserPrivilegesOnFolder", {"folder": "anna", "privileges": "read"}),
    ]


def test_a_new_user_of_whom_nothing_is_asked_gets_what_the_server_gives():
    assert calls(wanted()) == [("CreateUser", {"password": None})]


def test_the_prediction_shows_the_user_as_the_server_would():
    after = wanted(privileges=["none"], email_addresses=["x@x"], folders={"ben": [], "carla": ["read"]}).predicted(ANNA)
    assert after["privileges"] == []
    assert after["emailAddresses"] == ["x@x"]
    assert after["fullName"] == "Anna"
    assert after["privilegesOnFolders"] == [
        {"folder": "anna", "privileges": ["read"]},
        {"folder": "carla", "privileges": ["read"]},
    ]


def test_a_password_shows_in_the_difference_only_as_a_word():
    before, after = wanted(password="p-secret", renews_password=True).diff(ANNA, ANNA)
    assert (before["password"], after["password"]) == ("(as it was)", "(set anew)")
    assert wanted(password="p-secret").diff(ANNA, ANNA) == (ANNA, ANNA)
    assert "p-secret" not in repr(wanted(password="p-secret"))


@pytest.mark.parametrize(
    "options",
    [
        {"privileges": ["admin", "login"]},
        {"privileges": ["none", "login"]},
        {"login_privileges": ["none", "web"]},
        {"folders": {"anna": ["none", "read"]}},
        {"email_addresses": ["a@x,b@x"]},
        {"email_addresses": [""]},
        {"purge_folders": True},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(InvalidOption):
        wanted(**options).check()


class Directory:
    """Answers for users; a failure is what the server says of one whom it does not know."""

    def __init__(self, *users):
        self.users = {user["userName"]: user for user in users}
        self.calls = []

    def __call__(self, function, **arguments):
        self.calls.append(function)
        if function == "GetUsers":
            return [{"userName": name} for name in self.users]
        if arguments["userName"] not in self.users:
            raise CallFailed("Not found.")
        return self.users[arguments["userName"]]


def test_a_user_who_is_there_takes_one_call():
    ask = Directory(ANNA)
    assert wanted().read(ask) == ANNA
    assert ask.calls == ["GetUserInfo"]


def test_a_user_who_is_not_there_is_looked_up_in_the_list():
    ask = Directory()
    assert wanted().read(ask) is None
    assert ask.calls == ["GetUserInfo", "GetUsers"]


def test_a_user_to_be_removed_is_looked_up_in_the_list_at_once():
    ask = Directory()
    assert wanted(present=False).read(ask) is None
    assert ask.calls == ["GetUsers"]


def test_a_user_of_another_spelling_is_the_same():
    assert WantedUser("i", "ANNA").read(Directory(ANNA)) == ANNA
    (step,) = WantedUser("i", "ANNA", present=False).steps({"userName": "anna"})
    assert step.arguments["userName"] == "anna"


def test_a_user_as_a_real_server_shows_one_has_nothing_to_be_done():
    subject = WantedUser(
        "i",
        "anna.adler",
        authentication="directoryServices",
        email_addresses=["anna.adler@alpha.example"],
        privileges=["login"],
        login_privileges=["windows", "web", "outlook", "windowsCmd", "imap"],
        folders={"anna.adler": ["read"]},
        purge_folders=True,
    )
    assert subject.steps(recorded("mailstore", "25", "GetUserInfo")) == []


def test_login_by_api_is_given_where_it_is_asked_for():
    current = {**ANNA, "loginPrivileges": ["web"]}
    assert calls(wanted(login_privileges=["api", "web"]), current) == [
        ("SetUserLoginPrivileges", {"loginPrivileges": "api,web"})
    ]


def test_nobody_is_created_by_a_typo_where_the_user_must_be_there():
    with pytest.raises(NotPossible, match=r"no user ana, and create is false\. The nearest are anna"):
        WantedUser("i", "ana", create=False, password="p", renews_password=True).read(Directory(ANNA))
    with pytest.raises(NotPossible, match=r"and create is false\. It has no users"):
        WantedUser("i", "ana", create=False).read(Directory())


def test_a_user_who_must_be_there_and_is_takes_one_call():
    ask = Directory(ANNA)
    assert wanted(create=False).read(ask) == ANNA
    assert WantedUser("i", "ANNA", create=False).read(ask) == ANNA
    assert WantedUser("i", "ben", create=False, present=False).read(ask) is None
    assert ask.calls[0] == "GetUserInfo"


def test_a_failure_that_is_not_about_the_user_is_told():
    def ask(function, **arguments):
        if function == "GetUserInfo":
            raise CallFailed("The database is locked.")
        return [{"userName": "anna"}]

    with pytest.raises(CallFailed, match="database is locked"):
        wanted().read(ask)


@pytest.mark.parametrize(
    ("wish", "status", "expected"),
    [
        ("enabled", "Disabled", ["InitializeMFA"]),
        ("enabled", "Enabled", []),
        ("disabled", "Enabled", ["DisableMFA"]),
        ("disabled", "Disabled", []),
        ("disabled", None, []),
        ("reset", "Enabled", ["InitializeMFA"]),
    ],
)
def test_multi_factor_authentication_is_what_is_asked(wish, status, expected):
    steps = wanted(mfa=wish).steps({**ANNA, "mfaStatus": status})
    assert [step.function for step in steps] == expected
    assert all(step.once is (wish == "reset") for step in steps)


def test_a_new_user_has_a_second_factor_from_the_start():
    subject = wanted(mfa="enabled")
    assert [step.function for step in subject.steps(None)] == ["CreateUser", "InitializeMFA"]
    assert subject.predicted(None)["mfaStatus"] == "Enabled"


def test_app_passwords_are_deleted_each_time():
    (step,) = wanted(delete_app_passwords=True).steps(ANNA)
    assert (step.function, step.once) == ("DeleteAppPasswords", True)
    assert [step.function for step in wanted(delete_app_passwords=True).steps(None)] == ["CreateUser"]
