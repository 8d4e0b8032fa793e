# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the pages that antsibull-docs has written read well in this theme, on a phone too."""

from __future__ import annotations

from typing import Any

from docutils import nodes

COLLECTION = "mops.maintenance."


def edit(app: Any, document: nodes.document) -> None:
    shorten_title(document)
    drop_contents(document)


def shorten_title(document: nodes.document) -> None:
    """The title begins with what the page is about; the page says how a playbook names it."""
    title = document.next_node(nodes.title)
    text = title.next_node(nodes.Text) if title else None
    if text is not None and text.startswith(COLLECTION):
        text.parent.replace(text, nodes.Text(text[len(COLLECTION) :]))


def drop_contents(document: nodes.document) -> None:
    """The theme shows a page's sections beside it. A list of contents that a guide gives a title stays."""
    for topic in list(document.findall(nodes.topic)):
        if "contents" in topic["classes"] and topic.next_node(nodes.title) is None:
            topic.parent.remove(topic)
        elif "contents" in topic["classes"]:
            topic["classes"].append("this-will-duplicate-information-and-it-is-still-useful-here")


def setup(app: Any) -> dict[str, bool]:
    # Before Sphinx collects the titles, which it does at the usual priority of 500.
    app.connect("doctree-read", edit, priority=400)
    return {"parallel_read_safe": True}
