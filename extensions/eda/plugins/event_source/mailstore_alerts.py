# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alerts of a MailStore SPE server as events: each when it appears, when it changes and when it is gone."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Protocol, TypeVar

DOCUMENTATION = r"""
---
short_description: Follow the alerts of a MailStore SPE server
version_added: 0.2.0
author:
  - Contributors to the mops.maintenance project (@mops)
description:
  - An ansible-rulebook event source that looks at an installation of MailStore Service Provider Edition again and
    again, and emits an event for each alert that is new, has changed, or is cleared since.
  - An alert is what the role P(mops.maintenance.mailstore_health#role) would report. That is a message of the server,
    an instance, a store, a profile or a job that is not as it should be. There is one more, V(server_silent), for when
    the server itself could not be looked at twice in a row.
  - What was told is kept in a file, so that a restart tells nothing twice. Where it is cut off between telling and
    writing that down, it tells that one alert again.
  - It only reads. Every look is a session of its own, which ends with it.
options:
  interval:
    description:
      - Seconds between the end of a look and the next one. While the server does not answer, they become more, up to 15
        minutes.
    type: float
    default: 300
  instances:
    description:
      - The instances to look at, by their ids, in which V(*) stands for any characters. Messages are the server's, and
        are told whatever stands here.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description:
      - The instances not to look at, even if O(instances) names them. Messages that name them are not told either.
    type: list
    elements: str
    default: []
  results_days:
    description:
      - For how many days a failed run of a profile or a job stays an alert, where no other run follows.
    type: int
    default: 7
  stale_hours:
    description:
      - For how many hours a profile that runs by itself may have no result, and an instance whose profiles run may
        archive nothing, before that is an alert. With V(0), it never is.
      - It must be within O(results_days). The server's time zone is not known. Where no result of another profile or
        job tells what time it is there, an alert may come up to a day later, and never earlier.
    type: int
    default: 36
  certificate_days:
    description:
      - How many days before it expires the certificate of a credential is an alert. With V(0), it is one when it has
        expired.
    type: int
    default: 30
  concurrency:
    description:
      - How many instances are asked at once. With O(auth_method=session), each of them takes a session of its own.
    type: int
    default: 4
  drift_report:
    description:
      - The file C(mailstore-drift.json) of the role P(mops.maintenance.mailstore_drift#role). Each tenant that differs
        from its file by that is an alert, V(drift). It is cleared when a later report does not have it any more.
      - While the file is missing or cannot be read, what was told stands.
    type: path
  state_path:
    description:
      - The file that remembers what was told. It is readable for its owner only, and must outlive a restart; in a
        container, let it be on a volume. Each source needs one of its own.
      - The default is C(mops.maintenance/mailstore_alerts/SERVER.json) in E(XDG_STATE_HOME), or else in
        C(~/.local/state). There, C(SERVER) is the server's own name, however O(host) names it. A link by the name in
        O(host) points to it, for a start while the server does not answer.
    type: path
extends_documentation_fragment:
  - mops.maintenance.mailstore
"""

EXAMPLES = r"""
# MAILSTORE_HOST, MAILSTORE_USERNAME and MAILSTORE_PASSWORD in the environment name the server and the administrator.
- mops.maintenance.mailstore_alerts:
    interval: 300
    exclude: ["test-*"]
    state_path: /var/lib/rulebook/mailstore_alerts.json
"""


def _find_own_collection(file: Path) -> None:
    """Make the collection that this file is in importable, by its long name.

    ansible-rulebook runs a source by its path, and does not tell Python where collections are.
    """
    collections = file.absolute().parents[6]
    if collections.name != "ansible_collections":
        return  # a copy, run from a folder of sources
    sys.path.insert(0, str(collections.parent))
    package = importlib.import_module(collections.name)
    # Where Python has another folder of that name as a package, which the package "ansible" brings, it sees only that.
    if str(collections) not in list(package.__path__):
        package.__path__.insert(0, str(collections))


_find_own_collection(Path(__file__))

from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mops.maintenance.plugins.module_utils._container import warning
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    REQUESTS_IMPORT_ERROR,
    AnswerLost,
    AnswerUnusable,
    CertificateRejected,
    RequestNotSent,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.client import Server, ServiceFailed
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import Waiting
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.arguments import (
    connection_arguments,
    server_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet import alerts, drift, health
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.delivered import (
    DeliveredAlerts,
    DeliveredUnusable,
    file_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import (
    Document,
    FactsGatherer,
    Scope,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import Finding, Limits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.concurrency import check_concurrency
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.following import Following
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.process.interruption import Interruption
from ansible_collections.mops.maintenance.plugins.module_utils._progress import Progress

LOGGER = logging.getLogger("mops.maintenance.mailstore_alerts")

LONGEST_WAIT = 900.0
"""Seconds between two looks at most, while the server does not answer."""

SUBSETS = tuple(part for part in health.GATHERED if part not in ("environment", "statistics"))
"""What a look gathers: all that the health report finds something in."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "interval": {"type": "float", "default": 300.0},
    "instances": {"type": "list", "elements": "str", "default": ["*"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "results_days": {"type": "int", "default": 7},
    "stale_hours": {"type": "int", "default": Limits.stale_hours},
    "certificate_days": {"type": "int", "default": Limits.certificate_days},
    "concurrency": {"type": "int", "default": 4},
    "drift_report": {"type": "path"},
    "state_path": {"type": "path"},
}

T = TypeVar("T")


class Queue(Protocol):
    """Where ansible-rulebook takes its events from."""

    async def put(self, event: Document, /) -> None: ...


class Watch(NamedTuple):
    """What is looked at, how often, and what remembers it."""

    server: Server
    scope: Scope
    exclude: list[str]
    limits: Limits
    concurrency: int
    interval: float
    state_path: str | None
    drift_report: str | None = None


async def main(queue: Queue, args: Mapping[str, Any]) -> None:
    """Follow the server until ansible-rulebook ends it. Raises `MopsError` for what cannot pass by itself."""
    watch = watch_of(args)
    host = watch.server.host
    name = await in_thread(lambda interruption: own_name(watch, interruption))
    path = watch.state_path or file_of(default_folder(), host, name)
    lost = warning("state_path", path, "Every alert is then told again.")
    if lost:
        LOGGER.warning(lost)
    with DeliveredAlerts(path, host, name) as told:
        if told.note:
            LOGGER.warning(told.note)
        kept = alerts.within(told.alerts.values(), watch.scope.instances, watch.exclude)
        told.alerts = {alerts.identity(finding): finding for finding in kept}
        await follow(queue, watch, told)


def watch_of(args: Mapping[str, Any]) -> Watch:
    """What the options ask for. Raises `InvalidOption`."""
    if REQUESTS_IMPORT_ERROR is not None:
        raise InvalidOption(f"{missing_required_lib('requests')} A decision environment needs it, too.")
    checked = ArgumentSpecValidator({**connection_arguments(), **ARGUMENTS}).validate(dict(args))
    if checked.unsupported_parameters:
        raise InvalidOption(f"mailstore_alerts has no option {', '.join(sorted(checked.unsupported_parameters))}.")
    if checked.error_messages:
        raise InvalidOption(f"{'. '.join(checked.error_messages)}.")
    options = checked.validated_parameters
    server = server_of(options)
    server.endpoint().check()
    scope = Scope(SUBSETS, options["instances"], options["results_days"], allow_missing=True)
    scope.check()
    limits = Limits(options["stale_hours"], options["certificate_days"])
    limits.check(options["results_days"])
    if not 1 <= options["interval"] <= 86400:
        raise InvalidOption(f"interval must be 1 to 86400 seconds, not {options['interval']:g}.")
    check_concurrency(options["concurrency"])
    path = options["state_path"] or None
    return Watch(
        server,
        scope,
        options["exclude"],
        limits,
        options["concurrency"],
        options["interval"],
        path,
        options["drift_report"],
    )


def default_folder() -> str:
    """Where it is remembered what was told of servers, if the options do not say."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "mops.maintenance", "mailstore_alerts")


def own_name(watch: Watch, interruption: Interruption) -> str | None:
    """What the server calls itself, or None where it does not say now. Raises `MopsError` for what cannot pass."""
    server = watch.server._replace(retry_timeout=0.0)
    following = Following(server, Waiting(), interruption, Progress(None, interval=60))
    try:
        survey = FactsGatherer(following, now=datetime.now(timezone.utc)).take(Scope(("environment",)), concurrency=1)
    except MopsError as error:
        if not may_pass(error):
            raise
        return None
    environment = survey["environment"] or {}
    name = environment.get("serverName") or environment.get("machineName")
    return str(name) if name else None


async def follow(queue: Queue, watch: Watch, told: DeliveredAlerts) -> None:
    """Look, tell, wait, again and again.

    What has worked before may work again, so no trouble ends it after a first look that was answered.
    """
    answered = False
    failures = 0
    said: type[MopsError] | None = None
    unmatched: list[str] = []
    while True:
        try:
            survey = await in_thread(lambda interruption: look(watch, interruption))
        except MopsError as error:
            if not (answered or may_pass(error)):
                raise
            failures += 1
            if said is not type(error):
                LOGGER.warning("%s It goes on trying.", error)
                said = type(error)
            # All stands that stood. One look that failed is no alert: servers restart.
            now = [*told.alerts.values(), *([alerts.silence(watch.server.host, str(error))] if failures > 1 else [])]
        else:
            if failures:
                LOGGER.warning("%s answers again.", watch.server.host)
            if survey["unmatched"] not in ([], unmatched):
                LOGGER.warning("No instance fits %s.", ", ".join(survey["unmatched"]))
            answered, failures, said, unmatched = True, 0, None, survey["unmatched"]
            looked_at = health.without(survey, watch.exclude)
            now = alerts.standing(looked_at, told.alerts.values(), now=datetime.now(timezone.utc), limits=watch.limits)
            now += drifting(watch, told.alerts.values())
        await tell(queue, watch, told, alerts.news(told.alerts, now))
        await asyncio.sleep(wait_after(failures, watch.interval))


def drifting(watch: Watch, told: Iterable[Finding]) -> list[Finding]:
    """The tenants that differ from their files; what was told of them, where no report can be read now."""
    if watch.drift_report is None:
        return []
    try:
        found = drift.findings(Path(watch.drift_report).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, InvalidOption) as error:
        LOGGER.info("%s: %s", watch.drift_report, error)
        found = [finding for finding in told if finding.kind == drift.KIND]
    return alerts.within(found, watch.scope.instances, watch.exclude)


def wait_after(failures: int, interval: float) -> float:
    """Seconds until the next look, after so many in a row that have failed."""
    return min(interval * 2 ** min(failures, 30), max(interval, LONGEST_WAIT))


def look(watch: Watch, interruption: Interruption) -> Document:
    """A survey of the server. Blocks; logs out before it returns, or raises `MopsError`."""
    following = Following(watch.server, Waiting(), interruption, Progress(None, interval=60))
    surveyor = FactsGatherer(following, now=datetime.now(timezone.utc))
    return surveyor.take(watch.scope, concurrency=watch.concurrency)


async def tell(queue: Queue, watch: Watch, told: DeliveredAlerts, changes: list[alerts.News]) -> None:
    """Emit an event for each, and write down each as soon as it is out."""
    for change in changes:
        await queue.put(alerts.event(change, watch.server.host))
        told.remember(change)
        try:
            told.save()
        except DeliveredUnusable as error:
            # A full disk passes. Until then it is remembered here alone.
            LOGGER.warning("%s A restart would tell it again.", error)


def may_pass(error: MopsError) -> bool:
    """Whether waiting may help, where nothing has worked yet: a server that is gone, or has trouble of its own."""
    passing = (RequestNotSent, AnswerLost, AnswerUnusable, ServiceFailed)
    return isinstance(error, passing) and not isinstance(error, CertificateRejected)


async def in_thread(work: Callable[[Interruption], T]) -> T:
    """What ``work`` returns, done in a thread. If this is cancelled, the work is told, and waited for: it logs out."""
    interruption = Interruption()
    # No task, which asyncio would cancel when it ends everything: the work would go on without anybody waiting.
    future = asyncio.get_running_loop().run_in_executor(None, work, interruption)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        interruption.set("ansible-rulebook ends")
        await asyncio.wait([future])
        future.exception()  # that it was interrupted is no news
        raise
