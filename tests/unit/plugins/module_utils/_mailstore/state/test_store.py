# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import Ambiguous
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.store import WantedStore, same_path

OLD = {"id": 1, "name": "old", "databasePath": "C:\\A\\old", "indexPath": "D:\\i", "requestedState": "normal"}
NEW = {"id": 2, "name": "new", "databasePath": "C:\\A\\new", "requestedState": "current"}


def wanted(**options):
    return WantedStore("a", **options)


def calls(subject, current):
    return [
        (step.function, {k: v for k, v in step.arguments.items() if k != "instanceID" and v is not None})
        for step in subject.steps(current)
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("C:\\A\\old", "c:/a/OLD/", True),
        ("C:\\A\\.\\old", "C:\\A\\old", True),
        ("C:\\A\\old", "C:\\A\\older", False),
        ("\\\\nas\\a", "//NAS/a", True),
        ("C:\\A", None, False),
    ],
)
def test_paths_are_compared_as_windows_does(one, other, same):
    assert same_path(one, other) is same


def test_a_store_is_found_by_name_and_by_number():
    assert wanted(name="new").find([OLD, NEW]) is NEW
    assert wanted(name="new", database_path="c:/a/NEW").find([OLD, NEW]) is NEW
    assert wanted(id=1).find([OLD, NEW]) is OLD
    assert wanted(id=1, name="other", database_path="C:\\x").find([OLD, NEW]) is OLD
    assert wanted(name="other", database_path="C:\\x").find([OLD, NEW]) is None


def test_last_years_folder_left_in_the_task_renames_nothing():
    with pytest.raises(NotPossible, match=r"folder c:/a/old is that of archive store old \(id 1\), not of next"):
        wanted(name="next", database_path="c:/a/old").find([OLD, NEW])


def test_a_store_of_that_name_elsewhere_is_not_moved_by_its_name_alone():
    with pytest.raises(NotPossible, match=r"old \(id 1\) is in C:.A.old, not in D:.old.*id"):
        wanted(name="old", database_path="D:\\old").find([OLD, NEW])


def test_to_detach_a_store_its_folder_is_not_enough():
    assert wanted(name="other", database_path="C:\\A\\old", present=False).find([OLD, NEW]) is None


def test_a_store_that_is_not_there_is_detached_already():
    assert wanted(id=9, present=False).find([OLD]) is None
    assert wanted(id=9, present=False).steps(None) == []


def test_a_number_that_is_not_there_is_a_mistake():
    with pytest.raises(NotPossible, match="no archive store with id 9"):
        wanted(id=9).find([OLD])


@pytest.mark.parametrize(
    "options",
    [
        {"id": 1, "name": "new"},
        {"name": "new", "database_path": "C:\\A\\old"},
        {"id": 1, "database_path": "C:\\A\\new"},
    ],
    ids=["name", "folder", "folder of a number"],
)
def test_what_is_another_stores_is_refused(options):
    with pytest.raises(NotPossible):
        wanted(**options).find([OLD, NEW])


def test_two_stores_of_one_name_need_a_number():
    with pytest.raises(Ambiguous, match="1, 1"):
        wanted(name="old").find([OLD, dict(OLD)])
    assert wanted(id=1, present=False, name=None).find([OLD]) is OLD


def test_a_store_needs_a_name_or_a_number():
    with pytest.raises(InvalidOption):
        wanted().check()


@pytest.mark.parametrize(("attach", "function"), [(False, "CreateStore"), (True, "AttachStore")])
def test_a_store_that_is_not_there_is_created_or_attached(attach, function):
    subject = wanted(name="x", database_path="C:\\x", requested_state="disabled", attach=attach)
    assert calls(subject, None) == [
        (function, {"name": "x", "databasePath": "C:\\x", "requestedState": "disabled"}),
    ]


def test_a_store_that_is_there_is_never_created_or_attached():
    assert calls(wanted(name="old", database_path="C:\\A\\old", attach=True), OLD) == []


def test_only_what_differs_is_set():
    subject = wanted(name="x", id=1, database_path="E:\\x", index_path="d:/I", requested_state="normal")
    assert calls(subject, OLD) == [
        ("RenameStore", {"id": 1, "name": "x"}),
        ("SetStorePath", {"id": 1, "path": "E:\\x"}),
    ]
    assert subject.predicted(OLD) == {**OLD, "name": "x", "databasePath": "E:\\x"}


def test_paths_that_cannot_be_changed_say_what_to_do():
    with pytest.raises(NotPossible, match=r"indexPath at D:.*detach the store"):
        wanted(name="old", index_path="E:\\i").steps(OLD)


def test_to_create_a_store_its_folder_must_be_given():
    with pytest.raises(NotPossible, match="database_path must be given"):
        wanted(name="x").steps(None)


def test_a_store_whose_files_were_moved_is_told_so_by_its_name():
    subject = wanted(name="old", database_path="D:\\old", move=True)
    assert calls(subject, subject.find([OLD, NEW])) == [("SetStorePath", {"id": 1, "path": "D:\\old"})]
    with pytest.raises(NotPossible, match="is that of archive store new"):
        wanted(name="old", database_path="C:\\A\\new", move=True).find([OLD, NEW])


def test_stores_are_merged_in_order_and_those_that_are_gone_are_done():
    subject = wanted(name="new", merge=["gone", "old", "old"])
    current = subject.read(lambda function, **arguments: [OLD, NEW])
    assert current == {**NEW, "mergeSources": [{"id": 1, "name": "old"}]}
    assert calls(subject, current) == [("MergeStore", {"id": 2, "sourceId": 1})]
    assert subject.predicted(current) == {**NEW, "mergeSources": []}
    assert calls(subject, subject.read(lambda function, **arguments: [NEW])) == []


def test_a_new_store_is_merged_into_once_it_has_an_id():
    (creation,) = wanted(name="x", database_path="C:\\x", merge=["old"]).steps(None)
    assert creation.anew


@pytest.mark.parametrize(
    ("options", "words"),
    [({"name": "x", "merge": ["x"]}, "into itself"), ({"name": "x", "move": True}, "move needs database_path")],
)
def test_what_cannot_be_merged_or_moved_is_refused(options, words):
    with pytest.raises(InvalidOption, match=words):
        wanted(**options).check()
