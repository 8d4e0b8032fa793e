# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX refuses in a credential type, and in the inputs of a credential."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

FIELD_KEYS = {
    "type",
    "format",
    "choices",
    "id",
    "label",
    "help_text",
    "multiline",
    "secret",
    "ask_at_runtime",
    "default",
}
OF_STRINGS = ("choices", "multiline", "format", "secret")
VARIABLE = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")
FILE_LABEL = re.compile(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?")
ENCRYPTED = "$encrypted$"


class _Filenames:
    """What `tower` and `tower.filename` are in a template: names of files, where the type writes some."""


def complaints(kind: Any, inputs: Any, injectors: Any) -> dict[str, list[str]]:
    """What is wrong with a credential type, by field of the API; empty where nothing is."""
    found: dict[str, list[str]] = {}
    if kind not in ("cloud", "net"):
        found["kind"] = [f"Must be 'cloud' or 'net', not {kind}"]
    if wrong := _about_inputs(inputs):
        found["inputs"] = wrong
    elif wrong := _about_injectors(inputs, injectors):
        found["injectors"] = wrong
    return found


def _about_inputs(inputs: Any) -> list[str]:
    if not isinstance(inputs, dict) or set(inputs) - {"fields", "required"}:
        return ["Schema validation failed: only fields and required are allowed"]
    seen: set[str] = set()
    for field in inputs.get("fields", []):
        if set(field) - FIELD_KEYS or not {"id", "label"} <= set(field):
            return [f"Schema validation failed in relative path inputs.fields: {field}"]
        if not VARIABLE.fullmatch(field["id"]):
            return [f"{field['id']} is an invalid variable name"]
        if field["id"] == "tower":
            return ['"tower" is a reserved field name']
        if field["id"] in seen:
            return [f"field IDs must be unique ({field['id']})"]
        seen.add(field["id"])
        # AWX completes what it was sent, so a field without a type differs from what it answers next time.
        kind = field.setdefault("type", "string")
        if "default" in field and not isinstance(field["default"], {"string": str, "boolean": bool}.get(kind, ())):
            return [f"{field['default']} is not a {kind}"]
        if kind != "string" and (wrong := [key for key in OF_STRINGS if key in field]):
            return [f"{wrong[0]} not allowed for {kind} type ({field['id']})"]
        if "choices" in field and not all(isinstance(choice, str) for choice in field["choices"]):
            return [f"Schema validation failed in relative path inputs.fields.choices: {field['choices']}"]
    return []


def _about_injectors(inputs: dict[str, Any], injectors: Any) -> list[str]:
    if not isinstance(injectors, dict) or set(injectors) - {"file", "env", "extra_vars"}:
        return ["Schema validation failed: only file, env and extra_vars are allowed"]
    files = list(injectors.get("file", {}))
    if wrong := [label for label in files if not FILE_LABEL.fullmatch(label)]:
        return [f"Schema validation failed in relative path injectors.file: {wrong[0]}"]
    if "template" in files and len(files) > 1:
        return ["Must use multi-file syntax when injecting multiple files"]
    for name in injectors.get("env", {}):
        if name.startswith("ANSIBLE_"):
            words = "may affect Ansible configuration so its use is not allowed in credentials."
            return [f"Environment variable {name} {words}"]
    namespace = {"tower": _tower(files), **{field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for templates in injectors.values():
        for name, template in templates.items():
            try:
                environment.from_string(template).render(namespace)
            except TemplateError as error:
                return [f"{name} uses an undefined field ({error})"]
    return []


def _tower(files: list[str]) -> _Filenames:
    tower = _Filenames()
    names: Any = "EXAMPLE_FILENAME" if "template" in files else _Filenames()
    for label in files:
        if "." in label:
            setattr(names, label.split(".")[1], "EXAMPLE_FILENAME")
    setattr(tower, "filename", names)  # noqa: B010
    return tower


def secret_fields(inputs: dict[str, Any]) -> set[str]:
    return {field["id"] for field in inputs.get("fields", []) if field.get("secret")}


def refused_inputs(type_inputs: dict[str, Any], given: dict[str, Any]) -> dict[str, list[str]]:
    """What is wrong with the inputs of a credential, by field. What is empty takes the first of its choices."""
    fields = {field["id"]: field for field in type_inputs.get("fields", [])}
    wrong: dict[str, list[str]] = {}
    for name, value in given.items():
        if name not in fields:
            return {"inputs": [f"Additional properties are not allowed ('{name}' was unexpected)"]}
        choices = fields[name].get("choices")
        if choices and not value:
            given[name] = choices[0]
        elif choices and value not in choices:
            wrong[name] = [f"'{value}' is not one of {choices}"]
        elif not isinstance(value, {"string": str, "boolean": bool}[fields[name]["type"]]):
            wrong[name] = [f"{value!r} is not of type '{fields[name]['type']}'"]
    return wrong
