# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""A client that asks for the same thing once, until something is changed: for work that looks at much repeatedly."""

from __future__ import annotations

import copy
import json
from typing import Any, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Client
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import Effect, effect
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Status


class RememberingClient(Client):
    """Remembers what functions answered that only read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answers: dict[str, Any] = {}

    def forget(self) -> None:
        self._answers.clear()

    def call(self, function: str, **arguments: Any) -> Any:
        if effect(function, arguments) is not Effect.READS:
            return super().call(function, **arguments)
        question = json.dumps([function, arguments], sort_keys=True)
        if question not in self._answers:
            self._answers[question] = super().call(function, **arguments)
        return copy.deepcopy(self._answers[question])

    def invoke(self, function: str, arguments: Mapping[str, str], *, repeatable: bool) -> Status:
        if effect(function, arguments) is not Effect.READS:
            self.forget()
        return super().invoke(function, arguments, repeatable=repeatable)
