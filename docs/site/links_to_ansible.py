# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links into Ansible's own documentation, without asking for its list of labels: the build needs no network."""

from __future__ import annotations

from typing import Any

from docutils import nodes

ANSIBLE = "https://docs.ansible.com/ansible/latest"
CONFIGURATION = f"{ANSIBLE}/reference_appendices/config.html"
BUILTIN = "ansible_collections.ansible.builtin."
PAGES = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "ansible_configuration_settings": CONFIGURATION,
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
}


def url_of(kind: str, target: str) -> str | None:
    """Where Ansible explains what a link of this kind names; None where it is not Ansible's."""
    if kind == "envvar" and target.startswith("ANSIBLE_"):
        return f"{CONFIGURATION}#envvar-{target}"
    if target.startswith(BUILTIN):
        return f"{ANSIBLE}/collections/ansible/builtin/{target[len(BUILTIN) :]}.html"
    return PAGES.get(target)


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    url = url_of(node["reftype"], node["reftarget"])
    return None if url is None else nodes.reference("", "", contnode, refuri=url, internal=False)


def setup(app: Any) -> dict[str, bool]:
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
