# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import (
    MASK,
    Effect,
    Functions,
    InvalidInvocation,
    check_name,
    check_unmasked,
    dry_run,
    effect,
    form,
    masked,
    secrets,
)

METADATA = [
    {
        "name": "VerifyStore",
        "args": [
            {"name": "instanceID", "type": "string", "nullable": False},
            {"name": "id", "type": "number", "nullable": False},
            {"name": "includeIndexes", "type": "bool", "nullable": True},
        ],
    },
    {"name": "VerifyStores", "args": [{"name": "instanceID", "type": "string", "nullable": False}]},
    {"name": "GetJobResults", "args": [{"name": "timeZoneId", "type": "string", "nullable": True}]},
    {"name": "CreateInstance", "args": [{"name": "config", "type": "json", "nullable": False}]},
    {"name": "Ping", "args": []},
]
FUNCTIONS = Functions.from_metadata(METADATA)
VERIFY = "VerifyStore(instanceID: string; id: number; includeIndexes: bool, optional)"


def refused(function, arguments):
    with pytest.raises(InvalidInvocation) as caught:
        FUNCTIONS[function].form(arguments)
    return str(caught.value)


@pytest.mark.parametrize("name", ["GetStores", "CanRunArchiveProfiles", "Ping", "Get"])
def test_what_begins_with_get_can_or_ping_only_reads(name):
    assert effect(name, {}) is Effect.READS


@pytest.mark.parametrize("name", ["CancelJobAsync", "CreateUser", "Getaway", "SetUserPassword", "RunProfile", "Pingo"])
def test_everything_else_writes_also_where_it_begins_with_the_same_letters(name):
    assert effect(name, {}) is Effect.WRITES


@pytest.mark.parametrize("name", ["VerifyStore", "VerifyStores", "TestSmtpSettings"])
def test_verify_and_test_change_no_data(name):
    assert effect(name, {}) is Effect.CHECKS


@pytest.mark.parametrize(("dry", "expected"), [(True, Effect.CHECKS), ("true", Effect.CHECKS), (False, Effect.WRITES)])
def test_a_dry_run_of_the_sync_changes_nothing(dry, expected):
    assert effect("SyncUsersWithDirectoryServices", {"instanceID": "a", "dryRun": dry}) is expected


def test_only_the_sync_has_a_dry_run():
    assert dry_run("SyncUsersWithDirectoryServices", {"instanceID": "a"}) == {"instanceID": "a", "dryRun": True}
    assert dry_run("CompactStore", {"instanceID": "a"}) is None


def test_each_type_goes_over_the_wire_as_the_server_wants_it():
    arguments = {"instanceID": "a", "id": 2, "includeIndexes": False}
    assert FUNCTIONS["VerifyStore"].form(arguments) == {"instanceID": "a", "id": "2", "includeIndexes": "false"}


def test_what_templates_make_of_numbers_and_booleans_is_taken():
    arguments = {"instanceID": 4711, "id": "2", "includeIndexes": "True"}
    assert FUNCTIONS["VerifyStore"].form(arguments) == {"instanceID": "4711", "id": "2", "includeIndexes": "true"}


def test_dictionaries_and_lists_become_json():
    config = {"name": "ä", "ports": [1, None], "on": True}
    encoded = FUNCTIONS["CreateInstance"].form({"config": config})
    assert json.loads(encoded["config"]) == config


def test_json_text_goes_as_it_is():
    assert FUNCTIONS["CreateInstance"].form({"config": '{"a":  1}'}) == {"config": '{"a":  1}'}


def test_an_argument_that_is_null_is_left_out():
    assert FUNCTIONS["GetJobResults"].form({"timeZoneId": None}) == {}


def test_without_the_servers_list_each_value_goes_by_its_own_type():
    arguments = {"a": True, "b": {"c": [False]}, "d": 1.5, "e": "x", "f": None}
    assert form(arguments) == {"a": "true", "b": '{"c": [false]}', "d": "1.5", "e": "x"}


def test_a_missing_argument_shows_the_signature():
    assert refused("VerifyStore", {"id": 1}) == f"VerifyStore: instanceID is missing. What it takes is {VERIFY}."


def test_a_required_argument_that_is_null_is_missing():
    assert "instanceID is missing" in refused("VerifyStore", {"instanceID": None, "id": 1})


def test_an_unknown_argument_shows_the_signature():
    message = refused("VerifyStore", {"instanceID": "a", "id": 1, "store": 1})
    assert message == f"VerifyStore: there is no argument store. What it takes is {VERIFY}."


def test_upper_and_lower_case_is_pointed_out():
    message = refused("GetJobResults", {"timeZoneID": "$Local"})
    assert "there is no argument timeZoneID, but timeZoneId: upper and lower case count" in message


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("instanceID", True, "must be a string, not a boolean"),
        ("instanceID", 1.1, "must be a string, not a number"),
        ("instanceID", ["a"], "must be a string, not a list"),
        ("id", "two", "must be a number, not text"),
        ("id", True, "must be a number, not a boolean"),
        ("includeIndexes", 1, "must be a boolean, not a number"),
        ("includeIndexes", "maybe", "must be a boolean, not text"),
        ("includeIndexes", {}, "must be a boolean, not a dictionary"),
    ],
)
def test_a_wrong_type_shows_the_signature_and_not_the_value(name, value, words):
    message = refused("VerifyStore", {"instanceID": "a", "id": 1, name: value})
    assert f"{name} {words}" in message
    assert VERIFY in message
    assert "maybe" not in message


def test_text_that_is_not_json_is_no_json_argument():
    assert "config must be a dictionary, a list or JSON text, not text" in refused("CreateInstance", {"config": "{"})


def test_all_problems_are_named_at_once():
    message = refused("VerifyStore", {"id": "x", "nix": 1})
    assert all(words in message for words in ("no argument nix", "instanceID is missing", "id must be a number"))


def test_an_unknown_function_names_the_three_nearest():
    with pytest.raises(InvalidInvocation) as caught:
        FUNCTIONS["verifystor"]
    assert str(caught.value) == (
        "The server has no function verifystor. The nearest are VerifyStore, VerifyStores, GetJobResults."
    )


@pytest.mark.parametrize("metadata", [None, {}, [], "x", [{"args": []}], [1]])
def test_a_list_of_functions_that_is_not_one_is_said_to_be_so(metadata):
    with pytest.raises(MopsError, match="get-metadata"):
        Functions.from_metadata(metadata)


@pytest.mark.parametrize("args", [[1], [{"type": "string"}], 7])
def test_arguments_that_are_none_are_said_to_be_so(args):
    functions = Functions.from_metadata([{"name": "Ping", "args": args}])
    with pytest.raises(MopsError, match="get-metadata"):
        functions["Ping"]


@pytest.mark.parametrize("name", ["../logout", "Get Stores", "", "Get/Stores", "Gét", "GetStores?x=1"])
def test_what_cannot_be_a_functions_name_is_refused(name):
    with pytest.raises(InvalidInvocation):
        check_name(name)


ARGUMENTS = {
    "userName": "u",
    "password": "s3cret",
    "config": {"smtp": {"Password": 4711, "host": "h"}, "list": [{"encryptionKey": 'a"\\b'}]},
    "settings": '{"passphrase": "in json"}',
}


def test_secrets_are_found_at_any_depth_and_in_json_text():
    assert {"s3cret", "4711", 'a"\\b', "in json"} <= secrets(ARGUMENTS)
    assert not {"u", "h"} & secrets(ARGUMENTS)


def test_a_secret_is_known_in_the_spelling_of_json_and_of_python_too():
    found = secrets({"password": 'a"\\ä'})
    assert json.dumps('a"\\ä')[1:-1] in found
    assert repr('a"\\ä')[1:-1] in found


def test_secrets_are_masked_in_their_places():
    shown = masked(ARGUMENTS)
    assert shown["password"] == MASK
    assert shown["config"] == {"smtp": {"Password": MASK, "host": "h"}, "list": [{"encryptionKey": MASK}]}
    assert json.loads(shown["settings"]) == {"passphrase": MASK}
    assert shown["userName"] == "u"


@pytest.mark.parametrize("value", ["x", 1, True, ["a"], {"b": "c"}])
def test_a_secret_of_any_type_and_length_is_masked(value):
    assert masked([{"arguments": {"password": value}}]) == [{"arguments": {"password": MASK}}]


def test_an_empty_secret_masks_nothing():
    assert secrets({"password": "", "passphrase": None}) == set()


@pytest.mark.parametrize("arguments", [{"password": MASK}, {"config": {"list": [{"clientSecret": MASK}]}}])
def test_the_mask_is_never_sent_as_a_secret(arguments):
    with pytest.raises(InvalidInvocation, match=r"SetIt: .* Give the secret itself\."):
        check_unmasked("SetIt", arguments)
    check_unmasked("SetIt", ARGUMENTS)


@pytest.mark.parametrize(
    "name", ["password", "smtpPassword", "clientSecret", "openIdClientSecret", "privateKey", "apiKey", "refreshToken"]
)
def test_what_is_named_like_a_secret_is_one(name):
    assert masked({name: "x"}) == {name: MASK}


@pytest.mark.parametrize("name", ["CertificateThumbprint", "token", "mustChangePasswords", "key", "passwordPolicy"])
def test_what_only_speaks_of_secrets_is_none(name):
    assert masked({name: "x"}) == {name: "x"}
