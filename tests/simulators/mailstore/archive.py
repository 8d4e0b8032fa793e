# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive in memory: instances on their hosts, and in each its stores, users, jobs, profiles and configurations."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import shapes
from .arguments import ApiError

MEGABYTE = 1 << 20
SINGLE = "archive"  # the one archive of MailStore Server, under a name that nobody sees
LOGIN_PRIVILEGES = ("windows", "web", "outlook", "windowsCmd", "imap")


@dataclass
class Store:
    id: int
    name: str
    database_path: str
    content_path: str | None = None
    index_path: str | None = None
    requested_state: str = "normal"
    error: str | None = None
    needs_rebuild: bool = False
    selected_for_rebuild: bool = False
    needs_upgrade: bool = False
    messages: int = 0
    size: int = 0  # bytes
    recovery_records: bool = True

    def as_json(self) -> dict[str, Any]:
        return shapes.row(
            "GetStores",
            id=self.id,
            name=self.name,
            databasePath=self.database_path,
            requestedState=self.requested_state,
            error=self.error,
            searchIndexesNeedRebuild=self.needs_rebuild,
            needsUpgrade=self.needs_upgrade,
            statisticsCount=self.messages,
            statisticsSize=self.size,
        )


@dataclass
class User:
    user_name: str
    full_name: str | None = None
    distinguished_name: str | None = None
    authentication: str = "integrated"
    email_addresses: list[str] = field(default_factory=list)
    pop3_user_names: list[str] = field(default_factory=list)
    privileges: list[str] = field(default_factory=lambda: ["login"])
    login_privileges: list[str] = field(default_factory=lambda: [*LOGIN_PRIVILEGES, "api"])
    folders: dict[str, list[str]] = field(default_factory=dict)
    password: str | None = None
    mfa: bool = False

    def summary(self) -> dict[str, Any]:
        return shapes.row("GetUsers", **self._names())

    def as_json(self) -> dict[str, Any]:
        document = shapes.document(
            "GetUserInfo",
            **self._names(),
            authentication=self.authentication,
            emailAddresses=self.email_addresses,
            pop3UserNames=self.pop3_user_names,
            privileges=self.privileges,
            loginPrivileges=self.login_privileges,
            privilegesOnFolders=[{"folder": name, "privileges": held} for name, held in self.folders.items()],
            mfaStatus=mfa_status(self.mfa),
        )
        if "admin" in self.privileges:
            del document["privilegesOnFolders"]
        return document

    def _names(self) -> dict[str, Any]:
        return {
            "userName": self.user_name,
            "fullName": self.full_name,
            "distinguishedName": self.distinguished_name,
        }


@dataclass
class Job:
    id: int
    name: str
    action: str
    owner: str
    schedule: dict[str, Any]
    enabled: bool = True
    failing: bool = False
    has_run: bool = True

    def as_json(self) -> dict[str, Any]:
        job = shapes.row(
            "GetJobs",
            id=self.id,
            name=self.name,
            action=self.action,
            owner=self.owner,
            enabled=self.enabled,
            schedule=self.schedule,
        )
        if not self.has_run:
            job.update(lastStartDateTimeUtc=None, lastCompleteDateTimeUtc=None)
        if not self.enabled:
            job.update(nextStartDateTimeUtc=None)
        return job


@dataclass
class Profile:
    """In the last `silent_hours` there was no run of it; in the last `idle_hours` its runs archived nothing."""

    id: int
    name: str
    properties: dict[str, Any] = field(default_factory=dict)
    failing: bool = False
    silent_hours: float = 0
    idle_hours: float = 0

    @property
    def owner(self) -> str:
        owner: str = self.as_json()["owner"]
        return owner

    def as_json(self) -> dict[str, Any]:
        return shapes.row("GetProfiles", **{"owner": "$archiveadmin", **self.properties}, id=self.id, name=self.name)


@dataclass
class Instance:
    id: str
    configuration: dict[str, Any]
    status: str = "running"
    start_stop_error: str | None = None
    start_fails: bool = False
    stores: list[Store] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    directory: dict[str, str] = field(default_factory=dict)  # user name to full name, as directory services have it
    configurations: dict[str, Any] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)  # of profiles that were run here
    job_results: list[dict[str, Any]] = field(default_factory=list)
    detached: dict[str, Store] = field(default_factory=dict)
    provider_access: bool = True
    credentials: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        names = ("instanceID", "alias", "displayName", "instanceHost", "startMode")
        return shapes.row(
            "GetInstances",
            **{name: self.configuration[name] for name in names},
            status=self.status,
            startStopError=self.start_stop_error,
            processID=None if self.status == "stopped" else 4000 + sum(self.id.encode()),
        )

    def store(self, number: Any) -> Store:
        for store in self.stores:
            if store.id == number:
                return store
        raise ApiError(f"Archive store {number} was not found.")

    def user(self, name: str) -> User:
        user = self.users.get(name.lower())
        if user is None:
            raise ApiError(f"User '{name}' was not found.")
        return user

    def job(self, number: Any) -> Job:
        for job in self.jobs:
            if job.id == number:
                return job
        raise ApiError(f"Job {number} was not found.")

    def profile(self, number: Any) -> Profile:
        for profile in self.profiles:
            if profile.id == number:
                return profile
        raise ApiError(f"Profile {number} was not found.")


@dataclass
class Archive:
    """Everything that the management server knows."""

    server_name: str
    user_name: str
    instances: dict[str, Instance] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    inactive_hosts: set[str] = field(default_factory=set)
    access_servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    administrators: dict[str, dict[str, Any]] = field(default_factory=dict)
    directories: dict[str, list[str]] = field(default_factory=dict)
    configurations: dict[str, Any] = field(default_factory=dict)
    api_passwords: list[str] = field(default_factory=list)
    seed: int = 1
    new_version: str | None = "25.4.0.24310"
    most_results: int = 5000  # rows of GetWorkerResults in one answer

    def find(self, arguments: Mapping[str, Any]) -> Instance:
        """The instance that a call is about, in whatever state."""
        instance = self.instances.get(arguments["instanceID"])
        if instance is None:
            raise ApiError(f"Instance '{arguments['instanceID']}' was not found.")
        return instance

    def check_access(self, arguments: Mapping[str, Any]) -> None:
        """Raises ApiError where the tenant withholds service-provider access. (The real words are not public.)"""
        if not self.find(arguments).provider_access:
            raise ApiError("Service provider access to this instance is not enabled.")

    def running(self, arguments: Mapping[str, Any]) -> Instance:
        """The instance that a call is about; what it holds can be asked for only while it runs."""
        instance = self.find(arguments)
        if instance.status != "running":
            raise ApiError(f"Instance '{instance.id}' is not running.", f"Its status is '{instance.status}'.")
        return instance

    def matching(self, patterns: str) -> list[Instance]:
        """The instances that a filter names: ids and wildcards, separated by commas."""
        wanted = [item.strip() for item in patterns.split(",") if item.strip()]
        return [
            instance
            for instance in self.instances.values()
            if any(fnmatch.fnmatchcase(instance.id, pattern) for pattern in wanted)
        ]


def mfa_status(enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"
