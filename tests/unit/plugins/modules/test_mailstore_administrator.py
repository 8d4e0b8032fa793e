# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.modules.mailstore_administrator import check_writable, password_in


@pytest.mark.parametrize("result", ["s3cret", {"password": "s3cret"}, {"id": 4, "apiPassword": "s3cret"}])
def test_a_created_password_is_found_in_what_the_server_returns(result):
    assert password_in(result) == "s3cret"


@pytest.mark.parametrize(
    "result", [None, "", 7, {}, {"a": "b"}, {"password": None}, {"password1": "a", "password2": "b"}]
)
def test_what_holds_no_password_is_said_without_showing_it(result):
    with pytest.raises(MopsError, match="not the password that it should be") as caught:
        password_in(result)
    assert "'a'" not in str(caught.value)


def test_a_file_that_cannot_be_written_is_told_before_a_password_is_created(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidOption, match="cannot be written"):
        check_writable(str(tmp_path / "file" / "below"))
    check_writable(str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
