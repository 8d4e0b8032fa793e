# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.rotation import (
    LogFile,
    Neighbours,
    age_key,
    family,
    log_files,
)

GUIDE = Path(__file__).parents[6] / "docs/docsite/rst/shipping_logs.rst"

OLDEST_FIRST = {
    "logrotate": [
        "access.log-20251231.gz",
        "access.log-20260101",
        "access.log-20260101-2",
        "access.log.2026-01-02.gz",
        "access.log-20260103-1767398400",
        "access.log.10.gz",
        "access.log.2.zst",
        "access.log.1",
        "access.log",
    ],
    "logrotate, extension .log": ["access.3.log.gz", "access.2.log.bz2", "access.1.log", "access.log"],
    "logrotate, dateext, extension .log": ["access-20251231.log.gz", "access-20260101.log.xz", "access.log"],
    "logrotate, dateformat -%Y%m%d-%s, extension .log": [
        "access-20260101-1767225600.log.gz",
        "access-20260101-1767229200.log",
        "access.log",
    ],
    "logrotate, dateformat .%d-%m-%Y": ["access.log.22-11-2025", "access.log.23-11-2025", "access.log"],
    "logrotate, dateformat -%Y%m%d%H": ["access.log-2026010123.gz", "access.log-2026010200", "access.log"],
    "Apache rotatelogs": ["access_log.1795353600", "access_log.1795440000", "access_log"],
    "log4j 1, daily": ["app.log.2026-11-21", "app.log.2026-11-22", "app.log"],
    "log4j 1 extras": ["foo.2004-10.log", "foo.2004-11.log", "foo.log"],
    "log4j 2, %d{MM-dd-yyyy}-%i": ["app-11-22-2025-1.log.gz", "app-11-22-2025-2.log.gz", "app-01-02-2026-1.log.gz"],
    "log4j 2, %i": ["app-1.log", "app-2.log", "app-10.log", "app.log"],
    "log4j 2, %d{yyyyMMdd'T'HHmmssZ}.%i": [
        "file.20210923T101112+0200.1.log.zip",
        "file.20210923T101112+0200.2.log.zip",
        "file.log",
    ],
    "log4j 2, %d{yyyy-MM-dd-HH-mm}": ["requests.log.2026-11-22-13-59.gz", "requests.log.2026-11-22-14-00.gz"],
    "logback": ["app.2026-11-21.0.log.gz", "app.2026-11-21.1.log.gz", "app.2026-11-22.0.log", "app.log"],
    "Serilog, by day": ["log20180630.txt", "log20180630_001.txt", "log20180701.txt", "log.txt"],
    "Serilog, by day, log-.txt": ["log-20180630.txt", "log-20180630_001.txt", "log-20180701.txt"],
    "Serilog, by hour": ["log2018063015.txt", "log2018063016.txt"],
    "Serilog, by size": ["log.txt", "log_001.txt", "log_002.txt"],
    "NSSM": ["access-20131221T113939.457.log", "access-20131221T113940.001.log", "access.log"],
    "scripts for nginx on Windows": ["access_2026-11-22.log", "access_2026-11-23_1315.log", "access.log"],
}
"""How each names the files of one log, the oldest first."""


@pytest.mark.parametrize("names", OLDEST_FIRST.values(), ids=OLDEST_FIRST)
def test_rotations_are_known_by_their_names_and_sorted_by_age(names):
    assert sorted(sorted(names), key=age_key) == names
    assert len({re.sub("^(log|app|file)-?[.]", r"\1.", family(name)) for name in names}) == 1


@pytest.mark.parametrize(
    "name",
    ["access-8443.log", "gateway2.log", "access.log.bak", "access.log.gz", "error.log", "access", "1.log", "2026.log"],
)
def test_what_is_no_rotation_is_a_log_of_its_own(name):
    assert family(name) == name


def test_every_name_in_the_guide_is_known():
    rows = re.findall(r"^   \* - ``(\S+)``\n     - (``.+)$", GUIDE.read_text(), re.MULTILINE)
    assert len(rows) >= 10
    for log, rotations in rows:
        for name in re.findall("``(.+?)``", rotations.partition(" (")[0]):
            assert family(name) == log


def test_logs_are_kept_together():
    paths = ["/b/x.log", "/a/x.log", "/a/x.log.1", "/b/x.log.1"]
    assert sorted(paths, key=age_key) == ["/a/x.log.1", "/a/x.log", "/b/x.log.1", "/b/x.log"]


class TestLogFiles:
    def files(self, folder, *names: str) -> str:
        for name in names:
            (folder / name).write_bytes(b"x")
        return str(folder / names[0])

    def test_a_followed_log_comes_with_its_rotations(self, tmp_path):
        log = self.files(tmp_path, "access.log", "access.1.log", "access.log.2.gz", "other.log.1", "access.log.bak")
        assert log_files([log], [log], Neighbours()) == [
            LogFile(str(tmp_path / "access.log.2.gz"), beside=True, has_successor=True),
            LogFile(str(tmp_path / "access.1.log"), beside=True, has_successor=True),
            LogFile(log),
        ]

    def test_a_log_with_a_number_that_has_rotations_of_its_own_is_no_rotation(self, tmp_path):
        log = self.files(tmp_path, "gateway.log", "gateway-2.log", "gateway-2.log.1", "gateway-1.log")
        assert Neighbours().rotations(log) == [str(tmp_path / "gateway-1.log")]
        assert Neighbours().rotations(str(tmp_path / "gateway-2.log")) == [str(tmp_path / "gateway-2.log.1")]

    def test_a_folder_with_the_name_of_a_rotation_is_none(self, tmp_path):
        log = self.files(tmp_path, "access.log")
        (tmp_path / "access.log.1").mkdir()
        assert Neighbours().rotations(log) == []

    def test_a_log_that_is_not_followed_comes_alone(self, tmp_path):
        log = self.files(tmp_path, "access.log", "access.log.1")
        assert log_files([log], [], Neighbours()) == [LogFile(log)]

    def test_what_is_asked_for_by_name_is_not_beside(self, tmp_path):
        log = self.files(tmp_path, "access.log", "access.log.1")
        found = log_files([f"{log}*", log], [log], Neighbours())
        assert [(file.path, file.beside) for file in found] == [(f"{log}.1", False), (log, False)]

    def test_a_glob_that_matches_nothing_is_refused_unless_it_did_once(self, tmp_path):
        with pytest.raises(InvalidOption, match="No file matches"):
            log_files([str(tmp_path / "*.log")], [], Neighbours())
        assert log_files([str(tmp_path / "*.log")], [str(tmp_path / "a.log")], Neighbours()) == []
