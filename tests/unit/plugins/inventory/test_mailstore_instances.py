# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar
from ansible_collections.mops.maintenance.plugins.inventory.mailstore_instances import snake_case
from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError

NAME = "mops.maintenance.mailstore_instances"
SERVER = {"host": "archive.example.com", "username": "admin", "password": "secret"}
INSTANCES = [
    {"instanceID": "alpha", "displayName": "Alpha {{ 1 + 1 }}", "instanceHost": "h-1.example", "status": "running"},
    {"instanceID": "alpha-test", "displayName": None, "instanceHost": "h-1.example", "status": "running"},
    {"instanceID": "Beta", "displayName": "B", "instanceHost": "h2", "status": "stopped", "startStopError": "No disk."},
]


class Client:
    """Stands for a conversation with a server that has `INSTANCES`."""

    servers: list = []
    names: dict = {}
    failure: MopsError | None = None

    def __init__(self, server, *, given_up, on_wait):
        self.servers.append(server)
        self.on_wait = on_wait
        found = {"auth_method": "basic", "port": 8474} if server.auth_method == "auto" else {}
        self.server = server._replace(**found)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass

    def call(self, function, **arguments):
        if self.failure is not None:
            self.on_wait(1.0, self.failure)
            raise self.failure
        if function == "GetEnvironmentInfo":
            return {"serverName": self.names.get(self.servers[-1].host, "mgmt")}
        assert (function, arguments) == ("GetInstances", {"instanceFilter": "*"})
        return INSTANCES


@pytest.fixture(autouse=True)
def client(monkeypatch):
    for name in ("HOST", "PORT", "USERNAME", "PASSWORD", "AUTH_METHOD", "CA_PATH", "VALIDATE_CERTS", "RETRY_TIMEOUT"):
        monkeypatch.delenv(f"MAILSTORE_{name}", raising=False)
    monkeypatch.setattr(Client, "servers", [])
    monkeypatch.setattr(sys.modules[type(plugin()).__module__], "Client", Client)
    return Client


@pytest.fixture
def parse(tmp_path):
    def parse(inventory=None, **options):
        loader, inventory = DataLoader(), inventory or InventoryData()
        path = tmp_path / "mailstore_instances.yml"
        path.write_text("\n".join(f"{name}: {value!r}" for name, value in {"plugin": NAME, **options}.items()))
        plugin().parse(inventory, loader, str(path), cache=False)
        inventory.reconcile_inventory()
        return inventory

    return parse


def plugin():
    """With its options, which the loader reads from its documentation."""
    return inventory_loader.get(NAME)


def members(inventory):
    groups = inventory.get_groups_dict()
    return {name: hosts for name, hosts in groups.items() if name.startswith("mailstore_")}


@pytest.mark.parametrize("name", ["mailstore_instances.yml", "eu.mailstore_instances.yaml"])
def test_a_configuration_file_is_known_by_the_end_of_its_name(tmp_path, name):
    path = tmp_path / name
    path.write_text("")
    assert plugin().verify_file(str(path))
    other = tmp_path / "other.yml"
    other.write_text("")
    assert not plugin().verify_file(str(other))


def test_instances_are_in_groups_by_status_and_by_instance_host(parse):
    assert members(parse(**SERVER)) == {
        "mailstore_instances": ["alpha", "alpha-test", "Beta"],
        "mailstore_running": ["alpha", "alpha-test"],
        "mailstore_stopped": ["Beta"],
        "mailstore_host_h_1_example": ["alpha", "alpha-test"],
        "mailstore_host_h2": ["Beta"],
    }


def test_a_host_has_its_instances_facts_and_where_the_server_is_but_no_login(parse):
    variables = parse(**SERVER).get_host("Beta").get_vars()
    facts = {name: value for name, value in variables.items() if name.startswith(("mailstore_", "ansible_conn"))}
    assert facts == {
        "ansible_connection": "local",
        "mailstore_instance_id": "Beta",
        "mailstore_display_name": "B",
        "mailstore_instance_host": "h2",
        "mailstore_status": "stopped",
        "mailstore_start_stop_error": "No disk.",
        "mailstore_connection": {"host": "archive.example.com", "port": 8474, "auth_method": "basic"},
        "mailstore_server_name": "mgmt",
    }


def test_a_host_has_nothing_of_the_environment_or_of_a_template_which_another_process_may_not_have(parse, monkeypatch):
    monkeypatch.setenv("MAILSTORE_CA_PATH", "/runner/env/tmp1234")
    options = {"username": "admin", "password": "secret", "port": 8474, "validate_certs": False}
    host = parse(**options, host="{{ 'archive' }}.example.com").get_host("Beta")
    found = {"port": 8474, "auth_method": "basic"}
    assert host.get_vars()["mailstore_connection"] == {"validate_certs": False, **found}


def test_patterns_choose_what_is_listed_whatever_the_case_of_letters(parse):
    assert list(parse(**SERVER, include=["ALPHA*", "beta"], exclude=["*-test"]).hosts) == ["alpha", "Beta"]


def test_constructed_options_see_the_facts(parse):
    inventory = parse(
        **SERVER,
        compose={"shouted": "mailstore_instance_id | upper"},
        groups={"failed": "mailstore_start_stop_error is defined"},
        keyed_groups=[{"prefix": "by", "key": "shouted"}],
        strict=True,
        include=["beta"],
    )
    groups = inventory.get_groups_dict()
    assert inventory.get_host("Beta").get_vars()["shouted"] == "BETA"
    assert (groups["failed"], groups["by_BETA"]) == (["Beta"], ["Beta"])


def test_with_strict_an_expression_that_fails_is_an_error(parse):
    broken = {"compose": {"x": "no_such_variable"}}
    assert "x" not in parse(**SERVER, **broken).get_host("alpha").get_vars()
    with pytest.raises(Exception, match="no_such_variable"):
        parse(**SERVER, **broken, strict=True)


def test_what_the_server_says_is_never_taken_for_a_template(parse):
    variables = parse(**SERVER).get_host("alpha").get_vars()
    shown = Templar(loader=DataLoader(), variables=variables).template(variables["mailstore_display_name"])
    assert shown == "Alpha {{ 1 + 1 }}"


def test_the_server_is_named_by_the_environment_where_the_file_does_not(parse, client, monkeypatch):
    monkeypatch.setenv("MAILSTORE_HOST", "other.example.com")
    monkeypatch.setenv("MAILSTORE_AUTH_METHOD", "basic")
    monkeypatch.setenv("MAILSTORE_PORT", "")
    parse(username="admin", password="secret", port=99)
    parse(**SERVER)
    assert [(server.host, server.port, server.auth_method) for server in client.servers] == [
        ("other.example.com", 99, "basic"),
        ("archive.example.com", None, "basic"),
    ]


def test_missing_options_are_said_with_their_variables(parse, client):
    with pytest.raises(AnsibleParserError, match=r"host, username, password must be given.*MAILSTORE_HOST"):
        parse()
    assert client.servers == []


# Of a number, ansible-core up to 2.18 tells the option and the type, not the value.
@pytest.mark.parametrize(
    ("variable", "value", "told"), [("AUTH_METHOD", "kerberos", "kerberos"), ("PORT", "many", "int")]
)
def test_a_variable_that_cannot_be_is_said_with_its_name(parse, client, monkeypatch, variable, value, told):
    monkeypatch.setenv(f"MAILSTORE_{variable}", value)
    with pytest.raises(AnsibleParserError, match=f"{variable.lower()}.*{told}"):
        parse(**SERVER)
    assert client.servers == []


def test_a_failure_names_the_file_and_what_happened(parse, client, monkeypatch):
    monkeypatch.setattr(client, "failure", MopsError("The server is gone."))
    with pytest.raises(AnsibleParserError, match=r"mailstore_instances\.yml: The server is gone\."):
        parse(**SERVER)


def test_a_server_that_is_waited_for_is_said(parse, client, monkeypatch, capsys):
    monkeypatch.setattr(client, "failure", MopsError("The server is gone."))
    with pytest.raises(AnsibleParserError):
        parse(**SERVER, retry_timeout=7)
    assert "The server is gone. It is retried for up to 7 s." in " ".join(capsys.readouterr().err.split())


def left(inventory):
    """The failures that a play finds."""
    return inventory.groups["all"].get_vars().get("mailstore_instances_failures", [])


def test_a_failure_is_left_where_a_play_finds_it_once(parse, client, monkeypatch):
    monkeypatch.setattr(client, "failure", MopsError("The server is gone."))
    inventory = InventoryData()
    for _time in range(2):
        with pytest.raises(AnsibleParserError):
            parse(inventory, **SERVER)
    (failure,) = left(inventory)
    assert failure.endswith("mailstore_instances.yml: The server is gone.")


def test_without_a_failure_nothing_is_left(parse):
    assert left(parse(**SERVER)) == []


@pytest.mark.parametrize(
    ("unknown", "said"),
    [({"exlude": ["a*"]}, "There is no option exlude. Is exclude meant?"), ({"zzz": 1}, "There is no option zzz.")],
)
def test_an_unknown_option_is_refused_with_the_nearest(parse, client, unknown, said):
    inventory = InventoryData()
    with pytest.raises(AnsibleParserError, match=said):
        parse(inventory, **SERVER, **unknown)
    assert said in left(inventory)[0]
    assert client.servers == []


def test_every_documented_option_is_known(parse):
    parse(**SERVER, cache=False, strict=True, compose={}, leading_separator=True, use_extra_vars=False)


@pytest.mark.parametrize(
    ("include", "allow_empty", "missing"),
    [(["omega", "alpha"], False, "omega"), (["o*", "alpha"], False, "o*"), (["omega", "o*", "alpha"], True, "omega")],
)
def test_what_include_names_and_is_not_there_is_a_failure_and_the_rest_is_listed(parse, include, allow_empty, missing):
    inventory = parse(**SERVER, include=include, allow_empty=allow_empty)
    assert list(inventory.hosts) == ["alpha"]
    assert f"include names {missing}, and" in left(inventory)[0]


def test_a_pattern_may_match_nothing_where_allow_empty_says_so(parse):
    assert left(parse(**SERVER, include=["o*", "alpha"], allow_empty=True)) == []


def test_the_same_id_on_another_server_is_said_and_not_listed(parse, client, monkeypatch):
    monkeypatch.setattr(client, "names", {"b.example.com": "other"})
    inventory = parse(**SERVER, include=["alpha"])
    parse(inventory, **{**SERVER, "host": "b.example.com"}, include=["alpha"])
    assert inventory.get_host("alpha").get_vars()["mailstore_server_name"] == "mgmt"
    assert "alpha of other is not listed" in left(inventory)[0]
    assert "hostname_prefix" in left(inventory)[0]


def test_the_same_server_by_another_name_is_no_other_server(parse):
    inventory = parse(**SERVER, include=["alpha"])
    parse(inventory, **{**SERVER, "host": "ARCHIVE.example.com"}, include=["alpha"])
    assert left(inventory) == []


def test_a_prefix_tells_servers_apart(parse, client, monkeypatch):
    monkeypatch.setattr(client, "names", {"b.example.com": "other"})
    inventory = parse(**SERVER, include=["alpha"])
    parse(inventory, **{**SERVER, "host": "b.example.com"}, include=["alpha"], hostname_prefix="b-")
    assert list(inventory.hosts) == ["alpha", "b-alpha"]
    assert inventory.get_host("b-alpha").get_vars()["mailstore_instance_id"] == "alpha"
    assert left(inventory) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("instanceID", "instance_id"), ("startStopError", "start_stop_error"), ("status", "status"), ("a.b c", "a_b_c")],
)
def test_names_become_names_of_variables(name, expected):
    assert snake_case(name) == expected


@pytest.fixture
def folder(tmp_path):
    """Files of two tenants, one of which the server does not have."""
    folder = tmp_path / "mailstore/tenants"
    folder.mkdir(parents=True)
    for name in ("beta.yml", "omega.yml", ".hidden.yml", "notes.txt"):
        (folder / name).write_text("")
    return folder.parent


def test_files_and_server_are_one_inventory(parse, folder):
    groups = members(parse(**SERVER, tenants="mailstore"))
    assert groups["mailstore_declared"] == ["omega", "Beta"]
    assert groups["mailstore_missing"] == ["omega"]
    assert groups["mailstore_undeclared"] == ["alpha", "alpha-test"]
    assert groups["mailstore_instances"] == ["alpha", "alpha-test", "Beta"]


def test_a_tenant_that_has_only_a_file_is_a_host_of_the_controller(parse, folder):
    variables = parse(**SERVER, tenants=str(folder), hostname_prefix="eu-").get_host("eu-omega").get_vars()
    assert variables["ansible_connection"] == "local"
    assert variables["mailstore_instance_id"] == "omega"
    assert variables["mailstore_connection"]["host"] == SERVER["host"]


def test_patterns_hold_for_files_as_well(parse, folder):
    groups = members(parse(**SERVER, tenants="mailstore", include=["omega", "alpha*"], exclude=["*-test"]))
    assert groups["mailstore_missing"] == ["omega"]
    assert groups["mailstore_undeclared"] == ["alpha"]
    assert groups["mailstore_declared"] == ["omega"]


def test_a_folder_that_is_not_there_is_a_failure(parse):
    with pytest.raises(AnsibleParserError, match="there is no such folder"):
        parse(**SERVER, tenants="nowhere")
