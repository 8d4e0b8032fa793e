# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils import _http, _module
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError


class Failed(Exception):
    pass


class Module:
    def exit_json(self, **result):
        self.result = result
        raise Failed

    fail_json = exit_json


def test_a_failure_ends_the_task_with_its_message_and_facts():
    module = Module()
    with pytest.raises(Failed):
        with _module.reported_failures(module):
            raise MopsError("It is so.", request_id="1")
    assert module.result == {"failed": True, "msg": "It is so.", "request_id": "1"}


def test_a_bug_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        with _module.reported_failures(Module()):
            raise ZeroDivisionError


def test_missing_requests_is_said_before_anything_happens(monkeypatch):
    monkeypatch.setattr(_http, "REQUESTS_IMPORT_ERROR", "Traceback")
    module = Module()
    with pytest.raises(Failed):
        with _module.reported_failures(module):
            pytest.fail("The block ran.")
    assert "requests" in module.result["msg"]


def test_an_empty_environment_variable_counts_as_none(monkeypatch):
    fallback, arguments = _module.from_environment("MOPS_TEST", type="str")["fallback"]
    monkeypatch.setenv("MOPS_TEST", "")
    with pytest.raises(_module.AnsibleFallbackNotFound):
        fallback(*arguments)
    monkeypatch.setenv("MOPS_TEST", "given")
    assert fallback(*arguments) == "given"


def test_an_environment_variable_is_utf_8_whatever_the_locale(monkeypatch):
    fallback, arguments = _module.from_environment("MOPS_TEST", type="str")["fallback"]
    monkeypatch.setitem(os.environb, b"MOPS_TEST", "pässwörd".encode())
    monkeypatch.setattr(os.environ, "decodevalue", lambda value: value.decode("latin-1"))
    assert os.environ["MOPS_TEST"] != "pässwörd"
    assert fallback(*arguments) == "pässwörd"
