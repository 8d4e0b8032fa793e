# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""The collection with the modules for AWX: awx.awx, or ansible.controller, which is the same code by another name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.compat.version import LooseVersion

AUTO = "auto"
OLDEST = {"ansible.controller": "4.4", "awx.awx": "22.3"}
"""The collections, the preferred one first, with the oldest release of each that will do: both are of 2023."""

COLLECTION: dict[str, Any] = {"type": "str", "choices": [AUTO, *OLDEST], "default": AUTO}
"""The option by which a task names its collection."""

Defaults = Iterable[Mapping[str, Any]]
"""The module_defaults of a task, the nearest last."""


@dataclass(frozen=True)
class Collection:
    """An installed collection. ``client`` is the class by which its modules talk to AWX."""

    name: str
    client: Any

    def group_defaults(self, defaults: Defaults) -> dict[str, Any]:
        """What ``module_defaults`` say for all of its modules: where AWX is, and who logs in. Not templated."""
        return merged(defaults, f"group/{self.name}.controller")

    def module_defaults(self, defaults: Defaults, module: str) -> dict[str, Any]:
        """What they say for one of its modules, that of the group among it."""
        return {**self.group_defaults(defaults), **merged(defaults, f"{self.name}.{module}")}


def chosen(name: str, defaults: Defaults) -> Collection:
    """The collection of this name. With ``auto``, the installed one, and of two the one for which there is a login.

    Raises AnsibleActionFail where it is not installed, or too old.
    """
    found = [each for each in map(installed, OLDEST if name == AUTO else [name]) if each]
    if not found:
        if name != AUTO:
            missing = f"This needs the collection {name}, which is not installed"
            raise AnsibleActionFail(f"{missing}: ansible-galaxy collection install {name}")
        missing = (
            "This needs the collection awx.awx, or ansible.controller for Automation Platform, and neither is installed"
        )
        raise AnsibleActionFail(f"{missing}: ansible-galaxy collection install awx.awx")
    collection = next((each for each in found if each.group_defaults(defaults)), found[0])
    version = collection.client._COLLECTION_VERSION
    # What was built from the sources in a working copy has no number.
    if not version.startswith("0.0.1") and LooseVersion(version) < LooseVersion(OLDEST[collection.name]):
        raise AnsibleActionFail(
            f"This needs {collection.name} {OLDEST[collection.name]} or later, and {version} is installed: "
            f"ansible-galaxy collection install --upgrade {collection.name}"
        )
    return collection


def installed(name: str) -> Collection | None:
    try:
        module = importlib.import_module(f"ansible_collections.{name}.plugins.module_utils.controller_api")
    except ImportError:
        return None
    return Collection(name, module.ControllerAPIModule)


def merged(defaults: Defaults, key: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for each in defaults:
        # The nearest replaces those before it, as Ansible does it.
        if key in each:
            result = dict(each[key] or {})
    return result
