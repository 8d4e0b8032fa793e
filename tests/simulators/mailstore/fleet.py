# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the archive holds when the simulator starts: a handful by hand, or a fleet of any size from a seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

from . import shapes
from .archive import LOGIN_PRIVILEGES, MEGABYTE, SINGLE, Archive, Instance, Job, Profile, Store, User, mfa_status
from .configurations import GLOBAL_DEFAULTS, instance_defaults

SERVER = "mgmt.spe.example"
START_ERROR = "The instance could not be started: the license database is locked by another process."
STORE_ERROR = "The archive store could not be opened: the directory is not accessible."
WORDS = (
    "acme",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "indigo",
    "juniper",
    "kestrel",
    "lagoon",
)
FIRST = ("anna", "ben", "carla", "dmitri", "elena", "farid", "grace", "hugo", "ines", "jonas", "kim", "lena")
LAST = ("adler", "berg", "costa", "diaz", "ek", "fischer", "garcia", "huber", "ito", "jansen", "klein", "lopez")


def build(user_name: str, size: int, seed: int) -> Archive:
    """The handful where `size` is 0, else `size` instances; the same seed gives the same fleet."""
    archive = Archive(server_name=SERVER, user_name=user_name, seed=seed)
    archive.configurations = {name: _copy(value) for name, value in GLOBAL_DEFAULTS.items()}
    archive.administrators[user_name] = {
        "userName": user_name,
        "fullName": "Administrator",
        "mfaStatus": mfa_status(False),
    }
    archive.access_servers["cas01.spe.example"] = access_server("cas01.spe.example")
    instances = _handful() if size == 0 else [_generated(number, seed) for number in range(1, size + 1)]
    for instance in instances:
        archive.instances[instance.id] = instance
        host = instance.configuration["instanceHost"]
        archive.hosts.setdefault(host, instance_host(host))
        archive.directories.setdefault(host, ["C:\\MailArchive"])
    return archive


def build_single(user_name: str, seed: int) -> Archive:
    """The one archive of MailStore Server."""
    archive = Archive(server_name=SERVER, user_name=user_name, seed=seed)
    instance = new_instance(SINGLE, SERVER)
    instance.stores = [_store(1, SINGLE, "2025", 610_440), _store(2, SINGLE, "2026", 300_112, "current")]
    _people(instance, random.Random(seed), 5)
    _work(instance, failing_profile=False, failing_job=False)
    for user in instance.users.values():
        user.login_privileges = list(LOGIN_PRIVILEGES)
    archive.instances[SINGLE] = instance
    return archive


def _copy(value: Any) -> Any:
    return {**value} if isinstance(value, dict) else list(value) if isinstance(value, list) else value


def instance_host(name: str) -> dict[str, Any]:
    return shapes.row("GetInstanceHosts", serverName=name)


def access_server(name: str) -> dict[str, Any]:
    """As an instance host, as far as is known; the service's status is there when it is asked for."""
    certificate = shapes.row("GetInstanceHosts")["serverCertificate"]
    return {"serverName": name, "port": 8473, "serverCertificate": certificate, "serviceStatus": "running"}


def new_instance(identifier: str, host: str, display_name: str | None = None, alias: str | None = None) -> Instance:
    """An instance as it is after it was created: one administrator, no stores."""
    configuration = shapes.document(
        "GetInstanceConfiguration",
        instanceID=identifier,
        alias=alias,
        displayName=display_name,
        instanceHost=host,
        baseDirectory=f"C:\\MailArchive\\{identifier}",
    )
    instance = Instance(identifier, configuration, configurations=instance_defaults())
    instance.users["$archiveadmin"] = User("$archiveadmin", "Archive Administrator", privileges=["admin"])
    return instance


def _store(number: int, identifier: str, name: str, messages: int, state: str = "normal") -> Store:
    path = f"C:\\MailArchive\\{identifier}\\{name}"
    return Store(number, name, path, requested_state=state, messages=messages, size=messages * 71_680)


def _handful() -> list[Instance]:
    alpha = new_instance("alpha", "host01.spe.example", "Alpha Ltd", "alpha.example")
    alpha.stores = [
        _store(1, "alpha", "2024", 1_204_332),
        _store(2, "alpha", "2025", 1_518_090),
        _store(3, "alpha", "2026", 903_411, "current"),
    ]
    alpha.stores[1].needs_rebuild = True
    beta = new_instance("beta", "host01.spe.example", "Beta GmbH", "beta.example")
    beta.stores = [_store(1, "beta", "2023", 310_778), _store(2, "beta", "2026", 88_120, "current")]
    beta.stores[0].needs_upgrade = True
    gamma = new_instance("gamma", "host02.spe.example", "Gamma SA")
    gamma.status, gamma.start_stop_error, gamma.start_fails = "stopped", START_ERROR, False
    gamma.stores = [_store(1, "gamma", "2026", 42_007, "current")]
    delta = new_instance("delta", "host02.spe.example", "Delta Inc")
    delta.stores = [_store(1, "delta", "2026", 5_201, "current")]
    instances = [alpha, beta, gamma, delta]
    for number, instance in enumerate(instances):
        _people(instance, random.Random(number), 4)
        _work(instance, failing_profile=instance is beta, failing_job=False)
    return instances


def _generated(number: int, seed: int) -> Instance:
    # An instance depends on the seed and its number alone, so a larger fleet begins with the smaller one.
    chance = random.Random(f"{seed}/{number}")
    word = chance.choice(WORDS)
    identifier = f"{word}{number:05d}"
    host = f"host{(number - 1) % 8 + 1:02d}.spe.example"
    instance = new_instance(
        identifier, host, f"{word.title()} {number}", f"{identifier}.example" if chance.random() < 0.5 else None
    )
    last_year = 2026
    for position, year in enumerate(range(last_year - chance.randint(0, 4), last_year + 1), 1):
        messages = int(chance.lognormvariate(11.5, 1.3))
        store = _store(position, identifier, str(year), messages, "current" if year == last_year else "normal")
        store.size = messages * chance.randint(40_000, 120_000)
        _flag(store, chance)
        instance.stores.append(store)
    if chance.random() < 0.03:
        instance.status, instance.start_stop_error = "stopped", START_ERROR if chance.random() < 0.7 else None
    _people(instance, chance, chance.randint(2, 25))
    _work(instance, failing_profile=chance.random() < 0.06, failing_job=chance.random() < 0.03)
    return instance


def _flag(store: Store, chance: random.Random) -> None:
    draw = chance.random()
    store.needs_rebuild = draw < 0.04
    store.needs_upgrade = 0.04 <= draw < 0.07
    if 0.07 <= draw < 0.08:
        store.error = STORE_ERROR
    if store.requested_state == "normal" and chance.random() < 0.2:
        store.requested_state = "writeProtected"


def _people(instance: Instance, chance: random.Random, count: int) -> None:
    domain = f"{instance.id}.example"
    for number in range(count):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        name = f"{first}.{last}{number}"
        full_name = f"{first.title()} {last.title()}"
        from_directory = chance.random() < 0.6
        user = User(name, full_name, email_addresses=[f"{name}@{domain}"], folders={name: ["read"]})
        if from_directory:
            user.authentication = "directoryServices"
            user.distinguished_name = f"cn={full_name},ou=people,dc={instance.id},dc=example"
            if chance.random() < 0.9:  # the others have left, and a sync removes them
                instance.directory[name] = full_name
        instance.users[name] = user
    instance.directory[f"new.{chance.choice(LAST)}"] = "New Colleague"


def _work(instance: Instance, failing_profile: bool, failing_job: bool) -> None:
    schedule = {"timeZoneId": "$Local", "time": "02:00:00"}
    instance.jobs = [
        Job(1, "Nightly retention", "ProcessRetentionPolicies", "$archiveadmin", schedule, failing=failing_job),
        Job(
            2,
            "Directory sync",
            "SyncUsersWithDirectoryServices",
            "$archiveadmin",
            {"timeZoneId": "$Local", "interval": 60},
        ),
    ]
    instance.profiles = [
        Profile(1, "Exchange journal", {"connector": "Exchange"}),
        Profile(2, "IMAP mailboxes", {"connector": "IMAP"}, failing=failing_profile),
    ]
    instance.credentials = [credential(instance.id)]


def credential(identifier: str) -> dict[str, Any]:
    """What an instance has for Microsoft 365; its certificate holds for another year."""
    example = shapes.row("GetCredentials", Description=f"Microsoft 365 of {identifier}")
    expires = (datetime.now(timezone.utc) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**example, "Settings": {**example["Settings"], "CertificateExpirationDate": expires}}


def total_megabytes(instance: Instance) -> int:
    return sum(store.size for store in instance.stores) // MEGABYTE
