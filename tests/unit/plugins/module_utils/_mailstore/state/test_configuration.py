# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.configuration import (
    NEW_SECRET,
    PAIRS,
    WantedConfiguration,
    merged,
    same,
    unveiled_changes,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.tests.shapes import recorded

SMTP = {"hostname": "h", "port": 25, "tls": False, "more": {"a": 1, "b": ["x", "y"]}}


def wanted(configuration, name="SmtpSettings", instance="i", **options):
    return WantedConfiguration(PAIRS[name], instance, configuration, **options)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ArchiveAdminEnabled", {"instanceID": "i", "enabled": True}),
        ("ComplianceConfiguration", {"instanceID": "i", "config": {"enabled": True}}),
        ("DirectoryServicesConfiguration", {"instanceID": "i", "config": {"enabled": True}}),
        ("IndexConfiguration", {"instanceID": "i", "config": {"enabled": True}}),
        ("InstanceConfiguration", {"config": {"enabled": True}}),
        ("RetentionPolicies", {"instanceID": "i", "config": {"enabled": True}}),
        ("SmtpSettings", {"instanceID": "i", "settings": {"enabled": True}}),
        ("StoreAutoCreateConfiguration", {"instanceID": "i", "config": {"enabled": True}}),
        ("SystemSmtpConfiguration", {"config": {"enabled": True}}),
    ],
)
def test_each_pair_is_read_and_set_with_its_own_arguments(name, arguments):
    pair = PAIRS[name]
    calls = []

    def ask(function, **given):
        calls.append((function, given))
        return False if pair.scalar else {"enabled": False}

    subject = wanted({"enabled": True}, name, "i" if pair.of_instance else None, allow_data_loss=True)
    subject.check()
    (step,) = subject.steps(subject.read(ask))
    assert calls == [(f"Get{name}", {"instanceID": "i"} if pair.of_instance else {})]
    assert (step.function, step.arguments) == (f"Set{name}", arguments)


def test_all_pairs_are_there():
    assert len(PAIRS) == 9


@pytest.mark.parametrize("answer", [None, "x", 1], ids=repr)
def test_a_document_that_is_none_cannot_be_merged_into(answer):
    with pytest.raises(AnswerUnusable, match="GetSmtpSettings"):
        wanted({}).read(lambda function, **arguments: answer)


def test_a_configuration_that_is_a_list_is_a_document_of_that_one_entry():
    policies = [{"name": "all", "period": 10}]
    subject = wanted({"config": [{"name": "all", "period": 11}]}, "RetentionPolicies")
    subject.check()
    document = subject.read(lambda function, **arguments: policies)
    assert document == {"config": policies}
    (step,) = subject.steps(document)
    assert step.arguments == {"instanceID": "i", "config": [{"name": "all", "period": 11}]}
    assert subject.steps({"config": [{"name": "all", "period": 11}]}) == []
    with pytest.raises(NotPossible, match=r"config\[0\]\.period"):
        wanted({"config": [{"name": "all", "period": 9}]}, "RetentionPolicies").steps(document)


@pytest.mark.parametrize(
    ("configuration", "name", "instance"),
    [
        ({}, "InstanceConfiguration", None),
        ({}, "SystemSmtpConfiguration", "i"),
        ({"instanceID": "j"}, "InstanceConfiguration", "i"),
        ({"on": True}, "ArchiveAdminEnabled", "i"),
    ],
)
def test_what_cannot_be_is_refused(configuration, name, instance):
    with pytest.raises(InvalidOption):
        wanted(configuration, name, instance).check()


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"port": 25},
        {"port": "25"},
        {"tls": "no"},
        {"more": {"a": 1}},
        {"more": {"b": ["y", "x"]}},
    ],
    ids=str,
)
def test_what_means_the_same_is_not_written(configuration):
    assert wanted(configuration).steps(SMTP) == []


@pytest.mark.parametrize(
    ("configuration", "change"),
    [
        ({"port": "26"}, {"port": 26}),
        ({"tls": "yes"}, {"tls": True}),
        ({"tls": 0}, {"tls": 0}),
        ({"hostname": 5}, {"hostname": "5"}),
        ({"hostname": None}, {"hostname": None}),
        ({"more": {"a": 2}}, {"more": {"a": 2, "b": ["x", "y"]}}),
        ({"more": {"b": ["x"]}}, {"more": {"a": 1, "b": ["x"]}}),
        ({"more": {"extra": 1}}, {"more": {"a": 1, "b": ["x", "y"], "extra": 1}}),
    ],
    ids=str,
)
def test_what_differs_is_written_within_the_whole(configuration, change):
    (step,) = wanted(configuration).steps(SMTP)
    assert step.arguments["settings"] == {**SMTP, **change}
    assert not step.once


def test_lists_of_objects_are_compared_in_their_order():
    assert same([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}], hidden_matter=True)
    assert same([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], hidden_matter=True) is False


@pytest.mark.parametrize("configuration", [{"Port": 1}, {"more": {"A": 1}}], ids=str)
def test_a_name_in_the_wrong_letters_is_refused_and_says_the_right_one(configuration):
    with pytest.raises(NotPossible, match="upper and lower case count"):
        merged(SMTP, configuration)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("hostnme", "hostname"), ("ssl", "tls"), ("HostName", "hostname")],
)
def test_a_name_that_the_document_does_not_have_is_refused_with_the_nearest(name, nearest):
    with pytest.raises(NotPossible, match=f"has no {name}.*{nearest}.*Nothing was changed"):
        wanted({name: 1}).steps(SMTP)


def test_what_a_server_may_not_show_at_all_can_be_given():
    (step,) = wanted({"password": "p"}).steps(SMTP)
    assert step.arguments["settings"] == {**SMTP, "password": "p"}
    (step,) = wanted({"anything": 1}).steps({})
    assert step.arguments["settings"] == {"anything": 1}


@pytest.mark.parametrize("hidden", [None, "", "********"])
@pytest.mark.parametrize(
    ("document", "configuration", "lost"),
    [
        (lambda hidden: {**SMTP, "password": hidden}, {"port": 26}, "password"),
        (lambda hidden: {**SMTP, "more": {"clientSecret": hidden}}, {"port": 26}, "more.clientSecret"),
        (lambda hidden: {**SMTP, "more": {"clientSecret": hidden}}, {"more": {"a": 2}}, "more.clientSecret"),
        (lambda hidden: {**SMTP, "more": [{"password": hidden}]}, {"port": 26}, r"more\[0\].password"),
        (
            lambda hidden: {**SMTP, "password": hidden, "bindPassword": hidden},
            {"port": 26, "password": "p"},
            "bindPassword",
        ),
    ],
    ids=["top", "nested", "beside a change", "in a list", "one of two"],
)
def test_a_secret_that_the_server_hides_is_never_written_back_silently(hidden, document, configuration, lost):
    current = document(hidden)
    assert wanted({"port": 25}).steps(current) == []
    with pytest.raises(NotPossible, match=rf"in place of {lost}[ ,].*Give the true value.*Nothing was changed"):
        wanted(configuration).steps(current)


@pytest.mark.parametrize("name", ["SmtpSettings", "DirectoryServicesConfiguration"])
def test_the_secret_of_a_real_server_is_named_before_anything_else_is_changed(name):
    document = recorded("mailstore", "25", f"Get{name}")
    other = "username" if name == "SmtpSettings" else "userName"
    with pytest.raises(NotPossible, match="nothing in place of password"):
        wanted({other: "somebody"}, name).steps(document)
    (step,) = wanted({other: "somebody", "password": "p"}, name).steps(document)
    assert {**document, other: "somebody", "password": "p"} in step.arguments.values()


@pytest.mark.parametrize(
    ("name", "misspelled", "nearest"),
    [
        ("ComplianceConfiguration", "legalHold", "legalHoldEnabled"),
        ("ComplianceConfiguration", "logMessageAccess", "logSuccessfulUserActivities"),
        ("IndexConfiguration", "includeAttachmentsOfPDF", "includeAttachmentsOfPDFs"),
        ("InstanceConfiguration", "debugLog", "debugLogEnabled"),
    ],
)
def test_the_names_of_a_real_server_are_told(name, misspelled, nearest):
    with pytest.raises(NotPossible, match=f"has no {misspelled}.*{nearest}"):
        wanted({misspelled: True}, name).steps(recorded("mailstore", "25", f"Get{name}"))


@pytest.mark.parametrize("value", [None, "", "p"])
def test_a_secret_that_the_task_names_is_written_as_it_says(value):
    (step,) = wanted({"port": 26, "password": value}).steps({**SMTP, "password": None})
    assert step.arguments["settings"] == {**SMTP, "port": 26, "password": value}


def test_a_list_that_the_task_gives_is_all_its_own():
    current = {**SMTP, "more": [{"user": "a", "password": None}]}
    (step,) = wanted({"more": [{"user": "b", "password": None}]}).steps(current)
    assert step.arguments["settings"]["more"] == [{"user": "b", "password": None}]


def test_a_secret_that_the_server_shows_is_compared():
    shown = {**SMTP, "password": "p1"}
    assert wanted({"password": "p1"}).steps(shown) == []
    assert len(wanted({"password": "p2"}, renew_secrets=False).steps(shown)) == 1


@pytest.mark.parametrize("hidden", [None, "", "********"])
def test_a_secret_that_the_server_hides_is_set_every_time_or_along_with_a_change(hidden):
    current = {**SMTP, "password": hidden}
    (step,) = wanted({"password": "p"}).steps(current)
    assert step.once
    assert step.arguments["settings"]["password"] == "p"
    assert wanted({"password": "p"}, renew_secrets=False).steps(current) == []
    (step,) = wanted({"password": "p", "port": 1}, renew_secrets=False).steps(current)
    assert not step.once
    assert step.arguments["settings"]["password"] == "p"


def test_asterisks_never_become_the_new_secret():
    with pytest.raises(NotPossible, match="asterisks in place of password"):
        wanted({"port": 26, "password": "********"}).steps({**SMTP, "password": "x"})


def test_differences_show_that_a_secret_is_another_but_not_which():
    current = {**SMTP, "password": "old-one", "list": [{"secret": "s1"}]}
    subject = wanted({"password": "new-one"})
    before, after = subject.diff(current, {**current, "password": "new-one"})
    assert (before["password"], after["password"]) == (MASK, NEW_SECRET)
    assert after["list"] == [{"secret": MASK}]
    assert "-one" not in str((before, after)) + repr(subject)


def test_differences_are_equal_where_nothing_changes():
    before, after = wanted({"password": "p"}).diff({**SMTP, "password": "p"}, {**SMTP, "password": "p"})
    assert before == after


def test_the_result_shows_no_secret():
    assert wanted({}).shown({"a": {"encryptionKey": "k"}}) == {"a": {"encryptionKey": MASK}}
    assert unveiled_changes({}, {"a": {"encryptionKey": "k"}}) == {"a": {"encryptionKey": NEW_SECRET}}


POLICY = {"name": "all", "enabled": True, "period": 10, "periodInterval": "year"}
POLICIES = {"enabled": True, "policies": [POLICY]}


def retention(change, name="RetentionPolicies", current=None, **options):
    return [step.function for step in wanted(change, name, **options).steps(current or POLICIES)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"policies": [{**POLICY, "period": 9}]}, r"policies\[0\].period"),
        ({"policies": [{**POLICY, "period": 20, "periodInterval": "month"}]}, r"policies\[0\].periodInterval"),
        ({"policies": [{**POLICY, "enabled": False}]}, r"policies\[0\].enabled"),
        ({"policies": [{**POLICY, "period": None}]}, r"policies\[0\].period"),
        ({"policies": [{**POLICY, "query": "spam"}]}, r"policies\[0\].query"),
        ({"policies": []}, "policies"),
        ({"policies": [POLICY, {**POLICY, "name": "new"}]}, "policies"),
        ({"enabled": False}, "enabled"),
    ],
    ids=str,
)
def test_what_could_delete_messages_earlier_is_refused_unless_it_is_meant(change, place):
    with pytest.raises(NotPossible, match=rf"\({place}\).*allow_data_loss: true"):
        retention(change)
    assert retention(change, allow_data_loss=True) == ["SetRetentionPolicies"]


@pytest.mark.parametrize(
    "change",
    [{"policies": [{**POLICY, "period": 11}]}, {"policies": [{**POLICY, "name": "everything"}]}],
    ids=["longer", "another name"],
)
def test_a_longer_retention_is_set_without_more_words(change):
    assert retention(change) == ["SetRetentionPolicies"]


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"legalHoldEnabled": False}, "legalHoldEnabled"),
        ({"globalRetentionTime": 5}, "globalRetentionTime"),
        ({"globalRetentionTime": 15}, None),
        ({"logSuccessfulUserActivities": []}, None),
    ],
    ids=str,
)
def test_retention_outside_of_policies_counts_as_well(change, refused):
    current = {"legalHoldEnabled": True, "globalRetentionTime": 10, "logSuccessfulUserActivities": ["ArchiveAccess"]}
    if refused:
        with pytest.raises(NotPossible, match=refused):
            retention(change, "ComplianceConfiguration", current)
    else:
        assert retention(change, "ComplianceConfiguration", current)


def test_a_legal_hold_is_set_without_more_words():
    assert retention({"legalHoldEnabled": True}, "ComplianceConfiguration", {"legalHoldEnabled": False})
