# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    AnswerLost,
    AnswerUnusable,
    CertificateRejected,
    NoConnection,
    RequestNotSent,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api import client as client_module
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import (
    AccessWithheld,
    CallFailed,
    Client,
    FunctionUnknown,
    GivenUp,
    LoginRefused,
    Server,
    ServiceError,
    ServiceFailed,
    SingleTenant,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import ProcessUnknown
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mailstore.scripted import envelope, running

SERVER = Server("host", "admin", "päss&=%")
HTML = b"<html><head><title>Gateway</title></head><body>x</body></html>"


def read(client, function="GetStores", arguments=None):
    return client.invoke(function, arguments or {}, repeatable=True)


def write(client):
    return client.invoke("CompactStore", {"instanceID": "a"}, repeatable=False)


def failure(call, *arguments, kind=MopsError):
    with pytest.raises(kind) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_call_logs_in_by_itself_and_closing_logs_out(server, client):
    server.script(envelope(result=[1]))
    assert client.call("GetStores", instanceID="a", includeSize=True, nothing=None) == [1]
    client.close()
    assert server.calls == [("/api/invoke/GetStores", {"instanceID": "a", "includeSize": "true"})]
    assert (server.logins, server.logouts, len(server.open)) == (1, 1, 0)


def test_a_chain_of_ten_requests_is_one_session(server, client):
    server.script(*[envelope(result=number) for number in range(10)])
    assert [client.call("GetStores") for _number in range(10)] == list(range(10))
    assert server.logins == 1


def test_a_client_that_was_never_used_sends_nothing(server, client):
    client.close()
    assert (server.logins, server.logouts) == (0, 0)


def test_call_follows_a_process_to_its_end(server, client):
    server.script(
        running(3, token="t"),
        running(4, percentProgress=50),
        envelope(statusVersion=5, result={"moved": 2}),
    )
    assert client.call("MoveFolder", instanceID="a") == {"moved": 2}
    polls = [form["lastKnownStatusVersion"] for path, form in server.calls[1:]]
    assert polls == ["3", "4"]
    assert {form["token"] for path, form in server.calls[1:]} == {"t"}


def test_call_raises_the_servers_words(server, client):
    server.script(envelope(statusCode="failed", error={"message": "No such store.", "details": "id 9"}))
    assert failure(client.call, "GetStores", kind=CallFailed) == (
        "GetStores on host: The server says: No such store. (id 9)."
    )


def test_an_error_of_the_function_is_in_the_status(server, client):
    server.script(envelope(statusCode="failed", error={"message": "No.", "details": None}))
    status = read(client)
    assert (status.code, status.error.message, status.succeeded) == ("failed", "No.", False)


@pytest.mark.parametrize("status", [302, 401, 403])
def test_a_session_that_is_gone_is_replaced_also_before_what_writes(server, client, status):
    server.script(envelope(), (status, b"", {}), envelope(result="done"))
    write(client)
    assert write(client).result == "done"
    assert server.logins == 2


def test_a_session_that_somebody_else_says_is_gone_is_closed(server, client):
    server.script(envelope(), (302, b"", {"Location": "/gateway"}), envelope())
    write(client)
    write(client)
    assert (server.logins, server.logouts, len(server.open)) == (2, 1, 1)


def test_a_login_in_between_whose_answer_is_lost_is_tried_again_also_before_what_writes(server, client):
    def gone(form):
        server.login_step = lost_once
        return 302, b"", {"Set-Cookie": "MSWEB_MGM_AUTH=;path=/"}

    def lost_once(form):
        server.login_step = None
        return AnswerLost("broke off.")

    server.script(gone, envelope(result="done"))
    assert write(client).result == "done"
    assert server.logins == 2


def test_a_server_that_refuses_every_session_is_said_to_do_so(server, client):
    server.script((401, b""), (401, b""))
    assert "API password" in failure(read, client, kind=LoginRefused)


def test_a_session_that_expired_on_the_server_is_replaced(server, client):
    server.script(envelope(), envelope(result="again"))
    read(client)
    server.expire()
    assert read(client).result == "again"
    assert (server.logins, len(server.calls)) == (2, 2)


def test_a_redirect_right_after_a_login_is_said_and_not_repeated_for_ever(server, client):
    server.script(
        (302, b"", {"Location": "/web/login.html?next=x"}), (302, b"", {"Location": "/web/login.html?next=x"})
    )
    message = failure(read, client, kind=ServiceError)
    assert "redirects to '/web/login.html' (302)" in message


def test_an_answer_without_a_token_leaves_the_chain_where_it_was(server, client):
    server.script([{"name": "Ping", "args": []}], envelope(result="pong"))
    assert str(client.functions()["Ping"]) == "Ping()"
    assert read(client, "Ping").result == "pong"
    assert server.logins == 1


def test_a_server_without_a_list_of_functions_has_none(server, client):
    server.script((404, HTML))
    assert client.functions() is None


@pytest.mark.parametrize("answer", [(200, b"-ERR Wrong user name."), (401, b"-ERR Wrong user name.")])
def test_a_refused_login_is_said_with_the_servers_words_and_not_repeated(server, client, answer):
    attempts = []
    server.login_step = lambda form: attempts.append(1) or answer
    message = failure(read, client, kind=LoginRefused)
    assert f"refused the login of 'admin' ({answer[0]}): -ERR Wrong user name." in message
    assert "päss" not in message
    assert len(attempts) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, HTML),
        (302, b"", {"Location": "/web/login.html"}),
        (404, HTML),
        (401, b"", {"WWW-Authenticate": "Basic realm=x"}),
    ],
)
def test_the_console_of_a_current_server_is_pointed_out(server, client, answer):
    server.login_step = lambda form: answer
    assert "wants auth_method: basic on port 8474." in failure(read, client, kind=LoginRefused)


@pytest.mark.parametrize(("status", "logins"), [(403, 2), (404, 1)])
def test_a_login_that_leads_to_no_api_is_that_of_a_console(server, client, status, logins):
    server.console = True
    server.script(*[(status, HTML)] * (logins + 1))
    assert "wants auth_method: basic on port 8474." in failure(read, client, kind=LoginRefused)
    assert server.logins == logins


BASIC = (401, b"", {"WWW-Authenticate": 'Basic realm="x"'})


@pytest.fixture
def auto(server, clock, monkeypatch):
    """Makes a client with auth_method auto; what was found before is forgotten."""
    monkeypatch.setattr(client_module, "FOUND", client_module.Found())
    server.sessions = False

    def make(**options):
        given = Server("host", "admin", "päss&=%", auth_method="auto", **options)
        return Client(given, clock=clock, sleep=clock.sleep)

    return make


@pytest.mark.parametrize("answer", [BASIC, [{"name": "Ping", "args": []}]], ids=["SPE", "MailStore Server"])
def test_auto_finds_basic_by_one_request_and_remembers_it(server, auto, answer):
    server.script(answer, envelope(result=1), envelope(result=2))
    assert [read(auto(port=8463)).result for _client in range(2)] == [1, 2]
    assert [path for path, _form in server.calls] == ["/api/get-metadata", *["/api/invoke/GetStores"] * 2]
    assert server.logins == 0


def test_auto_without_a_port_is_basic_on_8474(server, auto):
    server.script(BASIC, envelope())
    client = auto()
    read(client)
    assert (client.server.auth_method, client.server.port) == ("basic", 8474)


def test_auto_finds_version_8_where_it_is_redirected(server, auto):
    server.sessions = True
    server.script(envelope(result=1))
    client = auto(port=8470)
    assert read(client).result == 1
    assert (client.server.auth_method, client.server.port, server.logins) == ("session", 8470, 1)


def test_auto_takes_the_port_of_version_8_where_nobody_listens_on_that_of_later_ones(server, auto):
    server.sessions = True
    server.unproven_step = NoConnection("refused")
    server.script(envelope(result=1))
    client = auto()
    assert read(client).result == 1
    assert (client.server.auth_method, client.server.port, server.logins) == ("session", 8470, 1)


def test_auto_says_where_nobody_listens_and_asks_anew_the_next_time(server, auto):
    server.script(NoConnection("8474 is closed."), BASIC, envelope(result=1))
    server.login_step = NoConnection("8470 is closed.")
    client = auto(retry_timeout=0)
    message = failure(read, client, kind=NoConnection)
    assert message.startswith("8470 is closed. Nor is there one on port 8474")
    assert "8463" in message
    assert read(client).result == 1


def test_auto_takes_a_server_that_fails_for_one_that_fails(server, auto):
    server.script((503, b"Busy"))
    assert "failed (503): Busy" in failure(read, auto(retry_timeout=0), kind=ServiceFailed)


def test_a_login_without_a_cookie_is_unusable(server, client):
    server.login_step = lambda form: (200, b"+OK secret-token")
    message = failure(read, client, kind=AnswerUnusable)
    assert "set no cookie" in message
    assert "secret-token" not in message


def test_a_login_that_the_server_fails_at_is_no_refusal(server, client):
    server.login_step = lambda form: (503, b"Busy")
    assert "failed (503): Busy" in failure(read, client, kind=ServiceFailed)


def test_basic_needs_no_login_and_401_speaks_of_the_api_password(server, basic_client):
    server.script(envelope(), (401, b"<h1>Unauthorized</h1>"))
    read(basic_client)
    message = failure(read, basic_client, kind=LoginRefused)
    assert "refused 'admin' (401): Unauthorized. Are user name and password right? Where multi-factor" in message
    assert "API password" in message
    assert server.logins == 0


def test_404_names_the_function(server, client):
    server.script((404, b"<h1>404</h1>"))
    assert "does not know GetStores (404)." in failure(read, client, kind=ServiceError)


def test_411_says_what_is_missing(server, client):
    server.script((411, HTML))
    assert "Content-Length (411)" in failure(read, client, kind=ServiceError)


def test_a_read_is_tried_again_when_the_server_fails(server, client, clock):
    server.script((503, HTML), (500, HTML), envelope(result="late"))
    assert read(client).result == "late"
    assert clock.now > 0


def test_a_read_is_given_up_after_a_while(server, client, clock):
    server.script(*[(503, b"Busy")] * 50)
    message = failure(read, client, kind=ServiceFailed)
    server.steps.clear()
    assert re.search(r"failed \(503\): Busy\. Given up after \d+ tries", message)
    assert 100 < clock.now <= 120


def test_a_service_that_restarts_for_a_minute_and_a_half_is_waited_for(server, client, clock):
    def restarting(answer):
        return lambda form: answer if clock.now < 90 else envelope(result="up")

    server.script(envelope(), *[restarting(NoConnection("refused."))] * 3, *[restarting((503, HTML))] * 50)
    read(client)
    assert read(client).result == "up"
    server.steps.clear()
    assert 90 <= clock.now < 106


@pytest.mark.parametrize("seconds", [0, 10])
def test_how_long_it_is_waited_for_is_an_option(server, clock, seconds):
    server.login_step = lambda form: NoConnection("refused.")
    with Client(Server("host", "u", "p", retry_timeout=seconds), clock=clock, sleep=clock.sleep) as client:
        assert failure(read, client).startswith("refused.")
    assert seconds / 4 <= clock.now <= seconds


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_time_for_retries_that_is_none_is_refused(seconds):
    assert "retry_timeout must be" in failure(Server("h", "u", "p", retry_timeout=seconds).endpoint, kind=InvalidOption)


def test_a_function_that_answers_500_is_asked_four_times(server, client, clock):
    server.script(*[(500, b"Object reference not set.")] * 4)
    assert "Object reference not set" in failure(read, client, kind=ServiceFailed)
    assert len(server.calls) == 4
    assert clock.now < 10


@pytest.mark.parametrize("answer", [(500, b"x"), (503, b"x"), AnswerLost("broke.")])
def test_what_one_client_has_retried_in_vain_the_others_ask_for_once(server, clock, answer):
    given_up = GivenUp(clock)
    counts = []
    for _instance in range(6):
        server.script(*[answer] * 50)
        with Client(SERVER, clock=clock, sleep=clock.sleep, given_up=given_up) as client:
            failure(read, client)
        counts.append(50 - len(server.steps))
        server.steps.clear()
    assert counts[0] > 3
    assert counts[1:] == [1] * 5


def test_another_function_is_retried_all_the_same(server, clock):
    given_up = GivenUp(clock)
    server.script(*[(500, b"x")] * 4, (500, b"x"), envelope(result="users"))
    with Client(SERVER, clock=clock, sleep=clock.sleep, given_up=given_up) as client:
        failure(read, client)
        assert read(client, "GetUsers").result == "users"


def test_a_server_that_is_down_is_waited_for_once_and_again_when_it_was_back(server, clock):
    given_up = GivenUp(clock)

    def waited(step):
        server.login_step = step
        began = clock.now
        with Client(SERVER, clock=clock, sleep=clock.sleep, given_up=given_up) as client:
            failure(read, client)
        return clock.now - began

    def down(form):
        return NoConnection("refused.")

    assert waited(down) > 60
    assert waited(down) == 0
    server.script((404, HTML))
    assert waited(None) == 0
    assert waited(down) > 60


@pytest.mark.parametrize("lost", [(503, HTML), AnswerLost("broke off.")])
def test_what_writes_is_not_sent_twice_when_the_server_may_have_acted(server, client, lost):
    server.script(lost)
    failure(write, client)
    assert len(server.calls) == 1


def test_what_writes_is_sent_again_when_the_server_cannot_have_seen_it(server, client):
    server.script(RequestNotSent("refused."), envelope(result="done"))
    assert write(client).result == "done"


@pytest.mark.parametrize("error", [RequestNotSent("no such name."), AnswerUnusable("HTML.")])
def test_what_has_never_worked_and_looks_wrong_is_not_tried_again(server, client, error):
    server.login_step = lambda form: error
    assert failure(read, client) == str(error)


@pytest.mark.parametrize("error", [NoConnection("refused."), AnswerLost("broke."), (503, HTML)])
def test_a_service_that_restarts_is_waited_for_also_by_the_first_request_of_a_task(server, client, clock, error):
    def restarting(form):
        if clock.now >= 60:
            server.login_step = None
        return error

    server.login_step = restarting
    server.script(envelope(result="up"))
    assert read(client).result == "up"
    assert clock.now >= 60


def test_a_certificate_that_does_not_verify_is_not_tried_again(server, client):
    server.script(envelope(), CertificateRejected("bad."))
    read(client)
    assert failure(read, client, kind=CertificateRejected) == "bad."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (HTML, "not the Management API's JSON: Gateway."),
        (b"", "not the Management API's JSON."),
        (b'{"statusCode": "succeeded", "antiXsrfToken": "sec', "not the Management API's JSON."),
        (b"{}", "has neither a statusCode nor an error."),
        (b"[]", "not an object with a statusCode."),
        (b'{"statusCode": 5}', "has neither a statusCode nor an error."),
    ],
)
def test_an_answer_that_is_not_what_the_protocol_says(server, client, body, words):
    server.script((200, body))
    message = failure(write, client, kind=AnswerUnusable)
    assert words in message
    assert "sec" not in message


def test_an_answer_in_mid_poll_that_is_unusable_is_asked_for_again(server, client):
    server.script(envelope(), (200, HTML), AnswerLost("broke."), (502, HTML), RequestNotSent("no."), running(7))
    read(client)
    assert client.status("t", 3, 5000, patience=600).version == 7


def test_a_process_that_the_server_does_not_know(server, client):
    server.script((404, b"<h1>404</h1>"), (404, b""))
    assert "does not know the process (404)." in failure(client.status, "t", 3, 0, kind=ProcessUnknown)
    assert "does not know the process (404)." in failure(client.cancel, "t", kind=ProcessUnknown)


def test_words_of_the_service_are_short_and_in_one_line(server, client):
    server.script((500, b"Line one\r\n  line two " + b"x" * 1000), *[(500, b"x")] * 30)
    waits = []
    client.on_wait = lambda seconds, error: waits.append(str(error))
    failure(read, client)
    server.steps.clear()
    assert "Line one line two" in waits[0]
    assert len(waits[0]) < 500


def test_closing_is_quiet_when_the_logout_fails(server, client, monkeypatch):
    server.script(envelope())
    read(client)

    def broken(path, **options):
        raise AnswerLost("broke.")

    monkeypatch.setattr(server, "post", broken)
    client.close()


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("https://archive.example.com", "without the scheme"),
        ("archive.example.com:8470", "give the port"),
        ("archive.example.com/api", "must be the name or the address"),
        ("admin@archive", "must be the name or the address"),
        ("a b", "must be the name or the address"),
    ],
)
def test_what_is_no_host(host, words):
    assert words in failure(Server(host, "u", "p").endpoint, kind=InvalidOption)


def test_ports_follow_the_way_of_authentication():
    assert Server("h", "u", "p").endpoint().base_url == "https://h:8470"
    assert Server("h", "u", "p", auth_method="basic").endpoint().base_url == "https://h:8474"
    assert Server("h", "u", "p", port=1234, auth_method="basic").endpoint().base_url == "https://h:1234"
    assert Server("::1", "u", "p").endpoint().base_url == "https://[::1]:8470"
    assert "port must be" in failure(Server("h", "u", "p", port=0).endpoint)


def test_a_password_is_not_in_what_python_prints_of_a_server():
    assert "hunter2" not in repr(Server("h", "u", "hunter2"))


def test_a_functions_name_cannot_lead_elsewhere(server, client):
    with pytest.raises(InvalidOption, match="cannot be the name of a function"):
        client.invoke("../login", {}, repeatable=True)
    assert server.calls == []


def refusal(message="Access denied."):
    return envelope(statusCode="failed", error={"message": message, "details": ""})


def test_an_instance_that_withholds_access_is_asked_once_and_the_failure_says_what_to_do(server, client):
    server.script(refusal(), envelope(result=False), refusal())
    for function in ("GetUsers", "GetJobs"):
        with pytest.raises(AccessWithheld) as caught:
            client.call(function, instanceID="alpha")
        assert str(caught.value) == (
            f"{function} on host: The server says: Access denied. alpha withholds service-provider access "
            "(GetArchiveAdminEnabled is false): enable it, for example with archive_admin_enabled of "
            "mops.maintenance.mailstore_instance, or leave the instance out."
        )
    assert [path.rpartition("/")[2] for path, _form in server.calls] == [
        "GetUsers",
        "GetArchiveAdminEnabled",
        "GetJobs",
    ]


@pytest.mark.parametrize("answer", [envelope(result=True), envelope(result=None), refusal("No."), (404, b"Not Found")])
def test_a_failure_has_its_own_words_where_access_is_not_withheld_or_nobody_knows(server, client, answer):
    server.script(refusal("The user is locked."), answer)
    with pytest.raises(CallFailed) as caught:
        client.call("GetUsers", instanceID="alpha")
    assert str(caught.value) == "GetUsers on host: The server says: The user is locked."
    assert not isinstance(caught.value, AccessWithheld)


@pytest.mark.parametrize(
    "function", ["GetStores", "VerifyStore", "RebuildSelectedStoreIndexes", "GetIndexConfiguration"]
)
def test_what_needs_no_access_does_not_fail_for_want_of_it(server, client, function):
    server.script(refusal("The disk is full."))
    with pytest.raises(CallFailed, match=r"The disk is full\.$"):
        client.call(function, instanceID="alpha")


def test_a_function_that_the_server_does_not_have_is_a_failure_of_its_own(server, client):
    server.script((404, b"Not Found"))
    with pytest.raises(FunctionUnknown, match="GetCredentials"):
        client.call("GetCredentials", instanceID="alpha")


SINGLE = [{"name": "GetServerInfo", "args": []}, {"name": "GetStores", "args": []}]


def test_mailstore_server_is_said_where_a_function_is_one_of_spe(server, basic_client):
    server.script((404, HTML), SINGLE)
    message = failure(read, basic_client, "GetInstances", kind=SingleTenant)
    assert "does not know GetInstances" in message
    assert "host is MailStore Server, which has one archive and no instances" in message


def test_mailstore_server_is_said_where_an_instance_is_named(server, basic_client):
    server.script(refusal("Unknown argument 'instanceID'."), SINGLE)
    message = failure(read, basic_client, "GetStores", {"instanceID": "alpha"}, kind=InvalidOption)
    assert message.endswith("has one archive and no instances: leave out instance.")


def test_only_mailstore_server_does_without_an_instance(server, basic_client):
    server.script(SINGLE)
    basic_client.check_single()
    server.script([*SINGLE, {"name": "GetInstances", "args": []}])
    assert "instance must be given: host is MailStore SPE." in failure(basic_client.check_single, kind=InvalidOption)


def test_version_8_always_wants_an_instance(client):
    assert "instance must be given" in failure(client.check_single, kind=InvalidOption)
