# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role hands no option on to a module that nobody has answered: AWX gives an empty text for it, or null."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

ROLES = Path(__file__).parents[3] / "roles"
ENVIRONMENT = NativeEnvironment()
OMIT = "__omit__"
LEFT_OUT = re.compile(r"\bomit\b")


def texts(node):
    """Every text in a document of YAML."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from texts(item)
    elif isinstance(node, str):
        yield node


def handed_on():
    """The templates of a role's tasks that leave out a module's option, each with the option of the role in it."""
    for specs in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        options = yaml.safe_load(specs.read_text())["argument_specs"]["main"]["options"]
        for tasks in sorted(specs.parents[1].glob("tasks/*.yml")):
            for text in filter(LEFT_OUT.search, texts(yaml.safe_load(tasks.read_text()))):
                (name, *others) = set(re.findall(rf"\b{specs.parents[1].name}_\w+", text)) or {""}
                if name in options and not others:
                    yield (tasks.stem, name, text)


HANDED_ON = [pytest.param(text, name, id=f"{tasks}-{name}") for tasks, name, text in sorted(set(handed_on()))]


@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize(("template", "name"), HANDED_ON)
def test_an_option_without_an_answer_is_left_out(template, name, nothing):
    assert ENVIRONMENT.from_string(template).render({name: nothing, "omit": OMIT}) == OMIT


@pytest.mark.parametrize(("template", "name"), HANDED_ON)
def test_an_option_with_an_answer_is_handed_on(template, name):
    assert OMIT not in str(ENVIRONMENT.from_string(template).render({name: "answer", "omit": OMIT}))


def test_there_are_many():
    assert len(HANDED_ON) > 50
