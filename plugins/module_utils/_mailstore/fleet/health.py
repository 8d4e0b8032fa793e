# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What is wrong on a MailStore SPE server, what fixes it, and what it stores: pure functions over a survey.

A survey is what `survey.FactsGatherer` returns, with the subsets of `GATHERED`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Iterator, Mapping, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.patterns import fits
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.facts import (
    FAILED,
    NO_ANSWER,
    OF_INSTANCE,
    RUNNING,
    UNKNOWN_FUNCTION,
    WITHHELD,
    Document,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.findings import (
    DEFAULT_LIMITS,
    KINDS,
    SEVERITIES,
    Finding,
    Limits,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.rota import overdue
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.fleet.runs import (
    failing,
    moment,
    nothing_archived,
    server_time,
    stale,
)

GATHERED = (
    "environment",
    "service_status",
    "statistics",
    "stores",
    "profiles",
    "credentials",
    "jobs",
    "worker_results",
    "job_results",
)
"""The parts of a survey in which there can be a finding."""

SCHEMA = 1
"""The version of a report's shape. A report of another one tells nothing of growth."""

HISTORY_MAX = 400
"""How many earlier reports' sums a report carries along."""

FROZEN = "frozen"

_LINE_SUBJECTS = 8
_MEGABYTE = 1 << 20

_ABOUT = {
    "index_rebuild": re.compile(r"\bsearch index(?:es)?\b.*\brebuil[dt]", re.IGNORECASE),
    "store_upgrade": re.compile(r"\bone or more archive stores\b.*\bupgrade", re.IGNORECASE),
    "store_error": re.compile(r"\bone or more archive stores\b", re.IGNORECASE),
}
"""Messages that name an instance, but none of its stores, by the kind that is found in the store itself.

Seen is ``Instance alpha on host01: One or more search indexes have to be rebuilt.``; the others are like it.
"""

_OF_INSTANCE = re.compile(r"^Instance ([\w.@-]*\w)(?: on \S+?)?:|\binstance '([^']+)'", re.IGNORECASE)
"""How a message names the instance that it is about."""

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def report(
    survey: Document,
    *,
    now: datetime,
    scope: Sequence[str] = ("*",),
    exclude: Sequence[str] = (),
    inventory: str = "mailstore_instances.yml",
    earlier: Mapping[str, str | None] = MappingProxyType({}),
    limits: Limits = DEFAULT_LIMITS,
    maintenance: Sequence[str] = (),
) -> Document:
    """All that is to be known of the server's health, fit for JSON.

    ``now`` is in UTC. ``scope`` is the patterns of instances that the survey is of, less those of ``exclude``.
    ``inventory`` is the file that commands name. ``earlier`` holds reports as JSON by their names, or None where one
    could not be read; those that are damaged or of something else are left out, and ``notes`` names them.
    ``maintenance`` is the paths of what the instances' maintenance remembers. Raises `InvalidOption` for ``limits``
    that cannot be.
    """
    since = moment(survey.get("results_since"))
    # The period begins a day before the days that were asked for.
    limits.check(round((now.replace(tzinfo=None) - since) / timedelta(days=1), 1) - 1 if since else 366)
    is_single = any(item.get("instanceID", "") is None for item in survey.get("instances") or [])
    where = None if is_single else inventory
    survey = named(survey, scope, exclude)
    instances = survey["instances"]
    late, unusable = overdue(instances, maintenance, now)
    found = sorted([*findings(survey, now=now, limits=limits), *late], key=urgency)
    counts = {severity: sum(item.severity == severity for item in found) for severity in SEVERITIES}
    environment = survey.get("environment") or {}
    document: Document = {
        "schema": SCHEMA,
        "generated_at": now.strftime(_TIME),
        "server": {
            "serverName": environment.get("serverName") or environment.get("machineName"),
            **{key: environment.get(key) for key in ("version", "licenseeName")},
        },
        "scope": [*scope, *(f"!{pattern}" for pattern in exclude)],
        "verdict": next((severity for severity in SEVERITIES[:2] if counts[severity]), "ok"),
        "counts": counts,
        "status": dict(Counter(str(instance.get("status")) for instance in instances)),
        "todo": todo(found, where),
        "findings": [_with_command(item, where) for item in found],
        "messages": messages(survey),
        "storage": storage(instances),
        "notes": [*_not_looked_at(instances), *unusable],
    }
    document["summary"] = [_line(task) for task in document["todo"]] or ["Nothing needs doing."]
    reports = _comparable(earlier, document)
    document["growth"] = growth(document, reports)
    return document


def named(survey: Document, scope: Sequence[str], exclude: Sequence[str]) -> Document:
    """The survey as a report is made of it: of its scope alone, each instance with a name, every text safe to show."""
    return without(_with_name(plain(survey)), exclude, scope)


def _with_name(survey: Document) -> Document:
    """The survey, in which the one archive of MailStore Server has the name of its machine."""
    name = (survey.get("environment") or {}).get("machineName") or "archive"
    instances = survey.get("instances") or []
    return {**survey, "instances": [{**item, "instanceID": item.get("instanceID") or name} for item in instances]}


def plain(value: Any) -> Any:
    """The same without characters that change the direction of a text: they would turn round what stands beside it."""
    if isinstance(value, str):
        return _DIRECTION.sub("", value)
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def without(survey: Document, exclude: Sequence[str], scope: Sequence[str] = ("*",)) -> Document:
    """The survey without the instances that a pattern of ``exclude`` names, and without messages about them.

    Nor has it messages about instances that no pattern of ``scope`` names.
    """
    instances = survey.get("instances") or []
    gone = {str(item.get("instanceID")) for item in instances if fits(str(item.get("instanceID")), exclude)}
    feed = (survey.get("service_status") or {}).get("messages") or []
    return {
        **survey,
        "instances": [item for item in instances if str(item.get("instanceID")) not in gone],
        "service_status": {
            **(survey.get("service_status") or {}),
            "messages": [
                item
                for item in feed
                if not gone & _names(str(item.get("text"))) and _within(str(item.get("text")), scope)
            ],
        },
    }


def findings(
    survey: Document, known: Sequence[Finding] = (), *, now: datetime, limits: Limits = DEFAULT_LIMITS
) -> list[Finding]:
    """Everything that is not as it should be, in no order.

    ``known`` is what is known beside the survey: messages that say the same are not found once more.
    """
    instances = survey.get("instances") or []
    everywhere = failing_everywhere(instances)
    found = [*everywhere.values(), *_of_servers(survey)]
    for instance in instances:
        found += _of_instance(instance, everywhere)
        found += _of_certificates(instance, now, limits.certificate_days)
    found += _of_idleness(survey, found, now, limits.stale_hours)
    return found + list(_of_messages(survey, [*found, *known]))


def _of_idleness(survey: Document, found: Sequence[Finding], now: datetime, hours: int) -> Iterator[Finding]:
    """What should run or archive, and has not for so many hours. A profile that fails is found already."""
    instances = survey.get("instances") or []
    since, there = moment(survey.get("results_since")), server_time(instances, now)
    known = {(item.instance, item.key) for item in found if item.kind == "profile_failed"}
    for instance in instances:
        for item in stale(instance, since, there, hours):
            if (item.instance, item.key) not in known:
                yield item
        yield from nothing_archived(instance, since, there, hours)


def _not_looked_at(instances: Sequence[Document]) -> list[str]:
    """What the server's version cannot tell."""
    missing = {
        subset
        for instance in instances
        for subset, kind in (instance.get("not_gathered_kind") or {}).items()
        if kind == UNKNOWN_FUNCTION
    }
    return [
        f"The server has no function {OF_INSTANCE[subset]}, so {subset.replace('_', ' ')} were not looked at."
        for subset in sorted(missing & set(OF_INSTANCE))
    ]


def failing_everywhere(instances: Sequence[Document]) -> dict[str, Finding]:
    """By subset, what no instance tells, although several were asked: that is the server's trouble, and not theirs."""
    failures: dict[str, list[Document]] = {}
    answers: Counter[str] = Counter()
    for instance in instances:
        answers.update(subset for subset in OF_INSTANCE if subset in instance)
        for subset, kind in _missing(instance).items():
            if kind in (NO_ANSWER, FAILED):
                failures.setdefault(subset, []).append(instance)
    found = {}
    for subset, silent in failures.items():
        if len(silent) > 1 and not answers[subset]:
            lost = any(_missing(instance)[subset] == NO_ANSWER for instance in silent)
            words = f"It fails for all {len(silent)} instances that were asked. {silent[0]['not_gathered'][subset]}"
            severity = "error" if lost else "warning"
            found[subset] = Finding(severity, "function_failed", None, OF_INSTANCE[subset], words)
    return found


def _missing(instance: Document) -> dict[str, str]:
    """The kinds of what a running instance has not told, by subset."""
    if instance.get("status") != RUNNING:
        return {}
    kinds = instance.get("not_gathered_kind") or {}
    return {str(subset): kinds.get(subset, NO_ANSWER) for subset in instance.get("not_gathered") or {}}


def todo(found: Sequence[Finding], inventory: str | None) -> list[Document]:
    """What is to be done, by kind, the most urgent first: each with its findings and a command for all of them."""
    tasks = []
    for kind in KINDS.values():
        items = [item for item in found if item.kind == kind.name and item.severity != "information"]
        if items:
            tasks.append(
                {
                    "kind": kind.name,
                    "severity": items[0].severity,
                    "title": kind.title,
                    "why": kind.why,
                    "command": command(items, inventory),
                    "findings": [_with_command(item, inventory) for item in items],
                }
            )
    return sorted(tasks, key=lambda task: SEVERITIES.index(task["severity"]))


def _line(task: Document) -> str:
    """What is to be done, in one line for a terminal."""
    items = task["findings"]
    more = f" and {len(items) - _LINE_SUBJECTS} more" if len(items) > _LINE_SUBJECTS else ""
    shown = ", ".join(map(_shown, items[:_LINE_SUBJECTS]))
    return f"{task['severity'].upper()}: {task['title']} ({_counted(items)}): {shown}{more}"


def _shown(item: Document) -> str:
    """What a finding is about. Of a message that is its words: that the server says it is known."""
    if item["kind"] == "message":
        return f'"{item["words"]}"'
    return item["subject"] if item["instance"] in (None, item["subject"]) else f"{item['instance']}/{item['subject']}"


def _counted(items: Sequence[Document]) -> str:
    """How many there are, by severity where that differs: so the lines add up to the report's ``counts``."""
    counts = Counter(item["severity"] for item in items)
    if len(counts) == 1:
        return str(len(items))
    return ", ".join(f"{counts[key]} {key}{'' if counts[key] == 1 else 's'}" for key in SEVERITIES if counts[key])


def command(items: Sequence[Finding], inventory: str | None) -> str | None:
    """One shell command that fixes findings of one kind, or None where none does.

    Without ``inventory`` the server is MailStore Server, where nothing names an instance.
    """
    kind = KINDS[items[0].kind]
    if inventory is None:
        return _command_without_instance(kind.maintenance, items)
    names = ",".join(dict.fromkeys(item.instance for item in items if item.instance))
    if kind.maintenance:
        words = ["ansible-playbook", "mops.maintenance.mailstore_maintenance", "-i", inventory, "--limit", names]
        words += ["-e", json.dumps({"mailstore_maintenance_only": [kind.maintenance]})]
        return " ".join(map(shlex.quote, words))
    calls = [item.call for item in items if item.call]
    if kind.function:
        calls = [{"function": kind.function, "arguments": {"instanceFilter": names}}]
    if not calls:
        return None
    return _ad_hoc("mailstore_invoke", calls[0] if len(calls) == 1 else {"invocations": calls})


def _command_without_instance(work: str | None, items: Sequence[Finding]) -> str | None:
    """The same; ``work`` is the part of the maintenance that fixes them."""
    calls = [
        {
            **item.call,
            "arguments": {name: value for name, value in item.call["arguments"].items() if name != "instanceID"},
        }
        for item in items
        if item.call
    ]
    if work:
        return _ad_hoc("mailstore_maintenance", {"path": "mailstore_maintenance.json", "only": [work]})
    return _ad_hoc("mailstore_invoke", calls[0] if len(calls) == 1 else {"invocations": calls}) if calls else None


def _ad_hoc(module: str, options: Document) -> str:
    return f"ansible localhost -m mops.maintenance.{module} -a {shlex.quote(json.dumps(options, ensure_ascii=False))}"


def _with_command(item: Finding, inventory: str | None) -> Document:
    return {**asdict(item), "command": command([item], inventory)}


def messages(survey: Document) -> list[Document]:
    """The server's own messages, the worst first."""
    feed = (survey.get("service_status") or {}).get("messages") or []
    listed = [{"severity": _severity(item), "text": str(item.get("text") or "")} for item in feed]
    return sorted(listed, key=lambda item: SEVERITIES.index(item["severity"]))


def storage(instances: Sequence[Document]) -> Document:
    """Bytes and messages: in all, by instance host and by instance with its stores, the largest first."""
    rows = [_stored(instance) for instance in instances]
    rows.sort(key=lambda row: (-row["bytes"], row["instance"]))
    hosts: dict[str, Document] = {}
    for row in rows:
        host = hosts.setdefault(row["host"], {"host": row["host"], "instances": 0, "bytes": 0, "messages": 0})
        host["instances"] += 1
        host["bytes"] += row["bytes"]
        host["messages"] += row["messages"]
    return {
        "bytes": sum(row["bytes"] for row in rows),
        "messages": sum(row["messages"] for row in rows),
        "stores": sum(len(row["stores"]) for row in rows),
        **{part: sum(row[part] or 0 for row in rows) for part in _FILES},
        "unknown": [row["instance"] for row in rows if not row["known"]],
        "hosts": sorted(hosts.values(), key=lambda host: (-host["bytes"], host["host"])),
        "instances": rows,
    }


def growth(document: Document, reports: Sequence[Document]) -> Document:
    """How the sums have gone, and by how much each instance has grown since the earliest of ``reports``.

    ``history`` has the sums that the newest of ``reports`` knew of, and those of ``document``. An instance whose size
    one of the two does not know, because it was not there or did not run, is not counted as growth.
    """
    keys = ("bytes", "messages")
    sums = {"at": document["generated_at"], **{key: document["storage"][key] for key in keys}}
    if not reports:
        return {"since": None, "history": [sums], "curve": curve([sums], "bytes"), "instances": []}
    first, newest = reports[0], reports[-1]
    history = [point for point in newest["growth"]["history"] if point["at"] < sums["at"]][1 - HISTORY_MAX :]
    history.append(sums)
    before = {row["instance"]: row for row in first["storage"]["instances"] if row["known"]}
    grown = [
        {"instance": row["instance"], **{key: row[key] - before[row["instance"]][key] for key in keys}}
        for row in document["storage"]["instances"]
        if row["known"] and row["instance"] in before
    ]
    return {
        "since": first["generated_at"],
        **{key: sum(row[key] for row in grown) for key in keys},
        "history": history,
        "curve": curve(history, "bytes"),
        "instances": sorted(grown, key=lambda row: (-row["bytes"], row["instance"])),
    }


def curve(history: Sequence[Document], key: str) -> Document:
    """The points of a line through ``history``, in hundredths of its width and height, and its lowest and highest.

    ``y`` is from the top. The curve leaves some room below its lowest point, so that little growth looks little.
    """
    times = [datetime.strptime(point["at"], _TIME) for point in history]
    values = [point[key] for point in history]
    low, high = min(values), max(values)
    floor = max(0, low - max(high - low, high * 0.02))
    seconds = (times[-1] - times[0]).total_seconds() or 1
    height = (high - floor) or 1
    points = [
        {
            "x": round((time - times[0]).total_seconds() / seconds * 100, 2),
            "y": round((high - value) / height * 100, 2),
        }
        for time, value in zip(times, values)
    ]
    return {"points": points, "low": low, "high": high, "floor": floor}


def _of_instance(instance: Document, everywhere: Mapping[str, Finding]) -> Iterator[Finding]:
    name, status = str(instance.get("instanceID")), instance.get("status")
    if status == FROZEN:
        yield _about_instance("warning", "instance_frozen", name, "It is frozen.")
    elif status != RUNNING:
        yield _not_running(name, instance)
    else:
        yield from _of_missing(name, instance, everywhere)
    for store in instance.get("stores") or []:
        yield from _of_store(name, store)
    yield from failing("profile", instance)
    yield from failing("job", instance)


def _not_running(name: str, instance: Document) -> Finding:
    status, mode, error = (instance.get(key) for key in ("status", "startMode", "startStopError"))
    if mode == "disabled" or (mode == "manual" and not error):
        words = f"It is {status}, and meant to be: its start mode is {mode}."
        return _about_instance("information", "instance_not_running", name, words)
    if error:
        return _about_instance("error", "instance_not_running", name, str(error))
    words = f"its start mode is {mode}" if mode else "it may be meant to be"
    return _about_instance(
        "warning", "instance_not_running", name, f"It is {status}, and the server names no error: {words}."
    )


def _of_missing(name: str, instance: Document, everywhere: Mapping[str, Finding]) -> Iterator[Finding]:
    """What to say of what a running instance does not tell: at most once that it is silent, or withholds access."""
    reasons: dict[str, str] = {}
    for subset, kind in _missing(instance).items():
        reason = str(instance["not_gathered"][subset])
        if kind == FAILED and subset not in everywhere:
            yield Finding("warning", "function_failed", name, OF_INSTANCE.get(subset, subset), reason)
        elif subset not in everywhere:
            reasons.setdefault(kind, reason)
    if NO_ANSWER in reasons:
        yield _about_instance("error", "instance_silent", name, reasons[NO_ANSWER])
    if WITHHELD in reasons:
        words = "It withholds service-provider access (ArchiveAdminEnabled)."
        yield _about_instance("warning", "access_withheld", name, words)


def _about_instance(severity: str, kind: str, name: str, words: str) -> Finding:
    return Finding(severity, kind, name, name, words)


def _of_store(instance: str, store: Document) -> Iterator[Finding]:
    name = str(store.get("name") or store.get("id"))
    if store.get("error"):
        yield Finding("error", "store_error", instance, name, str(store["error"]))
    if store.get("searchIndexesNeedRebuild"):
        yield Finding("warning", "index_rebuild", instance, name, "Its search index needs to be rebuilt.")
    if store.get("needsUpgrade"):
        yield Finding("warning", "store_upgrade", instance, name, "It needs to be upgraded.")


def _of_messages(survey: Document, found: Sequence[Finding]) -> Iterator[Finding]:
    """The server's messages that say something which is not found yet."""
    instances = {str(instance.get("instanceID")) for instance in survey.get("instances") or []}
    known: dict[str, list[Finding]] = {}
    for item in found:
        known.setdefault(str(item.instance), []).append(item)
    for message in messages(survey):
        named = _names(message["text"])
        kind = next((kind for kind, words in _ABOUT.items() if words.search(message["text"])), None)
        of_named = [item for name in named & set(known) for item in known[name]]
        if any(item.kind == kind or _says(message, item) for item in of_named):
            continue
        if kind == "index_rebuild" and named & instances:
            # The server calls an error what a rebuild fixes.
            for name in sorted(named & instances):
                yield _about_instance("warning", kind, name, message["text"])
        else:
            yield Finding(message["severity"], "message", None, "Management Server", message["text"])


def _of_servers(survey: Document) -> Iterator[Finding]:
    """The servers of the installation that are not active."""
    for server in (survey.get("service_status") or {}).get("serverInfos") or []:
        if server.get("active") is False:
            kind = str(server.get("serverType") or "server")
            words = f"This {re.sub('(?=[A-Z])', ' ', kind).lower()} is not active."
            severity = "error" if kind == "instanceHost" else "warning"
            yield Finding(severity, "server_inactive", None, str(server.get("serverName")), words)


def _of_certificates(instance: Document, now: datetime, days: int) -> Iterator[Finding]:
    """The credentials whose certificate has expired or is about to. ``now`` is in UTC."""
    for credential in instance.get("credentials") or []:
        settings = credential.get("Settings") or {}
        expires = moment(settings.get("CertificateExpirationDate"))
        if expires is None:
            continue
        left = expires - now.replace(tzinfo=None)
        if left <= timedelta(days=days):
            name, key = str(instance.get("instanceID")), str(credential.get("ID"))
            subject = str(credential.get("Description") or credential.get("Type") or key)
            gone = left <= timedelta(0)
            words = f"Its certificate {'expired' if gone else 'expires'} on {expires:%Y-%m-%d}."
            yield Finding("error" if gone else "warning", "certificate_expiring", name, subject, words, None, key)


def _within(text: str, scope: Sequence[str]) -> bool:
    """Whether a message is about an instance of ``scope``, or about none. One that is not understood is better read."""
    about = _OF_INSTANCE.search(text)
    return about is None or fits(about.group(1) or about.group(2), scope)


def _names(text: str) -> set[str]:
    """Every word of a text that could be an instance's id."""
    return set(re.findall(r"[\w.@-]*\w", text))


def _says(message: Document, item: Finding) -> bool:
    """Whether a message, which names the finding's instance, says the same, and nothing worse."""
    if SEVERITIES.index(item.severity) > SEVERITIES.index(message["severity"]):
        return False
    if item.subject == item.instance:
        return item.words in message["text"]
    return bool(re.search(rf"(?<!\w){re.escape(item.subject)}(?!\w)", message["text"]))


def _severity(message: Document) -> str:
    """A message's type; one that is not known is better read than missed."""
    return message["type"] if message.get("type") in SEVERITIES else "warning"


def urgency(item: Finding) -> tuple[int, int, str, str]:
    """By this they are sorted, what needs doing first on top."""
    kinds = list(KINDS)
    return SEVERITIES.index(item.severity), kinds.index(item.kind), str(item.instance), item.subject


def _stored(instance: Document) -> Document:
    stores = [
        {
            "name": str(store.get("name") or store.get("id")),
            "state": str(store.get("requestedState") or ""),
            "bytes": _number(store.get("statisticsSize")),
            "messages": _number(store.get("statisticsCount")),
        }
        for store in instance.get("stores") or []
    ]
    return {
        "instance": str(instance.get("instanceID")),
        "display_name": instance.get("displayName"),
        "host": str(instance.get("instanceHost") or ""),
        "status": str(instance.get("status")),
        "known": instance.get("stores") is not None,
        "bytes": sum(store["bytes"] for store in stores),
        "messages": sum(store["messages"] for store in stores),
        **{part: _bytes((instance.get("statistics") or {}).get(name)) for part, name in _FILES.items()},
        "stores": sorted(stores, key=lambda store: -store["bytes"]),
    }


_FILES = {
    "database_bytes": "databaseFileSizeMB",
    "content_bytes": "contentFileSizeMB",
    "index_bytes": "indexFileSizeMB",
}
"""What an instance's statistics say of its files, by its name in a report. Servers before version 9 do not say it."""


def _bytes(megabytes: Any) -> int | None:
    """A size in bytes, or None where it is not known."""
    return None if megabytes is None else _number(megabytes) * _MEGABYTE


def _number(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else 0


def _comparable(earlier: Mapping[str, str | None], document: Document) -> list[Document]:
    """The reports that ``document`` can be compared with, the earliest first. The others are said in its ``notes``."""
    reports = []
    for name, text in earlier.items():
        other = _parsed(text)
        if other is None:
            document["notes"].append(f"{name} could not be read, or is of another shape, and was left out.")
        elif _of_what(other) != _of_what(document):
            document["notes"].append(f"{name} is of another server or of other instances, and was left out.")
        elif other["generated_at"] < document["generated_at"]:
            reports.append(other)
    return sorted(reports, key=lambda other: str(other["generated_at"]))


def _of_what(document: Document) -> tuple[Any, Any]:
    return document["server"].get("serverName"), document["scope"]


def _parsed(text: str | None) -> Document | None:
    """A report from its JSON, or None where it is damaged or of another shape."""
    try:
        document: Document = json.loads(text or "")
        usable = (
            document["schema"] == SCHEMA
            and isinstance(document["server"], dict)
            and isinstance(document["scope"], list)
            and all(map(_is_row, document["storage"]["instances"]))
            and all(
                map(
                    _is_point, [*document["growth"]["history"], {**document["storage"], "at": document["generated_at"]}]
                )
            )
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return document if usable else None


def _is_row(row: Document) -> bool:
    return isinstance(row["instance"], str) and isinstance(row["known"], bool) and _is_sums(row)


def _is_point(point: Document) -> bool:
    return bool(datetime.strptime(point["at"], _TIME)) and _is_sums(point)


def _is_sums(sums: Document) -> bool:
    return all(isinstance(sums[key], int) for key in ("bytes", "messages"))
