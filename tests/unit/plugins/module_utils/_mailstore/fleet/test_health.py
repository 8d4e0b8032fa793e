# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import re
import shlex
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Limits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.health import curve, report
from ansible_collections.mops.maintenance.tests.shapes import recorded

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)


def store(name="2026", size=1000, **values):
    return {
        "id": 1,
        "name": name,
        "requestedState": "current",
        "error": None,
        "searchIndexesNeedRebuild": False,
        "needsUpgrade": False,
        "statisticsCount": size // 10,
        "statisticsSize": size,
        **values,
    }


def instance(name, *stores, status="running", **values):
    gathered = (
        {"stores": list(stores), "not_gathered": {}} if status == "running" else {"not_gathered": {"stores": "x"}}
    )
    return {"instanceID": name, "displayName": None, "instanceHost": "h1", "status": status, **gathered, **values}


def survey(*instances, messages=()):
    feed = [{"type": kind, "text": text, "tag": None} for kind, text in messages]
    environment = {"serverName": "s", "version": "25.3", "licenseeName": "L"}
    return {"environment": environment, "service_status": {"messages": feed}, "instances": list(instances)}


def run(result, day, **values):
    return {
        "result": result,
        "startTime": f"2026-03-{day:02d}T02:00:00",
        "completeTime": f"2026-03-{day:02d}T03:00:00",
        **values,
    }


def found(*instances, **options):
    """What is found, without the commands."""
    return [
        (item["severity"], item["kind"], item["instance"], item["subject"], item["words"])
        for item in report(survey(*instances, **options), now=NOW)["findings"]
    ]


def test_a_healthy_server_needs_nothing():
    healthy = report(survey(instance("a", store()), messages=[("information", "Licensed.")]), now=NOW)
    assert (healthy["verdict"], healthy["todo"]) == ("ok", [])
    assert healthy["summary"] == ["Nothing needs doing."]
    assert healthy["counts"] == {"error": 0, "warning": 0, "information": 1}


def test_an_instance_that_could_not_start_is_an_error_and_one_without_a_reason_a_warning():
    assert found(instance("a", status="stopped", startStopError="No disk."), instance("b", status="stopped")) == [
        ("error", "instance_not_running", "a", "a", "No disk."),
        (
            "warning",
            "instance_not_running",
            "b",
            "b",
            "It is stopped, and the server names no error: it may be meant to be.",
        ),
    ]


def test_a_frozen_instance_is_a_warning_of_its_own():
    assert found(instance("a", status="frozen"))[0][:2] == ("warning", "instance_frozen")


def test_an_instance_that_runs_but_does_not_tell_is_an_error_once():
    silent = instance("a", not_gathered={"stores": "No answer.", "job_results": "No answer."})
    assert found(silent) == [("error", "instance_silent", "a", "a", "No answer.")]


@pytest.mark.parametrize(
    ("flag", "severity", "kind"),
    [
        ({"error": "Not accessible."}, "error", "store_error"),
        ({"searchIndexesNeedRebuild": True}, "warning", "index_rebuild"),
        ({"needsUpgrade": True}, "warning", "store_upgrade"),
    ],
)
def test_what_a_store_says_of_itself_is_found(flag, severity, kind):
    assert found(instance("a", store(), store("2025", **flag)))[0][:4] == (severity, kind, "a", "2025")


@pytest.mark.parametrize("kind", ["profile", "job"])
def test_only_the_last_run_counts_whatever_the_order_of_the_results(kind):
    identifier = "profileId" if kind == "profile" else "jobId"
    results = "worker_results" if kind == "profile" else "job_results"

    def runs(*outcomes):
        listed = [run(result, day, **{identifier: 4, f"{kind}Name": "P"}) for day, result in enumerate(outcomes, 1)]
        return instance("a", **{results: listed[::-1] if len(listed) % 2 else listed})

    assert found(runs("failed", "failed", "succeeded")) == []
    assert found(runs("failed", "cancelled")) == []
    assert found(runs("failed", "succeeded", "failed")) == [
        ("error", f"{kind}_failed", "a", "P", "Failed on 2026-03-03 02:00 (server time).")
    ]
    assert found(runs("succeeded", "failed", "completedWithErrors", "failed"))[0][4] == (
        "Failed on 2026-03-04 02:00, the 3rd time in a row since 2026-03-02 02:00 (server time)."
    )
    assert found(runs("completedWithErrors"))[0][0] == "warning"


def test_runs_of_different_profiles_are_told_apart_by_name_where_there_is_no_id():
    runs = [run("failed", 1, profileName="P"), run("succeeded", 2, profileName="Q")]
    assert [item[3] for item in found(instance("a", worker_results=runs))] == ["P"]


def test_a_message_that_says_what_was_found_is_not_counted_again():
    messages = [
        ("warning", "Search indexes of the archive store '2025' of instance 'a' need to be rebuilt."),
        ("error", "Instance 'b' has an error: No disk."),
    ]
    instances = (
        instance("a", store("2025", searchIndexesNeedRebuild=True)),
        instance("b", status="stopped", startStopError="No disk."),
    )
    assert [item[1] for item in found(*instances, messages=messages)] == ["instance_not_running", "index_rebuild"]


@pytest.mark.parametrize(
    "message",
    [
        ("error", "The archive store '2025' of instance 'a' is lost."),  # worse than what was found
        ("warning", "The archive store '2024' of instance 'a' is slow."),  # of another store
        ("warning", "The archive store '2025' of instance 'a-2' is slow."),  # of another instance
        ("warning", "The license ends soon."),
        ("peculiar", "Something new."),
    ],
)
def test_a_message_that_says_anything_else_is_a_finding(message):
    listed = found(instance("a", store("2025", needsUpgrade=True)), messages=[message])
    assert ("message", message[1]) in [(item[1], item[4]) for item in listed]


def test_what_is_excluded_is_not_there_nor_what_the_server_says_of_it():
    messages = [("error", "Instance 'old-1' has an error: Gone."), ("error", "The license ended.")]
    found = report(
        survey(instance("OLD-1", status="stopped"), instance("old-1", status="stopped"), messages=messages),
        now=NOW,
        exclude=["old-*"],
    )
    assert [item["words"] for item in found["findings"]] == ["The license ended."]
    assert found["status"] == {}


def test_errors_come_before_warnings_and_then_what_matters_more():
    instances = [
        instance("d", store(needsUpgrade=True)),
        instance("c", store(searchIndexesNeedRebuild=True)),
        instance("b", store(error="E")),
        instance("a", status="frozen"),
        instance("z", status="stopped", startStopError="E"),
    ]
    tasks = report(survey(*instances, messages=[("error", "M")]), now=NOW)["todo"]
    assert [(task["severity"], task["kind"]) for task in tasks] == [
        ("error", "instance_not_running"),
        ("error", "store_error"),
        ("error", "message"),
        ("warning", "instance_frozen"),
        ("warning", "index_rebuild"),
        ("warning", "store_upgrade"),
    ]


def options_of(command, module="mailstore_invoke"):
    """The module's options in an ad-hoc command."""
    words = shlex.split(command)
    assert words[:4] == ["ansible", "localhost", "-m", f"mops.maintenance.{module}"]
    return json.loads(words[5])


def test_one_command_starts_all_that_stopped():
    (task,) = report(survey(instance("a", status="stopped"), instance("b", status="stopped")), now=NOW)["todo"]
    assert options_of(task["command"]) == {"function": "StartInstances", "arguments": {"instanceFilter": "a,b"}}
    assert options_of(task["findings"][1]["command"])["arguments"] == {"instanceFilter": "b"}


def test_one_command_maintains_every_instance_once():
    stores = [store("1", needsUpgrade=True), store("2", needsUpgrade=True)]
    (task,) = report(survey(instance("a", *stores), instance("b", *stores)), now=NOW, inventory="my inventory.yml")[
        "todo"
    ]
    assert task["command"] == (
        "ansible-playbook mops.maintenance.mailstore_maintenance -i 'my inventory.yml' --limit a,b "
        """-e '{"mailstore_maintenance_only": ["upgrade"]}'"""
    )


def test_one_command_runs_all_failed_profiles_again_and_there_is_none_without_an_id():
    runs = [run("failed", 1, profileID=number, profileName=f"P{number}") for number in (4, 5)]
    (task,) = report(survey(instance("a", worker_results=runs)), now=NOW)["todo"]
    calls = options_of(task["command"])["invocations"]
    assert [call["arguments"] for call in calls] == [{"instanceID": "a", "id": 4}, {"instanceID": "a", "id": 5}]
    (task,) = report(survey(instance("a", job_results=[run("failed", 1, jobName="J")])), now=NOW)["todo"]
    assert task["command"] is None


def test_the_summary_fits_a_terminal():
    instances = [instance(f"i{number:02d}", store(needsUpgrade=True)) for number in range(11)]
    (line,) = report(survey(*instances), now=NOW)["summary"]
    assert line.startswith("WARNING: Upgrade stores (11): i00/2026, i01/2026")
    assert line.endswith("i07/2026 and 3 more")


def test_the_summary_says_the_words_of_messages():
    said = [("error", "The licence has expired."), ("warning", "Certificates are accepted.")]
    (line,) = report(survey(messages=said), now=NOW)["summary"]
    assert line.endswith(': "The licence has expired.", "Certificates are accepted."')


def test_the_lines_of_the_summary_add_up_to_the_counts():
    runs = [run("failed", 1, profileID=1), run("completedWithErrors", 1, profileID=2)]
    document = report(survey(instance("a", worker_results=runs)), now=NOW)
    assert (document["counts"]["error"], document["counts"]["warning"]) == (1, 1)
    (line,) = document["summary"]
    assert "(1 error, 1 warning): " in line


OF_B = "Instance b on host01: One or more archive stores are not available."


@pytest.mark.parametrize(
    ("scope", "kept"), [(["a"], False), (["b"], True), (["B*"], True), (["*"], True), (["a", "b"], True)]
)
def test_the_scope_narrows_the_messages(scope, kept):
    document = report(survey(instance("a"), messages=[("error", OF_B)]), now=NOW, scope=scope)
    assert [message["text"] for message in document["messages"]] == [OF_B] * kept
    assert document["counts"]["error"] == kept


def test_the_scope_narrows_messages_that_name_the_instance_elsewhere():
    said = "The archive store '2023' of instance 'b' needs to be upgraded."
    assert report(survey(instance("a"), messages=[("warning", said)]), now=NOW, scope=["a"])["messages"] == []


def test_a_message_about_no_instance_is_in_every_scope():
    document = report(survey(messages=[("error", "Instance databases are full.")]), now=NOW, scope=["a"])
    assert len(document["messages"]) == 1


def test_marks_of_direction_have_no_effect():
    hidden = "\u202egnp.exe\u2066\u200f"
    document = report(survey(instance("a", store(hidden, error=hidden)), messages=[("error", hidden)]), now=NOW)
    assert not set(json.dumps(document, ensure_ascii=False)) & set("\u202e\u2066\u200f")
    assert document["messages"][0]["text"] == "gnp.exe"


def test_storage_is_summed_by_host_and_instance_the_largest_first():
    storage = report(
        survey(
            instance("a", store(size=100)),
            instance("b", store("1", 300), store("2", 500)),
            instance("c", status="stopped", instanceHost="h2"),
        ),
        now=NOW,
    )["storage"]
    assert (storage["bytes"], storage["messages"], storage["stores"]) == (900, 90, 3)
    assert [(row["instance"], row["bytes"]) for row in storage["instances"]] == [("b", 800), ("a", 100), ("c", 0)]
    assert [item["name"] for item in storage["instances"][0]["stores"]] == ["2", "1"]
    assert [(host["host"], host["instances"], host["bytes"]) for host in storage["hosts"]] == [
        ("h1", 2, 900),
        ("h2", 1, 0),
    ]
    assert storage["unknown"] == ["c"]


def earlier(days, *instances, **options):
    return report(survey(*instances), now=NOW - timedelta(days=days), **options)


def test_growth_is_since_the_earliest_report_and_history_from_the_newest():
    first = earlier(30, instance("a", store(size=100)), instance("b", store(size=50)))
    newest = earlier(1, instance("a", store(size=150)), earlier={"first": json.dumps(first)})
    today = report(
        survey(instance("a", store(size=180)), instance("new", store(size=10))),
        now=NOW,
        earlier={"newest": json.dumps(newest), "first": json.dumps(first)},
    )
    growth = today["growth"]
    assert (growth["since"], growth["bytes"], growth["messages"]) == (first["generated_at"], 80, 8)
    assert growth["instances"] == [{"instance": "a", "bytes": 80, "messages": 8}]
    assert [point["bytes"] for point in growth["history"]] == [150, 150, 190]
    assert today["notes"] == []


def test_an_instance_that_did_not_tell_its_size_has_not_shrunk_or_grown():
    before = earlier(3, instance("a", status="stopped"), instance("b", store(size=100)))
    today = report(
        survey(instance("a", store()), instance("b", status="stopped")), now=NOW, earlier={"before": json.dumps(before)}
    )
    assert today["growth"]["instances"] == []


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (lambda text: "", "could not be read"),
        (lambda text: text[: len(text) // 2], "could not be read"),
        (lambda text: "[1]", "could not be read"),
        (lambda text: None, "could not be read"),
        (lambda text: text.replace('"schema": 1', '"schema": 0'), "of another shape"),
        (lambda text: text.replace('"known": true, ', ""), "of another shape"),
        (lambda text: text.replace('"instance": "a"', '"instance": ["a"]'), "of another shape"),
        (lambda text: text.replace('"history": [{', '"history": [5, {'), "of another shape"),
        (lambda text: re.sub(r'("history": \[{"at": ")[^"]*', r"\1yesterday", text), "of another shape"),
        (lambda text: re.sub(r'("generated_at": ")[^"]*', r"\1today", text), "of another shape"),
        (lambda text: re.sub(r'("history": \[{"at": "[^"]*", )"bytes": \d+, ', r"\1", text), "of another shape"),
        (lambda text: "[" * 100_000, "could not be read"),
        (lambda text: text.replace('"serverName": "s"', '"serverName": "t"'), "another server"),
        (lambda text: text.replace('"scope": ["*"]', '"scope": ["a*"]'), "another server or of other instances"),
    ],
)
def test_an_earlier_report_that_cannot_be_compared_is_left_out_and_said(spoil, note):
    text = spoil(json.dumps(earlier(3, instance("a", store()))))
    today = report(survey(instance("a", store())), now=NOW, earlier={"last.json": text})
    assert today["growth"]["since"] is None
    assert today["notes"][0].startswith("last.json ")
    assert note in today["notes"][0]


def test_a_report_comes_back_from_its_json():
    today = report(survey(instance("a", store()), messages=[("error", "ü")]), now=NOW)
    assert json.loads(json.dumps(today)) == today


def test_a_survey_is_left_as_it_was():
    given = survey(instance("a", store(needsUpgrade=True)), messages=[("error", "M")])
    before = copy.deepcopy(given)
    report(given, now=NOW, exclude=["x"])
    assert given == before


def test_the_curve_runs_from_left_to_right_and_its_highest_point_is_on_top():
    history = [{"at": f"2026-03-0{day}T00:00:00Z", "bytes": value} for day, value in ((1, 100), (2, 200), (5, 150))]
    drawn = curve(history, "bytes")
    assert [point["x"] for point in drawn["points"]] == [0, 25, 100]
    assert [point["y"] for point in drawn["points"]] == [50, 0, 25]
    assert (drawn["low"], drawn["high"], drawn["floor"]) == (100, 200, 0)


def test_the_curve_of_a_single_point_of_nothing_can_be_drawn():
    assert curve([{"at": "2026-03-01T00:00:00Z", "bytes": 0}], "bytes")["points"] == [{"x": 0, "y": 0}]


def untold(kind, **reasons):
    return {"not_gathered": reasons, "not_gathered_kind": dict.fromkeys(reasons, kind)}


def test_an_instance_that_withholds_access_is_a_warning_and_is_never_restarted():
    withheld = "GetUsers on host: The server says: No. a withholds service-provider access."
    missing = untold("access_withheld", worker_results=withheld, job_results=withheld)
    made = report(survey(instance("a", store(needsUpgrade=True), **missing)), now=NOW)
    assert [(item["severity"], item["kind"]) for item in made["findings"]] == [
        ("warning", "access_withheld"),
        ("warning", "store_upgrade"),
    ]
    assert made["findings"][0]["words"] == "It withholds service-provider access (ArchiveAdminEnabled)."
    task = made["todo"][0]
    assert task["command"] is None
    assert task["title"] == "Enable service-provider access, or exclude the instance"


def test_a_function_that_answers_that_it_failed_is_no_silence():
    made = report(survey(instance("a", store(), **untold("failed", job_results="The job database is busy."))), now=NOW)
    (finding,) = made["findings"]
    assert (finding["severity"], finding["kind"], finding["subject"]) == ("warning", "function_failed", "GetJobResults")
    assert finding["words"] == "The job database is busy."
    assert "RestartInstances" not in json.dumps(made)


def test_a_function_that_the_server_does_not_have_is_no_trouble():
    assert found(instance("a", store(), **untold("unknown_function", credentials="404"))) == []


@pytest.mark.parametrize(("kind", "severity"), [("no_answer", "error"), ("failed", "warning")])
def test_what_fails_for_all_instances_is_one_finding_about_the_server_without_a_command(kind, severity):
    fleet = [
        {
            **instance(name, not_gathered={"stores": "500.", "job_results": "500."}),
            "not_gathered_kind": {"stores": kind, "job_results": "not_asked"},
        }
        for name in "abc"
    ]
    for item in fleet:
        del item["stores"]
    made = report(survey(*fleet, instance("d", status="stopped", startMode="disabled")), now=NOW)
    (finding,) = [item for item in made["findings"] if item["severity"] != "information"]
    assert (finding["severity"], finding["kind"], finding["instance"]) == (severity, "function_failed", None)
    assert finding["subject"] == "GetStores"
    assert finding["words"] == "It fails for all 3 instances that were asked. 500."
    assert [task["command"] for task in made["todo"]] == [None]


def test_what_one_instance_tells_and_others_do_not_is_the_others_trouble():
    silent = {**instance("a", not_gathered={"stores": "500."}), "not_gathered_kind": {"stores": "no_answer"}}
    del silent["stores"]
    made = found(silent, {**silent, "instanceID": "b"}, instance("c", store()))
    assert [item[1:3] for item in made] == [("instance_silent", "a"), ("instance_silent", "b")]


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ({"startMode": "manual"}, "information"),
        ({"startMode": "disabled"}, "information"),
        ({"startMode": "disabled", "startStopError": "It could not be started."}, "information"),
        ({"startMode": "manual", "startStopError": "No disk."}, "error"),
        ({"startMode": "automatic"}, "warning"),
        ({"startMode": "automatic", "startStopError": "No disk."}, "error"),
    ],
)
def test_an_instance_that_is_meant_to_be_stopped_is_no_trouble(values, severity):
    made = report(survey(instance("a", status="stopped", **values)), now=NOW)
    assert [item["severity"] for item in made["findings"]] == [severity]
    assert made["verdict"] == ("ok" if severity == "information" else severity)
    assert bool(made["todo"]) == (severity != "information")


INDEX = "Instance a on h1: One or more search indexes have to be rebuilt."


def test_the_index_message_of_a_current_server_and_the_flag_of_a_store_are_one_finding():
    flagged = instance("a", store("2025", searchIndexesNeedRebuild=True))
    assert [item[:4] for item in found(flagged, instance("b"), messages=[("error", INDEX)])] == [
        ("warning", "index_rebuild", "a", "2025")
    ]


def test_an_index_message_alone_is_as_severe_as_what_mends_it():
    assert found(instance("a", store()), messages=[("error", INDEX)]) == [("warning", "index_rebuild", "a", "a", INDEX)]


def test_an_index_message_about_an_instance_that_nobody_looks_at_stays_a_message():
    assert [item[:2] for item in found(instance("b", store()), messages=[("error", INDEX)])] == [("error", "message")]


def servers(**active):
    infos = [{"serverName": name, "serverType": kind, "active": on} for name, (kind, on) in active.items()]
    return {**survey(instance("a", store())), "service_status": {"messages": [], "serverInfos": infos}}


def test_an_instance_host_that_is_not_active_is_an_error_also_where_instances_are_excluded():
    looked = servers(h1=("instanceHost", True), h2=("instanceHost", False), m=("managementServer", True))
    for exclude in ([], ["a"]):
        (finding,) = report(looked, now=NOW, exclude=exclude)["findings"]
        assert (finding["severity"], finding["kind"], finding["subject"]) == ("error", "server_inactive", "h2")
        assert finding["words"] == "This instance host is not active."
        assert finding["command"] is None
    (finding,) = report(servers(c=("clientAccessServer", False)), now=NOW)["findings"]
    assert (finding["severity"], finding["words"]) == ("warning", "This client access server is not active.")


def test_what_a_current_server_was_seen_to_answer_makes_these_findings():
    fleet = [{**item, "not_gathered": {}} for item in recorded("mailstore", "25", "GetInstances")]
    fleet[0].update(
        stores=[store("2025", searchIndexesNeedRebuild=True)],
        worker_results=recorded("mailstore", "25", "GetWorkerResults"),
        job_results=recorded("mailstore", "25", "GetJobResults"),
    )
    made = report({"instances": fleet, "service_status": recorded("mailstore", "25", "GetServiceStatus")}, now=NOW)
    assert [(item["severity"], item["kind"], item["subject"]) for item in made["findings"]] == [
        ("error", "server_inactive", "host02.spe.example"),
        ("error", "profile_failed", "Mailboxes (id 5)"),
        ("warning", "message", "Management Server"),
        ("warning", "message", "Management Server"),
        ("warning", "index_rebuild", "2025"),
        ("information", "instance_not_running", "beta"),
        ("information", "instance_not_running", "gamma"),
        ("information", "message", "Management Server"),
    ]
    assert made["counts"] == {"error": 2, "warning": 3, "information": 3}
    assert "A new version is available: 25.4.0." in [item["text"] for item in made["messages"]]


def credential(expires, **values):
    return {"ID": 1, "Type": "Microsoft365", "Settings": {"CertificateExpirationDate": expires}, **values}


@pytest.mark.parametrize(
    ("expires", "days", "expected"),
    [
        ("2026-03-10T05:00:00Z", 30, ("error", "Its certificate expired on 2026-03-10.")),
        ("2026-03-10T05:00:00Z", 0, ("error", "Its certificate expired on 2026-03-10.")),
        ("2026-04-08T06:00:00.000Z", 30, ("warning", "Its certificate expires on 2026-04-08.")),
        ("2026-04-10T07:00:00Z", 30, None),
        ("2026-04-08T06:00:00Z", 0, None),
        (None, 30, None),
        ("soon", 30, None),
    ],
)
def test_a_certificate_that_expires_soon_is_a_warning_and_one_that_did_an_error(expires, days, expected):
    owner = instance("a", store(), credentials=[credential(expires, Description="Microsoft 365"), {"ID": 2}])
    made = report(survey(owner), now=NOW, limits=Limits(certificate_days=days))["findings"]
    wanted = [] if expected is None else [(expected[0], "certificate_expiring", "Microsoft 365", expected[1])]
    assert [(item["severity"], item["kind"], item["subject"], item["words"]) for item in made] == wanted


def test_sizes_of_files_are_there_where_the_server_tells_them():
    told = recorded("mailstore", "25", "GetInstanceStatistics")
    storage = report(survey(instance("a", store(), statistics=told), instance("b", store())), now=NOW)["storage"]
    megabytes = {"database_bytes": 9411, "content_bytes": 231207, "index_bytes": 7193}
    assert {part: storage[part] for part in megabytes} == {part: size << 20 for part, size in megabytes.items()}
    rows = {row["instance"]: row for row in storage["instances"]}
    assert (rows["a"]["index_bytes"], rows["b"]["index_bytes"]) == (7193 << 20, None)


def test_what_the_servers_version_cannot_tell_is_noted():
    made = report(survey(instance("a", store(), **untold("unknown_function", credentials="404"))), now=NOW)
    assert made["notes"] == ["The server has no function GetCredentials, so credentials were not looked at."]


def test_a_limit_beyond_the_results_is_refused():
    looked = {**survey(instance("a")), "results_since": "2026-03-02T06:00:00"}
    report(looked, now=NOW, limits=Limits(stale_hours=168))
    with pytest.raises(InvalidOption, match="stale_hours must be 0 to 168, not 169"):
        report(looked, now=NOW, limits=Limits(stale_hours=169))


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("Instance a on h1: One or more archive stores have to be upgraded.", {"needsUpgrade": True}),
        ("Instance a on h1: One or more archive stores are not available.", {"error": "Not accessible."}),
    ],
)
def test_a_message_that_names_no_store_says_what_the_store_says(words, flag):
    assert len(found(instance("a", store("2025", **flag)), messages=[("error", words)])) == 1
    assert [item[1] for item in found(instance("a", store("2025")), messages=[("error", words)])] == ["message"]


def test_the_archive_of_mailstore_server_has_its_machines_name_and_no_command_names_an_instance():
    broken = instance(
        None,
        store(searchIndexesNeedRebuild=True),
        worker_results=[run("failed", 9, profileId=4, profileName="Mailboxes")],
    )
    single = {"environment": recorded("mailstore", "server", "GetServerInfo"), "instances": [broken]}
    document = report(single, now=NOW)
    assert document["server"]["serverName"] == "MAILSTORE"
    assert [item["instance"] for item in document["findings"]] == ["MAILSTORE", "MAILSTORE"]
    run_again, maintain = (task["command"] for task in document["todo"])
    assert options_of(run_again) == {"function": "RunProfile", "arguments": {"id": 4}}
    path = "mailstore_maintenance.json"
    assert options_of(maintain, "mailstore_maintenance") == {"path": path, "only": ["rebuild"]}
