# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mops.maintenance.plugins.filter.mailstore_health import FilterModule

PAGE = Path(__file__).parents[4] / "roles" / "mailstore_health" / "templates" / "page.html.j2"
MACROS = ("size", "change", "number", "time", "percent", "name", "findings", "instance", "count", "state", "moment")


def test_every_expression_of_the_page_is_escaped():
    expressions = re.findall(r"{{ (.*?) }}", PAGE.read_text())
    escaping = re.compile(rf"(?:{'|'.join(MACROS)})\(.*\)|.*\| e")
    assert len(expressions) > 50
    assert [expression for expression in expressions if not escaping.fullmatch(expression)] == []


def test_the_page_loads_nothing():
    assert not re.search(r"https?:|src=|<link|<img|@import|url\(", PAGE.read_text().replace("https://www.gnu.org", ""))


def test_the_page_lets_no_script_run_but_its_own():
    (script,) = re.findall(r"<script>(.*?)</script>", PAGE.read_text(), re.DOTALL)
    assert not re.search(r"{{|{%|fetch|XMLHttpRequest|import", script)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\"" in PAGE.read_text()


def luminance(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """By WCAG 2.1."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_segments_of_a_bar_can_be_told_apart():
    """The two colors, and the gap between segments and in patterns, have 3:1 against each other, in each scheme."""
    schemes = [block for block in re.findall(r":root {(.*?)}", PAGE.read_text(), re.DOTALL) if "--current" in block]
    assert len(schemes) == 3  # light, dark, print
    for scheme in schemes:
        colors = dict(re.findall(r"--(current|normal|card): (#[0-9a-f]+)", scheme))
        used = [color if len(color) == 7 else f"#{color[1:] * 2}" for color in colors.values()]
        assert len(used) == 3
        assert [(a, b) for a, b in itertools.combinations(used, 2) if contrast(a, b) < 3] == []


@pytest.mark.parametrize("exclude", [["alpha", "be*"], "alpha,be*", "alpha, be*"])
def test_a_list_may_be_a_string_as_a_survey_of_awx_gives_it(exclude):
    instances = [{"instanceID": name, "status": "running"} for name in ("alpha", "beta", "gamma")]
    report = FilterModule().filters()["mailstore_health"]({"instances": instances}, exclude=exclude)
    assert [row["instance"] for row in report["storage"]["instances"]] == ["gamma"]


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
