# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX refuses in a survey, in answers to it, and in a schedule's rule."""

from __future__ import annotations

from typing import Any

TYPES = ("text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float")


def complaint(spec: Any) -> str:
    """What is wrong with a survey, in AWX's words; empty where nothing is."""
    if not isinstance(spec, dict):
        return "survey_spec must be a dict"
    for key in ("name", "description", "spec"):
        if key not in spec:
            return f"'{key}' missing from survey spec."
    if not isinstance(spec["spec"], list) or not spec["spec"]:
        return "'spec' must be a list of items."
    variables: set[str] = set()
    for number, question in enumerate(spec["spec"]):
        if wrong := _about(question, number):
            return wrong
        if question["variable"] in variables:
            return f"'variable' '{question['variable']}' duplicated in survey question {number}."
        variables.add(question["variable"])
    return ""


def _about(question: dict[str, Any], number: int) -> str:
    for key in ("type", "question_name", "variable", "required"):
        if key not in question:
            return f"'{key}' missing from survey question {number}."
    if question["type"] not in TYPES:
        allowed = ", ".join(TYPES)
        return f"'{question['type']}' in survey question {number} is not one of '{allowed}' allowed question types."
    if "choices" not in question and question["type"].startswith("multi"):
        return f"Survey question {number} of type {question['type']} must specify choices."
    default = question.get("default", "")
    expected = {"integer": (int,), "float": (int, float)}.get(question["type"], (str, list))
    if default != "" and type(default) not in expected:
        return f"Default value {default} in survey question {number} expected to be {question['type']}."
    if question["type"] == "multiplechoice" and default != "" and default not in choices(question):
        return "Default choice must be answered from the choices listed."
    return ""


def choices(question: dict[str, Any]) -> list[str]:
    given = question["choices"]
    return given.splitlines() if isinstance(given, str) else list(given)


def unwanted_answers(spec: dict[str, Any], answers: dict[str, Any], any_variable: bool) -> dict[str, list[str]]:
    """What is wrong with the variables that a schedule hands to a template with this survey."""
    questions = {question["variable"]: question for question in spec.get("spec", [])}
    strange = sorted(set(answers) - set(questions))
    if strange and not any_variable:
        return {"extra_data": [f"Variables {', '.join(strange)} are not allowed on launch."]}
    missing = [
        f"'{name}' value missing"
        for name, question in questions.items()
        if question["required"] and name not in answers and question.get("default", "") == ""
    ]
    return {"variables_needed_to_start": missing} if missing else {}


def rule_complaint(rule: str) -> str:
    if rule.count("DTSTART") != 1:
        return "Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"
    start, _space, rest = rule.partition(" ")
    if "TZID=" not in start and not start.endswith("Z"):
        return "DTSTART cannot be a naive datetime.  Require ;TZINFO= or YYYYMMDDTHHMMSSZZ."
    if "RRULE:" not in rest:
        return "RRULE required in rrule."
    if "INTERVAL" not in rest:
        return "INTERVAL required in rrule."
    return ""
