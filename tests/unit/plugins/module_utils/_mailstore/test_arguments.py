# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.ansible_release import __version__
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import (
    Log,
    Process,
    ServerError,
    Status,
    Waiting,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    SecretArgumentsModule,
    process_facts,
    server_of,
    waiting_of,
)

SPEC = {
    "function": {"type": "str"},
    "arguments": {"type": "dict", "default": {}},
    "port": {"type": "int"},
    "invocations": {
        "type": "list",
        "elements": "dict",
        "options": {"arguments": {"type": "dict"}, "id": {"type": "str"}},
    },
}
SECRET = "Sesame'\\\"ä-9731"


@pytest.fixture
def logged(monkeypatch):
    """What the module writes to the host's log."""
    lines = []
    monkeypatch.setattr(basic, "has_journal", False)
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda self, line: lines.append(str(line)))
    return lines


@pytest.fixture
def module(monkeypatch, logged):
    def make(**options):
        # From ansible-core 2.21 on, options come with the result only where the user asks for them.
        if tuple(map(int, __version__.split(".")[:2])) >= (2, 21):
            options["_ansible_inject_invocation"] = True
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        return SecretArgumentsModule(argument_spec=SPEC, mutually_exclusive=[("function", "invocations")])

    return make


def printed(capsys):
    return capsys.readouterr().out


def hidden(text):
    """No spelling of the secret is in the text."""
    return not any(part in text for part in ("Sesame", "9731"))


def test_a_secret_is_masked_in_the_result_and_in_the_options_that_come_with_it(module, capsys):
    made = module(function="SetUserPassword", arguments={"userName": "u", "password": SECRET})
    with pytest.raises(SystemExit):
        made.exit_json(result={"echo": SECRET, "inside": f"is {SECRET}."})
    text = printed(capsys)
    assert hidden(text)
    shown = json.loads(text)
    assert shown["invocation"]["module_args"]["arguments"] == {"userName": "u", "password": MASK}


def test_a_secret_is_masked_in_a_failure_and_in_many_invocations(module, capsys):
    made = module(invocations=[{"arguments": {"config": {"encryptionKey": SECRET}}}])
    with pytest.raises(SystemExit):
        made.fail_json(f"The server says: {SECRET}.")
    assert hidden(printed(capsys))


def test_a_secret_is_masked_in_the_hosts_log(module, logged):
    module(function="x", arguments={"password": SECRET})
    assert "Invoked with" in logged[0]
    assert hidden(logged[0])


@pytest.mark.parametrize(
    "options",
    [
        {"function": "x", "invocations": [], "arguments": {"password": SECRET}},
        {"function": "x", "port": "abc", "arguments": {"password": SECRET}},
        {"function": "x", "arguments": f"password {SECRET}"},
        {"invocations": [f"password {SECRET}"]},
        {"invocations": [{"arguments": f"password {SECRET}"}]},
        {"invocations": f"password {SECRET}"},
        {"function": "x", "nonsense": True, "arguments": {"password": SECRET}},
    ],
)
def test_a_secret_is_masked_where_the_options_are_wrong(module, capsys, options):
    with pytest.raises(SystemExit):
        module(**options)
    assert hidden(printed(capsys))


@pytest.mark.parametrize("secret", [7, "x", True, ["a", "b"]])
def test_a_secret_of_any_kind_is_masked_in_its_place(module, capsys, secret):
    made = module(function="f", arguments={"password": secret})
    with pytest.raises(SystemExit):
        made.exit_json()
    assert json.loads(printed(capsys))["invocation"]["module_args"]["arguments"]["password"] == MASK


OPTIONS = {
    "host": "h",
    "port": None,
    "username": "u",
    "password": "p",
    "auth_method": "session",
    "validate_certs": True,
    "ca_path": None,
    "timeout": 30.0,
    "retry_timeout": 120.0,
}


def test_a_server_is_what_the_options_say():
    server = server_of(OPTIONS)
    assert (server.host, server.username, server.password, server.port) == ("h", "u", "p", None)


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_missing_is_named_with_its_variable(empty):
    with pytest.raises(InvalidOption) as caught:
        server_of({**OPTIONS, "host": empty, "password": empty})
    assert str(caught.value).startswith("host, password must be given")
    assert "(MAILSTORE_HOST, MAILSTORE_PASSWORD)" in str(caught.value)


def test_waiting_is_what_the_options_say():
    options = {"wait_timeout": 5.0, "status_timeout": 100, "on_timeout": "detach", "retry_timeout": 120.0}
    assert waiting_of(options) == Waiting(timeout=5.0, hold=100, cancels=False, recovery=600.0)
    assert waiting_of({**options, "retry_timeout": 1800.0}).recovery == 1800.0


def test_the_facts_of_a_process():
    process = Process(Status("failed", 9, "t", 50, "Working", None, "a\r\n", ServerError("No.", "at A\n at B")))
    assert process_facts(process) == {
        "result": None,
        "status_code": "failed",
        "status_version": 9,
        "percent_progress": 50,
        "status_text": "Working",
        "log_output": "a\r\n",
        "token": "t",
        "polls": 0,
        "error": {"message": "No.", "details": "at A\n at B"},
    }


def test_a_log_that_was_cut_says_so_in_the_facts():
    process = Process(Status("succeeded"))
    process.log = Log(limit=4)
    process.log.add("abcdef")
    assert process_facts(process)["log_characters_cut"] == 2
