# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MailStore simulator keeps the chain, holds what it should hold, and changes its archive as the functions say."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from runs import PATIENCE_SECONDS, eventually

from shapes import differences, functions
from simulators.launch import Options, Simulators, running
from simulators.mailstore.fleet import build

BOM = b"\xef\xbb\xbf"


class Session:
    """The chain of version 8: each answer's cookie and token go into the next request."""

    def __init__(self, simulators: Simulators) -> None:
        mailstore = simulators.mailstore
        self.root = f"https://{mailstore.host}:{mailstore.session_port}"
        self._credentials = {"u": mailstore.username, "p": mailstore.password}
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = simulators.ca_path
        self.cookie = self.token = ""

    def log_in(self, **changes: str) -> requests.Response:
        form = {**self._credentials, **changes}
        answer = self._http.post(self.root + "/login", data=form, allow_redirects=False, timeout=PATIENCE_SECONDS)
        self._http.cookies.clear()
        if answer.text.startswith("+OK "):
            self.token = answer.text[4:]
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    def post(
        self, path: str, data: Any = None, cookie: str | None = None, token: str | None = None
    ) -> requests.Response:
        headers = {"Cookie": cookie or self.cookie, "X-AntiXsrfToken": token or self.token}
        if not data:
            headers["Content-Length"] = "0"
        answer = self._http.post(
            self.root + path, data=data, headers=headers, allow_redirects=False, timeout=PATIENCE_SECONDS
        )
        self._http.cookies.clear()
        if answer.status_code == 200 and answer.content.startswith(BOM):
            document = json.loads(answer.content[len(BOM) :])
            if isinstance(document, dict):
                self.token = document["antiXsrfToken"]
                self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    def _send(self, path: str, data: Any, headers: dict[str, str]) -> requests.Response:
        url = self.root + path
        return self._http.post(url, data=data, headers=headers, allow_redirects=False, timeout=PATIENCE_SECONDS)

    def call(self, path: str, /, **data: Any) -> Any:
        answer = self.post(path, data)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content[len(BOM) :])

    def invoke(self, function: str, /, **arguments: Any) -> Any:
        return self.call(f"/api/invoke/{function}", **arguments)

    def result(self, function: str, /, **arguments: Any) -> Any:
        """The result, after the end of the process if the function starts one."""
        answer = self.finish(self.invoke(function, **arguments))
        assert answer["error"] is None, answer["error"]
        return answer["result"]

    def status(self, token: str, known: int, milliseconds: int = 5000) -> Any:
        return self.call("/api/get-status", token=token, lastKnownStatusVersion=known, millisecondsTimeout=milliseconds)

    def finish(self, answer: Any) -> Any:
        token = answer["token"]
        while answer["statusCode"] == "running":
            answer = self.status(token, answer["statusVersion"])
        return answer


class Basic(Session):
    """Version 9 and later, and MailStore Server: every request proves itself."""

    def __init__(self, simulators: Simulators, port: int | None = None) -> None:
        super().__init__(simulators)
        mailstore = simulators.mailstore
        self.root = f"https://{mailstore.host}:{port or mailstore.basic_port}"
        # As bytes, for requests would encode texts by another encoding than UTF-8.
        self._http.auth = (mailstore.username.encode(), mailstore.password.encode())  # type: ignore[assignment]

    def post(
        self, path: str, data: Any = None, cookie: str | None = None, token: str | None = None
    ) -> requests.Response:
        headers = {} if data else {"Content-Length": "0"}
        return self._http.post(
            self.root + path, data=data, headers=headers, allow_redirects=False, timeout=PATIENCE_SECONDS
        )


@pytest.fixture
def session(simulators):
    simulators.settings("mailstore", process_seconds=0.3)
    session = Session(simulators)
    session.log_in()
    return session


@pytest.fixture
def basic(simulators, http):
    mailstore = simulators.mailstore

    def post(path: str, password: str = mailstore.password, **data: Any) -> requests.Response:
        headers = {} if data else {"Content-Length": "0"}
        url = f"https://{mailstore.host}:{mailstore.basic_port}{path}"
        auth = (mailstore.username.encode(), password.encode())
        return http.post(url, data=data, headers=headers, auth=auth, timeout=PATIENCE_SECONDS)

    return post


def store(session: Session, instance: str, number: int) -> dict[str, Any]:
    return next(item for item in session.result("GetStores", instanceID=instance) if item["id"] == number)


def test_login_names_the_token_and_sets_a_percent_encoded_cookie(simulators):
    answer = Session(simulators).log_in()
    assert answer.text.startswith("+OK ")
    value = answer.headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
    assert unquote(value) != value
    assert answer.headers["Set-Cookie"].endswith(";path=/;secure;HttpOnly")


@pytest.mark.parametrize("changes", [{"p": "other"}, {"u": "other"}, {"p": ""}])
def test_a_wrong_login_opens_no_session(simulators, changes):
    answer = Session(simulators).log_in(**changes)
    assert not answer.text.startswith("+OK")
    assert "Set-Cookie" not in answer.headers
    assert simulators.state("mailstore")["sessions"] == 0


def test_ten_requests_are_a_chain_and_logout_ends_it(simulators, session):
    seen = {(session.cookie, session.token)}
    for _number in range(10):
        session.invoke("GetEnvironmentInfo")
        seen.add((session.cookie, session.token))
    assert len(seen) == 11
    assert simulators.state("mailstore")["sessions"] == 1
    gone = session.post("/logout")
    assert (gone.status_code, gone.headers["Location"]) == (302, "/web/login.html")
    state = simulators.state("mailstore")
    assert (state["sessions"], state["logins"], state["logouts"]) == (0, 1, 1)


def test_a_stale_token_or_cookie_or_a_decoded_one_is_refused(simulators, session):
    cookie, token = session.cookie, session.token
    session.invoke("Ping")
    assert session.post("/api/invoke/Ping", token=token).status_code == 403
    assert session.post("/api/invoke/Ping", cookie=cookie).status_code == 302
    assert session.post("/api/invoke/Ping", cookie=unquote(session.cookie)).status_code == 302
    assert simulators.state("mailstore")["stale_tokens"] == 1
    assert session.invoke("Ping")["statusCode"] == "succeeded"


def test_an_expired_session_is_sent_to_the_login_page(simulators, session):
    simulators.settings("mailstore", session_seconds=100)
    session.invoke("Ping")
    for _number in range(3):
        simulators.clock("mailstore", advance=60)
        session.invoke("Ping")  # each request extends it
    simulators.clock("mailstore", advance=101)
    answer = session.post("/api/invoke/Ping")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/web/login.html")
    assert simulators.state("mailstore")["expired_sessions"] == 1


def test_a_session_can_be_told_to_expire(simulators, session):
    simulators.faults("mailstore", [{"action": "expire_session"}])
    assert session.post("/api/invoke/Ping").status_code == 302


def raw_post(simulators: Simulators, path: str, length: bool) -> int:
    mailstore = simulators.mailstore
    context = ssl.create_default_context(cafile=simulators.ca_path)
    connection = http.client.HTTPSConnection(
        mailstore.host, mailstore.session_port, context=context, timeout=PATIENCE_SECONDS
    )
    connection.putrequest("POST", path)
    if length:
        connection.putheader("Content-Length", "0")
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_empty_post_needs_its_length(simulators):
    assert raw_post(simulators, "/logout", length=False) == 411
    assert raw_post(simulators, "/logout", length=True) == 302


def test_only_post_is_allowed_but_for_the_metadata(simulators, session, http):
    given = {"Cookie": session.cookie, "X-AntiXsrfToken": session.token}
    assert http.get(session.root + "/api/invoke/Ping", headers=given, timeout=PATIENCE_SECONDS).status_code == 405
    answer = http.get(session.root + "/api/get-metadata", headers=given, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    assert session.invoke("Ping")["error"] is None


def test_metadata_is_a_bare_list_with_a_byte_order_mark(session):
    functions = session.call("/api/get-metadata")
    assert len(functions) == 122
    verify = next(item for item in functions if item["name"] == "VerifyStore")
    assert verify["args"][2] == {"name": "includeIndexes", "type": "bool", "nullable": True}


def test_basic_challenges_and_lets_in(simulators, basic, http):
    mailstore = simulators.mailstore
    url = f"https://{mailstore.host}:{mailstore.basic_port}/api/invoke/Ping"
    answer = http.post(url, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert basic("/api/invoke/Ping", password="other").status_code == 401
    document = json.loads(basic("/api/invoke/Ping").content[len(BOM) :])
    assert document["statusCode"] == "succeeded"
    assert "antiXsrfToken" not in document


def test_under_mfa_basic_needs_an_api_password(simulators, basic):
    simulators.settings("mailstore", mfa=True)
    assert basic("/api/invoke/Ping").status_code == 401
    assert basic("/api/invoke/Ping", password=simulators.mailstore.api_password).status_code == 200


def test_the_token_is_named_once_in_sessions_and_always_with_basic(simulators, session, basic):
    first = session.invoke("VerifyStore", instanceID="alpha", id=1)
    assert first["statusCode"] == "running"
    assert session.finish(first)["token"] is None
    answer = json.loads(basic("/api/invoke/VerifyStore", instanceID="alpha", id=1).content[len(BOM) :])
    token = answer["token"]
    while answer["statusCode"] == "running":
        form = {"token": token, "lastKnownStatusVersion": answer["statusVersion"], "millisecondsTimeout": 1000}
        answer = json.loads(basic("/api/get-status", **form).content[len(BOM) :])
        assert answer["token"] == token


def test_status_is_held_until_there_is_news(simulators, session):
    simulators.processes({"function": "VerifyStore", "seconds": 3600, "steps": 2})
    first = session.invoke("VerifyStore", instanceID="alpha", id=1)
    same = session.status(first["token"], first["statusVersion"], 10)
    assert (same["statusVersion"], same["logOutput"]) == (first["statusVersion"], None)
    old = session.status(first["token"], 0, 3_600_000)
    assert old["logOutput"] == first["logOutput"]
    with held(simulators, session, first, 3_600_000) as answers:
        assert answers == []
        simulators.step(1)
    assert [answer["statusVersion"] for answer in answers] == [first["statusVersion"] + 1]


@contextmanager
def held(simulators: Simulators, session: Session, process: Any, milliseconds: int) -> Iterator[list[Any]]:
    """A status request that the server holds meanwhile; in the end the list has its answer."""
    answers: list[Any] = []
    asking = threading.Thread(
        target=lambda: answers.append(session.status(process["token"], process["statusVersion"], milliseconds))
    )
    asking.start()
    assert eventually(lambda: simulators.state("mailstore")["held_now"] == 1)
    yield answers
    asking.join()


def test_the_log_is_given_once_and_whole(simulators, session):
    simulators.processes({"seconds": 0.3, "log_bytes": 100_000})
    answer = session.invoke("CompactStore", instanceID="alpha", id=1)
    token, log = answer["token"], answer["logOutput"]
    while answer["statusCode"] == "running":
        answer = session.status(token, answer["statusVersion"])
        log += answer["logOutput"] or ""
    assert log == session.status(token, 0)["logOutput"]
    assert 100_000 <= len(log) < 101_000
    assert log.endswith("\r\n")
    assert answer["percentProgress"] is None


@pytest.mark.parametrize(
    ("rule", "status", "error"),
    [
        ({"outcome": "failed", "message": "Disk full."}, "failed", "Disk full."),
        ({"outcome": "failed", "error_null": True}, "failed", None),
        ({"outcome": "cancelled"}, "cancelled", None),
        ({"result": {"bad": 3}}, "succeeded", None),
    ],
)
def test_a_process_ends_as_it_is_told(simulators, session, rule, status, error):
    simulators.processes({"function": "VerifyStore", "arguments": {"id": 1}, "times": 1, "seconds": 0.1, **rule})
    end = session.finish(session.invoke("VerifyStore", instanceID="alpha", id=1))
    assert end["statusCode"] == status
    assert (end["error"] or {}).get("message") == error
    assert end["result"] == rule.get("result")
    assert session.finish(session.invoke("VerifyStore", instanceID="alpha", id=1))["statusCode"] == "succeeded"


def test_progress_can_go_backwards_and_versions_repeat(simulators, session):
    simulators.processes({"seconds": 3600, "steps": 8, "progress": "backward", "repeat_versions": True})
    token = session.invoke("VerifyStore", instanceID="alpha", id=1)["token"]
    seen = []
    for _step in range(4):
        simulators.step(1)
        answer = session.status(token, 0)
        seen.append((answer["percentProgress"], answer["statusVersion"]))
    assert [percent for percent, _version in seen] == [12, 25, 0, 50]
    assert seen[1][1] == seen[0][1]
    assert seen[3][1] == seen[2][1] == seen[0][1] + 1


def test_cancel_ends_a_process(simulators, session):
    simulators.processes({"seconds": 3600})
    answer = session.invoke("VerifyStore", instanceID="alpha", id=1)
    assert session.call("/api/cancel-async", token=answer["token"])["error"] is None
    assert session.finish(answer)["statusCode"] == "cancelled"
    assert simulators.state("mailstore")["processes"][0]["status_code"] == "cancelled"


def test_an_unknown_process_is_404_and_breaks_no_chain(simulators, session):
    form = {"lastKnownStatusVersion": 0, "millisecondsTimeout": 10}
    assert session.post("/api/get-status", {"token": "s0e", **form}).status_code == 404
    assert session.post("/api/cancel-async", {"token": "s0e"}).status_code == 404
    answer = session.invoke("VerifyStore", instanceID="alpha", id=1)
    simulators.faults("mailstore", [{"action": "forget_process"}])
    assert session.post("/api/get-status", {"token": answer["token"], **form}).status_code == 404
    assert session.invoke("Ping")["error"] is None


def test_a_finished_process_is_forgotten_in_time(simulators, session):
    answer = session.invoke("VerifyStore", instanceID="alpha", id=1)
    form = {"token": answer["token"], "lastKnownStatusVersion": 0, "millisecondsTimeout": 10}
    session.finish(answer)
    assert session.post("/api/get-status", form).status_code == 200
    simulators.clock("mailstore", advance=simulators.settings("mailstore")["retention_seconds"] + 1)
    session.log_in()
    assert session.post("/api/get-status", form).status_code == 404


def test_a_restart_loses_sessions_and_processes(simulators, session):
    session.invoke("VerifyStore", instanceID="alpha", id=1)
    simulators.faults("mailstore", [{"action": "restart"}])
    assert session.post("/api/invoke/Ping").status_code == 302
    assert simulators.state("mailstore")["processes"] == []


def test_one_request_at_a_time_in_a_session(simulators, session):
    simulators.processes({"seconds": 3600})
    answer = session.invoke("VerifyStore", instanceID="alpha", id=1)
    cookie, token = session.cookie, session.token
    with held(simulators, session, answer, 3_600_000):
        other = Session(simulators)
        assert other.post("/api/invoke/Ping", cookie=cookie, token=token).status_code == 403
        assert simulators.state("mailstore")["concurrent_requests"] == 1
        other.log_in()
        assert other.invoke("Ping")["error"] is None
        simulators.step()
    assert session.invoke("Ping")["error"] is None


def test_who_goes_away_from_a_held_request_can_log_out(simulators, session, http):
    simulators.processes({"seconds": 3600})
    answer = session.invoke("VerifyStore", instanceID="alpha", id=1)
    form = {"token": answer["token"], "lastKnownStatusVersion": 99, "millisecondsTimeout": 60_000}
    given = {"Cookie": session.cookie, "X-AntiXsrfToken": session.token}
    url = session.root + "/api/get-status"
    with pytest.raises(requests.Timeout):
        http.post(url, data=form, headers=given, timeout=0.3)
    assert session.post("/logout").status_code == 302
    assert simulators.state("mailstore")["sessions"] == 0


def test_an_answer_that_was_lost_leaves_an_orphan(simulators, session):
    simulators.faults("mailstore", [{"action": "reset", "when": "after"}])
    with pytest.raises(requests.ConnectionError):
        session.post("/api/invoke/Ping")
    assert session.post("/api/invoke/Ping").status_code == 302
    state = simulators.state("mailstore")
    assert (state["sessions"], state["orphaned_sessions"]) == (1, 1)


def test_a_connection_that_broke_before_the_request_took_effect_leaves_the_chain(simulators, session):
    simulators.faults("mailstore", [{"action": "reset"}])
    with pytest.raises(requests.ConnectionError):
        session.post("/api/invoke/Ping")
    assert session.invoke("Ping")["error"] is None


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        ("VerifyStore", {"instanceID": "alpha"}, "Missing argument 'id'"),
        ("VerifyStore", {"instanceID": "alpha", "id": 1, "deep": "true"}, "Unknown argument 'deep'"),
        ("VerifyStore", {"instanceID": "alpha", "id": "one"}, "Invalid value for argument 'id'"),
        ("VerifyStore", {"instanceID": "alpha", "id": ""}, "Invalid value for argument 'id'"),
        ("VerifyStore", {"instanceID": "alpha", "id": 1, "includeIndexes": "True"}, "'includeIndexes'"),
        ("VerifyStore", {"instanceID": "alpha", "id": 1, "includeIndexes": ""}, "'includeIndexes'"),
        ("VerifyStore", {"instanceid": "alpha", "id": 1}, "Unknown argument 'instanceid'"),
        ("SetSmtpSettings", {"instanceID": "alpha", "settings": "{"}, "'settings'"),
        ("SetUserFullName", {"instanceID": "alpha", "userName": "x", "fullName": ""}, "'fullName'"),
        ("VerifyStore", {"instanceID": "omega", "id": 1}, "was not found"),
        ("VerifyStore", {"instanceID": "alpha", "id": 9}, "was not found"),
        ("GetStores", {"instanceID": "gamma"}, "is not running"),
        (
            "GetWorkerResults",
            {"instanceID": "alpha", "fromIncluding": "2026-01-01T00:00:00Z", "toExcluding": "2026-01-02T00:00:00"},
            "'fromIncluding'",
        ),
    ],
)
def test_arguments_that_are_not_right_end_in_an_error(session, function, arguments, words):
    answer = session.invoke(function, **arguments)
    assert answer["statusCode"] == "failed"
    assert words in answer["error"]["message"]
    assert answer["error"]["details"]


def test_an_unknown_function_is_404(session):
    assert session.post("/api/invoke/Verify").status_code == 404


def test_rebuild_and_upgrade_take_the_flags_away(session):
    assert store(session, "alpha", 2)["searchIndexesNeedRebuild"] is True
    assert store(session, "beta", 1)["needsUpgrade"] is True
    assert len(session.result("GetServiceStatus")["messages"]) == 4
    session.result("SelectAllStoreIndexesForRebuild", instanceID="alpha")
    session.result("RebuildSelectedStoreIndexes", instanceID="alpha")
    session.result("UpgradeStore", instanceID="beta", id=1)
    assert store(session, "alpha", 2)["searchIndexesNeedRebuild"] is False
    assert store(session, "beta", 1)["needsUpgrade"] is False
    assert len(session.result("GetServiceStatus")["messages"]) == 2


def test_a_cancelled_upgrade_changes_nothing(simulators, session):
    simulators.processes({"seconds": 3600})
    answer = session.invoke("UpgradeStore", instanceID="beta", id=1)
    session.call("/api/cancel-async", token=answer["token"])
    session.finish(answer)
    assert store(session, "beta", 1)["needsUpgrade"] is True


def test_a_store_with_an_error_fails_until_it_is_opened_again(simulators, session):
    simulators.control("mailstore", "POST", "archive", [{"instanceID": "alpha", "id": 1, "error": "Not there."}])
    end = session.finish(session.invoke("VerifyStore", instanceID="alpha", id=1))
    assert (end["statusCode"], end["error"]["message"]) == ("failed", "Not there.")
    session.result("RetryOpenStores", instanceID="alpha")
    assert store(session, "alpha", 1)["error"] is None


def test_the_life_of_an_instance(session):
    config = {"instanceID": "omega", "instanceHost": "host01.spe.example", "displayName": "Omega"}
    session.result("CreateInstance", config=json.dumps(config))
    steps = {
        "StartInstances": "running",
        "FreezeInstances": "frozen",
        "ThawInstances": "running",
        "RestartInstances": "running",
        "StopInstances": "stopped",
    }
    for function, status in steps.items():
        session.result(function, instanceFilter="omega")
        assert session.result("GetInstances", instanceFilter="omega")[0]["status"] == status
    session.result("SetInstanceConfiguration", config=json.dumps({"instanceID": "omega", "alias": "o.example"}))
    assert session.result("GetInstanceConfiguration", instanceID="omega")["alias"] == "o.example"
    session.result("DeleteInstances", instanceFilter="omega")
    assert session.result("GetInstances", instanceFilter="omega") == []


def test_the_life_of_a_store(session):
    arguments = {"instanceID": "delta", "name": "2027", "databasePath": "D:\\2027", "requestedState": "current"}
    session.result("CreateStore", **arguments)
    assert store(session, "delta", 1)["requestedState"] == "normal"
    session.result("RenameStore", instanceID="delta", id=2, name="next")
    session.result("SetStoreRequestedState", instanceID="delta", id=2, requestedState="writeProtected")
    session.result("SetStorePath", instanceID="delta", id=2, path="E:\\2027")
    made = store(session, "delta", 2)
    assert (made["name"], made["requestedState"], made["databasePath"]) == ("next", "writeProtected", "E:\\2027")
    session.result("DetachStore", instanceID="delta", id=2)
    session.result("AttachStore", instanceID="delta", name="again", databasePath="E:\\2027")
    assert [item["name"] for item in session.result("GetStores", instanceID="delta")] == ["2026", "again"]
    wrong = session.invoke("SetStoreRequestedState", instanceID="delta", id=1, requestedState="off")
    assert "requestedState" in wrong["error"]["message"]


def test_the_life_of_a_user_with_secrets_masked(simulators, session):
    who = {"instanceID": "delta", "userName": "zoe"}
    session.result("CreateUser", **who, password="s3cret-1", privileges="login,archive", fullName="Zoe")
    session.result("SetUserPassword", **who, password="s3cret-2")
    session.result("SetUserEmailAddresses", **who, emailAddresses="zoe@d.example,z@d.example")
    session.result("SetUserPrivilegesOnFolder", **who, folder="ben", privileges="read,write")
    user = session.result("GetUserInfo", **who)
    assert user["privileges"] == ["login", "archive"]
    assert user["emailAddresses"] == ["zoe@d.example", "z@d.example"]
    assert user["privilegesOnFolders"] == [{"folder": "ben", "privileges": ["read", "write"]}]
    session.result("SetUserPrivilegesOnFolder", **who, folder="ben", privileges="none")
    session.result("SetUserPrivileges", **who, privileges="none")
    assert session.result("GetUserInfo", **who)["privilegesOnFolders"] == []
    wrong = session.invoke("SetUserPrivileges", **who, privileges="none,login")
    assert wrong["statusCode"] == "failed"
    session.result("RenameUser", instanceID="delta", oldUserName="zoe", newUserName="zoé")
    session.result("DeleteUser", instanceID="delta", userName="zoé")
    shown = json.dumps(simulators.state("mailstore"))
    assert "s3cret" not in shown
    assert "zoe@d.example" in shown


def test_the_life_of_a_job(session):
    job = {"instanceID": "delta", "name": "Weekly", "action": "VerifyStores", "owner": "$archiveadmin"}
    made = session.result("CreateJob", **job, timeZoneId="$Local", dayOfWeek="Sunday", time="03:00")
    session.result("SetJobSchedule", instanceID="delta", id=made["id"], timeZoneId="$Local", interval=30)
    session.result("SetJobEnabled", instanceID="delta", id=made["id"], enabled="false")
    session.result("RenameJob", instanceID="delta", id=made["id"], name="Often")
    jobs = {item["id"]: item for item in session.result("GetJobs", instanceID="delta")}
    kept = jobs[made["id"]]
    assert (kept["name"], kept["enabled"]) == ("Often", False)
    assert kept["schedule"] == {"timeZoneId": "$Local", "interval": 30}
    wrong = session.invoke("SetJobSchedule", instanceID="delta", id=made["id"], timeZoneId="$Local", interval=7)
    assert "interval" in wrong["error"]["message"]
    session.result("DeleteJob", instanceID="delta", id=made["id"])
    assert made["id"] not in {item["id"] for item in session.result("GetJobs", instanceID="delta")}


@pytest.mark.parametrize(
    "name",
    [
        "ComplianceConfiguration",
        "DirectoryServicesConfiguration",
        "IndexConfiguration",
        "RetentionPolicies",
        "SmtpSettings",
        "StoreAutoCreateConfiguration",
    ],
)
def test_what_a_set_function_is_given_its_get_function_gives(session, name):
    document = session.result(f"Get{name}", instanceID="delta")
    key, value = next(
        (key, value) for key, value in document.items() if isinstance(value, (bool, int)) or value is None
    )
    changed = {**document, key: (not value) if isinstance(value, bool) else 7}
    argument = "settings" if name == "SmtpSettings" else "config"
    session.result(f"Set{name}", instanceID="delta", **{argument: json.dumps(changed)})
    assert session.result(f"Get{name}", instanceID="delta") == changed
    assert session.result(f"Get{name}", instanceID="alpha") == document
    wrong = session.invoke(f"Set{name}", instanceID="delta", **{argument: json.dumps({"other": 1})})
    assert "other" in wrong["error"]["details"]


def test_a_sync_says_what_it_would_do_and_then_does_it(session):
    def names() -> set[str]:
        return {user["userName"] for user in session.result("GetUsers", instanceID="alpha")}

    before = names()
    plan = session.result("SyncUsersWithDirectoryServices", instanceID="alpha", dryRun="true")
    assert names() == before
    done = session.result("SyncUsersWithDirectoryServices", instanceID="alpha")
    assert plan["created"] == done["created"] != []
    assert names() == (before | set(done["created"])) - set(done["deleted"])
    again = session.result("SyncUsersWithDirectoryServices", instanceID="alpha")
    assert (again["created"], again["deleted"]) == ([], [])


def test_results_of_runs_are_the_same_whoever_asks(session):
    period = {"fromIncluding": "2026-10-01T00:00:00", "toExcluding": "2026-10-11T00:00:00"}
    first = session.result("GetWorkerResults", instanceID="beta", **period)
    assert len(first) == 20
    assert {"profileName", "startTime", "completeTime", "result"} <= set(first[0])
    assert session.result("GetWorkerResults", instanceID="beta", **period) == first
    assert len(session.result("GetWorkerResults", instanceID="beta", profileID=1, **period)) == 10
    assert len(session.result("GetJobResults", instanceID="beta", jobId=1, **period)) == 10


def test_every_function_of_the_metadata_answers(session):
    example = {"string": "x", "number": 1, "bool": "true", "json": "{}"}
    known = {"instanceID": "delta", "instanceFilter": "nothing", "fromIncluding": "2026-01-01T00:00:00"}
    for function in session.call("/api/get-metadata"):
        needed = [item for item in function["args"] if not item["nullable"]]
        arguments = {item["name"]: known.get(item["name"], example[item["type"]]) for item in needed}
        answer = session.finish(session.invoke(function["name"], **arguments))
        assert answer["statusCode"] in ("succeeded", "failed"), function["name"]


def test_the_same_seed_gives_the_same_fleet_and_a_larger_one_begins_with_it():
    fleets = [
        [(name, instance.status, instance.stores) for name, instance in build("admin", size, seed).instances.items()]
        for size, seed in ((60, 7), (60, 7), (20, 7), (60, 8))
    ]
    assert len(fleets[0]) == 60
    assert fleets[1] == fleets[0]
    assert fleets[2] == fleets[0][:20]
    assert fleets[3] != fleets[0]


def test_a_fleet_is_served():
    with running(Options(fleet=5, seed=7)) as simulators:
        session = Session(simulators)
        session.log_in()
        listed = session.result("GetInstances", instanceFilter="*")
        assert [item["instanceID"] for item in listed] == list(build("admin", 5, 7).instances)


WINDOW = {"fromIncluding": "2026-01-01T00:00:00", "toExcluding": "2027-01-01T00:00:00"}
SCHEDULES: list[dict[str, Any]] = [
    {"date": "2027-03-01T22:00:00"},
    {"interval": 60},
    {"time": "02:00"},
    {"dayOfWeek": "sunday", "time": "02:00"},
    {"dayOfMonth": "last", "time": "02:00:30"},
    {"dayOfMonth": "1", "dayOfWeek": "Sunday", "time": "02:00"},
]


def prepare(client: Session) -> None:
    """What makes the answers hold something of every kind."""
    common = {"instanceID": "delta", "action": "VerifyStores", "owner": "$archiveadmin", "timeZoneId": "$Local"}
    for number, schedule in enumerate(SCHEDULES):
        client.result("CreateJob", name=f"Job {number}", **common, **schedule)
    client.result("RunJobAsync", instanceID="delta", id=1)
    client.result("RunProfile", instanceID="delta", id=1)


def calls(client: Session, function: str, arguments: list[str]) -> list[dict[str, Any]]:
    """Every way to call a function of the handful's running instances."""
    fixed = {"raw": "true", "instanceFilter": "*", **WINDOW}
    given = [{name: fixed[name] for name in arguments if name in fixed}]
    if "instanceID" in arguments:
        given = [{**item, "instanceID": instance} for item in given for instance in ("alpha", "beta", "delta")]
    if "userName" in arguments and function == "GetUserInfo":
        given = [
            {**item, "userName": user["userName"]}
            for item in given
            for user in client.result("GetUsers", instanceID=item["instanceID"])
        ]
    return given


@pytest.mark.parametrize(("generation", "kind"), [("8", Session), ("25", Basic)])
def test_every_answer_has_the_recorded_shape(simulators, generation, kind):
    simulators.settings("mailstore", process_seconds=0.1)
    client = kind(simulators)
    client.log_in()
    metadata = client.call("/api/get-metadata")
    prepare(client)
    changes = [{"inactive_hosts": ["host02.spe.example"]}, {"instanceID": "alpha", "id": 1, "error": "Not there."}]
    simulators.control("mailstore", "POST", "archive", changes)
    compared = set()
    for item in metadata:
        function = item["name"]
        if function not in functions("mailstore", "25"):
            continue
        recorded_in = generation if function in functions("mailstore", generation) else "25"
        for arguments in calls(client, function, [argument["name"] for argument in item["args"]]):
            envelope = client.invoke(function, **arguments)
            assert differences("mailstore", generation, "envelope", {**envelope, "result": None}) == []
            result = client.finish(envelope)["result"]
            assert result or isinstance(result, bool), function
            assert differences("mailstore", recorded_in, function, result) == []
            compared.add(function)
    assert differences("mailstore", "25", "get-metadata", metadata) == []
    assert compared == set(functions("mailstore", "25")) - {"envelope", "get-metadata"}


def test_a_process_has_the_recorded_envelope(simulators):
    for generation, client in (("8", Session(simulators)), ("25", Basic(simulators))):
        client.log_in()
        envelope = client.invoke("VerifyStore", instanceID="alpha", id=1)
        token = envelope["token"]
        while envelope["statusCode"] == "running":
            assert differences("mailstore", generation, "envelope", envelope) == []
            envelope = client.status(token, envelope["statusVersion"])
        assert differences("mailstore", generation, "envelope", envelope) == []
        failed = client.invoke("VerifyStore", instanceID="alpha", id=99)
        assert differences("mailstore", generation, "envelope", failed) == []


def failure(client: Session, function: str, /, **arguments: Any) -> str:
    """What the function says against it, at once or in the end; nothing where it succeeds."""
    error = client.finish(client.invoke(function, **arguments))["error"]
    return str(error["message"]) if error else ""


def test_a_tenant_can_withhold_access_but_for_its_stores(simulators, session):
    simulators.control("mailstore", "POST", "archive", [{"instanceID": "beta", "provider_access": False}])
    assert session.result("GetArchiveAdminEnabled", instanceID="beta") is False
    for function in ("GetUsers", "GetJobs", "GetInstanceStatistics", "GetCredentials"):
        assert "access" in failure(session, function, instanceID="beta")
        assert failure(session, function, instanceID="alpha") == ""
    for function in ("GetStores", "VerifyStores", "RebuildSelectedStoreIndexes", "GetInstanceConfiguration"):
        assert failure(session, function, instanceID="beta") == ""
    session.result("SetArchiveAdminEnabled", instanceID="beta", enabled="true")
    assert failure(session, "GetUsers", instanceID="beta") == ""


def test_a_new_instance_gives_no_access(session):
    config = json.dumps({"instanceID": "epsilon", "instanceHost": "host01.spe.example"})
    session.result("CreateInstance", config=config)
    session.result("StartInstances", instanceFilter="epsilon")
    assert "access" in failure(session, "GetUsers", instanceID="epsilon")
    assert session.result("GetStores", instanceID="epsilon") == []


def test_profiles_are_given_raw_only(session):
    assert "'raw'" in failure(session, "GetProfiles", instanceID="alpha")
    assert "'raw'" in failure(session, "GetProfiles", instanceID="alpha", raw="false")
    assert session.result("GetProfiles", instanceID="alpha", raw="true")[0]["details"]["password"]


def test_worker_results_take_a_while_on_a_current_server_and_are_not_sorted(simulators, session):
    assert session.invoke("GetWorkerResults", instanceID="alpha", **WINDOW)["statusCode"] == "succeeded"
    current = Basic(simulators)
    began = current.invoke("GetWorkerResults", instanceID="alpha", **WINDOW)
    assert (began["statusCode"], began["result"]) == ("running", None)
    times = [item["startTime"] for item in current.finish(began)["result"]]
    assert times != sorted(times)
    assert times != sorted(times, reverse=True)


def test_too_many_worker_results_are_an_error_and_fewer_are_not(simulators, session):
    simulators.control("mailstore", "POST", "archive", [{"most_results": 10}])
    words = "Nullable object must have a value."
    assert failure(session, "GetWorkerResults", instanceID="alpha", **WINDOW) == words
    assert failure(Basic(simulators), "GetWorkerResults", instanceID="alpha", **WINDOW) == words
    days = {"fromIncluding": "2026-01-01T00:00:00", "toExcluding": "2026-01-04T00:00:00"}
    assert failure(session, "GetWorkerResults", instanceID="alpha", **days) == ""


def test_a_profile_can_stop_running_or_archiving(simulators, session):
    changes = [
        {"instanceID": "alpha", "profile": 1, "silent_hours": 72, "name": "Mailboxes"},
        {"instanceID": "alpha", "profile": 2, "idle_hours": 72, "name": "Mailboxes"},
    ]
    simulators.control("mailstore", "POST", "archive", changes)
    now = datetime.now().replace(microsecond=0)
    days = {"fromIncluding": (now - timedelta(days=3)).isoformat(), "toExcluding": now.isoformat()}
    rows = session.result("GetWorkerResults", instanceID="alpha", **days)
    assert {(row["profileId"], row["profileName"], row["itemsArchived"]) for row in rows} == {(2, "Mailboxes", 0)}


def test_a_secret_is_null_on_get(session):
    config = session.result("GetDirectoryServicesConfiguration", instanceID="alpha")
    given = json.dumps({**config, "type": "ActiveDirectory", "password": "geheim"})
    session.result("SetDirectoryServicesConfiguration", instanceID="alpha", config=given)
    kept = session.result("GetDirectoryServicesConfiguration", instanceID="alpha")
    assert (kept["type"], kept["password"]) == ("ActiveDirectory", None)


def test_an_instance_that_is_meant_to_be_stopped_says_so(session):
    config = session.result("GetInstanceConfiguration", instanceID="gamma")
    session.result("SetInstanceConfiguration", config=json.dumps({**config, "startMode": "manual"}))
    (row,) = session.result("GetInstances", instanceFilter="gamma")
    assert (row["startMode"], row["status"], row["processID"]) == ("manual", "stopped", None)


def test_a_host_that_is_gone_is_not_active(simulators, session):
    simulators.control("mailstore", "POST", "archive", [{"inactive_hosts": ["host02.spe.example"]}])
    infos = {item["serverName"]: item for item in session.result("GetServiceStatus")["serverInfos"]}
    assert (infos["host01.spe.example"]["active"], infos["host02.spe.example"]["active"]) == (True, False)


def test_two_slashes_are_as_good_as_one(session):
    assert session.invoke("VerifyStore", instanceID="alpha", id=1)["statusCode"] == "running"
    token = session.invoke("VerifyStore", instanceID="alpha", id=2)["token"]
    form = {"token": token, "lastKnownStatusVersion": 0, "millisecondsTimeout": 10}
    assert session.call("/api//get-status", **form)["statusVersion"] >= 3


@pytest.mark.parametrize(
    ("kind", "login", "api"), [("html", 200, 200), ("redirect", 302, 302), ("404", 200, 404), ("403", 200, 403)]
)
def test_the_session_port_can_be_the_console_of_a_current_server(simulators, basic, kind, login, api):
    simulators.settings("mailstore", session_port=kind)
    session = Session(simulators)
    assert session.log_in().status_code == login
    answer = session.post("/api/invoke/Ping")
    assert answer.status_code == api
    assert not answer.content.startswith(BOM)
    assert basic("/api/invoke/Ping").status_code == 200


def test_a_current_server_has_more_functions_than_version_8(session, simulators):
    first = {item["name"] for item in session.call("/api/get-metadata")}
    more = {item["name"] for item in Basic(simulators).call("/api/get-metadata")} - first
    assert more == {
        *("CreateCredential", "DeleteCredential", "GetCredentialSettings", "SetCredentialSettings"),
        *("SetUserPrivilegesOnAllFolders", "TransferStores"),
    }


@pytest.fixture
def server(simulators):
    """MailStore Server."""
    simulators.settings("mailstore", process_seconds=0.3)
    return Basic(simulators, simulators.mailstore.server_port)


def test_mailstore_server_has_one_archive_and_no_instances(server):
    functions = {item["name"]: [arg["name"] for arg in item["args"]] for item in server.call("/api/get-metadata")}
    assert not {name for name in functions if "Instance" in name or "Access" in name or "SystemA" in name}
    assert not {"GetServiceStatus", "GetEnvironmentInfo", "SetStorePath"} & set(functions)
    assert not {name for name, arguments in functions.items() if "instanceID" in arguments}
    assert differences("mailstore", "server", "GetServerInfo", server.result("GetServerInfo")) == []
    assert [item["id"] for item in server.result("GetStores")] == [1, 2]
    assert server.result("VerifyStore", id=1) is None
    assert server.result("GetWorkerResults", **WINDOW)
    assert "instanceID" in failure(server, "GetStores", instanceID="alpha")
    assert server.post("/api/invoke/GetInstances", {"instanceFilter": "*"}).status_code == 404


def test_mailstore_server_tells_its_functions_to_anybody_and_the_rest_to_nobody(simulators, server, http):
    assert http.post(server.root + "/api/get-metadata", timeout=PATIENCE_SECONDS).status_code == 200
    assert http.post(server.root + "/api/invoke/GetStores", timeout=PATIENCE_SECONDS).status_code == 401


def test_a_store_of_mailstore_server_has_a_type(server):
    new = {"name": "2027", "databasePath": "C:\\2027"}
    assert "'type'" in failure(server, "CreateStore", **new)
    assert failure(server, "CreateStore", type="FileSystemInternal", **new) == ""
    server.result("SetStoreProperties", id=3, databasePath="D:\\2027")
    assert server.result("GetStores")[2]["databasePath"] == "D:\\2027"


def test_mailstore_server_gives_api_to_administrators_alone(server):
    given = {"loginPrivileges": "web,api"}
    assert "'api'" in failure(
        server, "SetUserLoginPrivileges", userName=server.result("GetUsers")[-1]["userName"], **given
    )
    server.result("SetUserLoginPrivileges", userName="$archiveadmin", **given)
    assert server.result("GetUserInfo", userName="$archiveadmin")["loginPrivileges"] == ["web", "api"]
