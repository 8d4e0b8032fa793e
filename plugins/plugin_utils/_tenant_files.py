# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_util is PRIVATE to the collection: it may change without notice.

"""The files of tenants on the controller: how documents are written as YAML, and read again.

A file says in its second line what its text was when it was written. So it is known whether somebody has edited it.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
from typing import Any, Iterator, Mapping, NamedTuple

import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import MASK
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.references import (
    is_secret,
    referenced,
    references,
    without_secrets,
)

TENANTS = "tenants"
INSTALLATION = "installation.yml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS = (".yml", ".yaml")
_LINE_MAX_CHARACTERS = 90
_FIRST = "---\n"
_MARK = "# Exported by mops.maintenance.mailstore_export, sha256 "
_MARK_LINE = re.compile(re.escape(_MARK) + r"([0-9a-f]{64})\n")
_LINE_OF_ENTRY = re.compile(r"^(\s*(?:-\s+)?[\"']?([A-Za-z_][\w ]*)[\"']?:\s+)(\S.*)$")
_KEPT_AS_IT_IS = re.compile(r"[\"']?\{\{.*\}\}[\"']?$|!vault\b|null$|~$|\|$")


class FileUnusable(AnsibleError):
    """A file of a tenant cannot be read."""


class Found(NamedTuple):
    """A document, and the file that it is from."""

    path: str
    document: dict[str, Any]


def name_of(instance: str) -> str:
    """The file of an instance, below the folder. Raises `FileUnusable` for an id that cannot be a file's name."""
    if not re.fullmatch(r"[^/\\\x00]+", instance) or instance.startswith("."):
        raise FileUnusable(f"The id of instance {instance!r} cannot be the name of a file.")
    return f"{TENANTS}/{instance}.yml"


def text_of(document: Any) -> str:
    """A document as a file has it."""
    body = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1_000_000
    )
    return f"{_FIRST}{_MARK}{_sum(body)}\n{body}"


def is_edited(text: str) -> bool:
    """Whether the text is another than what was written once."""
    head, body = text[: len(_FIRST)], text[len(_FIRST) :]
    mark = _MARK_LINE.match(body)
    return head != _FIRST or mark is None or _sum(body[mark.end() :]) != mark.group(1)


def says_the_same(text: str, path: str, document: Any) -> bool:
    """Whether a file means the document, whatever its form, and whatever it has in the places of secrets."""
    try:
        return bool(without_secrets(parsed(text, path)) == without_secrets(document))
    except FileUnusable:
        return False


def without_values_of_secrets(text: str) -> str:
    """The text of a file as it may be shown: somebody may have written a secret into it."""
    return "".join(map(_shown, text.splitlines(keepends=True)))


def variables_in(document: Any) -> list[str]:
    """The variables that a document refers to."""
    return sorted({variable for _path, variable in references(document)})


def read_all(sources: list[str], loader: DataLoader) -> tuple[list[Found], Found | None]:
    """The documents of tenants below the paths, and that of the installation. Raises `FileUnusable`."""
    tenants: list[Found] = []
    installation: Found | None = None
    problems: list[str] = []
    for path in _files(sources, problems):
        try:
            with open(path, encoding="utf-8") as file:
                document = decrypted(parsed(file.read(), path, loader), path)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} cannot be read: {error}.")
            continue
        except FileUnusable as error:
            problems.append(str(error))
            continue
        if os.path.basename(path) == INSTALLATION:
            installation = Found(path, document)
        elif "instance" not in document:
            problems.append(f"{path}: instance is missing, which names the tenant.")
        else:
            tenants.append(Found(path, document))
    problems += _twice(tenants)
    if problems:
        raise FileUnusable(" ".join([*problems, "Nothing was changed."]))
    return tenants, installation


def parsed(text: str, path: str, loader: DataLoader | None = None) -> dict[str, Any]:
    """The document in a file's text, in plain values. Raises `FileUnusable`.

    With the ``loader`` of a play, what ansible-vault has encrypted can be decrypted.
    """
    failure = ""
    try:
        _check_names(yaml.compose(text, Loader=_LOADER), path)
        document = plain((loader or DataLoader()).load(text, file_name=os.path.abspath(path), show_content=False))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        failure = f"{where}{error.problem or error.context}"
    except (AnsibleParserError, yaml.YAMLError) as error:
        failure = " ".join(str(error).split())
    if failure:
        raise FileUnusable(f"{path} is no YAML: {failure.rstrip('.')}.")
    if not isinstance(document, dict):
        raise FileUnusable(f"{path} must hold a dictionary, with the parts of one tenant.")
    return document


def decrypted(value: Any, path: str) -> Any:
    """The value with what ansible-vault has encrypted in clear. Raises `FileUnusable`."""
    if isinstance(value, dict):
        return {name: decrypted(item, path) for name, item in value.items()}
    if isinstance(value, list):
        return [decrypted(item, path) for item in value]
    if not _is_encrypted(value):
        return value
    try:
        return str(value)
    except AnsibleError as error:
        failure = " ".join(str(error).split()).rstrip(".")
    raise FileUnusable(f"{path}: a value that ansible-vault has encrypted cannot be decrypted: {failure}.")


def plain(value: Any) -> Any:
    """The value without what Ansible marks it with; what ansible-vault has encrypted stays so."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()  # YAML makes one of a time without quotes
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else value if _is_encrypted(value) else str(value)


def _check_names(node: yaml.Node | None, path: str) -> None:
    """Raise `FileUnusable` where a dictionary has a name twice: the last one alone would count."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_names(item, path)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, item in node.value:
            if isinstance(name, yaml.ScalarNode):
                if name.value in seen:
                    raise FileUnusable(
                        f"{path}: {name.value} is there twice, again in line {name.start_mark.line + 1}."
                    )
                seen.add(name.value)
            _check_names(item, path)


def _is_encrypted(value: Any) -> bool:
    return type(value).__name__ in ("AnsibleVaultEncryptedUnicode", "EncryptedString")


def _files(sources: list[str], problems: list[str]) -> Iterator[str]:
    for source in sources:
        if os.path.isdir(source):
            inner = os.path.join(source, TENANTS)
            folder = inner if os.path.isdir(inner) else source
            shared = os.path.join(source, INSTALLATION)
            if os.path.isfile(shared) and folder != source:
                yield shared
            names = sorted(name for name in os.listdir(folder) if name.endswith(_ENDINGS) and not name.startswith("."))
            if not names:
                problems.append(f"{source} has no file of a tenant (*.yml).")
            yield from (os.path.join(folder, name) for name in names)
        elif os.path.exists(source):
            yield source
        else:
            problems.append(f"{source} does not exist.")


def _twice(tenants: list[Found]) -> list[str]:
    first: dict[str, str] = {}
    problems = []
    for found in tenants:
        instance = str(found.document["instance"])
        known = first.setdefault(instance.casefold(), found.path)
        if known != found.path:
            problems.append(f"Tenant {instance} is in two files, {known} and {found.path}.")
    return problems


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def _shown(line: str) -> str:
    found = _LINE_OF_ENTRY.match(line)
    if found is None or not is_secret(found.group(2)) or _KEPT_AS_IT_IS.match(found.group(3).rstrip()):
        return line
    return f"{found.group(1)}{MASK}\n"


class _Dumper(yaml.SafeDumper):
    """Lists stand out from what they are in, and whatever Ansible would take for a template is marked as none."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dictionary(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.MappingNode:
    node = dumper.represent_mapping(_MAP, value.items())
    for name, item in node.value:
        if item.tag == _UNSAFE and is_secret(name.value) and referenced(item.value):
            item.tag = _STR  # a reference is the one template that is meant
    return node


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    """Words stand in one line, as a person writes them."""
    words = all(not isinstance(item, (dict, list)) for item in value)
    short = words and sum(len(str(item)) + 4 for item in value) <= _LINE_MAX_CHARACTERS
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if _TEMPLATE.search(value):
        return dumper.represent_scalar(_UNSAFE, value, style="'")
    # Some readers of YAML make a number of a time of day.
    return dumper.represent_scalar(_STR, value, style="'" if _TIME_OF_DAY.fullmatch(value) else None)


_MAP, _STR, _UNSAFE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:str", "!unsafe"
_TEMPLATE = re.compile(r"\{[{%#]")
_TIME_OF_DAY = re.compile(r"\d+(?::\d+)+")

_Dumper.add_representer(dict, _dictionary)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)
