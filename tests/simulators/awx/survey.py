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


def unwanted_answers(
    spec: dict[str, Any], answers: dict[str, Any], any_variable: bool, *, required: bool = True
) -> dict[str, list[str]]:
    """What is wrong with the variables that a launch, a schedule or a node hands to a template with this survey.

    A required question wants an answer, its default notwithstanding; not so for a node (`required` is false), which may
    get it from its workflow.
    """
    questions = {question["variable"]: question for question in spec.get("spec", [])}
    wrong = []
    for name, question in questions.items():
        if name in answers:
            wrong += answer_complaints(question, answers[name])
        elif question["required"] and required:
            wrong.append(f"'{name}' value missing")
    if wrong:
        return {"variables_needed_to_start": wrong}
    strange = sorted(set(answers) - set(questions))
    if strange and not any_variable:
        words = f"Variables {', '.join(strange)} are not allowed on launch. Check the Prompt on Launch setting"
        return {"extra_vars": [f"{words} on the Job Template to include Extra Variables."]}
    return {}


def answer_complaints(question: dict[str, Any], answer: Any) -> list[str]:
    """What is wrong with one answer. An empty text is an answer to a question for a text, and to no other."""
    name, kind = question["variable"], question["type"]
    if kind in ("text", "textarea", "password"):
        if not isinstance(answer, str):
            return [f"Value {answer} for '{name}' expected to be a string."]
        size, unit = len(answer), "length"
    elif kind in ("integer", "float"):
        if type(answer) not in ((int,) if kind == "integer" else (int, float)):
            expected = "an integer" if kind == "integer" else "a numeric type"
            return [f"Value {answer} for '{name}' expected to be {expected}."]
        size, unit = answer, "value"
    else:
        several = kind == "multiselect"
        if several and not isinstance(answer, list):
            return [f"'{name}' value is expected to be a list."]
        given = answer if several else [answer]
        listed = choices(question)
        return [f"Value {each} for '{name}' expected to be one of {listed}." for each in given if each not in listed]
    if question.get("min") not in ("", None) and size < question["min"]:
        return [f"'{name}' {unit} {size} is too small (must be at least {question['min']})."]
    if question.get("max") not in ("", None) and size > question["max"]:
        return [f"'{name}' {unit} {size} is too large (must be no more than {question['max']})."]
    return []


def defaults(spec: dict[str, Any]) -> dict[str, Any]:
    """What a job gets for questions that nobody has answered: every default that would do as an answer."""
    return {
        question["variable"]: question["default"]
        for question in spec.get("spec", [])
        if question.get("default") is not None and not answer_complaints(question, question["default"])
    }


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
