# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.modules import mimecast_channel_token
from ansible_collections.mops.maintenance.plugins.modules.mimecast_channel_token import Asked, completed

FACTS = {"request_id": "guid", "rate_limit": None, "retries": 0, "waited": 0.0}


def test_the_token_itself_is_told_where_exactly_one_was_asked_for():
    assert completed(Asked({"a": "ta"}, None, FACTS), ["a"], {"a": "ta"}, {"changed": False})["token"] == "ta"
    assert "token" not in completed(Asked({}, None, FACTS), ["a", "b"], {"a": "ta", "b": "tb"}, {"changed": False})


def test_only_the_channels_that_were_named_are_told_of():
    result = completed(Asked({"a": "ta"}, None, FACTS), ["a"], {"a": "ta", "somebody's": "t"}, {"changed": True})
    assert result["tokens"] == {"a": "ta"}
    assert result["fetched"] == ["a"]
    assert result["changed"] is True


def test_a_failure_tells_what_was_had_and_written_all_the_same():
    failure = MopsError("No token for b.", failed_channels=["b"])
    with pytest.raises(MopsError) as raised:
        completed(Asked({"a": "ta"}, failure, FACTS), ["a", "b"], {"a": "ta"}, {"changed": True})
    assert raised.value.facts["changed"] is True
    assert raised.value.facts["tokens"] == {"a": "ta"}
    assert raised.value.facts["failed_channels"] == ["b"]
    assert raised.value.facts["request_id"] == "guid"


def test_a_run_that_asks_nothing_imports_neither_requests_nor_the_client():
    root = str(Path(mimecast_channel_token.__file__).parents[5])
    imported = (
        f"import sys; sys.path[:0] = {[root, *sys.path]!r}; import {mimecast_channel_token.__name__}; "
        "print([name for name in sys.modules if name == 'requests' or '_mimecast.client' in name])"
    )
    run = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True, env=os.environ)
    assert run.stdout == "[]\n"
