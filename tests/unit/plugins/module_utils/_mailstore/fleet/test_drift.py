# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet import drift

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)


def change(part, name, kind, **values):
    return {"part": part, "name": name, "kind": kind, **values}


def tenant(name, *changes, **values):
    return {"instance": name, "changes": list(changes), "unmanaged": [], "not_looked_at": {}, **values}


def report(*tenants, undeclared=(), earlier=None, now=NOW):
    result = {"tenants": list(tenants), "undeclared": list(undeclared)}
    return drift.report(result, now=now, folder="/srv/ms", server="archive", earlier=earlier)


def differences(found):
    return [
        (tenant["instance"], item["kind"], item["part"], item["name"])
        for tenant in found["tenants"]
        for item in tenant["differences"]
    ]


def test_nothing_to_do_is_no_drift():
    found = report(tenant("alpha"))
    assert (found["verdict"], found["counts"]["differences"], found["tenants"]) == ("ok", 0, [])


def test_what_an_apply_would_create_was_removed_and_what_no_document_names_was_added():
    found = report(
        tenant(
            "alpha",
            change("users", "anna", "created"),
            change("jobs", "nightly", "changed", before={"enabled": False}, after={"enabled": True}),
            unmanaged=[{"part": "users", "name": "intruder"}],
        )
    )
    assert differences(found) == [
        ("alpha", "removed", "users", "anna"),
        ("alpha", "changed", "jobs", "nightly"),
        ("alpha", "added", "users", "intruder"),
    ]
    details = found["tenants"][0]["differences"][1]["details"]
    assert details == [{"path": "enabled", "server": "false", "declared": "true"}]
    assert found["verdict"] == "drift"


def test_a_tenant_that_is_gone_is_one_difference_and_so_is_one_without_a_file():
    gone = tenant("beta", change("instance", "beta", "created"), change("users", "anna", "created"))
    assert differences(report(gone, undeclared=["new"])) == [
        ("beta", "removed", "instance", "beta"),
        ("new", "added", "instance", "new"),
    ]


def test_commands_name_only_tenants_that_they_can_work_on():
    removed = tenant("alpha", change("instance", "alpha", "created"))
    changed = tenant("beta", change("users", "anna", "changed", before={"a": 1}, after={"a": 2}))
    extra = tenant("gamma", unmanaged=[{"part": "users", "name": "temp"}])
    found = report(removed, changed, extra, undeclared=["delta"])
    assert found["commands"] == {"apply": ["alpha", "beta"], "export": ["beta", "gamma", "delta"]}


def test_the_installation_is_meant_only_with_all():
    found = report(tenant("the installation", change("administrators", "ada", "created")), tenant("beta"))
    assert found["commands"] == {"apply": ["*"], "export": ["*"]}


def test_the_order_of_words_is_no_difference():
    before, after = {"privileges": ["a", "b"], "x": [1]}, {"privileges": ["b", "a"], "x": [2]}
    found = report(tenant("alpha", change("users", "anna", "changed", before=before, after=after)))
    assert [item["path"] for item in found["tenants"][0]["differences"][0]["details"]] == ["x"]


@pytest.mark.parametrize(
    "values",
    [{"not_looked_at": {"users": "It withholds access."}}, {"failed": True, "msg": "No answer."}],
)
def test_what_could_not_be_compared_is_not_taken_for_the_same(values):
    found = report(tenant("alpha", **values))
    assert found["verdict"] == "unknown"
    assert found["counts"]["not_compared"] == 1


def test_since_when_a_difference_is_known_is_taken_from_the_report_before():
    change_of_anna = change("users", "anna", "changed", before={"a": 1}, after={"a": 2})
    first = report(tenant("alpha", change_of_anna))
    later = report(
        tenant("alpha", change_of_anna, change("jobs", "nightly", "created")),
        earlier=json.dumps(first),
        now=NOW + timedelta(days=1),
    )
    seen = {item["name"]: item["first_seen"] for item in later["tenants"][0]["differences"]}
    assert seen == {"anna": "2026-03-10T06:00:00Z", "nightly": "2026-03-11T06:00:00Z"}


@pytest.mark.parametrize("earlier", ["", "[", "[]", '{"tenants": 1}', '{"tenants": [{"instance": "a"}]}'])
def test_a_report_before_that_is_damaged_is_none(earlier):
    assert report(tenant("alpha", change("users", "anna", "created")), earlier=earlier)["verdict"] == "drift"


def test_each_tenant_that_differs_is_an_alert():
    found = report(tenant("alpha", change("users", "anna", "created")), tenant("beta"))
    (alert,) = drift.findings(json.dumps(found))
    assert (alert.kind, alert.instance, alert.words) == ("drift", "alpha", "users anna was removed.")


def test_something_else_is_refused():
    with pytest.raises(InvalidOption, match="needs what mailstore_tenant has returned"):
        drift.report({}, now=NOW, folder="", server="", earlier=None)
    with pytest.raises(InvalidOption, match="no report"):
        drift.findings("{}")
