# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.buffer import Buffer, Kept


def test_what_is_kept_comes_back_and_has_no_name(tmp_path):
    buffer = Buffer(str(tmp_path))
    places = [buffer.keep(bytes([number]) * number * 1000) for number in range(5)]

    assert [buffer.get(place) for place in places if place] == [bytes([number]) * number * 1000 for number in range(5)]
    assert os.listdir(tmp_path) == []
    buffer.close()
    assert buffer.get(Kept(0, 1)) is None


def test_where_there_is_no_room_nothing_is_kept(tmp_path):
    buffer = Buffer(str(tmp_path / "missing"))
    assert buffer.keep(b"x") is None
    assert buffer.get(Kept(0, 1)) is None
    buffer.close()
