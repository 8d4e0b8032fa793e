# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX is set up by one run, and not touched by the second; secrets stay secret; everything can be removed again."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from runs import ROOT, Run, finish, start

from simulators.awx import credential_type, survey
from simulators.awx.launch import Awx, running

ROLE = ROOT / "roles" / "awx_setup"
# The only package on PyPI with the collection awx.awx, of 24.6.1. What is taken of it is 1 of its 57 MB.
PACKAGE = "ansible==11.13.0"
PASSWORD = "a-secret-of-MailStore"
SERVICES = ("mimecast", "mashery", "mailstore")
SCM_URL = "https://git.example.com/operations/mops.git"


def text_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


CATALOGUE = text_of(ROLE / "vars" / "main.yml")["awx_setup_catalogue"]
SHIPPED = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "awx_setup")
QUESTIONS = [
    *((name, question) for name, template in CATALOGUE.items() for question in template["survey"]),
    ("mailstore_maintenance", text_of(ROLE / "vars" / "main.yml")["awx_setup_state_question"]),
    ("mailstore_backup_window", text_of(ROLE / "vars" / "main.yml")["awx_setup_window_question"]),
    ("mailstore_store_verification", text_of(ROLE / "vars" / "main.yml")["awx_setup_verification_question"]),
]


NEEDED = {
    name: {
        option
        for option, spec in text_of(ROOT / "roles" / name / "meta" / "argument_specs.yml")["argument_specs"]["main"][
            "options"
        ].items()
        if spec.get("required")
    }
    for name in CATALOGUE
}


@pytest.fixture(scope="session")
def awx_collections() -> Path:
    """A folder of collections with awx.awx, kept for the next time."""
    kept = ROOT / "build" / PACKAGE.replace("==", "-")
    if not (kept / "ansible_collections").is_dir():
        fetched = kept.with_suffix(f".{os.getpid()}")
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet", "--dest", str(fetched)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, PACKAGE], check=True)
        (wheel,) = fetched.glob("*.whl")
        with zipfile.ZipFile(wheel) as package:
            package.extractall(fetched, [name for name in package.namelist() if "collections/awx/awx/" in name])
        wheel.unlink()
        shutil.rmtree(kept, ignore_errors=True)
        fetched.rename(kept)
    return kept


@pytest.fixture(scope="module")
def started() -> Iterator[Awx]:
    with running([f"playbooks/{name}.yml" for name in SHIPPED]) as awx:
        yield awx


@pytest.fixture
def awx(started: Awx) -> Awx:
    """An AWX with nothing in it but what every AWX has."""
    started.control("POST", "reset")
    return started


@pytest.fixture
def set_up(awx: Awx, awx_collections: Path, tmp_path: Path) -> Any:
    """Runs the shipped playbook, as from a user's shell, with its options in a file."""
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(awx_collections)])
    file = tmp_path / "options.json"

    def run(*options: str, env: dict[str, str] | None = None, **variables: Any) -> Run:
        file.write_text(json.dumps({"awx_setup_scm_url": SCM_URL, **variables}))
        more = {**awx.environment(), "ANSIBLE_COLLECTIONS_PATH": path, "ANSIBLE_PIPELINING": "true", **(env or {})}
        command = ["ansible-playbook", "mops.maintenance.awx_setup", "-e", f"@{file}", *options]
        return finish(start(command, tmp_path, more), timeout=600)

    return run


def objects(awx: Awx, kind: str) -> dict[str, Any]:
    named: dict[str, Any] = {each.get("name") or each["identifier"]: each for each in awx.state()["objects"][kind]}
    return named


def changes(run: Run) -> int:
    """How many tasks have changed something, of a run that has succeeded."""
    assert run.returncode == 0, run.everything
    (count,) = re.findall(r"changed=(\d+)", run.stdout)
    return int(count)


# Each module takes about half a second of a processor, so there are few runs, and each shows much.
@pytest.mark.slow
def test_awx_is_set_up_once_and_removed_again(awx: Awx, set_up: Any) -> None:
    secrets = {"mailstore": {"host": "archive.example.com", "username": "admin", "password": PASSWORD}}
    wanted = {
        "awx_setup_organization": "Operations",
        "awx_setup_organization_managed": True,
        "awx_setup_credential_inputs": secrets,
        "awx_setup_data_dir": "/srv/mops",
    }
    # Longer than the run needs to come to it: it waits for the sync that AWX has begun.
    awx.control("POST", "settings", {"sync_seconds": 90})
    first = set_up("-vvvvv", **wanted)
    awx.control("POST", "settings", {"sync_seconds": 0})
    assert changes(first) > 0
    (project,) = objects(awx, "projects").values()
    assert len(project["updates"]) == 1, "the project is synced once"
    assert project["collections"], "AWX installs the collections that the project names"
    (host,) = objects(awx, "hosts").values()
    assert (host["name"], json.loads(host["variables"])["ansible_connection"]) == ("localhost", "local")
    assert PASSWORD not in first.everything
    assert awx.login.token not in first.everything
    assert "Fill in the fields of the credential" in first.stdout
    assert_that_everything_is_there(awx)
    assert objects(awx, "credentials")["mops: MailStore SPE"]["inputs"] == secrets["mailstore"]

    before = awx.state()["writes"]
    assert changes(set_up(**wanted)) == 0
    assert awx.state()["writes"] == before

    assert changes(set_up(**wanted, awx_setup_state="absent")) > 0
    left = [thing["name"] for things in awx.state()["objects"].values() for thing in things]
    assert sorted(left) == ["AWX EE", "Ansible Galaxy", "Ansible Galaxy/Automation Hub API Token", "Default"]


@pytest.mark.slow
def test_nothing_is_removed_where_nothing_is(awx: Awx, set_up: Any) -> None:
    assert changes(set_up(awx_setup_state="absent")) == 0
    assert awx.state()["writes"] == []


def assert_that_everything_is_there(awx: Awx) -> None:
    templates = objects(awx, "job_templates")
    assert sorted(each["playbook"] for each in templates.values()) == [f"playbooks/{name}.yml" for name in SHIPPED]
    for template in templates.values():
        assert template["survey_enabled"], template["name"]
        assert not survey.complaint(template["survey"])
        assert len(template["linked"]["credentials"]) == 1
    maintenance = templates["mops: MailStore SPE maintenance"]
    assert maintenance["survey"]["spec"][-1]["default"] == "/srv/mops/mailstore_maintenance"

    for service, name in zip(SERVICES, ("mops: Mimecast", "mops: Mashery", "mops: MailStore SPE")):
        kept = objects(awx, "credential_types")[name]
        assert kept["inputs"] == text_of(ROLE / "files" / "credential_types" / f"{service}.inputs.yml")
        assert kept["injectors"] == text_of(ROLE / "files" / "credential_types" / f"{service}.injectors.yml")

    source = objects(awx, "inventory_sources")["mops: MailStore SPE Management Server"]
    assert source["source_path"] == "mailstore_instances.yml"
    assert source["credential"] == objects(awx, "credentials")["mops: MailStore SPE"]["id"]

    nodes = objects(awx, "workflow_job_template_nodes")
    health = templates["mops: MailStore SPE health"]["id"]
    window = templates["mops: MailStore SPE backup window"]
    assert window["survey"]["spec"][-1]["default"] == "/srv/mops/mailstore_backup_window"
    assert nodes["backup"]["linked"]["always_nodes"] == [nodes["thaw"]["id"]]
    assert nodes["thaw"]["extra_data"]["mailstore_backup_window_only_lost"] == "true"
    assert {name: node["unified_job_template"] for name, node in nodes.items()} == {
        "backup": window["id"],
        "thaw": window["id"],
        "repairs": maintenance["id"],
        "health-again": health,
        "health-after-failure": health,
    }
    assert nodes["repairs"]["linked"]["success_nodes"] == [nodes["health-again"]["id"]]
    assert nodes["repairs"]["linked"]["failure_nodes"] == [nodes["health-after-failure"]["id"]]
    assert sorted(objects(awx, "schedules")) == [
        "mops: MailStore SPE backup window, lost windows, every hour",
        "mops: MailStore SPE health, mended, every morning",
        "mops: MailStore SPE maintenance, every night",
    ]


@pytest.mark.slow
def test_what_somebody_has_changed_is_put_right_and_what_they_filled_in_stays(awx: Awx, set_up: Any) -> None:
    wanted = {"awx_setup_templates": ["mailstore_health"]}
    assert changes(set_up("--check", **wanted)) > 0
    assert awx.state()["writes"] == []

    awx.control("POST", "settings", {"sync_fails": True})
    # A second run is no greener.
    for _again in range(2):
        failed = set_up(**wanted)
        assert failed.returncode == 2
        assert "mops: playbooks, failed" in failed.everything.replace("\n", " ")
    awx.control("POST", "settings", {"sync_fails": False})
    # It failed at its end, so everything is there.
    (template,) = objects(awx, "job_templates").values()
    credential = objects(awx, "credentials")["mops: MailStore SPE"]

    survey_spec = f"/api/v2/job_templates/{template['id']}/survey_spec/"
    awx.request("POST", survey_spec, {**template["survey"], "spec": template["survey"]["spec"][:1]})
    filled = {"host": "archive.example.com", "username": "admin", "password": PASSWORD}
    awx.request("PATCH", f"/api/v2/credentials/{credential['id']}/", {"inputs": filled})
    before = awx.state()["writes"]
    assert changes(set_up("--check", **wanted)) == 1
    assert awx.state()["writes"] == before

    assert changes(set_up(**wanted)) > 0
    assert changes(set_up(**wanted)) == 0
    assert objects(awx, "job_templates")[template["name"]]["survey"] == template["survey"]
    assert objects(awx, "credentials")[credential["name"]]["inputs"] == filled


@pytest.mark.slow
def test_a_credential_that_is_partly_in_code_keeps_what_was_filled_in_by_hand(awx: Awx, set_up: Any) -> None:
    inputs = {"host": "archive.example.com", "username": "admin"}
    wanted = {"awx_setup_templates": ["mailstore_health"], "awx_setup_credential_inputs": {"mailstore": inputs}}
    changes(set_up(**wanted))
    credential = objects(awx, "credentials")["mops: MailStore SPE"]
    filled = {**inputs, "password": PASSWORD, "port": "8470"}
    awx.request("PATCH", f"/api/v2/credentials/{credential['id']}/", {"inputs": filled})
    assert changes(set_up(**wanted)) == 0
    assert objects(awx, "credentials")[credential["name"]]["inputs"] == filled

    moved = {
        **wanted,
        "awx_setup_credential_inputs": {"mailstore": {**inputs, "host": "new.example.com", "password": "x"}},
    }
    assert changes(set_up(**moved)) == 1
    assert objects(awx, "credentials")[credential["name"]]["inputs"] == {**filled, "host": "new.example.com"}
    assert changes(set_up(**moved, awx_setup_update_secrets=True)) == 1
    assert objects(awx, "credentials")[credential["name"]]["inputs"]["password"] == "x"


@pytest.mark.slow
def test_a_type_that_is_in_use_is_left_alone_for_words_and_gets_a_successor_for_fields(awx: Awx, set_up: Any) -> None:
    wanted = {"awx_setup_templates": ["mailstore_health"]}
    inputs = text_of(ROLE / "files" / "credential_types" / "mailstore.inputs.yml")
    injectors = text_of(ROLE / "files" / "credential_types" / "mailstore.injectors.yml")
    fields = [{**field, "help_text": "Other words."} for field in inputs["fields"]]
    earlier = {
        "name": "mops: MailStore SPE",
        "kind": "cloud",
        "injectors": injectors,
        "inputs": {**inputs, "fields": fields},
    }
    first = awx.request("POST", "/api/v2/credential_types/", earlier)["id"]
    login = {"host": "archive.example.com", "username": "admin", "password": PASSWORD}
    credential = {"name": "mops: MailStore SPE", "organization": 1, "credential_type": first, "inputs": login}
    old = awx.request("POST", "/api/v2/credentials/", credential)["id"]
    assert changes(set_up(**wanted)) > 0
    (template,) = objects(awx, "job_templates").values()
    assert template["linked"]["credentials"] == [old]
    assert len(types_of(awx)) == 1

    # Another field, as a later release has it.
    copy = dict(injectors["env"], MAILSTORE_HOST="{{ host }}.example.com")
    awx.control("POST", "credential_type", {"id": first, "injectors": {**injectors, "env": copy}})
    told = set_up(**wanted)
    assert changes(told) > 0
    assert "Fill in the secrets of the credential" in told.stdout
    assert [each["name"] for each in types_of(awx)] == ["mops: MailStore SPE", "mops: MailStore SPE 2"]
    (template,) = objects(awx, "job_templates").values()
    (new,) = template["linked"]["credentials"]
    kept = next(each for each in awx.state()["objects"]["credentials"] if each["id"] == new)
    assert new != old
    assert {name: kept["inputs"][name] for name in ("host", "username")} == {"host": login["host"], "username": "admin"}
    assert changes(set_up(**wanted)) == 0


def types_of(awx: Awx) -> list[dict[str, Any]]:
    return [each for each in awx.state()["objects"]["credential_types"] if not each["managed"]]


@pytest.mark.slow
def test_what_is_not_given_any_more_is_taken_back(awx: Awx, set_up: Any) -> None:
    awx.request("POST", "/api/v2/execution_environments/", {"name": "mops", "image": "mops:1"})
    awx.request("POST", "/api/v2/inventories/", {"name": "Gateways", "organization": 1})
    wanted = {"awx_setup_templates": ["mashery_log_shipping", "mailstore_maintenance"]}
    given = {"awx_setup_execution_environment": "mops", "awx_setup_inventories": {"mashery_log_shipping": "Gateways"}}
    changes(set_up(**wanted, **given))
    template = objects(awx, "job_templates")["mops: Mashery log shipping"]
    assert (template["execution_environment"], template["inventory"]) != (None, None)
    assert changes(set_up("--check", **wanted)) > 0
    assert changes(set_up(**wanted)) > 0
    for each in objects(awx, "job_templates").values():
        assert each["execution_environment"] is None
    template = objects(awx, "job_templates")["mops: Mashery log shipping"]
    assert (template["inventory"], template["ask_inventory_on_launch"]) == (None, True)
    (project,) = objects(awx, "projects").values()
    (source,) = objects(awx, "inventory_sources").values()
    assert (project["default_environment"], source["execution_environment"]) == (None, None)
    assert changes(set_up(**wanted)) == 0


def test_a_schedule_with_an_open_question_is_refused_before_anything_is_made(awx: Awx, set_up: Any) -> None:
    schedule = {
        "name": "every hour",
        "template": "mashery_log_shipping",
        "rrule": "DTSTART:20260101T000500Z RRULE:FREQ=HOURLY;INTERVAL=1",
    }
    refused = set_up(awx_setup_schedules=[schedule])
    assert refused.returncode == 2
    assert "every hour of mashery_log_shipping: mashery_log_shipping_logs" in refused.everything.replace("\n", " ")
    assert awx.state()["writes"] == []


@pytest.mark.slow
def test_an_organization_without_a_galaxy_credential_is_told_before_every_job_fails(awx: Awx, set_up: Any) -> None:
    awx.request("POST", "/api/v2/organizations/", {"name": "Operations"})
    wanted = {"awx_setup_organization": "Operations", "awx_setup_templates": ["mailstore_health"]}
    failed = set_up(**wanted)
    assert failed.returncode == 2
    assert "The organization Operations has no Galaxy credential" in failed.everything.replace("\n", " ")
    assert changes(set_up(**wanted, awx_setup_galaxy_credentials=["Ansible Galaxy"])) > 0
    (project,) = objects(awx, "projects").values()
    assert project["collections"]


@pytest.mark.slow
def test_who_is_no_system_administrator_is_told_and_may_leave_the_types_to_one(awx: Awx, set_up: Any) -> None:
    wanted = {"awx_setup_templates": ["mailstore_health"]}
    awx.control("POST", "settings", {"administrator": False})
    refused = set_up(**wanted)
    assert refused.returncode == 2
    assert "takes a system administrator of AWX" in refused.everything.replace("\n", " ")
    missing = set_up(**wanted, awx_setup_credential_types_managed=False)
    assert missing.returncode == 2
    assert "AWX has not the credential types mops: MailStore SPE" in missing.everything.replace("\n", " ")
    awx.control("POST", "settings", {"administrator": True})
    changes(set_up(**wanted))
    awx.control("POST", "settings", {"administrator": False})
    assert changes(set_up(**wanted)) == 0


def test_an_awx_awx_that_is_too_old_is_told_as_such(
    awx: Awx, set_up: Any, awx_collections: Path, tmp_path: Path
) -> None:
    old = shutil.copytree(awx_collections, tmp_path / "old", symlinks=True)
    module = old / "ansible_collections/awx/awx/plugins/module_utils/controller_api.py"
    module.write_text(module.read_text().replace('_COLLECTION_VERSION = "24.6.1"', '_COLLECTION_VERSION = "21.14.0"'))
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(old)])
    refused = set_up(env={"ANSIBLE_COLLECTIONS_PATH": path})
    assert refused.returncode == 2
    assert "needs awx.awx 22.3 or later" in refused.everything.replace("\n", " ")
    assert "CONTROLLER_PASSWORD" not in refused.everything


@pytest.mark.slow
def test_the_login_may_come_from_module_defaults(awx: Awx, awx_collections: Path, tmp_path: Path) -> None:
    login = {
        "controller_host": f"http://127.0.0.1:{awx.port}",
        "controller_username": awx.login.username,
        "controller_password": awx.login.password,
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/awx.awx.controller": login},
        "roles": [
            {
                "role": "mops.maintenance.awx_setup",
                "awx_setup_scm_url": SCM_URL,
                "awx_setup_templates": ["mailstore_health"],
            }
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(awx_collections)])
    run = finish(start(["ansible-playbook", "play.yml"], tmp_path, {"ANSIBLE_COLLECTIONS_PATH": path}), timeout=600)
    assert changes(run) > 0
    assert awx.state()["tokens"] == 0, "every token was given back"


def test_without_a_collection_for_awx_one_sentence_says_so(awx: Awx, set_up: Any) -> None:
    missing = set_up(env={"ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]})
    assert missing.returncode == 2
    sentence = "neither is installed: ansible-galaxy collection install awx.awx"
    assert sentence in missing.everything.replace("\n", " ")
    assert awx.state()["requests"] == 0


def test_whom_awx_does_not_let_in_is_told_where_the_login_comes_from(awx: Awx, set_up: Any) -> None:
    login = {"CONTROLLER_OAUTH_TOKEN": "", "CONTROLLER_USERNAME": "admin", "CONTROLLER_PASSWORD": "a-wrong-password"}
    refused = set_up("-vvvvv", env=login)
    assert refused.returncode == 2
    assert "401" in refused.everything
    assert "CONTROLLER_PASSWORD" in refused.everything
    assert "a-wrong-password" not in refused.everything
    assert awx.state()["writes"] == []


def test_a_credential_type_that_is_in_use_elsewhere_stays_and_the_failure_says_why(awx: Awx, set_up: Any) -> None:
    kind = {"name": "mops: Mashery", "kind": "cloud"}
    of_type = awx.request("POST", "/api/v2/credential_types/", kind)["id"]
    awx.request("POST", "/api/v2/credentials/", {"name": "mine", "credential_type": of_type})
    failed = set_up(awx_setup_state="absent", awx_setup_organization="Nowhere")
    assert failed.returncode == 2
    assert "as there are credentials of it" in failed.everything
    assert list(objects(awx, "credentials")) == ["Ansible Galaxy", "mine"]


def test_every_shipped_playbook_has_a_job_template() -> None:
    options = text_of(ROLE / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert sorted(CATALOGUE) == SHIPPED
    assert sorted(options["awx_setup_templates"]["choices"]) == SHIPPED
    assert sorted(text_of(ROLE / "defaults" / "main.yml")["awx_setup_templates"]) == SHIPPED


def test_the_project_to_copy_has_every_shipped_playbook() -> None:
    project = ROLE / "files" / "project"
    wrapped = {path.stem: text_of(path) for path in (project / "playbooks").glob("*.yml")}
    assert sorted(wrapped) == SHIPPED
    for name, plays in wrapped.items():
        imported = [play["ansible.builtin.import_playbook"] for play in plays]
        assert imported == ["preflight/image.yml", f"mops.maintenance.{name}"]
    assert text_of(project / "collections" / "requirements.yml") == {"collections": [{"name": "mops.maintenance"}]}
    assert (project / "mailstore_instances.yml").is_file()


@pytest.mark.parametrize(("name", "question"), QUESTIONS, ids=[question["variable"] for _name, question in QUESTIONS])
def test_a_survey_asks_for_options_of_the_role(name: str, question: dict[str, Any]) -> None:
    options = text_of(ROOT / "roles" / name / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    # A playbook's hosts are an option of the playbook, not of its role.
    if question["variable"] == f"{name}_hosts":
        assert question["variable"] in (ROOT / "playbooks" / f"{name}.yml").read_text()
        return
    option = options[question["variable"]]
    if "choices" in question:
        described = str(option["description"])
        assert question["choices"] == ["false", "true"] or all(
            f"V({each})" in described for each in question["choices"]
        )
    if question["type"] == "integer":
        assert question["default"] == option["default"]


@pytest.mark.parametrize(("name", "question"), QUESTIONS, ids=[question["variable"] for _name, question in QUESTIONS])
def test_a_question_with_a_default_is_optional_and_none_has_what_ansible_core_cannot_load(
    name: str, question: dict[str, Any]
) -> None:
    """AWX takes no schedule without an answer to a required one, its default notwithstanding."""
    assert question["required"] == (question["default"] == "" and question["variable"] in NEEDED[name])
    # ansible-core 2.19 and later cannot load the answer "*" as AWX writes it.
    assert question["default"] != "*"
    assert " * " not in f" {question.get('question_description', '')} "


@pytest.mark.parametrize("name", SHIPPED)
def test_a_survey_asks_for_every_option_that_is_needed(name: str) -> None:
    options = text_of(ROOT / "roles" / name / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    needed = {option for option, spec in options.items() if spec.get("required")}
    assert needed <= {question["variable"] for question in CATALOGUE[name]["survey"]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_credential_type_sets_every_variable_that_the_modules_read(service: str) -> None:
    inputs = text_of(ROLE / "files" / "credential_types" / f"{service}.inputs.yml")
    injectors = text_of(ROLE / "files" / "credential_types" / f"{service}.injectors.yml")
    fragment = (ROOT / "plugins" / "doc_fragments" / f"{service}.py").read_text()
    # Which authorities a system trusts, and how long a run waits for a service, is no matter of a login.
    others = {"SSL_CERT_FILE", "MAILSTORE_RETRY_TIMEOUT"}
    assert set(injectors["env"]) == set(re.findall(r"E\((\w+)\)", fragment)) - others
    assert credential_type.complaints("cloud", inputs, injectors) == {}


@pytest.mark.parametrize(
    "injectors",
    [
        pytest.param({"env": {"ANSIBLE_CONFIG": "{{ host }}"}}, id="a-variable-of-ansible"),
        pytest.param({"env": {"HOSTS": "{{ hosts }}"}}, id="a-field-that-is-not-defined"),
        pytest.param({"env": {"CA": "{{ tower.filename.ca }}"}}, id="a-file-that-is-not-written"),
    ],
)
def test_the_simulator_refuses_what_awx_refuses(injectors: dict[str, Any]) -> None:
    inputs = {"fields": [{"id": "host", "label": "Host", "type": "string"}]}
    assert "injectors" in credential_type.complaints("cloud", inputs, injectors)


def test_the_simulator_refuses_a_playbook_that_the_project_does_not_have(awx: Awx) -> None:
    inventory = awx.request("POST", "/api/v2/inventories/", {"name": "hosts", "organization": 1})["id"]
    project = {"name": "project", "organization": 1, "scm_type": "git", "scm_url": SCM_URL}
    project_id = awx.request("POST", "/api/v2/projects/", project)["id"]
    template = {"name": "template", "inventory": inventory, "project": project_id, "playbook": "playbooks/none.yml"}
    with pytest.raises(RuntimeError, match="Playbook not found for project"):
        awx.request("POST", "/api/v2/job_templates/", template)
    awx.request("PATCH", f"/api/v2/projects/{project_id}/", {"allow_override": True})
    assert awx.request("POST", "/api/v2/job_templates/", template)["type"] == "job_template"
