# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""One post to its end: paced, retried where that is safe or wanted, and written down before and after."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Callable, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import CertificateRejected, RequestNotSent
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import Entry, Ledger, NoLedger
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.client import (
    Client,
    OutcomeUnknown,
    Unavailable,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Body
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, TryAgain

_FIRST_CONTACT_TRIES = 3
"""Tries to reach a service that has not answered in this run: more often than not its address is wrong."""


class Pace:
    """Keeps the starts of posts apart, so that they stay below a quota."""

    def __init__(
        self,
        posts_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """0 is no limit."""
        self._seconds = 1 / posts_per_second if posts_per_second > 0 else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = float("-inf")

    def wait(self) -> None:
        """Return when the next post may go out."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + self._seconds


class Delivery:
    """Posts one after the other. ``resend`` is what to do where the outcome of a post is unknown."""

    def __init__(self, client: Client, ledger: Ledger | NoLedger, retry: Retry, pace: Pace, *, resend: bool) -> None:
        self._client = client
        self._ledger = ledger
        self._retry = retry
        self._pace = pace
        self._resend = resend
        self._unreached = 0
        """Tries without any answer since the run began; -1 when the service has answered once."""
        self.possibly_lost = 0
        """Records of posts whose outcome is unknown and that were not sent again."""

    @property
    def retries(self) -> int:
        return self._retry.retries

    def deliver(self, entries: Sequence[Entry], body: Body) -> None:
        """Return when the service has taken the post, or when it is given up under the rule not to resend.

        Raises the post's last failure, and `LedgerError`; the ledger then says how far it came.
        """
        self._retry.call(lambda: self._try(entries, body))

    def _try(self, entries: Sequence[Entry], body: Body) -> None:
        self._pace.wait()
        taken = self._ledger.registry.possibly_taken
        self._ledger.sending([replace(entry, again=taken(entry.log)) for entry in entries])
        failure: Exception
        try:
            self._client.post(body)
        except OutcomeUnknown as error:
            self._unreached = -1
            if not self._resend:
                self.possibly_lost += sum(entry.records for entry in entries)
                self._ledger.taken()
                return
            failure = TryAgain(error)
        except RequestNotSent as error:
            self._ledger.not_taken()
            failure = TryAgain(error) if self._worth_another_try(error) else error
        except Unavailable as error:
            self._unreached = -1
            self._ledger.not_taken()
            failure = TryAgain(error, error.wait)
        except MopsError as error:
            self._ledger.not_taken()
            failure = error
        else:
            self._unreached = -1
            self._ledger.taken()
            return
        raise failure

    def _worth_another_try(self, error: RequestNotSent) -> bool:
        if self._unreached >= 0:
            self._unreached += 1
        return not isinstance(error, CertificateRejected) and self._unreached < _FIRST_CONTACT_TRIES
