# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

from ansible_collections.mops.maintenance.plugins.module_utils import _secrets
from ansible_collections.mops.maintenance.plugins.module_utils._secrets import mask, register


def test_a_secret_is_masked_at_any_depth_in_names_and_values():
    value = {"text": "key=hunter2;", "hunter2": [1, None, ("hunter2",)], "rest": True}
    assert mask(value, {"hunter2"}) == {"text": "key=********;", "********": [1, None, ["********"]], "rest": True}


def test_of_two_secrets_the_longer_one_is_masked_as_a_whole():
    assert mask("hunter2-long", {"hunter2", "hunter2-long"}) == "********"


def test_an_empty_secret_masks_nothing():
    assert mask("text", {""}) == "text"


def test_secrets_are_registered_once_with_every_generation_of_ansible(monkeypatch):
    registered = []
    monkeypatch.setattr(_secrets, "register_secrets", registered.extend)
    module = types.SimpleNamespace(no_log_values={"known"})
    register(module, ["known", "new", ""])
    register(module, ["new"])
    assert (module.no_log_values, registered) == ({"known", "new"}, ["new"])


def test_without_the_newer_generation_they_are_registered_all_the_same(monkeypatch):
    monkeypatch.setattr(_secrets, "register_secrets", None)
    module = types.SimpleNamespace(no_log_values=set())
    register(module, ["new"])
    assert module.no_log_values == {"new"}
