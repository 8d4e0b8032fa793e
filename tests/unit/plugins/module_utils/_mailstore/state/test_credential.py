# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import Functions
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ambiguous
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.credential import WantedCredential
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.tests.shapes import recorded

(CREDENTIAL,) = recorded("mailstore", "25", "GetCredentials")
NAME, SETTINGS = CREDENTIAL["Description"], CREDENTIAL["Settings"]


def wanted(name=NAME, **options):
    return WantedCredential("a", name, **options)


def steps(subject, current):
    return [(step.function, step.arguments) for step in subject.steps(current)]


class Server:
    """What a server tells of its functions: `name: type`, with a question mark for what may be left out."""

    def __init__(self, **functions):
        self._functions = functions

    def functions(self):
        if not self._functions:
            return None
        return Functions.from_metadata(
            [
                {
                    "name": name,
                    "args": [
                        {"name": item.rstrip("?"), "type": "json", "nullable": item.endswith("?")} for item in items
                    ],
                }
                for name, items in self._functions.items()
            ]
        )


def fitted(subject, current, server):
    (step,) = subject.fitted(server, subject.steps(current))
    return step.arguments


@pytest.mark.parametrize(
    "options",
    [{}, {"type": "microsoft365"}, {"settings": {"TenantId": SETTINGS["TenantId"]}}, {"settings": {}}],
)
def test_what_is_as_it_should_be_is_left_alone(options):
    assert steps(wanted(**options), CREDENTIAL) == []


def test_settings_are_merged_and_set_as_a_whole():
    assert steps(wanted(settings={"TenantId": "t"}), CREDENTIAL) == [
        ("SetCredentialSettings", {"instanceID": "a", "id": 1, "settings": {**SETTINGS, "TenantId": "t"}})
    ]


def test_a_secret_that_is_not_shown_is_set_along_or_each_time_if_asked():
    hidden = {**CREDENTIAL, "Settings": {**SETTINGS, "ClientSecret": None}}
    assert steps(wanted(settings={"ClientSecret": "s"}), hidden) == []
    (step,) = wanted(settings={"ClientSecret": "s"}, renew_secrets=True).steps(hidden)
    assert step.once
    with pytest.raises(NotPossible, match="in place of ClientSecret"):
        wanted(settings={"TenantId": "t"}).steps(hidden)


def test_names_may_come_in_small_letters():
    small = {"id": 4, "type": "Microsoft365", "description": NAME, "settings": SETTINGS}
    assert wanted(present=False).find([small]) is small
    assert steps(wanted(present=False), small) == [("DeleteCredential", {"instanceID": "a", "id": 4})]
    assert wanted(settings={"TenantId": "t"}).predicted(small)["settings"]["TenantId"] == "t"


def test_a_new_credential_needs_type_and_settings():
    with pytest.raises(NotPossible, match="To create it, type and settings must be given"):
        wanted("new").steps(None)
    (step,) = wanted("new", type="Microsoft365", settings={"ClientSecret": "s3cret"}).steps(None)
    assert step.arguments["config"] == {
        "Type": "Microsoft365",
        "Description": "new",
        "Settings": {"ClientSecret": "s3cret"},
    }
    assert "s3cret" not in repr(step)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["instanceID", "config"], {"instanceID", "config"}),
        (["instanceID", "type", "description", "settings"], {"instanceID", "type", "description", "settings"}),
        (["instanceID", "Type", "name", "Settings", "tag?"], {"instanceID", "Type", "name", "Settings"}),
        (["instanceID", "properties", "raw?"], {"instanceID", "properties"}),
    ],
)
def test_the_servers_own_list_says_how_a_credential_is_created(arguments, expected):
    subject = wanted("new", type="Microsoft365", settings={"TenantId": "t"})
    given = fitted(subject, None, Server(CreateCredential=arguments))
    assert set(given) == expected
    assert "new" in str(given)


def test_an_argument_that_nobody_knows_is_named():
    subject = wanted("new", type="Microsoft365", settings={})
    with pytest.raises(MopsError, match=r"CreateCredential: this server asks for certificate.*mailstore_invoke"):
        fitted(subject, None, Server(CreateCredential=["instanceID", "certificate"]))


def test_a_server_without_the_function_says_so():
    with pytest.raises(InvalidOption, match="no function DeleteCredential"):
        fitted(wanted(present=False), CREDENTIAL, Server(GetCredentials=["instanceID"]))


def test_a_server_without_a_list_is_given_what_is_known():
    assert set(fitted(wanted(present=False), CREDENTIAL, Server())) == {"instanceID", "id"}


def test_another_type_is_another_credential():
    with pytest.raises(NotPossible, match="is of type Microsoft365, not Google"):
        wanted(type="Google").steps(CREDENTIAL)


def test_two_of_one_name_need_an_id():
    with pytest.raises(Ambiguous, match=r"there are 2 of instance a\. Give id: 1, 2"):
        wanted().find([CREDENTIAL, {**CREDENTIAL, "ID": 2}])
    assert wanted(None, id=1).find([CREDENTIAL, {**CREDENTIAL, "ID": 2}]) is CREDENTIAL
    with pytest.raises(NotPossible, match="no credential with id 9"):
        wanted(None, id=9).find([CREDENTIAL])


def test_a_credential_must_be_named():
    with pytest.raises(InvalidOption, match="by name, or by id"):
        wanted(None).check()


def test_no_secret_is_in_the_difference():
    subject = wanted(settings={"ClientSecret": "s3cret"})
    assert "s3cret" not in str(subject.diff(CREDENTIAL, subject.predicted(CREDENTIAL)))
    assert "ClientSecret" in str(subject.diff(CREDENTIAL, CREDENTIAL)[1])
    assert subject.diff(CREDENTIAL, None)[1] is None
