# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What a health report is made of, as metrics in Prometheus' text exposition format: pure functions over a survey.

An instance's id is in the label ``instance_id``: Prometheus keeps ``instance`` for the target that it scrapes. Sizes
are in bytes and times in seconds since the epoch. Nothing tells when the metrics were made, since node_exporter
(``node_textfile_mtime_seconds``) and the push gateway (``push_time_seconds``) do: so the same state is the same text.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import RUNNING, Document
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import (
    DEFAULT_LIMITS,
    KINDS,
    SEVERITIES,
    Limits,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.health import GATHERED, named, report
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.runs import last_successes, moment

SUBSETS = (*GATHERED, "users")
"""The parts of a survey that metrics are made of."""

FAMILIES = {
    "mailstore_up": "Whether the Management Server could be asked. All other metrics are missing where it is 0.",
    "mailstore_server_info": "Name and version of the Management Server. The value is always 1.",
    "mailstore_service_active": "Whether a server of the installation is active, by its name and kind.",
    "mailstore_findings": "Things that are not as they should be, by kind and severity.",
    "mailstore_instance_findings": "Things of one instance that are not as they should be, by kind and severity.",
    "mailstore_instance_up": "Whether the instance is running.",
    "mailstore_instance_info": "Names, instance host, status and start mode of an instance. The value is always 1.",
    "mailstore_instance_messages": "Messages in the instance's archive.",
    "mailstore_instance_size_bytes": "Size of the instance's files, by kind.",
    "mailstore_instance_users": "Users that the instance has.",
    "mailstore_store_messages": "Messages in an archive store.",
    "mailstore_store_size_bytes": "Size of an archive store.",
    "mailstore_profile_info": "Names of a profile, and whether it runs by itself. The value is always 1.",
    "mailstore_profile_last_success_timestamp_seconds": (
        "When the last run of a profile that succeeded has ended; 0 where none did in the days that were looked at."
    ),
    "mailstore_credential_certificate_expiry_timestamp_seconds": "When the certificate of a credential expires.",
}
"""Every metric with its help text. All of them are gauges."""

_KINDS_OF_FILES = ("database", "content", "index")
_EPOCH = datetime(1970, 1, 1)


class Sample(NamedTuple):
    """One value of a metric."""

    name: str
    labels: Mapping[str, Any]
    value: int


def exposition(
    survey: Document,
    *,
    server: str,
    now: datetime,
    scope: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    maintenance: Sequence[str] = (),
) -> str:
    """The metrics of a survey with the subsets of `SUBSETS`, whose times of runs are in UTC.

    ``server`` is what the label of that name says. The other arguments are those of `health.report`, and so is what
    it raises.
    """
    document = report(survey, now=now, scope=scope, exclude=exclude, limits=limits, maintenance=maintenance)
    samples = [Sample("mailstore_up", {}, 1)]
    samples += _of_server(survey, document)
    samples += _of_findings(document["findings"])
    for row in document["storage"]["instances"]:
        samples += _of_storage(row)
    for instance in named(survey, scope, exclude)["instances"]:
        samples += _of_instance(instance)
    return text(samples, server)


def silence(server: str) -> str:
    """The metrics of a server that cannot be asked."""
    return text([Sample("mailstore_up", {}, 0)], server)


def text(samples: Sequence[Sample], server: str) -> str:
    """Samples in the text exposition format. Two of the same labels, which Prometheus would refuse, are one."""
    families: dict[str, dict[str, int]] = {name: {} for name in FAMILIES}
    for sample in samples:
        labels = {"server": server, **sample.labels}
        shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        families[sample.name][shown] = sample.value
    lines = []
    for name, values in families.items():
        if values:
            lines += [f"# HELP {name} {FAMILIES[name]}", f"# TYPE {name} gauge"]
            lines += [f"{name}{{{labels}}} {value}" for labels, value in values.items()]
    return "\n".join(lines) + "\n"


def _escaped(value: Any) -> str:
    """A label's value. Half of a surrogate pair, which no file in UTF-8 can have, becomes a question mark."""
    plain = "" if value is None else str(value)
    plain = plain.encode("utf-8", "replace").decode("utf-8")
    return plain.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _of_server(survey: Document, document: Document) -> Iterator[Sample]:
    server = document["server"]
    yield Sample("mailstore_server_info", {"name": server["serverName"], "version": server["version"]}, 1)
    for service in (survey.get("service_status") or {}).get("serverInfos") or []:
        if isinstance(service.get("active"), bool):
            kind = re.sub("(?=[A-Z])", "_", str(service.get("serverType") or "server")).lower()
            labels = {"service": service.get("serverName"), "kind": kind}
            yield Sample("mailstore_service_active", labels, int(service["active"]))


def _of_findings(findings: Sequence[Document]) -> Iterator[Sample]:
    """A count of 0 is a sample, too, where the series are few: so an alert of a query knows that it has gone."""
    counts = Counter((item["kind"], item["severity"]) for item in findings)
    for kind in KINDS:
        for severity in SEVERITIES:
            labels = {"kind": kind, "severity": severity}
            yield Sample("mailstore_findings", labels, counts[kind, severity])
    own = Counter((item["instance"], item["kind"], item["severity"]) for item in findings if item["instance"])
    for (instance, kind, severity), count in own.items():
        labels = {"instance_id": instance, "kind": kind, "severity": severity}
        yield Sample("mailstore_instance_findings", labels, count)


def _of_storage(row: Document) -> Iterator[Sample]:
    own = {"instance_id": row["instance"]}
    for kind in _KINDS_OF_FILES:
        if row[f"{kind}_bytes"] is not None:
            yield Sample("mailstore_instance_size_bytes", {**own, "kind": kind}, row[f"{kind}_bytes"])
    for store in row["stores"]:
        labels = {**own, "store": store["name"]}
        yield Sample("mailstore_store_messages", labels, store["messages"])
        yield Sample("mailstore_store_size_bytes", labels, store["bytes"])


def _of_instance(instance: Document) -> Iterator[Sample]:
    own = {"instance_id": instance["instanceID"]}
    yield Sample("mailstore_instance_up", own, int(instance.get("status") == RUNNING))
    described = {
        "display_name": instance.get("displayName"),
        "host": instance.get("instanceHost"),
        "status": instance.get("status"),
        "start_mode": instance.get("startMode"),
    }
    yield Sample("mailstore_instance_info", {**own, **described}, 1)
    messages = _messages(instance)
    if messages is not None:
        yield Sample("mailstore_instance_messages", own, messages)
    if isinstance(instance.get("users"), list):
        yield Sample("mailstore_instance_users", own, len(instance["users"]))
    yield from _of_profiles(instance)
    for credential in instance.get("credentials") or []:
        expires = moment((credential.get("Settings") or {}).get("CertificateExpirationDate"))
        if expires is not None:
            subject = credential.get("Description") or credential.get("Type")
            labels = {**own, "credential_id": credential.get("ID"), "credential": subject}
            yield Sample("mailstore_credential_certificate_expiry_timestamp_seconds", labels, timestamp(expires))


def _messages(instance: Document) -> int | None:
    """How many messages it has, by its own word or by its stores' statistics; None where neither tells."""
    number = (instance.get("statistics") or {}).get("numberOfMessages")
    if isinstance(number, int):
        return number
    if instance.get("stores") is None:
        return None
    return sum(int(store.get("statisticsCount") or 0) for store in instance["stores"])


def _of_profiles(instance: Document) -> Iterator[Sample]:
    for profile in instance.get("profiles") or []:
        execution = profile.get("serverSideExecution")
        automatic = str(isinstance(execution, dict) and execution.get("automatic")).lower()
        labels = {"profile": profile.get("name"), "connector": profile.get("connector"), "automatic": automatic}
        yield Sample("mailstore_profile_info", {**_profile(instance, profile), **labels}, 1)
    for profile, ended in last_successes(instance):
        seconds = 0 if ended is None else timestamp(ended)
        yield Sample("mailstore_profile_last_success_timestamp_seconds", _profile(instance, profile), seconds)


def _profile(instance: Document, profile: Document) -> Document:
    return {"instance_id": instance["instanceID"], "profile_id": profile.get("id")}


def timestamp(time: datetime) -> int:
    """Seconds since the epoch; a time without a zone is in UTC."""
    naive = time if time.tzinfo is None else time.astimezone(timezone.utc).replace(tzinfo=None)
    return int((naive - _EPOCH).total_seconds())
