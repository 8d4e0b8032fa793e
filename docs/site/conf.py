# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx, for ``make docs``: the guides, and the reference that antsibull-docs has made."""

from __future__ import annotations

from typing import Any

from docutils import nodes

project = "mops.maintenance"
copyright = "Contributors to the mops.maintenance project"

extensions = ["sphinx_antsibull_ext"]
nitpicky = True
default_role = "any"
pygments_style = "ansible"
highlight_language = "yaml+jinja"

html_theme = "furo"
html_title = "mops.maintenance"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
# site.css gives antsibull's tables the colours of the theme, light and dark.
antsibull_ext_color_scheme = "none"

ANSIBLE = "https://docs.ansible.com/ansible/latest"
ANSIBLE_PAGES = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "ansible_configuration_settings": f"{ANSIBLE}/reference_appendices/config.html",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
}
"""Labels of Ansible's own documentation that the reference links to."""


def link_to_ansible(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Resolve what Ansible's own documentation explains without asking for its list: the build needs no network."""
    url = ansible_url(node["reftype"], node["reftarget"])
    return None if url is None else nodes.reference("", "", contnode, refuri=url, internal=False)


def ansible_url(kind: str, target: str) -> str | None:
    builtin = "ansible_collections.ansible.builtin."
    if kind == "envvar" and target.startswith("ANSIBLE_"):
        return f"{ANSIBLE_PAGES['ansible_configuration_settings']}#envvar-{target}"
    if target.startswith(builtin):
        return f"{ANSIBLE}/collections/ansible/builtin/{target[len(builtin) :]}.html"
    return ANSIBLE_PAGES.get(target)


def setup(app: Any) -> None:
    app.connect("missing-reference", link_to_ansible)
