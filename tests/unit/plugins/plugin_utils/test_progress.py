# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import os
import sys

import pytest
from ansible_collections.mops.maintenance.plugins.plugin_utils._progress import flush_each_line, shown


@pytest.mark.parametrize(
    ("host", "line", "words"),
    [
        ("localhost", "VerifyStore instanceID=alpha id=1: 5 %", "[localhost] VerifyStore instanceID=alpha id=1: 5 %"),
        ("alpha", "VerifyStore instanceID=alpha id=1: 5 %", "[alpha] VerifyStore id=1: 5 %"),
        ("alpha", "VerifyStores instanceID=alpha: 5 %", "[alpha] VerifyStores: 5 %"),
        ("alph", "VerifyStores instanceID=alpha: 5 %", "[alph] VerifyStores instanceID=alpha: 5 %"),
        ("alpha", "alpha: VerifyStore 2: 5 %", "[alpha] VerifyStore 2: 5 %"),
        ("alpha", "Process: 5 %, name=alpha", "[alpha] Process: 5 %, name=alpha"),
        ("[::1]", "mashery: 5 records", "[[::1]] mashery: 5 records"),
    ],
)
def test_the_host_in_front_is_not_named_again(host, line, words):
    assert shown(host, line) == words


def test_each_line_leaves_the_process_at_once(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw)))  # as Python has it for a pipe
    sys.stdout.write("a line\n")
    assert raw.getvalue() == b""
    flush_each_line()
    sys.stdout.write("another\n")
    assert raw.getvalue() == b"a line\nanother\n"


def test_a_reader_that_has_gone_ends_nothing(monkeypatch):
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        flush_each_line()
        os.close(reader)
        for _line in range(1000):
            stdout.write("a line of a play that goes on\n")


def test_output_that_is_captured_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    flush_each_line()
