# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerLost, AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.envelope import FunctionFailed
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress
from ansible_collections.mops.maintenance.plugins.modules import mimecast_request
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mimecast.scripted import (
    answered,
    envelope,
    failure,
    scripted_client,
)

PARAMS: dict[str, Any] = {
    "method": "POST",
    "path": "/api/x",
    "query": None,
    "data": [],
    "meta": None,
    "body": None,
    "headers": None,
    "paginate": False,
    "limit": None,
    "read_only": False,
    "already_codes": ["err_there"],
    "dest": None,
    "max_bytes": 1000000,
}
REST = {**PARAMS, "data": None, "path": "/policies/v1/x"}
NO_PROGRESS = Progress(None, interval=60.0)


def send(setup, **options):
    params = {**PARAMS, **options}
    return mimecast_request.send(setup.client, mimecast_request.checked(params), params, NO_PROGRESS)


def read(setup, **options):
    params = {**PARAMS, "paginate": True, "read_only": True, **options}
    return mimecast_request.read(setup.client, mimecast_request.checked(params), params)


@pytest.mark.parametrize(
    "path",
    ["api/x", "/", "https://host/api/x", "/api/x?y=z", "/api/x/", "/api//x", "/a b", "/a\n", "/api/../x", "/a/%zz"],
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(InvalidOption, match="is not the path of an endpoint"):
        mimecast_request.checked({**PARAMS, "path": path})


def test_only_a_call_that_changes_nothing_is_repeated_for_every_page():
    with pytest.raises(InvalidOption, match="read_only"):
        mimecast_request.checked({**PARAMS, "paginate": True})
    mimecast_request.checked({**PARAMS, "paginate": True, "read_only": True})


@pytest.mark.parametrize("options", [{"limit": 0, "paginate": True, "read_only": True}, {"limit": 1}])
def test_a_limit_counts_from_one_and_needs_pages(options):
    with pytest.raises(InvalidOption, match="limit"):
        mimecast_request.checked({**PARAMS, **options})


@pytest.mark.parametrize("read_only", [True, False])
def test_read_only_says_whether_something_changed(read_only):
    setup = scripted_client(answered(envelope({"a": 1})))
    result = send(setup, read_only=read_only)
    assert result["changed"] is not read_only
    assert result["data"] == [{"a": 1}]


def test_a_list_that_was_cut_off_says_so():
    setup = scripted_client(answered(envelope({"a": 1}, pagination={"next": "p2"})))
    assert send(setup)["truncated"]


def test_items_that_were_done_are_told_where_others_failed():
    setup = scripted_client(answered(envelope({"id": 1}, fail=[failure("err", "No")])))
    with pytest.raises(FunctionFailed, match='err "No"') as raised:
        send(setup)
    assert raised.value.facts["changed"] is True
    assert raised.value.facts["data"] == [{"id": 1}]
    assert raised.value.facts["fail"] == [failure("err", "No")]


def test_where_all_items_failed_nothing_changed():
    setup = scripted_client(answered(envelope(fail=[failure("err", "No")])))
    with pytest.raises(FunctionFailed) as raised:
        send(setup)
    assert raised.value.facts["changed"] is False


def test_a_lost_answer_is_asked_for_again_only_where_that_does_no_harm():
    setup = scripted_client(AnswerLost("Lost."), answered(envelope()))
    send(setup, read_only=True)
    with pytest.raises(AnswerLost):
        send(scripted_client(AnswerLost("Lost.")))


def test_pages_come_as_one_list():
    setup = scripted_client(answered(envelope({"a": 1}, pagination={"next": "p2"})), answered(envelope({"a": 2})))
    result = read(setup)
    assert (result["data"], result["pages"], result["truncated"]) == ([{"a": 1}, {"a": 2}], 2, False)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_in_rest_style_is_a_success_with_its_json(status):
    setup = scripted_client(answered({"id": "policy-1"}, status=status))
    result = send(setup, **{**REST, "method": "PUT", "body": {"a": 1}})
    assert (result["changed"], result["status"], result["body"]) == (True, status, {"id": "policy-1"})
    assert "data" not in result
    assert (setup.http.requests[0].method, setup.http.bodies()) == ("PUT", [{"a": 1}])


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_empty_2xx_is_a_success(status):
    result = send(scripted_client(answered(b"", status=status)), **{**REST, "method": "DELETE"})
    assert (result["changed"], result["status"], result["body"]) == (True, status, None)


def test_a_list_alone_is_a_body():
    assert send(scripted_client(answered([1, 2])), **{**REST, "method": "GET"})["body"] == [1, 2]


def test_a_success_that_is_not_json_is_not_called_one():
    with pytest.raises(AnswerUnusable, match="is not JSON"):
        send(scripted_client(answered(b"<html>Sign in</html>")), **REST)


def test_a_failure_in_a_201_is_a_failure():
    with pytest.raises(FunctionFailed, match='err "No"'):
        send(scripted_client(answered({"fail": [failure("err", "No")]}, status=201)), **REST)


def test_a_query_is_sent_as_the_service_reads_it():
    setup = scripted_client(answered({}))
    send(setup, **{**REST, "method": "GET", "query": {"a": True, "b": 3, "c": None, "d": ["x"]}})
    assert setup.http.requests[0].query == {"a": "true", "b": "3", "d": "x"}
    assert setup.http.requests[0].body is None


def test_a_post_outside_of_the_envelope_has_no_body_unless_one_is_given():
    setup = scripted_client(answered(b"", status=202))
    send(setup, **REST)
    assert setup.http.requests[0].body is None
    assert "Content-Type" not in setup.http.requests[0].headers


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "GET"}, "A GET has no body"),
        ({"method": "GET", "data": None, "meta": {"a": 1}}, "A GET has no body"),
        ({"method": "DELETE", "read_only": True}, "changes something"),
        ({"query": {"a": {"b": 1}}}, "query: a must be"),
        ({"headers": {"Authorization": "x"}}, "Authorization is set by the module"),
        ({"headers": {"x-mc-date": "x"}}, "x-mc-date is set by the module"),
        ({"headers": {"X-A": "a\nb"}}, "not a header"),
        ({"data": None, "body": {"a": {1, 2}}}, "JSON cannot express"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_it_is_sent(options, words):
    with pytest.raises(InvalidOption, match=words):
        mimecast_request.checked({**PARAMS, **options})


@pytest.mark.parametrize("body", [envelope(fail=[failure("err_there")]), {"error": {"code": "err_there"}}])
@pytest.mark.parametrize("status", [200, 409])
def test_what_is_there_already_is_no_change_and_no_failure(body, status):
    if status == 200 and "error" in body:
        pytest.skip("An error in a 200 is not known.")
    result = send(scripted_client(answered(body, status=status)))
    assert (result["changed"], result["already"]) == (False, ["err_there"])


def test_what_was_done_beside_what_was_there_already_is_a_change():
    result = send(scripted_client(answered(envelope({"id": 1}, fail=[failure("err_there")]))))
    assert (result["changed"], result["already"], result["data"]) == (True, ["err_there"], [{"id": 1}])


@pytest.mark.parametrize(
    "options", [{"already_codes": []}, {"read_only": True}], ids=["code not named", "call that reads"]
)
def test_a_code_is_a_failure_where_it_does_not_count(options):
    with pytest.raises(FunctionFailed):
        send(scripted_client(answered(envelope(fail=[failure("err_there")]))), **options)


def test_one_other_failure_is_enough_for_a_failure():
    with pytest.raises(FunctionFailed):
        send(scripted_client(answered(envelope(fail=[failure("err_there"), failure("err_other")]))))


@pytest.mark.parametrize("script", [AnswerLost("Lost."), answered(b"", status=504), answered(b"{cut")])
def test_a_write_whose_fate_is_not_known_is_sent_once_and_the_failure_says_so(script):
    setup = scripted_client(script)
    with pytest.raises(MopsError, match="Whether the service acted on the request is not known"):
        send(setup)
    assert len(setup.http.requests) == 1


def test_pages_in_rest_style_come_as_one_list():
    first = answered({"definitions": [1, 2], "@nextPage": "p2", "links": []})
    setup = scripted_client(first, answered({"definitions": [3], "links": []}))
    result = read(setup, **{**REST, "method": "GET", "query": {"pageSize": 2}, "read_only": True, "paginate": True})
    assert (result["data"], result["pages"], result["truncated"]) == ([1, 2, 3], 2, False)
    assert [request.query for request in setup.http.requests] == [
        {"pageSize": "2"},
        {"pageSize": "2", "nextPage": "p2"},
    ]


def file_answer(content, name='attachment; filename="log.zip"'):
    headers = {"Content-Disposition": name, "Content-Type": "application/octet-stream", "mc-siem-token": "t2"}
    return answered(content, headers=headers)


def test_a_file_goes_to_dest_with_checksum_and_headers(tmp_path):
    content = bytes(range(256)) * 20
    dest = tmp_path / "out.zip"
    result = send(scripted_client(file_answer(content)), read_only=True, dest=str(dest))
    assert dest.read_bytes() == content
    assert dest.stat().st_mode & 0o777 == 0o600
    assert result["checksum"] == hashlib.sha256(content).hexdigest()
    assert (result["changed"], result["size"], result["headers"]["mc-siem-token"]) == (True, 5120, "t2")
    again = send(scripted_client(file_answer(content)), read_only=True, dest=str(dest))
    assert again["changed"] is False
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_a_file_in_a_folder_has_the_services_name_and_stays_in_the_folder(tmp_path):
    send(scripted_client(file_answer(b"x", 'attachment; filename="../../etc/.log.zip"')), dest=str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["log.zip"]


def test_a_file_without_dest_is_one_sentence():
    with pytest.raises(MopsError, match=r"answers with a file .* Say in dest where to write it"):
        send(scripted_client(file_answer(b"x")))


@pytest.mark.parametrize("script", [answered(envelope()), answered({"fail": [failure("err")]}, status=404)])
def test_what_is_no_file_leaves_dest_alone(tmp_path, script):
    dest = tmp_path / "out.zip"
    dest.write_text("before")
    with suppress(MopsError):
        assert "dest" not in send(scripted_client(script), dest=str(dest))
    assert dest.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_a_dest_that_cannot_be_written_is_said_before_anything_is_sent(tmp_path):
    setup = scripted_client()
    with pytest.raises(InvalidOption, match="dest cannot be written"):
        send(setup, dest=str(tmp_path / "missing" / "x.zip"))
    assert setup.http.requests == []


def test_a_file_that_broke_off_is_begun_anew(tmp_path):
    dest = tmp_path / "out.zip"
    setup = scripted_client(AnswerLost("Lost."), file_answer(b"whole"))
    send(setup, read_only=True, dest=str(dest))
    assert dest.read_bytes() == b"whole"


def test_json_after_a_file_that_broke_off_is_no_file(tmp_path):
    dest = tmp_path / "out.zip"

    class Broken(bytes):
        def __getitem__(self, part):
            raise AnswerLost("Lost.")

    setup = scripted_client(file_answer(Broken(b"x" * 2000)), answered(envelope({"a": 1})))
    assert send(setup, read_only=True, dest=str(dest))["data"] == [{"a": 1}]
    assert not list(tmp_path.iterdir())
