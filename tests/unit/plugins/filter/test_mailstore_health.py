# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.filter.mailstore_health import FilterModule

PAGE = Path(__file__).parents[4] / "roles" / "mailstore_health" / "templates" / "page.html.j2"
MACROS = ("size", "change", "number", "time", "percent", "name", "findings", "instance")


def test_every_expression_of_the_page_is_escaped():
    expressions = re.findall(r"{{ (.*?) }}", PAGE.read_text())
    escaping = re.compile(rf"(?:{'|'.join(MACROS)})\(.*\)|.*\| e")
    assert len(expressions) > 50
    assert [expression for expression in expressions if not escaping.fullmatch(expression)] == []


def test_the_page_loads_nothing():
    assert not re.search(
        r"https?:|<script|<link|<img|@import|url\(", PAGE.read_text().replace("https://www.gnu.org", "")
    )


def test_a_survey_becomes_a_report():
    report = FilterModule().filters()["mailstore_health"]({"instances": [{"instanceID": "a", "status": "frozen"}]})
    assert report["verdict"] == "warning"


def test_an_earlier_report_that_cannot_be_read_is_named(tmp_path):
    names = [str(tmp_path / name) for name in ("binary.json", "gone.json")]
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    report = FilterModule().filters()["mailstore_health"]({"instances": []}, earlier_files=names, earlier=["{"])
    assert report["notes"] == [
        f"{which} could not be read, or is of another shape, and was left out."
        for which in ("Earlier report 1", *(f"The earlier report {name}" for name in names))
    ]


def test_anything_but_a_survey_is_said():
    with pytest.raises(AnsibleFilterError, match="mailstore_info"):
        FilterModule().filters()["mailstore_health"](["a"])


def test_a_limit_beyond_the_results_is_said():
    survey = {"instances": [], "results_since": "2026-01-01T00:00:00"}
    with pytest.raises(AnsibleFilterError, match="stale_hours must be 0 to"):
        FilterModule().filters()["mailstore_health"](survey, stale_hours=10_000_000)
