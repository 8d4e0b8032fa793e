# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.plugin_utils._long_logs import shorten

LONG = "".join(f"line {number}\r\n" for number in range(1000))
SHORT = "".join(f"line {number}\r\n" for number in range(40))
END = "".join(f"line {number}\r\n" for number in range(960, 1000))


def test_a_failure_shows_the_last_40_lines_and_the_whole_log_is_in_the_result():
    result = {"failed": True, "log_output": LONG}
    shorten(result)
    assert result["log_output"] == ("[... 960 lines are left out here: diff.log_output has all ...]\r\n" + END)
    assert result["diff"] == {"log_output": LONG}


def test_of_many_each_shows_its_last_lines():
    result = {"failed": True, "invocations": [{"log_output": LONG}, {"log_output": SHORT}, {"msg": "Not invoked."}]}
    shorten(result)
    assert result["invocations"][0]["log_output"].startswith("[... 960 lines are left out here: diff.log_outputs[0]")
    assert result["invocations"][1:] == [{"log_output": SHORT}, {"msg": "Not invoked."}]
    assert result["diff"]["log_outputs"] == [LONG, SHORT, None]


def test_what_is_short_stays_as_it_is():
    for result in (
        {"log_output": SHORT},
        {"log_output": ""},
        {"msg": "No."},
        {"invocations": None, "log_output": None},
    ):
        known = dict(result)
        shorten(result)
        assert result == known
