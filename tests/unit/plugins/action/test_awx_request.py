# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection's client answers, as it becomes a result or a failure."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mops.maintenance.plugins.action.awx_request import answered, fetched


class Client:
    """Gives one answer after the other, and keeps what was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def make_request(self, method: str, path: str, data: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((method, path, data))
        return self.answers.pop(0)


def page(*numbers: int, following: str | None = None) -> dict[str, Any]:
    return {"status_code": 200, "json": {"results": [{"id": number} for number in numbers], "next": following}}


REFUSALS = [
    pytest.param({"status_code": 400, "json": {"detail": "no such field"}}, "no such field", id="json"),
    pytest.param({"status_code": 429, "text": b"<html>Slow down</html>"}, "<html>Slow down", id="page-of-a-proxy"),
]


def test_a_list_has_the_objects_of_all_its_pages() -> None:
    client = Client(page(1, 2, following="/api/controller/v2/hosts/?page=2&page_size=2"), page(3))
    assert fetched(client, "hosts", {"page_size": 2}) == {"results": [{"id": 1}, {"id": 2}, {"id": 3}]}
    second = ("GET", "/api/controller/v2/hosts/", {"page": "2", "page_size": "2"})
    assert client.asked == [("GET", "hosts", {"page_size": 2}), second]


def test_an_answer_that_is_no_list_is_the_result() -> None:
    assert fetched(Client({"status_code": 200, "json": {"id": 7}}), "hosts/7", {}) == {"json": {"id": 7}}


@pytest.mark.parametrize(("refusal", "words"), REFUSALS)
def test_a_refusal_fails_with_what_was_asked_and_what_was_answered(refusal: dict[str, Any], words: str) -> None:
    with pytest.raises(
        AnsibleActionFail, match=rf"AWX refuses to PATCH hosts/7 \(HTTP {refusal['status_code']}\): .*{words}"
    ):
        answered(Client(refusal), "PATCH", "hosts/7", {"name": "x"})


@pytest.mark.parametrize(("refusal", "words"), REFUSALS)
def test_a_refusal_of_a_later_page_fails_as_well(refusal: dict[str, Any], words: str) -> None:
    client = Client(page(1, following="/api/v2/hosts/?page=2"), refusal)
    with pytest.raises(AnsibleActionFail, match=f"AWX refuses to GET /api/v2/hosts/ .*{words}"):
        fetched(client, "hosts", {})
