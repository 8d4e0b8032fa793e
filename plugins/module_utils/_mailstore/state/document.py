# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A tenant, or the installation, as one document: parts whose entries are options of the modules for states.

::

    instance: alpha
    state: started
    configuration: {displayName: Alpha Ltd}
    stores:
      - {name: "2026", database_path: 'C:\\MailArchive\\alpha\\2026', requested_state: current}

What stands at the top are options of mailstore_instance; each part is a list with the options of the module for such
things, but for the instance. This file says which parts there are, and makes the subjects out of a document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.names import (
    Ask,
    Document,
    listed,
    nearest,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state import (
    administrator,
    configuration,
    credential,
    instance_host,
    job,
    profile,
    store,
    user,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.instance import WantedInstance
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.reconcile import NotPossible, Subject
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.state.references import (
    references,
    without_references,
)

Arguments = Mapping[str, Mapping[str, Any]]
Validate = Callable[[Arguments, Document], Tuple[Document, List[str]]]
"""Checks options by their specification: the options with their defaults, and what is wrong with them."""

STATES = ("present", "absent", "started", "stopped")
INSTANCE: Arguments = {
    "instance": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "archive_admin_enabled": {"type": "bool"},
    "configuration": {"type": "dict", "default": {}},
}
"""The options of mailstore_instance that a document has at its top."""

_MADE_BY_SERVER = "$"
"""The names of users begin with it that an instance has from its beginning."""


@dataclass(frozen=True)
class Part:
    """One list of a document."""

    name: str
    what: str
    """One of its entries, for a person."""
    arguments: Arguments
    """The options of the module."""
    wanted: Callable[[Document], Subject]
    usual: Document = field(default_factory=dict)
    """Options that are another than the module's default where a document says nothing."""
    listing: str = ""
    """The function that lists what there is; without one, nothing can be more than a document says."""
    listing_arguments: Document = field(default_factory=dict)
    key: str = "name"
    """What the rows of ``listing`` have the name in."""
    removal: Document = field(default_factory=lambda: {"state": "absent"})
    holds_data: bool = False
    """Whether messages are gone with an entry that is removed."""
    any_case: bool = False
    needs_access: bool = True
    """Whether its functions need service-provider access to the instance."""

    def rows(self, ask: Ask, instance: str | None) -> list[Document]:
        """What the server has, but for what it makes itself."""
        of_instance = {"instanceID": instance} if instance else {}
        rows = listed(ask, self.listing, **of_instance, **self.listing_arguments)
        return [row for row in rows if not str(row.get(self.key)).startswith(_MADE_BY_SERVER)]

    def same_name(self, one: Any, other: Any) -> bool:
        return str(one).casefold() == str(other).casefold() if self.any_case else str(one) == str(other)


OF_TENANT = (
    Part(
        "configurations",
        "configuration",
        configuration.ARGUMENTS,
        configuration.wanted_configuration,
        usual={"update_password": "on_change"},
    ),
    Part(
        "credentials",
        "credential",
        credential.ARGUMENTS,
        credential.wanted_credential,
        usual={"update_password": "on_change"},
        listing="GetCredentials",
        key="Description",
    ),
    Part(
        "stores",
        "archive store",
        store.ARGUMENTS,
        store.wanted_store,
        listing="GetStores",
        removal={"state": "detached"},
        holds_data=True,
        needs_access=False,
    ),
    Part("users", "user", user.ARGUMENTS, user.wanted_user, listing="GetUsers", key="userName", any_case=True),
    Part(
        "profiles",
        "profile",
        profile.ARGUMENTS,
        profile.wanted_profile,
        usual={"update_password": "on_change"},
        listing="GetProfiles",
        listing_arguments={"raw": True},
    ),
    Part("jobs", "job", job.ARGUMENTS, job.wanted_job, listing="GetJobs"),
)
"""The parts of a tenant's document, in the order in which one needs another."""

OF_INSTALLATION = (
    Part(
        "configurations",
        "configuration",
        configuration.ARGUMENTS,
        configuration.wanted_configuration,
        usual={"update_password": "on_change"},
    ),
    Part(
        "instance_hosts",
        "instance host",
        instance_host.ARGUMENTS,
        instance_host.wanted_instance_host,
        listing="GetInstanceHosts",
        key="serverName",
        any_case=True,
    ),
    Part(
        "administrators",
        "administrator",
        administrator.ARGUMENTS,
        administrator.wanted_administrator,
        listing="GetSystemAdministrators",
        key="userName",
        any_case=True,
    ),
)

PURGEABLE = ("users", "stores", "profiles", "jobs")


class Entry(NamedTuple):
    """One thing of a document, or one to be removed since no document names it."""

    part: Part
    name: str
    subject: Subject
    without_missing: Subject | None = None
    """The same without the secrets whose variables are not defined; None where there are none of those."""

    def __str__(self) -> str:
        return f"{self.part.what} {self.name}"

    def needed(self, current: Document | None) -> Entry:
        """The same without secrets that are missing, where it can do without them.

        A secret that is not known counts as the one that is set. It is needed for what is created, and where the server
        takes a thing only as a whole.
        """
        if self.without_missing is None:
            return self
        try:
            steps = self.without_missing.steps(current)
        except NotPossible:
            return self  # perhaps for want of the secret
        return self if steps and current is None else self._replace(subject=self.without_missing)


@dataclass(frozen=True)
class Declared:
    """What one document says."""

    instance: str | None
    """None is the installation."""
    state: str = "present"
    configuration: Document = field(default_factory=dict, repr=False)
    archive_admin_enabled: bool | None = None
    parts: Mapping[str, Part] = field(default_factory=dict, repr=False)
    """Those that the document names, in their order. The others are left alone."""
    entries: Sequence[Entry] = field(default=(), repr=False)

    def __str__(self) -> str:
        return self.instance or "the installation"

    def of_instance(self, state: str) -> WantedInstance:
        """What the instance itself should be, in ``state``."""
        access = None if state in ("absent", "present") else self.archive_admin_enabled
        settings = {} if state == "absent" else self.configuration
        return WantedInstance(str(self.instance), state, settings, archive_admin_enabled=access)

    def named(self, part: Part, name: Any) -> bool:
        """Whether the document has an entry of that name."""
        return any(entry.part is part and part.same_name(entry.name, name) for entry in self.entries)

    def removal(self, part: Part, row: Document) -> Entry:
        """The entry by which something goes that the server has and the document does not name."""
        options = {**dict.fromkeys(part.arguments), **_defaults(part.arguments), **part.removal}
        identity = {"id": row["id"]} if "id" in row and "id" in part.arguments else {"name": row[part.key]}
        return Entry(part, str(row[part.key]), part.wanted({**options, "instance": self.instance, **identity}))


def declared(
    document: Any, validate: Validate, *, installation: bool = False, allow_data_loss: bool = False
) -> Declared:
    """What a document says. Raises `InvalidOption` with everything that is wrong with it, and where.

    With ``allow_data_loss``, that holds for each of its entries that has an option of that name.
    """
    if not isinstance(document, Mapping):
        raise InvalidOption("A tenant's document must be a dictionary, with instance at its top.")
    parts = {part.name: part for part in (OF_INSTALLATION if installation else OF_TENANT)}
    top: Arguments = {} if installation else INSTANCE
    where = "The installation" if installation else f"Tenant {document.get('instance') or '?'}"
    problems = _unknown(document, [*top, *parts], "")
    options, wrong = validate(top, {name: value for name, value in document.items() if name in top})
    problems += wrong
    entries: list[Entry] = []
    present = {name: part for name, part in parts.items() if document.get(name) is not None}
    instance = None if installation else document.get("instance")
    for part in present.values():
        first = len(entries)
        for entry in _entries(document[part.name], part, instance, validate, problems, allow_data_loss):
            if any(part.same_name(one.name, entry.name) and _owner(one) == _owner(entry) for one in entries[first:]):
                problems.append(f"{part.name} has {entry.name} twice.")
            entries.append(entry)
    if problems:
        raise InvalidOption(f"{where}: {' '.join(problems)}", problems=problems)
    if installation:
        return Declared(None, parts=present, entries=entries)
    found = Declared(
        options["instance"],
        options["state"],
        options["configuration"],
        options["archive_admin_enabled"],
        present,
        entries,
    )
    try:
        found.of_instance(found.state).check()
    except InvalidOption as error:
        raise InvalidOption(f"{where}: {error}") from None
    return found


def _entries(
    value: Any, part: Part, instance: str | None, validate: Validate, problems: list[str], allow_data_loss: bool
) -> Iterable[Entry]:
    """The entries of one part; what is wrong is added to ``problems``."""
    if not isinstance(value, list):
        problems.append(f"{part.name} must be a list.")
        return
    for number, item in enumerate(value, 1):
        label = item.get("name") if isinstance(item, Mapping) else None
        where = f"{part.name}[{label or number}]"
        if not isinstance(item, Mapping):
            problems.append(f"{where} must be a dictionary of options.")
            continue
        if not label:
            problems.append(f"{where} needs a name.")
            continue
        known = {name: spec for name, spec in part.arguments.items() if name != "instance"}
        usual = {**part.usual, **({"allow_data_loss": True} if allow_data_loss and "allow_data_loss" in known else {})}
        unknown = _unknown(item, list(known), f"{where}.")
        options, wrong = validate(known, {**usual, **{key: item[key] for key in item if key in known}})
        problems += unknown + [f"{where}: {words}" for words in wrong]
        if unknown or wrong:
            continue
        try:
            subject = part.wanted({**options, "instance": instance})
            subject.check()
        except InvalidOption as error:
            problems.append(f"{where}: {error}")
        else:
            missing = any(True for _found in references(options))
            bare = part.wanted({**without_references(options), "instance": instance}) if missing else None
            yield Entry(part, str(label), subject, bare)


def _unknown(options: Mapping[Any, Any], known: Sequence[str], where: str) -> list[str]:
    return [
        f"There is no {where}{name}. The nearest are {', '.join(nearest(str(name), known))}."
        for name in options
        if name not in known
    ]


def _owner(entry: Entry) -> Any:
    """Two profiles may share a name."""
    return getattr(entry.subject, "owner", None) if entry.part.name == "profiles" else None


def _defaults(arguments: Arguments) -> Document:
    return {name: spec["default"] for name, spec in arguments.items() if "default" in spec}
