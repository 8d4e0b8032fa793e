# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet import metrics
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.metrics import (
    FAMILIES,
    exposition,
    silence,
)
from ansible_collections.mops.maintenance.tests.shapes import recorded

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=timezone.utc)
FILES = Path(__file__).parents[6] / "roles/mailstore_metrics/files"
RULES = FILES / "mailstore.rules.yml"
DASHBOARD = FILES / "mailstore-dashboard.json"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing: Debian has it in the package prometheus"
)

STORE = {"id": 1, "name": "2026", "requestedState": "current", "statisticsCount": 20, "statisticsSize": 4000}
PROFILE = {"id": 2, "name": "Mailboxes", "connector": "imap", "serverSideExecution": {"automatic": True}}


def instance(name="alpha", **values):
    return {
        "instanceID": name,
        "displayName": None,
        "instanceHost": "h1",
        "status": "running",
        "stores": [STORE],
        "not_gathered": {},
        **values,
    }


def survey(*instances, **values):
    return {"environment": {"serverName": "s", "version": "25.3"}, "instances": list(instances), **values}


def run(result, day, **values):
    times = {"startTime": f"2026-03-{day:02d}T02:00:00", "completeTime": f"2026-03-{day:02d}T03:00:00"}
    return {"result": result, "profileId": 2, **times, **values}


def samples(*instances, **options):
    return read(exposition(survey(*instances), server="archive", now=NOW, **options))


def read(text):
    """The samples of an exposition by their name and labels, without the server's."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, _space, value = line.rpartition(" ")
            found[series.replace('server="archive"', "").replace("{,", "{").replace("{}", "")] = value
    return found


def everything():
    """A survey of the recorded answers of a current server."""
    return survey(
        instance(
            statistics=recorded("mailstore", "25", "GetInstanceStatistics"),
            stores=recorded("mailstore", "25", "GetStores"),
            users=recorded("mailstore", "25", "GetUsers"),
            profiles=recorded("mailstore", "25", "GetProfiles"),
            credentials=recorded("mailstore", "25", "GetCredentials"),
            worker_results=recorded("mailstore", "25", "GetWorkerResults"),
        ),
        instance("gamma", status="stopped", stores=None, startStopError='No "disk" on D:\\.'),
        environment=recorded("mailstore", "25", "GetEnvironmentInfo"),
        service_status=recorded("mailstore", "25", "GetServiceStatus"),
    )


def test_messages_sizes_and_users_of_an_instance():
    statistics = {"numberOfMessages": 21, "databaseFileSizeMB": 1, "contentFileSizeMB": 2, "indexFileSizeMB": 3}
    found = samples(instance(statistics=statistics, users=[{}, {}]))
    assert found["mailstore_up"] == "1"
    assert found['mailstore_instance_messages{instance_id="alpha"}'] == "21"
    assert found['mailstore_instance_size_bytes{instance_id="alpha",kind="content"}'] == str(2 << 20)
    assert found['mailstore_instance_users{instance_id="alpha"}'] == "2"
    assert found['mailstore_store_size_bytes{instance_id="alpha",store="2026"}'] == "4000"
    assert found['mailstore_instance_up{instance_id="alpha"}'] == "1"


def test_what_is_not_known_is_no_sample():
    found = samples(instance("b", status="stopped", stores=None))
    assert found['mailstore_instance_up{instance_id="b"}'] == "0"
    assert not [name for name in found if re.match("mailstore_(instance_(messages|size|users)|store|profile)", name)]


def test_messages_are_those_of_the_stores_where_the_instance_does_not_tell():
    assert samples(instance())['mailstore_instance_messages{instance_id="alpha"}'] == "20"


def test_every_kind_of_finding_has_a_sample_and_those_of_an_instance_name_it():
    found = samples(instance(stores=[{**STORE, "needsUpgrade": True}]))
    assert found['mailstore_findings{kind="store_upgrade",severity="warning"}'] == "1"
    assert found['mailstore_findings{kind="store_error",severity="error"}'] == "0"
    assert found['mailstore_instance_findings{instance_id="alpha",kind="store_upgrade",severity="warning"}'] == "1"
    assert len([name for name in found if name.startswith("mailstore_instance_findings")]) == 1


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([run("failed", 9), run("succeeded", 7), run("succeeded", 8)], "1772938800"),
        ([run("completedWithWarnings", 8)], "1772938800"),
        ([run("Succeeded", 8, profileId=None, profileName="Mailboxes")], "1772938800"),
        ([run("failed", 9), run("cancelled", 8)], "0"),
        ([], "0"),
        (None, None),
    ],
)
def test_a_profiles_last_success_is_a_time_in_utc(results, expected):
    known = {"profiles": [PROFILE]} if results is None else {"profiles": [PROFILE], "worker_results": results}
    name = 'mailstore_profile_last_success_timestamp_seconds{instance_id="alpha",profile_id="2"}'
    assert samples(instance(**known)).get(name) == expected


def test_results_that_are_in_part_missing_tell_no_last_success():
    partly = instance(
        profiles=[PROFILE], worker_results=[run("succeeded", 8)], not_gathered={"worker_results": "Some are missing."}
    )
    assert not [name for name in samples(partly) if "last_success" in name]


def test_a_certificate_is_the_time_at_which_it_expires():
    credential = {"ID": 7, "Description": "M365", "Settings": {"CertificateExpirationDate": "2026-03-09T00:00:00Z"}}
    found = samples(instance(credentials=[credential]))
    name = "mailstore_credential_certificate_expiry_timestamp_seconds"
    assert found[f'{name}{{instance_id="alpha",credential_id="7",credential="M365"}}'] == "1773014400"
    assert found['mailstore_findings{kind="certificate_expiring",severity="error"}'] == "1"


def test_excluded_instances_are_left_out():
    assert 'mailstore_instance_up{instance_id="b"}' not in samples(instance(), instance("b"), exclude=["b"])


def test_labels_are_escaped():
    name = 'a"b\\c\nd\ud800'
    text = exposition(survey(instance(displayName=name)), server="archive", now=NOW)
    assert r'display_name="a\"b\\c\nd?"' in text
    text.encode("utf-8")


def test_two_series_of_the_same_labels_are_one():
    text = exposition(survey(instance(), instance()), server="archive", now=NOW)
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_the_same_state_is_the_same_text():
    later = NOW.replace(minute=30)
    assert exposition(everything(), server="a", now=NOW) == exposition(everything(), server="a", now=later)


def test_no_secret_and_no_time_of_the_run_is_in_it():
    text = exposition(everything(), server="archive", now=NOW)
    assert "assword" not in text
    assert "20260310" not in text


def test_a_server_that_cannot_be_asked_is_up_0_alone():
    assert read(silence("archive")) == {"mailstore_up": "0"}


def checked(*words, given=None):
    return subprocess.run([PROMTOOL, *words], input=given, capture_output=True, text=True, check=False)


@needs_promtool
@pytest.mark.parametrize("text", [exposition(everything(), server='a"\n', now=NOW), silence("a")])
def test_promtool_finds_nothing_in_the_metrics(text):
    ended = checked("check", "metrics", given=text)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@needs_promtool
def test_promtool_takes_the_rules():
    ended = checked("check", "rules", str(RULES))
    assert ended.returncode == 0, ended.stdout + ended.stderr


NAME = re.compile(r"\b(?:mailstore|node|push)_[a-z_]+")
OF_OTHERS = {"node_textfile_mtime_seconds", "push_time_seconds"}


def alerts():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def queries():
    dashboard = json.loads(DASHBOARD.read_text())
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    variables = [
        entry["query"]["query"] for entry in dashboard["templating"]["list"] if isinstance(entry.get("query"), dict)
    ]
    return targets + variables


@pytest.mark.parametrize("text", [rule["expr"] for rule in alerts()] + queries())
def test_rules_and_dashboard_name_only_metrics_and_labels_that_there_are(text):
    assert set(NAME.findall(text)) <= set(FAMILIES) | OF_OTHERS
    assert NAME.findall(text)


def test_every_alert_says_what_to_do():
    for rule in alerts():
        assert {"summary", "description"} <= set(rule["annotations"]), rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


@needs_promtool
def test_queries_of_the_dashboard_are_well_formed(tmp_path):
    """As rules, since promtool of older versions checks no query by itself."""
    targets = [text for text in queries() if not text.startswith("label_values")]
    plain = [re.sub(r"\$__(?:rate_)?interval|\$__range", "5m", text).replace("$", "") for text in targets]
    rules = [{"record": f"test:{number}", "expr": text} for number, text in enumerate(plain)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    ended = checked("check", "rules", "--lint=none", str(file))
    assert ended.returncode == 0, ended.stdout + ended.stderr


AUTOMATIC = '{instance_id="a",profile_id="2",server="s"}'
FIRING = {
    "MailStoreDown": {"mailstore_up{server='s'}": "0x30"},
    "MailStoreProfileStale": {
        f"mailstore_profile_last_success_timestamp_seconds{AUTOMATIC}": "0x30",
        'mailstore_profile_info{instance_id="a",profile_id="2",server="s",profile="P",automatic="true"}': "1x30",
    },
    "MailStoreFindings": {"mailstore_instance_findings{server='s',instance_id='a',kind='x',severity='error'}": "1x30"},
    "MailStoreServerFindings": {"mailstore_findings{server='s',kind='server_inactive',severity='error'}": "1x30"},
    "MailStoreCertificateExpiring": {
        "mailstore_credential_certificate_expiry_timestamp_seconds{server='s',instance_id='a'}": "1000x30"
    },
    "MailStoreMetricsOld": {"node_textfile_mtime_seconds{file='/x/mailstore.prom'}": "0x2000"},
}
"""For each alert, series that make it fire in the end. Time begins at 0."""


@needs_promtool
@pytest.mark.parametrize("alert", [rule["alert"] for rule in alerts()])
def test_an_alert_fires(alert, tmp_path):
    series = [{"series": name, "values": values} for name, values in FIRING[alert].items()]
    at = {"MailStoreProfileStale": "40h", "MailStoreMetricsOld": "8h"}.get(alert, "30m")
    if at == "40h":
        series = [{**item, "values": item["values"].replace("x30", "x3000")} for item in series]
    test = {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [],
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": []}],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}))
    ended = checked("test", "rules", str(file))
    # Nothing is expected, so that an alert that fires is shown as the difference.
    assert f'alertname="{alert}"' in ended.stdout + ended.stderr, ended.stdout + ended.stderr


def test_the_metrics_have_the_units_and_names_that_prometheus_asks_for():
    for name in FAMILIES:
        assert re.fullmatch(r"mailstore_[a-z_]+", name)
        assert not name.endswith(("_total", "_count", "_sum", "_bucket"))
    assert metrics.SUBSETS[-1] == "users"
