# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.channels.channel_ids import checked_channel_ids


def test_ids_are_asked_for_once_and_in_order():
    assert checked_channel_ids(["b", "a", "b"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("channel_ids", "message"),
    [([], "names no channel"), (["a", ""], "place 2 of channel_ids is empty"), (["  "], "is empty"), (["a\n"], "'a")],
)
def test_an_id_that_cannot_be_one_is_refused(channel_ids, message):
    with pytest.raises(InvalidOption, match=message):
        checked_channel_ids(channel_ids)
