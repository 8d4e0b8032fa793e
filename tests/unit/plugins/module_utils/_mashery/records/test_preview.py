# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.convert import WrongFormat
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import Format
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preview import preview
from ansible_collections.mops.maintenance.tests.gateways import log
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mashery.shipping import record

MAPPING = {
    "service_key": {"constant": "service"},
    "service_dev_key": {"path": "api_key"},
    "api_method": {"skip_if": "/healthz"},
}


def test_records_stand_beside_their_lines_and_skipped_lines_beside_their_reasons(tmp_path: Path) -> None:
    lines, expected = log("envoy_json", 3)
    lines[1:1] = ['{"start_time": "now"}', "", lines[0].replace("/v1/", "/healthz/")]
    (tmp_path / "access.log").write_text("".join(f"{line}\n" for line in lines))

    found = preview(Format("envoy_json", mapping=MAPPING), [str(tmp_path / "access.log")], 20)

    assert [(one["line"], one["text"]) for one in found.records] == [(1, lines[0]), (5, lines[4]), (6, lines[5])]
    for one, wanted in zip(found.records, expected):
        assert {name: one["fields"][name] for name in wanted} == wanted
    assert [(one["line"], one["field"]) for one in found.skipped_lines] == [(2, "start_time"), (4, None)]
    assert found.skipped_lines[1]["reason"].startswith("not reported: path is /healthz/")
    shown = "\n".join(found.table)
    assert shown.startswith(f"{tmp_path / 'access.log'}\nline  of the log, and below it what is sent\n")
    assert "not valid: start_time must be a time that exists" in shown
    assert "not reported: path is /healthz/" in shown
    assert expected[0]["log_timestamp"] in shown


def test_as_many_lines_as_are_wanted_of_each_file_compressed_or_not(tmp_path: Path) -> None:
    text = "".join(f"{line}\n" for line in log("nginx_combined", 9)[0]).encode()
    (tmp_path / "access.log").write_bytes(text)
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress(text))
    keys = {**MAPPING, "service_dev_key": {"constant": "developer"}}

    found = preview(Format("nginx_combined", mapping=keys), [str(tmp_path / "access.log*")], 4)

    assert [one["line"] for one in found.records] == [1, 2, 3, 4] * 2


def test_ready_records_are_shown_as_well(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_bytes(record(7) + b"\nnone\n")
    found = preview(Format(), [str(tmp_path / "access.log")], 20)
    assert [one["fields"]["bytes"] for one in found.records] == [7]
    assert [one["reason"] for one in found.skipped_lines] == ["the line has 1 fields, not 21"]


def test_a_last_line_without_a_line_break_is_looked_at_and_an_empty_log_has_none(tmp_path: Path) -> None:
    (tmp_path / "one.log").write_bytes(record(7))
    (tmp_path / "none.log").touch()
    assert len(preview(Format(), [str(tmp_path / "one.log")], 20).records) == 1
    assert preview(Format(), [str(tmp_path / "none.log")], 20).records == []


def test_a_log_of_another_format_and_one_that_is_not_there_are_said(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("".join(f"{line}\n" for line in log("kong", 2)[0]))
    with pytest.raises(WrongFormat, match="That fits format kong"):
        preview(Format("envoy_json", mapping=MAPPING), [str(tmp_path / "access.log")], 20)
    with pytest.raises(InvalidOption, match="No file matches"):
        preview(Format(), [str(tmp_path / "nope*")], 20)
