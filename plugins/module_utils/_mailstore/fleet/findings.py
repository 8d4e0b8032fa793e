# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What can be wrong on a MailStore SPE server: the kinds of findings, and what to do about each."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import Document

SEVERITIES = ("error", "warning", "information")
"""The worst first."""


@dataclass(frozen=True)
class Limits:
    """From when on something is a finding."""

    stale_hours: int = 36
    """For how long an automatic profile may have no result, and an instance archive nothing; 0 is without a limit."""
    certificate_days: int = 30
    """How many days before it expires a certificate is a finding."""

    def check(self, results_days: float) -> None:
        """Raise `InvalidOption` for what cannot be, where results of so many days are looked at."""
        if not 0 <= self.stale_hours <= results_days * 24:
            raise InvalidOption(
                f"stale_hours must be 0 to {results_days * 24:g}, not {self.stale_hours}: results are looked at for "
                f"{results_days:g} days only, which results_days sets."
            )
        if not 0 <= self.certificate_days <= 3650:
            raise InvalidOption(f"certificate_days must be 0 to 3650, not {self.certificate_days}.")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    severity: str
    kind: str
    instance: str | None
    subject: str
    """What it is about: a store's name, a profile's, or the instance itself."""
    words: str
    """What is wrong with it, where possible in the server's words."""
    call: Document | None = None
    """The call of a function that fixes it, where its kind does not tell."""
    key: str | None = None
    """The id of what it is about, where the name of that may change or be unknown."""


@dataclass(frozen=True)
class Kind:
    """A kind of finding, and how findings of it are fixed together."""

    name: str
    title: str
    """What to do about one or several."""
    why: str
    function: str | None = None
    """The function that fixes it, for the instances that its ``instanceFilter`` names."""
    maintenance: str | None = None
    """The part of the instances' maintenance that fixes it."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "server_silent",
            "Look at the Management Server",
            "Nothing is known of the archive while it does not answer. Only who follows a server finds this.",
        ),
        Kind(
            "server_inactive",
            "Look at servers that are not active",
            "The Management Server has no connection to them. No instance runs on an instance host that is not active.",
        ),
        Kind(
            "instance_not_running",
            "Start what does not run",
            "Nothing is archived, and nobody can search, while an instance is stopped.",
            function="StartInstances",
        ),
        Kind(
            "instance_silent",
            "Look at what does not answer",
            "The server calls these instances running, but they do not tell of themselves. A restart often helps.",
            function="RestartInstances",
        ),
        Kind(
            "function_failed",
            "Look at functions that fail",
            "The server answers, but these functions do not do their work, so nobody knows what they would tell.",
        ),
        Kind(
            "access_withheld",
            "Enable service-provider access, or exclude the instance",
            "Without access only stores can be looked at. The instances themselves are well. Their tenants decide: ask "
            "them, then enable access with mailstore_instance, or exclude the instances from this report.",
        ),
        Kind(
            "store_error",
            "Open stores again that have an error",
            "Their messages are not there for anybody. Maintenance tries to open them; what still fails after that "
            "needs a person to look at the storage.",
            maintenance="retry",
        ),
        Kind("profile_failed", "Look at profiles that fail", "What they should archive stays where it is."),
        Kind("job_failed", "Look at jobs that fail", "Their work is not done."),
        Kind(
            "certificate_expiring",
            "Renew certificates of credentials",
            "When the certificate of a credential expires, all profiles that use it fail at once.",
        ),
        Kind(
            "profile_stale",
            "Look at profiles that have stopped running",
            "They should run by themselves, but no run has ended for a long time, and nothing says why.",
        ),
        Kind(
            "nothing_archived",
            "Look at instances that archive nothing",
            "Their profiles run and succeed, but find nothing to archive. On quiet days this is as it should be.",
        ),
        Kind(
            "drift",
            "See how tenants differ from their files",
            "Somebody has changed something in the console. Take it back with mailstore_tenant, or into the files with "
            "mailstore_export. Only who follows the reports of mailstore_drift finds this.",
        ),
        Kind("message", "Read what the server says", "These messages fit none of the other findings."),
        Kind(
            "instance_frozen",
            "Thaw what is frozen",
            "A backup may be under way. If none is, its end was missed, and nothing is archived.",
            function="ThawInstances",
        ),
        Kind(
            "index_rebuild",
            "Rebuild search indexes",
            "Searches in these stores do not find everything.",
            maintenance="rebuild",
        ),
        Kind(
            "store_upgrade",
            "Upgrade stores",
            "They have the format of an earlier version, which a later one will not open.",
            maintenance="upgrade",
        ),
        Kind(
            "verification_overdue",
            "Verify stores that are overdue",
            "Damage in them would not be noticed. The nights are too short for the rota, or it does not run.",
            maintenance="verify",
        ),
        Kind(
            "compaction_overdue",
            "Compact stores that are overdue",
            "Space of deleted messages is not given back. The nights are too short for the rota, or it does not run.",
            maintenance="compact",
        ),
    )
}
"""Of equal findings, those of the kind that comes first here need doing first."""
