# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mops.maintenance.plugins.plugin_utils import _tenant_files as files

DOCUMENT = {
    "instance": "alpha",
    "configuration": {"displayName": "Alpha {{ lookup('pipe', 'id') }} Ltd", "alias": None},
    "users": [{"name": "anna", "user_password": "{{ mailstore_secret_x }}", "privileges": ["login", "export"]}],
    "jobs": [{"name": "no", "schedule": {"time": "12:30"}}],
}


def test_what_is_written_is_read_again():
    assert files.parsed(files.text_of(DOCUMENT), "alpha.yml") == DOCUMENT


def test_the_same_document_gives_the_same_bytes():
    again = files.parsed(files.text_of(DOCUMENT), "alpha.yml")
    assert files.text_of(again) == files.text_of(DOCUMENT)


def test_nothing_is_a_template_but_a_reference_in_the_place_of_a_secret():
    lines = [line.strip() for line in files.text_of(DOCUMENT).splitlines()]
    assert "displayName: !unsafe 'Alpha {{ lookup(''pipe'', ''id'') }} Ltd'" in lines
    assert "user_password: '{{ mailstore_secret_x }}'" in lines


def test_words_that_yaml_takes_for_something_else_are_quoted():
    text = files.text_of(DOCUMENT)
    assert "name: 'no'" in text
    assert "time: '12:30'" in text


@pytest.mark.parametrize(
    ("change", "edited"),
    [
        (lambda text: text, False),
        (lambda text: text + "# a note\n", True),
        (lambda text: text.replace("anna", "anne"), True),
        (lambda text: text.split("\n", 2)[2], True),
        (lambda text: "", True),
    ],
)
def test_it_is_known_whether_somebody_has_edited_a_file(change, edited):
    assert files.is_edited(change(files.text_of(DOCUMENT))) is edited


def test_another_form_and_another_way_to_a_secret_say_the_same():
    text = "instance: alpha\nusers:\n- {user_password: !vault abc, name: anna}\n"
    document = {"instance": "alpha", "users": [{"name": "anna", "user_password": "{{ mailstore_secret_x }}"}]}
    assert files.says_the_same(text, "alpha.yml", document)
    assert not files.says_the_same(text.replace("anna", "ben"), "alpha.yml", document)
    assert not files.says_the_same("[", "alpha.yml", document)


def test_a_secret_that_somebody_wrote_into_a_file_is_not_shown():
    shown = files.without_values_of_secrets("- user_password: geheim\n  password: '{{ x }}'\n  name: anna\n")
    assert "geheim" not in shown
    assert "password: '{{ x }}'" in shown
    assert "name: anna" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\nb: x\n", "alpha.yml is no YAML: line 2, column"),
        ("- a\n", "must hold a dictionary"),
        ("", "must hold a dictionary"),
        ("users: []\nusers: []\n", "users is there twice, again in line 2"),
        ("jobs:\n- name: a\n  name: b\n", "name is there twice, again in line 3"),
        ("<<<<<<< HEAD\na: 1\n", "is no YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_line(text, said):
    with pytest.raises(files.FileUnusable, match=r"alpha\.yml") as raised:
        files.parsed(text, "alpha.yml")
    assert said in str(raised.value)


def test_a_time_without_quotes_stays_a_text():
    assert files.parsed("date: 2026-12-31T02:30:00\n", "alpha.yml") == {"date": "2026-12-31T02:30:00"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants/alpha.yml").write_text("instance: alpha\n")
    (tmp_path / "tenants/beta.yaml").write_text("instance: beta\n")
    (tmp_path / "tenants/.hidden.yml").write_text("[")
    (tmp_path / "installation.yml").write_text("administrators: []\n")
    return tmp_path


def read(*paths):
    return files.read_all([str(path) for path in paths], DataLoader())


def test_a_folder_is_read_as_an_export_has_written_it(folder):
    tenants, installation = read(folder)
    assert [one.document["instance"] for one in tenants] == ["alpha", "beta"]
    assert installation.document == {"administrators": []}


def test_a_tenant_twice_is_refused_in_whatever_letters(folder):
    (folder / "tenants/copy.yml").write_text("instance: ALPHA\n")
    with pytest.raises(files.FileUnusable, match=r"Tenant ALPHA is in two files, .*alpha.yml and .*copy.yml"):
        read(folder)


def test_everything_that_is_wrong_is_said_at_once(folder):
    (folder / "tenants/alpha.yml").write_text("[")
    (folder / "tenants/beta.yaml").write_text("jobs: []\n")
    with pytest.raises(files.FileUnusable) as raised:
        read(folder, folder / "nowhere")
    for said in ("alpha.yml is no YAML", "beta.yaml: instance is missing", "nowhere does not exist", "Nothing was"):
        assert said in str(raised.value)


@pytest.mark.parametrize("instance", ["../alpha", "a/b", ".alpha", "a\\b", ""])
def test_an_id_that_could_leave_the_folder_is_no_name(instance):
    with pytest.raises(files.FileUnusable, match="cannot be the name of a file"):
        files.name_of(instance)
