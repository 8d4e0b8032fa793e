# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.plugin_utils._progress import shown


@pytest.mark.parametrize(
    ("host", "line", "words"),
    [
        ("localhost", "VerifyStore instanceID=alpha id=1: 5 %", "[localhost] VerifyStore instanceID=alpha id=1: 5 %"),
        ("alpha", "VerifyStore instanceID=alpha id=1: 5 %", "[alpha] VerifyStore id=1: 5 %"),
        ("alpha", "VerifyStores instanceID=alpha: 5 %", "[alpha] VerifyStores: 5 %"),
        ("alph", "VerifyStores instanceID=alpha: 5 %", "[alph] VerifyStores instanceID=alpha: 5 %"),
        ("alpha", "alpha: VerifyStore 2: 5 %", "[alpha] VerifyStore 2: 5 %"),
        ("alpha", "Process: 5 %, name=alpha", "[alpha] Process: 5 %, name=alpha"),
        ("[::1]", "mashery: 5 records", "[[::1]] mashery: 5 records"),
    ],
)
def test_the_host_in_front_is_not_named_again(host, line, words):
    assert shown(host, line) == words
