# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest
from ansible_collections.mops.maintenance.extensions.eda.plugins.event_source import mailstore_alerts
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import CertificateRejected, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import LoginRefused, ServiceFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption

PASSWORD = "correct horse battery"


class Enough(Exception):
    """Ends a source that would go on for ever."""


class Heard:
    """Stands in for the queue of ansible-rulebook."""

    def __init__(self):
        self.events = []

    async def put(self, event):
        self.events.append(event)

    @property
    def alerts(self):
        return [(event["alert"]["status"], event["alert"]["id"]) for event in self.events]


@pytest.fixture
def options(tmp_path):
    return {
        "host": "archive.example.com",
        "username": "admin",
        "password": PASSWORD,
        "interval": 60,
        "state_path": str(tmp_path / "alerts.json"),
    }


@pytest.fixture
def watched(options, monkeypatch):
    """Runs the source over looks, each a survey or the error that it ends with; returns what it told, and its waits."""

    def run(*looks):
        pending, waits, heard = list(looks), [], Heard()

        def look(watch, interruption):
            outcome = pending.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        async def sleep(seconds):
            waits.append(seconds)
            if not pending:
                raise Enough

        monkeypatch.setattr(mailstore_alerts, "own_name", lambda watch, interruption: "MGMT01")
        monkeypatch.setattr(mailstore_alerts, "look", look)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(Enough):
            asyncio.run(mailstore_alerts.main(heard, options))
        return heard, waits

    return run


def survey(*outdated, unmatched=()):
    """One instance, with the stores whose index is ``outdated``."""
    stores = [{"id": number, "name": name, "searchIndexesNeedRebuild": True} for number, name in enumerate(outdated)]
    instance = {"instanceID": "alpha", "status": "running", "not_gathered": {}, "stores": stores}
    return {
        "service_status": {"messages": []},
        "instances": [{**instance, "worker_results": [], "job_results": []}],
        "unmatched": list(unmatched),
    }


def test_each_alert_is_told_when_it_begins_and_when_it_ends_and_not_in_between(watched):
    heard, waits = watched(survey("2025"), survey("2025"), survey("2025", "2026"), survey("2026"), survey("2026"))
    assert heard.alerts == [
        ("new", "index_rebuild:alpha:2025"),
        ("new", "index_rebuild:alpha:2026"),
        ("cleared", "index_rebuild:alpha:2025"),
    ]
    assert waits == [60] * 5


def test_a_restart_tells_nothing_twice(watched):
    watched(survey("2025", "2026"))
    heard, _waits = watched(survey("2025"))
    assert heard.alerts == [("cleared", "index_rebuild:alpha:2026")]


def test_what_nobody_asks_for_any_more_is_forgotten_without_a_word(watched, options):
    watched(survey("2025"))
    options["instances"] = ["beta"]
    heard, _waits = watched({**survey(), "instances": []})
    assert heard.alerts == []


def test_another_spelling_of_the_host_tells_nothing_twice(watched, options, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    del options["state_path"]
    watched(survey("2025"))
    options["host"] = "10.1.1.1"
    heard, _waits = watched(survey("2025", "2026"))
    assert heard.alerts == [("new", "index_rebuild:alpha:2026")]
    folder = tmp_path / "mops.maintenance" / "mailstore_alerts"
    assert sorted(path.name for path in folder.iterdir() if not path.is_symlink()) == ["MGMT01.json"]


@pytest.fixture
def drifting(options, tmp_path):
    """Writes a report of what drifts: tenants by name."""
    path = tmp_path / "mailstore-drift.json"
    options["drift_report"] = str(path)

    def write(*tenants):
        difference = {"kind": "changed", "part": "users", "name": "anna", "details": []}
        rows = [{"instance": name, "differences": [difference], "not_compared": {}} for name in tenants]
        path.write_text(json.dumps({"generated_at": "2026-03-10T06:00:00Z", "tenants": rows}))
        return path

    return write


def test_a_tenant_that_differs_from_its_file_is_an_alert_until_a_report_has_it_no_more(watched, drifting):
    drifting("alpha", "beta")
    heard, _waits = watched(survey(), survey())
    assert [(status, name.split(":")[:2]) for status, name in heard.alerts] == [
        ("new", ["drift", "alpha"]),
        ("new", ["drift", "beta"]),
    ]
    drifting("beta")
    heard, _waits = watched(survey())
    assert [(status, name.split(":")[:2]) for status, name in heard.alerts] == [("cleared", ["drift", "alpha"])]


@pytest.mark.parametrize("text", [None, "", "{}", "[1"])
def test_a_drift_report_that_cannot_be_read_changes_nothing_about_what_was_told(watched, drifting, text):
    path = drifting("alpha")
    watched(survey())
    path.unlink()
    if text is not None:
        path.write_text(text)
    heard, _waits = watched(survey(), survey())
    assert heard.alerts == []


def test_drift_of_instances_that_are_left_out_is_no_alert(watched, drifting, options):
    drifting("alpha", "beta")
    options.update(instances=["*"], exclude=["beta"])
    heard, _waits = watched(survey())
    assert [event["alert"]["instance"] for event in heard.events] == ["alpha"]


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        ({"environment": {"serverName": "mgmt.example"}}, "mgmt.example"),
        ({"environment": {"machineName": "MAIL01"}}, "MAIL01"),
        ({"environment": None}, None),
        (RequestNotSent("Gone."), None),
        (LoginRefused("No."), LoginRefused),
    ],
)
def test_a_server_is_asked_for_its_own_name(options, monkeypatch, outcome, name):
    def take(gatherer, scope, *, concurrency):
        assert scope.subsets == ("environment",)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(mailstore_alerts.FactsGatherer, "take", take)
    watch = mailstore_alerts.watch_of(options)
    if isinstance(name, type):
        with pytest.raises(name):
            mailstore_alerts.own_name(watch, Interruption())
    else:
        assert mailstore_alerts.own_name(watch, Interruption()) == name


@pytest.mark.parametrize(
    "error", [LoginRefused("No."), CertificateRejected("No."), MopsError("No."), InvalidOption("No.")]
)
def test_what_has_never_worked_and_cannot_pass_ends_it(watched, error):
    with pytest.raises(type(error), match=r"No\."):
        watched(error)


@pytest.mark.parametrize("error", [RequestNotSent("Gone."), ServiceFailed("Ill.", 503)])
def test_a_server_that_is_not_there_yet_is_waited_for(watched, error):
    heard, _waits = watched(error, survey("2026"))
    assert heard.alerts == [("new", "index_rebuild:alpha:2026")]


def test_a_refusal_after_it_has_worked_is_waited_out(watched):
    heard, _waits = watched(survey("2026"), LoginRefused("No."), survey("2026"))
    assert heard.alerts == [("new", "index_rebuild:alpha:2026")]


def test_trouble_is_said_once_and_its_end_too(watched, caplog):
    gone = [RequestNotSent(f"Gone, try {number}.") for number in range(3)]
    watched(survey(), *gone, LoginRefused("No."), survey())
    assert [record.getMessage() for record in caplog.records] == [
        "Gone, try 0. It goes on trying.",
        "No. It goes on trying.",
        "archive.example.com answers again.",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_server_that_is_gone_is_asked_less_and_less_often(watched):
    _heard, waits = watched(*[RequestNotSent("Gone.")] * 6, survey(), survey())
    assert waits == [120, 240, 480, 900, 900, 900, 60, 60]


def test_a_server_may_be_gone_for_weeks(watched):
    _heard, waits = watched(*[RequestNotSent("Gone.")] * 2000)
    assert waits[-1] == 900


def test_a_server_that_is_gone_twice_in_a_row_is_an_alert_and_clears_nothing(watched):
    gone = RequestNotSent("Gone.")
    heard, _waits = watched(survey("2026"), gone, survey("2026"), gone, gone, gone, survey("2026"))
    assert heard.alerts == [
        ("new", "index_rebuild:alpha:2026"),
        ("new", "server_silent:archive.example.com"),
        ("cleared", "server_silent:archive.example.com"),
    ]


def test_an_instance_that_is_not_there_is_said_once(watched, options, caplog):
    options["instances"] = ["alpha", "alhpa"]
    watched(survey(unmatched=["alhpa"]), survey(unmatched=["alhpa"]))
    assert [record.getMessage() for record in caplog.records] == ["No instance fits alhpa."]


def test_what_cannot_be_written_down_is_told_once_all_the_same(watched, monkeypatch, caplog):
    saved = mailstore_alerts.DeliveredAlerts.save
    failing = []

    def save(told):
        if told.alerts:
            failing.append(True)
            raise mailstore_alerts.DeliveredUnusable("The disk is full.")
        saved(told)

    monkeypatch.setattr(mailstore_alerts.DeliveredAlerts, "save", save)
    heard, _waits = watched(survey("2026"), survey("2026"))
    assert heard.alerts == [("new", "index_rebuild:alpha:2026")]
    assert [record.getMessage() for record in caplog.records] == [
        "The disk is full. A restart would tell it again.",
    ]


def test_ending_it_in_the_middle_of_a_look_waits_until_that_has_logged_out(options, monkeypatch):
    looking, logged_out = threading.Event(), threading.Event()

    def look(watch, interruption):
        looking.set()
        interruption.wait(120)
        logged_out.set()
        raise MopsError(str(interruption))

    async def run():
        source = asyncio.create_task(mailstore_alerts.main(Heard(), options))
        await asyncio.to_thread(looking.wait, 30)
        source.cancel()
        with pytest.raises(asyncio.CancelledError):
            await source
        assert logged_out.is_set()

    monkeypatch.setattr(mailstore_alerts, "own_name", lambda watch, interruption: None)
    monkeypatch.setattr(mailstore_alerts, "look", look)
    asyncio.run(run())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": ""}, "host must be given"),
        ({"host": "https://archive.example.com"}, "without the scheme"),
        ({"auth_method": "digest"}, "auth_method must be one of"),
        ({"interval": 0}, "interval must be 1 to 86400"),
        ({"interval": "soon"}, "interval"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"results_days": 0}, "results_days"),
        ({"instances": []}, "instances must be a list"),
        ({"intervall": 5}, "has no option intervall"),
        ({"ca_path": "/nowhere/ca.pem"}, "cannot be read"),
    ],
)
def test_an_option_that_cannot_be_ends_it_before_anything_is_asked(options, change, words):
    with pytest.raises(InvalidOption, match=words) as failure:
        asyncio.run(mailstore_alerts.main(Heard(), {**options, **change}))
    assert PASSWORD not in str(failure.value)


def test_the_connection_comes_from_the_environment_as_for_the_modules(monkeypatch):
    for name, value in {"HOST": "h", "PORT": "1234", "USERNAME": "u", "PASSWORD": "p", "AUTH_METHOD": "basic"}.items():
        monkeypatch.setenv(f"MAILSTORE_{name}", value)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    watch = mailstore_alerts.watch_of({"state_path": ""})
    assert watch.server[:5] == ("h", "u", "p", 1234, "basic")
    assert watch.state_path is None
    assert mailstore_alerts.default_folder() == "/state/mops.maintenance/mailstore_alerts"
    assert watch.scope.instances == ["*"]
