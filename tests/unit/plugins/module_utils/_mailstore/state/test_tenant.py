# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tenants brought to documents, over a small server in memory that keeps what it is told."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api import client as client_module
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Server
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.remembering import RememberingClient
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import validated
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.document import declared
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.export import (
    export_installation,
    export_tenant,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.tenant import Apply, Rules
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import BOM, envelope
from requests.structures import CaseInsensitiveDict

SMTP = {"hostname": "relay", "username": "archive", "password": None}


class Archive:
    """Answers the functions that the tests below need; ``refused`` fail with their words."""

    def __init__(self):
        self.instances = {"alpha": {"instanceID": "alpha", "status": "running", "instanceHost": "h1"}}
        self.configuration = {"alpha": {"instanceID": "alpha", "displayName": "Alpha", "instanceHost": "h1"}}
        self.smtp = dict(SMTP)
        self.stores = [
            {"id": 1, "name": "2025", "databasePath": "C:\\a\\2025", "requestedState": "normal", "error": None},
            {"id": 2, "name": "2026", "databasePath": "C:\\a\\2026", "requestedState": "current", "error": None},
        ]
        self.users = {name: self.user(name) for name in ("$archiveadmin", "anna", "Ben")}
        self.jobs = [
            {
                "id": 3,
                "name": "nightly",
                "action": "VerifyStores",
                "owner": "$archiveadmin",
                "enabled": True,
                "creationDateTimeUtc": "2026-01-01T00:00:00",
                "schedule": {"timeZoneId": "$Local", "time": "02:00:00"},
            }
        ]
        self.profiles = [
            {
                "id": 1,
                "owner": "anna",
                "type": "I",
                "connector": "IMAP",
                "name": "mail",
                "details": {"host": "mail", "password": "in-clear"},
                "serverSideExecution": {"automatic": True, "automaticPauseBetweenExecutions": "300"},
            }
        ]
        self.refused = {}
        self.withheld = False
        self.calls = []

    @staticmethod
    def user(name, **values):
        return {
            "userName": name,
            "fullName": None,
            "distinguishedName": None,
            "authentication": "integrated",
            "emailAddresses": [],
            "pop3UserNames": [],
            "privileges": ["login"],
            "loginPrivileges": ["web", "api"],
            "privilegesOnFolders": [],
            "mfaStatus": "Disabled",
            **values,
        }

    @property
    def written(self):
        return [name for name, _form in self.calls if not name.startswith(("Get", "get-"))]

    def post(self, path, *, auth, data=None, read_timeout=None):
        name, form = path.rpartition("/")[2], dict(data or {})
        self.calls.append((name, form))
        if name in self.refused:
            return answer(path, envelope(statusCode="failed", error={"message": self.refused[name], "details": ""}))
        if self.withheld and name in ("GetUsers", "GetUserInfo", "GetJobs", "GetProfiles", "GetSmtpSettings"):
            return answer(path, envelope(statusCode="failed", error={"message": "No access.", "details": ""}))
        try:
            result = getattr(self, f"do_{name}")(form)
        except LookupError as error:
            return answer(path, envelope(statusCode="failed", error={"message": str(error), "details": ""}))
        except AttributeError:
            return answer(path, None, 404)
        return answer(path, envelope(result=copy.deepcopy(result)))

    def close(self):
        pass

    def do_GetInstances(self, form):
        names = form["instanceFilter"]
        return [entry for name, entry in self.instances.items() if names in ("*", name)]

    def do_GetInstanceConfiguration(self, form):
        return self.configuration[form["instanceID"]]

    def do_SetInstanceConfiguration(self, form):
        config = json.loads(form["config"])
        self.configuration[config["instanceID"]] = config

    def do_CreateInstance(self, form):
        config = json.loads(form["config"])
        self.configuration[config["instanceID"]] = config
        self.instances[config["instanceID"]] = {**config, "status": "stopped"}

    def do_StartInstances(self, form):
        self.instances[form["instanceFilter"]]["status"] = "running"

    def do_DeleteInstances(self, form):
        del self.instances[form["instanceFilter"]]

    def do_GetArchiveAdminEnabled(self, form):
        return not self.withheld

    def do_GetSmtpSettings(self, form):
        return {**self.smtp, "password": None}

    def do_SetSmtpSettings(self, form):
        self.smtp = json.loads(form["settings"])

    def do_GetStores(self, form):
        return self.stores if form["instanceID"] == "alpha" else []

    def do_SetStoreRequestedState(self, form):
        next(store for store in self.stores if store["id"] == int(form["id"])).update(
            requestedState=form["requestedState"]
        )

    def do_DetachStore(self, form):
        self.stores = [store for store in self.stores if store["id"] != int(form["id"])]

    def do_GetUsers(self, form):
        return [{"userName": name} for name in self.users]

    def do_GetUserInfo(self, form):
        return self.users[form["userName"]]

    def do_CreateUser(self, form):
        self.users[form["userName"]] = self.user(form["userName"], fullName=form.get("fullName"))

    def do_SetUserFullName(self, form):
        self.users[form["userName"]]["fullName"] = form.get("fullName")

    def do_DeleteUser(self, form):
        del self.users[form["userName"]]

    def do_GetJobs(self, form):
        return self.jobs

    def do_SetJobEnabled(self, form):
        self.jobs[0]["enabled"] = form["enabled"] == "true"

    def do_DeleteJob(self, form):
        self.jobs = []

    def do_GetProfiles(self, form):
        return self.profiles

    def do_SetProfileServerSideExecution(self, form):
        self.profiles[0]["serverSideExecution"] = {
            "automatic": form["automatic"] == "true",
            "automaticPauseBetweenExecutions": form.get("automaticPauseBetweenExecutions", "300"),
        }

    def do_GetInstanceHosts(self, form):
        thumbprint = {"thumbprint": "AB"}
        return [{"serverName": "h1", "port": 8472, "serverCertificate": thumbprint, "baseDirectory": "C:\\a"}]

    def do_GetSystemAdministrators(self, form):
        return [{"userName": "admin", "fullName": None, "mfaStatus": "Disabled"}]


def answer(path, document, status=200):
    body = b"" if document is None else BOM + json.dumps(document).encode()
    headers = CaseInsensitiveDict({"Content-Type": "application/json"})
    return Answer(status, headers, body, f"https://host:8474{path}")


@pytest.fixture
def archive(monkeypatch):
    archive = Archive()
    monkeypatch.setattr(client_module, "Http", lambda endpoint: archive)
    return archive


SERVER = Server("host", "admin", "p", auth_method="basic", retry_timeout=0)


def exported(name="alpha"):
    with RememberingClient(SERVER) as client:
        (entry,) = client.call("GetInstances", instanceFilter=name)
        return export_tenant(client.call, entry)


def applied(document, *, purge=(), check_mode=False, allow_data_loss=False):
    following = Following(SERVER, Waiting(), Interruption(), Progress(None, interval=60.0))
    with RememberingClient(SERVER) as client:
        wanted = declared(document, validated, allow_data_loss=allow_data_loss)
        return Apply(client, following, wanted, Rules(check_mode, purge, allow_data_loss)).run()


def changes(result):
    return [(change.part, change.name, change.kind) for change in result.changes]


@pytest.fixture
def document(archive):
    return exported().document


# The export


def test_an_export_has_what_a_module_takes_and_nothing_that_the_server_makes(document):
    assert list(document) == [
        *("instance", "state", "configuration", "configurations", "stores", "users", "profiles", "jobs"),
    ]
    assert document["jobs"] == [
        {
            "name": "nightly",
            "action": "VerifyStores",
            "owner": "$archiveadmin",
            "enabled": True,
            "schedule": {"time": "02:00"},
            "time_zone": "$Local",
        }
    ]
    assert [user["name"] for user in document["users"]] == ["anna", "Ben"]
    assert document["users"][0]["login_privileges"] == ["web"]
    assert document["configuration"] == {"displayName": "Alpha", "instanceHost": "h1"}


def test_an_export_has_references_and_no_secret(document):
    assert "in-clear" not in json.dumps(document)
    assert document["profiles"][0]["details"]["password"] == "{{ mailstore_secret_alpha_profiles_mail_password }}"
    assert document["configurations"][0]["configuration"]["password"] == (
        "{{ mailstore_secret_alpha_smtp_settings_password }}"
    )


def test_where_nobody_logs_in_no_secret_is_referred_to(archive):
    archive.smtp["username"] = None
    assert exported().document["configurations"][0]["configuration"]["password"] is None


def test_the_order_of_the_server_is_none_of_the_export(archive, document):
    archive.stores.reverse()
    archive.users = dict(reversed(archive.users.items()))
    assert json.dumps(exported().document) == json.dumps(document)


def test_a_stopped_instance_is_exported_without_its_parts_and_that_is_said(archive):
    archive.instances["alpha"]["status"] = "stopped"
    found = exported()
    assert "state" not in found.document
    assert set(found.missing) == {"configurations", "credentials", "stores", "users", "profiles", "jobs"}


def test_a_tenant_that_withholds_access_tells_of_its_stores(archive):
    archive.withheld = True
    found = exported()
    assert len(found.document["stores"]) == 2
    assert "withholds service-provider access" in found.missing["users"]


def test_the_installation_is_a_document_as_well(archive):
    with RememberingClient(SERVER) as client:
        found = export_installation(client.call)
    assert found.document["instance_hosts"][0]["name"] == "h1"
    wanted = declared(found.document, validated, installation=True)
    assert [entry.name for entry in wanted.entries] == ["h1", "admin"]


# The document


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"user": []}, "There is no user. The nearest are users"),
        ({"users": [{"name": "a", "fullname": "A"}]}, "There is no users[a].fullname. The nearest are full_name"),
        ({"users": [{"full_name": "A"}]}, "users[1] needs a name."),
        ({"users": {"name": "a"}}, "users must be a list."),
        ({"users": ["anna"]}, "users[1] must be a dictionary"),
        ({"users": [{"name": "a"}, {"name": "A"}]}, "users has A twice."),
        ({"users": [{"name": "a", "privileges": ["rule"]}]}, "users[a]: "),
        ({"jobs": [{"name": "a", "schedule": {"time": "25:00"}}]}, "jobs[a]: schedule: time must be"),
        ({"configurations": [{"name": "SmtpSetings", "configuration": {}}]}, "value of name must be one of"),
        ({"state": "frozen"}, "value of state must be one of"),
        ({"instance": "a*"}, "wildcards"),
        ({"instance": "*"}, "instance must be the id of one instance"),
    ],
)
def test_what_is_wrong_with_a_document_is_said_with_its_place(change, said):
    with pytest.raises(InvalidOption) as raised:
        declared({"instance": "alpha", **change}, validated)
    assert said in str(raised.value)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InvalidOption) as raised:
        declared({"instance": "alpha", "user": [], "jobs": [{}], "stores": 1}, validated)
    assert len(raised.value.facts["problems"]) == 3


# What is there already


def test_what_was_exported_changes_nothing_and_is_read_once(archive, document):
    archive.calls.clear()
    result = applied(document)
    assert (result.changes, result.functions, result.failure, archive.written) == ([], [], None, [])
    asked = [name for name, _form in archive.calls]
    assert asked.count("GetUserInfo") == 2
    assert max(asked.count(name) for name in set(asked) - {"GetUserInfo"}) == 1


def test_parts_that_a_document_does_not_name_are_left_alone(archive):
    archive.calls.clear()
    result = applied({"instance": "alpha", "jobs": []}, purge=["users", "stores"])
    assert archive.written == []
    assert result.unmanaged == [{"part": "jobs", "name": "nightly", "since": "2026-01-01T00:00:00Z"}]


# What is changed


def test_a_click_is_taken_back_and_nothing_else(archive, document):
    archive.users["Ben"]["fullName"] = "Somebody"
    archive.jobs[0]["enabled"] = False
    archive.calls.clear()
    result = applied(document)
    assert changes(result) == [("users", "Ben", "changed"), ("jobs", "nightly", "changed")]
    assert archive.written == result.functions == ["SetUserFullName", "SetJobEnabled"]
    assert exported().document == document


def test_in_check_mode_it_is_the_plan(archive, document):
    archive.users["Ben"]["fullName"] = "Somebody"
    archive.calls.clear()
    result = applied(document, check_mode=True)
    assert result.functions == ["SetUserFullName"]
    assert (result.changes[0].before["fullName"], result.changes[0].after["fullName"]) == ("Somebody", None)
    assert archive.written == []


def test_purge_removes_what_is_not_named_but_no_data(archive, document):
    archive.users["temp"] = archive.user("temp")
    less = {**document, "stores": document["stores"][1:]}
    result = applied(less, purge=["users", "stores"])
    assert "Give allow_data_loss: true" in result.failure
    assert archive.written == []
    result = applied(less, purge=["users", "stores"], allow_data_loss=True)
    assert result.failure is None
    assert result.functions == ["DeleteUser", "DetachStore"]
    assert "$archiveadmin" in archive.users


def test_an_instance_goes_only_where_data_may_be_lost(archive):
    gone = {"instance": "alpha", "state": "absent"}
    result = applied(gone)
    assert "Give allow_data_loss: true" in result.failure
    assert archive.written == []
    assert applied(gone, allow_data_loss=True).functions == ["DeleteInstances"]
    assert applied(gone).changes == []


NEW = {
    "instance": "beta",
    "state": "started",
    "archive_admin_enabled": True,
    "configuration": {"instanceHost": "h1"},
    "users": [{"name": "new", "full_name": "New"}],
}


def test_a_tenant_that_is_not_there_is_created_and_started_first(archive):
    result = applied(NEW)
    assert result.failure is None
    assert result.functions == ["CreateInstance", "StartInstances", "CreateUser"]


def test_a_new_tenant_withholds_access_so_what_needs_it_is_refused_before_anything_is_made(archive):
    closed = {name: value for name, value in NEW.items() if name != "archive_admin_enabled"}
    result = applied(closed)
    assert "its users need that. Give archive_admin_enabled: true" in result.failure
    assert archive.written == []
    del closed["users"]
    stores = {**closed, "stores": [{"name": "2027", "database_path": "C:\\b\\2027"}]}
    assert changes(applied(stores)) == [("instance", "beta", "created"), ("stores", "2027", "created")]


def test_the_summary_says_what_was_not_done(archive, document):
    archive.users["Ben"]["fullName"] = "Somebody"
    archive.jobs[0]["enabled"] = False
    archive.refused["SetJobEnabled"] = "Not today"
    assert applied(document).lines() == [
        "alpha: users Ben changed (SetUserFullName)",
        "alpha: jobs nightly not changed (SetJobEnabled)",
        "alpha: failed",
    ]


def test_check_mode_tells_of_all_that_a_new_tenant_gets(archive):
    result = applied(NEW, check_mode=True)
    assert (result.failure, archive.written) == (None, [])
    assert changes(result) == [("instance", "beta", "created"), ("users", "new", "created")]


def test_parts_of_an_instance_that_does_not_run_are_refused_unless_it_is_meant_to_run(archive, document):
    archive.instances["alpha"]["status"] = "stopped"
    result = applied({**document, "state": "present"})
    assert "does not run" in result.failure
    assert archive.written == []
    result = applied(document)
    assert (result.failure, result.functions) == (None, ["StartInstances"])
    archive.instances["alpha"]["status"] = "stopped"
    result = applied({**document, "state": "stopped"})
    assert (result.failure, result.functions) == (None, [])
    assert set(result.not_looked_at) == set(document) - {"instance", "state", "configuration"}


# Secrets


def test_a_missing_secret_is_named_before_anything_is_changed(archive, document):
    archive.users["Ben"]["fullName"] = "Somebody"
    archive.smtp["hostname"] = "elsewhere"
    archive.calls.clear()
    result = applied(document)
    assert "mailstore_secret_alpha_smtp_settings_password (for configuration SmtpSettings)" in result.failure
    assert result.failure.endswith("Nothing was changed.")
    assert archive.written == []


def test_a_new_user_needs_the_password_that_the_document_refers_to(archive, document):
    del archive.users["anna"]
    result = applied(document)
    assert "mailstore_secret_alpha_users_anna_password (for user anna)" in result.failure
    assert archive.written == []


def test_a_change_that_needs_no_secret_is_made_without_it(archive, document):
    archive.profiles[0]["serverSideExecution"]["automatic"] = False
    result = applied(document)
    assert (result.failure, result.functions) == (None, ["SetProfileServerSideExecution"])


def test_a_secret_that_is_there_goes_along_with_the_change(archive, document):
    archive.smtp["hostname"] = "elsewhere"
    document["configurations"][0]["configuration"]["password"] = "geheim"
    result = applied(document)
    assert result.functions == ["SetSmtpSettings"]
    assert archive.smtp == {**SMTP, "password": "geheim"}
    assert "geheim" not in repr(result.facts())


# Failures


def test_a_server_that_refuses_in_the_middle_says_what_was_done_and_the_next_run_goes_on(archive, document):
    archive.users["anna"]["fullName"] = archive.users["Ben"]["fullName"] = "Somebody"
    archive.jobs[0]["enabled"] = False
    archive.refused["SetJobEnabled"] = "Not now."
    result = applied(document)
    assert "job nightly: SetJobEnabled: " in result.failure
    assert "Not now." in result.failure
    assert "2 functions had succeeded: SetUserFullName (2 times)" in result.failure
    archive.refused.clear()
    again = applied(document)
    assert (again.failure, again.functions) == (None, ["SetJobEnabled"])


def test_what_cannot_be_is_found_before_anything_is_changed(archive, document):
    archive.users["Ben"]["fullName"] = "Somebody"
    archive.jobs[0]["action"] = "CompactStores"
    archive.calls.clear()
    result = applied(document)
    assert "job nightly: Job nightly of instance alpha does CompactStores, not VerifyStores" in result.failure
    assert result.failure.count("Nothing was changed.") == 1
    assert archive.written == []


def test_a_tenant_that_withholds_access_is_not_half_done(archive, document):
    archive.stores[0]["requestedState"] = "disabled"
    archive.withheld = True
    archive.calls.clear()
    result = applied(document)
    assert "withholds service-provider access" in result.failure
    assert archive.written == []
    plan = applied(document, check_mode=True)
    assert changes(plan) == [("stores", "2025", "changed")]
    assert set(plan.not_looked_at) == {"configurations", "users", "profiles", "jobs"}
