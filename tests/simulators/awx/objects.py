# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX keeps: its kinds of objects with their fields, and one object of a kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PROMPTS = {
    f"ask_{name}_on_launch": False
    for name in (
        "credential diff_mode execution_environment forks instance_groups inventory job_slice_count job_type labels "
        "limit scm_branch skip_tags tags timeout variables verbosity"
    ).split()
}


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

    @property
    def url(self) -> str:
        return f"/api/v2/{self.kind}/{self.id}/"


KINDS: dict[str, Kind] = {
    "organizations": Kind(
        "organization", {"name": "", "description": "", "max_hosts": 0, "default_environment": None}, ("name",)
    ),
    "execution_environments": Kind("execution_environment", {"name": "", "organization": None, "image": ""}, ("name",)),
    "credential_types": Kind(
        "credential_type",
        {"name": "", "description": "", "kind": "", "namespace": None, "managed": False, "inputs": {}, "injectors": {}},
        ("name", "kind"),
        ("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        {"name": "", "description": "", "organization": None, "credential_type": None, "managed": False, "inputs": {}},
        ("organization", "name", "credential_type"),
        ("name", "credential_type"),
    ),
    "projects": Kind(
        "project",
        {
            **{"name": "", "description": "", "organization": None, "local_path": "", "scm_type": "", "scm_url": ""},
            **{"scm_branch": "", "scm_refspec": "", "scm_clean": False, "scm_track_submodules": False},
            **{"scm_delete_on_update": False, "credential": None, "timeout": 0, "scm_revision": ""},
            **{"scm_update_on_launch": False, "scm_update_cache_timeout": 0, "allow_override": False},
            **{"default_environment": None, "signature_validation_credential": None},
        },
        ("name", "organization"),
    ),
    "inventories": Kind(
        "inventory",
        {
            **{"name": "", "description": "", "organization": None, "kind": "", "host_filter": None, "variables": ""},
            **{"pending_deletion": False, "prevent_instance_group_fallback": False},
        },
        ("name", "organization"),
        ("name", "organization"),
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **{"name": "", "description": "", "source": "", "source_path": "", "source_vars": "", "scm_branch": ""},
            **{"credential": None, "enabled_var": "", "enabled_value": "", "host_filter": "", "overwrite": False},
            **{"overwrite_vars": False, "timeout": 0, "verbosity": 1, "limit": "", "execution_environment": None},
            **{"inventory": None, "update_on_launch": False, "update_cache_timeout": 0, "source_project": None},
        },
        ("name", "inventory"),
        ("name", "inventory"),
    ),
    "job_templates": Kind(
        "job_template",
        {
            **{"name": "", "description": "", "job_type": "run", "inventory": None, "project": None, "playbook": ""},
            **{"scm_branch": "", "forks": 0, "limit": "", "verbosity": 0, "extra_vars": "", "job_tags": ""},
            **{"force_handlers": False, "skip_tags": "", "start_at_task": "", "timeout": 0, "use_fact_cache": False},
            **{"organization": None, "execution_environment": None, "host_config_key": "", "survey_enabled": False},
            **{"become_enabled": False, "diff_mode": False, "allow_simultaneous": False, "job_slice_count": 1},
            **{"webhook_service": "", "webhook_credential": None, "prevent_instance_group_fallback": False},
            **PROMPTS,
        },
        ("name", "organization"),
        links=("credentials", "labels", "instance_groups"),
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **{"name": "", "description": "", "extra_vars": "", "organization": None, "survey_enabled": False},
            **{"allow_simultaneous": False, "inventory": None, "limit": None, "scm_branch": None},
            **PROMPTS,
        },
        ("name", "organization"),
        links=("labels",),
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            **{"identifier": "", "workflow_job_template": None, "unified_job_template": None, "extra_data": {}},
            **{"all_parents_must_converge": False, "inventory": None, "limit": None, "scm_branch": None},
        },
        ("identifier", "workflow_job_template"),
        ("workflow_job_template",),
        ("success_nodes", "failure_nodes", "always_nodes", "credentials"),
    ),
    "schedules": Kind(
        "schedule",
        {
            **{"name": "", "description": "", "rrule": "", "unified_job_template": None, "enabled": True},
            **{"extra_data": {}, "inventory": None, "limit": None, "scm_branch": None},
        },
        ("name", "unified_job_template"),
        ("name", "rrule", "unified_job_template"),
        ("credentials",),
    ),
}

UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
"""These share one row of ids, and the list `unified_job_templates`."""

# What goes with an object that is deleted, and which fields of others are emptied: (kind, field, goes).
DEPENDENTS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "organizations": (("projects", "organization", True), ("inventories", "organization", True)),
    "credential_types": (),
    "credentials": (("inventory_sources", "credential", False), ("projects", "credential", False)),
    "projects": (("job_templates", "project", False), ("inventory_sources", "source_project", True)),
    "inventories": (("inventory_sources", "inventory", True), ("job_templates", "inventory", False)),
    "workflow_job_templates": (("workflow_job_template_nodes", "workflow_job_template", True),),
}
OF_TEMPLATES = (("schedules", "unified_job_template", True), ("workflow_job_template_nodes", "unified_job_template", False))
