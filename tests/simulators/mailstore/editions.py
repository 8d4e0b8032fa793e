# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sold: SPE of version 8, SPE of version 25.3, and MailStore Server, which has one archive and no instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import arguments as args
from .archive import SINGLE, Archive
from .arguments import Signature
from .functions import FUNCTIONS, WITHOUT_ACCESS, profiles, single, system
from .functions.kind import Function

# Of what names an instance, MailStore Server has all but these.
ONLY_SPE = frozenset(
    {
        "CanRunArchiveProfiles",
        "CreateClientOneTimeUrlForArchiveAdmin",
        "GetArchiveAdminEnabled",
        "GetIndexConfiguration",
        "GetInstanceConfiguration",
        "GetInstanceProcessLiveStatistics",
        "GetInstanceStatistics",
        "SetArchiveAdminEnabled",
        "SetIndexConfiguration",
        "SetStorePath",
    }
)


@dataclass(frozen=True)
class Edition:
    """The functions that one port has, and the archive behind it."""

    signatures: Mapping[str, Signature]
    functions: Mapping[str, Function]
    archive: Archive

    def call(self, function: str, values: dict[str, Any]) -> Any:
        """The result, or the plan of a process. Raises ApiError."""
        if "instanceID" in values and function not in WITHOUT_ACCESS:
            self.archive.check_access(values)
        return self.functions[function](self.archive, values)


class Single(Edition):
    """MailStore Server: every call is about the one archive that there is."""

    def call(self, function: str, values: dict[str, Any]) -> Any:
        return self.functions[function](self.archive, {**values, "instanceID": SINGLE})


def version_8(archive: Archive) -> Edition:
    """As far as the published page shows it; for the rest what a current server answers stands in."""
    functions = {
        **FUNCTIONS,
        "GetEnvironmentInfo": system.environment_info_of_8,
        "GetWorkerResults": profiles.results_at_once,
    }
    return Edition(args.load("functions.json"), functions, archive)


def current(archive: Archive) -> Edition:
    # Of the added functions the names are known, and the arguments are a guess.
    return Edition({**args.load("functions.json"), **args.load("editions.json", "current")}, FUNCTIONS, archive)


def mailstore_server(archive: Archive) -> Edition:
    shared = {
        name: signature.without("instanceID")
        for name, signature in args.load("functions.json").items()
        if any(item.name == "instanceID" for item in signature.arguments) and name not in ONLY_SPE
    }
    return Single({**shared, **args.load("editions.json", "server")}, {**FUNCTIONS, **single.FUNCTIONS}, archive)
