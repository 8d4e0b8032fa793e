# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._text import check_text

LATIN_1 = "pässwörd".encode("latin-1").decode("utf-8", "surrogateescape")


def test_what_is_not_utf_8_is_named_with_its_variable_and_not_shown():
    with pytest.raises(InvalidOption) as caught:
        check_text(
            {"host": "h", "username": LATIN_1, "password": LATIN_1}, ("host", "username", "password"), "MAILSTORE"
        )
    message = str(caught.value)
    assert message.startswith("username, password must be UTF-8")
    assert "(MAILSTORE_USERNAME, MAILSTORE_PASSWORD)" in message
    assert LATIN_1 not in message


@pytest.mark.parametrize("value", ["pässwörd", "日本語", "", None])
def test_any_text_is_taken(value):
    check_text({"password": value}, ("password", "missing"), "MAILSTORE")
