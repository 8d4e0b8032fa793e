# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ctypes

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.memory import give_back, keep_heap


@pytest.mark.parametrize("error", [OSError, AttributeError, TypeError])
def test_another_c_library_is_left_as_it_is(monkeypatch, error):
    asked = []

    def library(name):
        asked.append(name)
        raise error

    monkeypatch.setattr(ctypes, "CDLL", library)
    keep_heap()
    give_back()
    assert asked == [None] * 4
