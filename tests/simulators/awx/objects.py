# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX keeps: its kinds of objects with their fields, and one object of a kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of object: its name in the API, its fields with their defaults, and what is unique of it."""

    type: str
    fields: dict[str, Any]
    unique: tuple[str, ...]
    needed: tuple[str, ...] = ("name",)
    links: tuple[str, ...] = ()


@dataclass
class Thing:
    """An object of a kind. `linked` holds the ids that are associated with it, by association."""

    id: int
    kind: str
    data: dict[str, Any]
    linked: dict[str, list[int]] = field(default_factory=dict)
    survey: dict[str, Any] = field(default_factory=dict)
    updates: list[int] = field(default_factory=list)
    collections: bool = False
    """Whether the last sync of this project has installed the collections that it names."""

    @property
    def url(self) -> str:
        return f"/api/v2/{self.kind}/{self.id}/"


def _fields(empty: Iterable[str], none: Iterable[str] = (), false: Iterable[str] = (), **others: Any) -> dict[str, Any]:
    """Fields with their defaults: an empty string, null, false, or what is said."""
    return {**dict.fromkeys(empty, ""), **dict.fromkeys(none), **dict.fromkeys(false, False), **others}


_PROMPTED = ["credential", "diff_mode", "execution_environment", "forks", "instance_groups", "inventory"]
_PROMPTED += ["job_slice_count", "job_type", "labels", "limit", "scm_branch", "skip_tags", "tags", "timeout"]
_PROMPTS = [f"ask_{name}_on_launch" for name in (*_PROMPTED, "variables", "verbosity")]

KINDS: dict[str, Kind] = {
    "organizations": Kind(
        "organization",
        _fields(["name", "description"], ["default_environment"], max_hosts=0),
        ("name",),
        links=("galaxy_credentials",),
    ),
    "execution_environments": Kind("execution_environment", _fields(["name", "image"], ["organization"]), ("name",)),
    "credential_types": Kind(
        "credential_type",
        _fields(["name", "description", "kind"], ["namespace"], ["managed"], inputs={}, injectors={}),
        ("name", "kind"),
        ("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        _fields(["name", "description"], ["organization", "credential_type"], ["managed"], inputs={}),
        ("organization", "name", "credential_type"),
        ("name", "credential_type"),
    ),
    "projects": Kind(
        "project",
        _fields(
            ["name", "description", "local_path", "scm_type", "scm_url", "scm_branch", "scm_refspec", "scm_revision"],
            ["organization", "credential", "default_environment", "signature_validation_credential"],
            ["scm_clean", "scm_track_submodules", "scm_delete_on_update", "scm_update_on_launch", "allow_override"],
            timeout=0,
            scm_update_cache_timeout=0,
        ),
        ("name", "organization"),
    ),
    "inventories": Kind(
        "inventory",
        _fields(
            ["name", "description", "kind", "variables"],
            ["organization", "host_filter"],
            ["pending_deletion", "prevent_instance_group_fallback"],
        ),
        ("name", "organization"),
        ("name", "organization"),
    ),
    "hosts": Kind(
        "host",
        _fields(["name", "description", "instance_id", "variables"], ["inventory"], enabled=True),
        ("name", "inventory"),
        ("name", "inventory"),
    ),
    "inventory_sources": Kind(
        "inventory_source",
        _fields(
            ["name", "description", "source", "source_path", "source_vars", "scm_branch", "enabled_var"],
            ["credential", "execution_environment", "inventory", "source_project"],
            ["overwrite", "overwrite_vars", "update_on_launch"],
            **dict.fromkeys(["enabled_value", "host_filter", "limit"], ""),
            **dict.fromkeys(["timeout", "update_cache_timeout"], 0),
            verbosity=1,
        ),
        ("name", "inventory"),
        ("name", "inventory"),
    ),
    "job_templates": Kind(
        "job_template",
        _fields(
            ["name", "description", "playbook", "scm_branch", "limit", "extra_vars", "job_tags", "skip_tags"],
            ["inventory", "project", "organization", "execution_environment", "webhook_credential"],
            ["force_handlers", "use_fact_cache", "survey_enabled", "become_enabled", "diff_mode", "allow_simultaneous"],
            **dict.fromkeys(["start_at_task", "host_config_key", "webhook_service"], ""),
            **dict.fromkeys(["prevent_instance_group_fallback", *_PROMPTS], False),
            **dict.fromkeys(["forks", "verbosity", "timeout"], 0),
            job_type="run",
            job_slice_count=1,
        ),
        ("name", "organization"),
        links=("credentials", "labels", "instance_groups"),
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        _fields(
            ["name", "description", "extra_vars"],
            ["organization", "inventory", "limit", "scm_branch"],
            ["survey_enabled", "allow_simultaneous", *_PROMPTS],
        ),
        ("name", "organization"),
        links=("labels",),
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        _fields(
            ["identifier"],
            ["workflow_job_template", "unified_job_template", "inventory", "limit", "scm_branch"],
            ["all_parents_must_converge"],
            extra_data={},
        ),
        ("identifier", "workflow_job_template"),
        ("workflow_job_template",),
        ("success_nodes", "failure_nodes", "always_nodes", "credentials"),
    ),
    "schedules": Kind(
        "schedule",
        _fields(
            ["name", "description", "rrule"],
            ["unified_job_template", "inventory", "limit", "scm_branch"],
            enabled=True,
            extra_data={},
        ),
        ("name", "unified_job_template"),
        ("name", "rrule", "unified_job_template"),
        ("credentials",),
    ),
}

UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
"""These share one list, `unified_job_templates`."""

# What goes with an object that is deleted, and which fields of others are emptied: (kind, field, goes).
DEPENDENTS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "organizations": (("projects", "organization", True), ("inventories", "organization", True)),
    "credentials": (("inventory_sources", "credential", False), ("projects", "credential", False)),
    "execution_environments": (
        ("job_templates", "execution_environment", False),
        ("inventory_sources", "execution_environment", False),
        ("projects", "default_environment", False),
    ),
    "projects": (("job_templates", "project", False), ("inventory_sources", "source_project", True)),
    "inventories": (
        ("inventory_sources", "inventory", True),
        ("hosts", "inventory", True),
        ("job_templates", "inventory", False),
    ),
    "workflow_job_templates": (("workflow_job_template_nodes", "workflow_job_template", True),),
}
OF_TEMPLATES = (
    ("schedules", "unified_job_template", True),
    ("workflow_job_template_nodes", "unified_job_template", False),
)
