# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the two collections for AWX is used, and what it is told by module_defaults."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Callable

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mops.maintenance.plugins.plugin_utils._awx import chosen

NAMES = ("ansible.controller", "awx.awx")
LOGIN = {"controller_host": "https://awx.example.com"}


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says which of the collections are installed, each with its version."""

    def these(**versions: str) -> None:
        for name in NAMES:
            path = f"ansible_collections.{name}.plugins.module_utils.controller_api"
            version = versions.get(name.split(".")[1])
            module: Any = ModuleType(path)
            module.ControllerAPIModule = type("Client", (), {"_COLLECTION_VERSION": version})
            monkeypatch.setitem(sys.modules, path, module if version else None)

    return these


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("asked", ["auto", None], ids=["auto", "by-name"])
def test_the_one_that_is_installed_is_used(install: Callable[..., None], name: str, asked: str | None) -> None:
    install(**{name.split(".")[1]: "24.6.1"})
    assert chosen(asked or name, []).name == name


def test_of_two_it_is_the_one_that_has_a_login_and_else_that_of_the_platform(install: Callable[..., None]) -> None:
    install(awx="24.6.1", controller="4.6.1")
    assert chosen("auto", []).name == "ansible.controller"
    assert chosen("auto", [{"group/awx.awx.controller": LOGIN}]).name == "awx.awx"
    assert chosen("awx.awx", [{"group/ansible.controller.controller": LOGIN}]).name == "awx.awx"


def test_what_is_missing_is_named_with_the_command_that_installs_it(install: Callable[..., None]) -> None:
    install()
    with pytest.raises(AnsibleActionFail, match="neither is installed: ansible-galaxy collection install awx"):
        chosen("auto", [])
    install(awx="24.6.1")
    with pytest.raises(AnsibleActionFail, match=r"ansible\.controller, which is not installed: ansible-galaxy"):
        chosen("ansible.controller", [])


@pytest.mark.parametrize(
    ("name", "old", "new"), [("awx.awx", "21.14.0", "22.3.0"), ("ansible.controller", "4.3.9", "4.4.0")]
)
def test_one_that_is_too_old_is_named_with_the_release_that_will_do(
    install: Callable[..., None], name: str, old: str, new: str
) -> None:
    install(**{name.split(".")[1]: old})
    with pytest.raises(AnsibleActionFail, match=f"needs {name} {new[:-2]} or later, and {old} is installed"):
        chosen("auto", [])
    install(**{name.split(".")[1]: new})
    assert chosen("auto", []).name == name


def test_one_from_a_working_copy_has_no_release_and_is_taken(install: Callable[..., None]) -> None:
    install(awx="0.0.1-devel")
    assert chosen("auto", []).name == "awx.awx"


def test_the_nearest_defaults_replace_those_before_and_a_modules_own_come_first(install: Callable[..., None]) -> None:
    install(awx="24.6.1")
    defaults: list[dict[str, Any]] = [
        {"group/awx.awx.controller": {"controller_host": "https://old.example.com", "validate_certs": False}},
        {"group/awx.awx.controller": LOGIN, "awx.awx.project": {"scm_type": "git", "controller_host": "of-projects"}},
    ]
    collection = chosen("auto", defaults)
    assert collection.group_defaults(defaults) == LOGIN
    assert collection.module_defaults(defaults, "project") == {"scm_type": "git", "controller_host": "of-projects"}
    assert collection.module_defaults(defaults, "inventory") == LOGIN
