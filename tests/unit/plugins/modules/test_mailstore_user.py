# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.user import ARGUMENTS
from ansible_collections.mops.maintenance.plugins.modules.mailstore_user import wanted_users

DEFAULTS = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
NOTHING = dict.fromkeys(name for name in DEFAULTS if name != "instance")


def wanted(*users, **common):
    options = {**DEFAULTS, **common, "instance": "a", "users": [{**NOTHING, **user} for user in users]}
    return wanted_users(options)


def test_what_a_user_does_not_say_is_as_outside_of_the_list():
    first, second = wanted(
        {"name": "a", "privileges": ["login"]},
        {"name": "b", "state": "absent", "create": True},
        privileges=["admin"],
        create=False,
        purge_folders=False,
    )
    assert (first.privileges, first.create, first.present, first.instance) == (["login"], False, True, "a")
    assert (second.privileges, second.create, second.present) == (["admin"], True, False)


def test_a_password_is_each_users_own():
    first, second = wanted({"name": "a", "user_password": "p"}, {"name": "b"}, update_password="always")
    assert (first.password, second.password) == ("p", None)
    assert first.renews_password


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ([{"name": "a"}, {"name": "A"}], "users names A twice"),
        ([{"name": "a"}, {"name": "b", "privileges": ["admin", "login"]}], "users, b: .*admin can only stand alone"),
        ([{"name": " "}], "not empty"),
    ],
)
def test_what_cannot_be_is_refused_and_names_the_user(users, words):
    with pytest.raises(InvalidOption, match=words):
        wanted(*users)


def test_nobody_is_nobody():
    assert wanted() == []
