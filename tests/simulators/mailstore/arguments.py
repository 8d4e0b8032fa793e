# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions with their arguments, and how a form becomes their values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
SECRET = re.compile(r"password|passphrase|encryptionkey|secret", re.IGNORECASE)
MASK = "********"

Arguments = Mapping[str, Any]


class ApiError(Exception):
    """What the envelope's `error` says."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details or message


@dataclass(frozen=True)
class Argument:
    name: str
    type: str
    nullable: bool

    def value(self, text: str) -> Any:
        """The typed value of what the form holds. Nothing in place of a value is an error: absent is left out."""
        if text == "":
            raise ApiError(f"Invalid value for argument '{self.name}'.", f"'{self.name}' must not be empty.")
        if self.type == "string":
            return text
        try:
            return self._parsed(text)
        except ValueError as error:
            raise ApiError(
                f"Invalid value for argument '{self.name}'.", f"'{self.name}' is not of type {self.type}."
            ) from error

    def _parsed(self, text: str) -> Any:
        if self.type == "bool":
            return {"true": True, "false": False}[text] if text in ("true", "false") else _reject(text)
        if self.type == "json":
            return json.loads(text)
        if not NUMBER.fullmatch(text) or (self.nullable and float(text) == 0):
            _reject(text)
        return float(text) if "." in text else int(text)


def _reject(text: str) -> Any:
    raise ValueError(text)


@dataclass(frozen=True)
class Signature:
    """One function as get-metadata lists it."""

    name: str
    arguments: tuple[Argument, ...]

    def as_json(self) -> dict[str, Any]:
        args = [{"name": item.name, "type": item.type, "nullable": item.nullable} for item in self.arguments]
        return {"name": self.name, "args": args}

    def without(self, argument: str) -> Signature:
        return Signature(self.name, tuple(item for item in self.arguments if item.name != argument))

    def read(self, form: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The arguments of a call, typed. Raises ApiError where one is unknown, missing, twice there or malformed."""
        known = {item.name: item for item in self.arguments}
        values: dict[str, Any] = {}
        for name, text in form:
            if name not in known:
                raise ApiError(f"Unknown argument '{name}'.", f"{self.name} has no argument '{name}'.")
            if name in values:
                raise ApiError(f"Argument '{name}' was given twice.")
            values[name] = known[name].value(text)
        for item in self.arguments:
            if not item.nullable and item.name not in values:
                raise ApiError(f"Missing argument '{item.name}'.", f"{self.name} needs '{item.name}' ({item.type}).")
        return values


def load(file: str, part: str | None = None) -> dict[str, Signature]:
    """The functions in a file by name: `name:type`, with a question mark where an argument may be left out."""
    document = json.loads(Path(__file__).with_name(file).read_text("utf-8"))
    functions = document if part is None else document[part]
    return {name: Signature(name, tuple(map(_argument, items))) for name, items in functions.items()}


def _argument(text: str) -> Argument:
    name, _colon, kind = text.partition(":")
    return Argument(name, kind.rstrip("?"), kind.endswith("?"))


def form_of(body: bytes) -> list[tuple[str, str]]:
    """The fields of an urlencoded body, empty ones included."""
    return parse_qsl(body.decode("utf-8", "replace").strip(), keep_blank_values=True)


def masked(values: Any, name: str = "") -> Any:
    """A copy for the state, with everything that is secret by its name masked, at any depth."""
    if SECRET.search(name) and values is not None:
        return MASK
    if isinstance(values, Mapping):
        return {key: masked(value, str(key)) for key, value in values.items()}
    if isinstance(values, list):
        return [masked(value) for value in values]
    return values
