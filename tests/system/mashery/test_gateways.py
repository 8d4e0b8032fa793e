# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each gateway has written arrives field by field, through two rotations and a kill."""

from __future__ import annotations

import gzip
import os
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from gateways import GATEWAYS, log
from runs import eventually, module, result

from simulators.launch import Simulators

LINES = int(os.environ.get("MOPS_GATEWAY_LINES", "10000"))

PLACES = {
    "src_ip": 1,
    "log_timestamp": 4,
    "bytes": 6,
    "status": 7,
    "api_method": 13,
    "cache_hit": 14,
    "exec_time": 16,
    "remote_total_time": 17,
    "connect_time": 18,
    "pre_transfer_time": 19,
}
"""Fields of a record by their place on the line."""

ABSENT = {"cache_hit": 0, "exec_time": 0, "remote_total_time": 0, "connect_time": 0, "pre_transfer_time": 0}
KEYS = {"service_key": "ygnj8v68nqb76akfzetwb799", "service_dev_key": "u2cbu87r6f2q3m66j6yc2uce"}


def told(record: str) -> tuple[tuple[str, Any], ...]:
    """What a line that the service has accepted says."""
    words = re.findall(r'"[^"]*"|\[[^\]]*\]|[^ ]+', record)
    fields: dict[str, Any] = {name: words[place].strip('"') for name, place in PLACES.items()}
    for name in ("bytes", "status", *ABSENT):
        fields[name] = float(fields[name])
    method, version = words[5].strip('"').split(" - HTTP/")
    _zero, developer, service = words[10].split("_")
    fields.update(method=method, http_version=version, service_dev_key=developer, service_key=service)
    return tuple(sorted(fields.items()))


@pytest.mark.parametrize("gateway", sorted(GATEWAYS))
def test_what_a_gateway_has_written_arrives_field_by_field(
    simulators: Simulators, tmp_path: Path, gateway: str
) -> None:
    simulators.settings("mashery", keep=True)
    lines, expected = log(gateway, LINES)
    path, third = tmp_path / "access.log", LINES // 3
    names = ("service_key",) if gateway == "apigee" else tuple(KEYS)
    options = {
        "src": [str(path)],
        "ledger": str(tmp_path / "ledger"),
        "batch_size": max(10, LINES // 30),
        "format": gateway,
        "mapping": {name: {"constant": KEYS[name]} for name in names},
    }

    def write(begin: int, end: int) -> None:
        path.write_text("".join(f"{line}\n" for line in lines[begin:end]))

    def rotate() -> None:
        if (tmp_path / "access.log.1").exists():
            (tmp_path / "access.log.2.gz").write_bytes(gzip.compress((tmp_path / "access.log.1").read_bytes()))
        path.rename(tmp_path / "access.log.1")

    write(0, third)
    process = module("mashery_event_post", tmp_path, simulators, **options)
    assert eventually(lambda: simulators.state("mashery")["posts"] > 0 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    rotate()
    write(third, 2 * third)
    runs = [result(module("mashery_event_post", tmp_path, simulators, **options))]
    rotate()
    write(2 * third, LINES)
    runs.append(result(module("mashery_event_post", tmp_path, simulators, **options)))
    again = result(module("mashery_event_post", tmp_path, simulators, **options))

    accepted = Counter(map(told, simulators.state("mashery")["records"]))
    wanted = Counter(tuple(sorted({**ABSENT, **KEYS, **fields}.items())) for fields in expected)
    assert not wanted - accepted
    twice = sum((accepted - wanted).values())
    assert twice <= sum(int(run["possibly_duplicated"]) for run in runs) <= int(str(options["batch_size"]))
    assert again["posts"] == 0
