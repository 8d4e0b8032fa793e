# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the lines of a log are: made once for a run, so that it is checked and compiled before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import Piece
    from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Batch


class Format:
    """Makes batches of pieces of a log, by what its lines are."""

    def __init__(self, name: str = "mashery") -> None:
        self.name = name
        self._batch: Callable[[Piece, str], Batch] | None = None

    @property
    def growth(self) -> int:
        """How many times as long as its line a record may be, about."""
        return 1 if self.name == "mashery" else 2

    def batch(self, piece: Piece, file: str) -> Batch:
        """What of a piece of the named file is sent, and what is not."""
        if self._batch is None:
            # Not imported by a run that finds nothing new.
            from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.ready import (
                jsonl_batch,
                mashery_batch,
            )

            self._batch = jsonl_batch if self.name == "jsonl" else mashery_batch
        return self._batch(piece, file)
