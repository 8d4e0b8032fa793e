# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.rest import read_reply
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import answered


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"fail": [{"errors": [{"code": "err_a", "message": "No", "field": "url"}]}]}, 'err_a "No" (url)'),
        ({"fail": [{"code": "err_a", "message": "No"}]}, 'err_a "No"'),
        ({"error": {"code": "err_a", "message": "No"}}, 'err_a "No"'),
        ({"error": "invalid_request", "error_description": "No"}, 'invalid_request "No"'),
        ({"detail": "No"}, '"No"'),
        ({"message": "No"}, '"No"'),
        ({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No"}, 'Not Found "No"'),
        ({"errors": [{"message": "No"}, "Never"]}, '"No", "Never"'),
        ({"failures": [{"code": "err_a", "message": "No"}]}, 'err_a "No"'),
        ({"detail": [{"loc": ["a"]}]}, '"[{"loc": ["a"]}]"'),
        (b"<html><head><title>502</title></head><body><h1>Bad&nbsp;Gateway</h1></body></html>", '"Bad Gateway"'),
        (b"upstream timed out", '"upstream timed out"'),
        (b"", ""),
        ({}, ""),
        ({"error": None, "detail": None}, ""),
    ],
)
def test_the_services_words_are_found_in_every_form(body, words):
    assert read_reply(answered(body, status=400)).words() == words


def test_words_that_are_long_are_cut():
    assert len(read_reply(answered({"detail": "x" * 5000}, status=400)).words()) < 310
