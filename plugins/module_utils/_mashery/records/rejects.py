# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Lines that were not sent, and why: a file for the person who fixes them."""

from __future__ import annotations

import json
import os
from typing import Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Fault


class RejectsError(MopsError):
    """The rejects cannot be written; what is rejected is then not passed over."""


class Rejects:
    """A file with a JSON object a line: ``file``, ``line``, ``field``, ``reason``, and ``record``, the line's text."""

    def __init__(self, path: str) -> None:
        self.path = path

    def add(self, faults: Sequence[Fault]) -> None:
        """Returns when they are on the disk. Raises `RejectsError`."""
        text = b"".join([_line(fault) for fault in faults])
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                while text:
                    text = text[os.write(file, text) :]
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            failure = error
        else:
            return
        raise RejectsError(
            f"The file for rejects, {self.path}, cannot be written: {failure.strerror}. Nothing more is sent."
        )


def _line(fault: Fault) -> bytes:
    return (
        json.dumps(
            {
                "file": fault.file,
                "line": fault.line,
                "field": fault.field,
                "reason": fault.reason,
                "record": fault.text.decode("utf-8", "backslashreplace"),
            }
        )
        + "\n"
    ).encode("ascii")
