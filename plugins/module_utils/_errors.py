# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The root of the collection's exceptions."""

from __future__ import annotations

from typing import Any


class MopsError(Exception):
    """A failure that a person has to hear about.

    The message is one complete sentence or a few, fit to be shown as it is: it never holds a secret, a header,
    a cookie, a query string or an answer's body beyond the service's own error words.

    ``facts`` are values for the task's result beside the message, for example the request's id.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


class InvalidOption(MopsError):
    """An option cannot be what it is; found before anything was sent."""
