# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.quota import (
    RateLimit,
    dictated_wait,
    rate_limit,
)
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import answered

NOW = 1448369411.0
DATE = "Tue, 24 Nov 2015 12:50:11 GMT"
"""`NOW`, as a header."""


def test_the_quota_is_read_from_the_headers():
    headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60000"}
    assert rate_limit(headers) == RateLimit(300, 0, 60000)
    assert rate_limit({**headers, "X-RateLimit-Reset": "soon"}) == RateLimit(300, 0, None)
    assert rate_limit({}) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"X-RateLimit-Reset": "2500"}, 2.5),
        ({"X-Mimecast-RateLimit-Reset": "1500"}, 1.5),
        ({"X-RateLimit-Reset": "2500", "X-Mimecast-RateLimit-Reset": "9000", "Retry-After": "3"}, 9.0),
        ({"X-RateLimit-Reset": "2500", "Retry-After": "3"}, 3.0),
        ({"Retry-After": "Tue, 24 Nov 2015 12:51:11 GMT"}, 60.0),
        ({"Retry-After": "Tue, 24 Nov 2015 12:51:11 GMT", "Date": "Tue, 24 Nov 2015 12:51:01 GMT"}, 10.0),
        ({"Retry-After": "Tue, 24 Nov 2015 12:40:11 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "-1"}, None),
    ],
)
def test_the_longest_time_that_a_header_says_holds(headers, seconds):
    assert dictated_wait(answered(headers=headers), NOW) == seconds
