# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.filter.mashery_record import FilterModule as ToLine
from ansible_collections.mops.maintenance.plugins.filter.mashery_record_fields import FilterModule as ToFields

to_line = ToLine().filters()["mashery_record"]
to_fields = ToFields().filters()["mashery_record_fields"]

RECORD = {
    "log_timestamp": datetime(2012, 6, 12, 21, 53, 3, tzinfo=timezone.utc),
    "request_id": "0_a_b",
    "api_method": "ü",
}
LINE = '- - - - [12/Jun/2012:21:53:03 +0000] "GET - HTTP/1.1" 0 200 "-" "-" 0_a_b "-" "-" "ü" 0 - 0 0 0 0 -'


def test_a_dictionary_becomes_a_line_and_the_line_its_fields():
    assert to_line(RECORD) == LINE
    assert to_line(to_fields(LINE + "\r\n")) == LINE


@pytest.mark.parametrize(
    ("convert", "value", "words"),
    [
        (to_line, {**RECORD, "status": 20}, "status: must be an HTTP status of three digits, not 20"),
        (to_line, "text", "takes a dictionary, not str"),
        (to_fields, LINE + " -", "22 fields"),
        (to_fields, "\ud800", "half of a character"),
        (to_fields, 7, "takes a line of text, not int"),
    ],
)
def test_what_is_not_valid_fails_with_the_reason(convert, value, words):
    with pytest.raises(AnsibleFilterError, match=words):
        convert(value)
