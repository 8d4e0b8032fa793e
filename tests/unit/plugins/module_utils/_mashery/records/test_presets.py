# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each preset against a log that was written without it, from the gateway's documentation."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records import presets
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.convert import WrongFormat
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.formats import PRESETS, Format
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.record import record_of
from ansible_collections.mops.maintenance.tests.gateways import GATEWAYS, log
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mashery.shipping import piece

CONSTANTS = {"service_key": {"constant": "service"}, "service_dev_key": {"constant": "developer"}}


def of(preset: str, **mapping: object) -> Format:
    return Format(preset, mapping={**({} if preset == "apigee" else CONSTANTS), **CONSTANTS, **mapping})


def test_every_preset_is_a_file_a_choice_and_a_gateway_of_the_tests() -> None:
    files = {path.stem for path in Path(str(presets.__file__)).parent.glob("*.py")} - {"__init__"}
    assert files == set(presets.PRESETS) == set(PRESETS) == set(GATEWAYS)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_names_the_source_of_what_it_says(name: str) -> None:
    file = Path(str(presets.__file__)).with_name(f"{name}.py")
    assert "\nSource: https://" in str(ast.get_docstring(ast.parse(file.read_text())))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_record_is_field_by_field_what_the_gateway_has_written(name: str) -> None:
    lines, expected = log(name, 1500)

    batch = Format(
        name,
        mapping={key: of for key, of in CONSTANTS.items() if name != "apigee" or key == "service_key"},
    ).batch(piece(*lines), "access.log")

    assert not batch.faults
    assert batch.records == len(lines)
    for line, made, wanted in zip(lines, batch.body.splitlines(), expected):
        record = record_of(made)
        assert {field: record[field] for field in wanted} == wanted, line


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_line_by_itself_makes_the_same_record_as_among_many(name: str) -> None:
    lines, _expected = log(name, 200, seed=2)
    made = of(name)

    one_by_one = [made.batch(piece(line), "access.log").body for line in lines]
    assert made.converter is not None
    shown = [one.record for one in made.converter.shown(lines, 1)]

    assert b"".join(one_by_one) == made.batch(piece(*lines), "access.log").body
    assert b"".join([bytes(record or b"") + b"\n" for record in shown]) == b"".join(one_by_one)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_sample_of_a_preset_is_a_record(name: str) -> None:
    for kind in presets.PRESETS[name].kinds:
        assert of(name).batch(piece(kind.sample), "access.log").records == 1


@pytest.mark.parametrize("wrong", sorted(PRESETS))
@pytest.mark.parametrize("right", sorted(PRESETS))
def test_a_preset_that_does_not_fit_says_so_and_which_one_would(right: str, wrong: str) -> None:
    if right == wrong or {right, wrong} == {"nginx_combined", "apache_combined"}:
        return
    lines, _expected = log(right, 12)

    with pytest.raises(WrongFormat) as error:
        of(wrong).batch(piece(*lines), "/var/log/access.log")

    assert f"/var/log/access.log is not of format {wrong}." in str(error.value)
    assert right in str(error.value).split("That fits format ")[1]
    assert lines[0][:60] in str(error.value)


@pytest.mark.parametrize("ready", ["mashery", "jsonl"])
def test_a_log_of_a_gateway_that_is_taken_for_records_is_said_to_be_that(ready: str) -> None:
    with pytest.raises(WrongFormat, match="That fits format envoy_text"):
        Format(ready).batch(piece(*log("envoy_text", 3)[0]), "access.log")


def test_a_line_that_is_none_does_not_condemn_the_format() -> None:
    batch = of("nginx_combined").batch(piece(r'1.2.3.4 - - [x] "\x16\x03\x01" 400 150 "-" "-"'), "access.log")

    assert [fault.reason for fault in batch.faults] == ["the line is not the log format combined of nginx"]


def test_ten_lines_that_no_preset_fits_are_said_to_be_of_none() -> None:
    with pytest.raises(WrongFormat, match="No preset fits it: see format text, and pattern"):
        of("nginx_combined").batch(piece(*["hello"] * 10), "access.log")
