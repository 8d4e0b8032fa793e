# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles take null and an empty text for any option, and all the same refuse a value that is none of its kind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from runs import HEAD, finish, start

WRONG = {
    "mailstore_backup_window_only_lost": "ture",
    "mailstore_store_verification_include_indexes": "ture",
    "mailstore_store_verification_allow_empty": "ture",
    "mailstore_store_verification_on_timeout": "cancle",
    "mailstore_health_allow_empty": "ture",
    "mailstore_health_growth_days": "a month",
    "mailstore_health_fail_on": "warnings",
    "mailstore_maintenance_budget": "4 h",
    "mailstore_maintenance_repair_budget": "4 h",
    "mailstore_maintenance_on_locked": "wait",
    "mailstore_directory_sync_max_deletions": "ten",
    "mashery_log_shipping_posts_per_second": "slow",
    "mashery_log_shipping_on_invalid": "ignore",
    "mashery_log_shipping_on_unknown": "send",
    "mimecast_event_channels_state": "gone",
    "mimecast_siem_collection_layout": "file",
}
NEEDED = {
    "mailstore_backup_window_instances": ["alpha"],
    "mailstore_backup_window_tasks": "backup.yml",
    "mashery_log_shipping_logs": ["access.log"],
    "mimecast_event_channels_ids": ["B8Y43U-GYVS-WHAU6M"],
}
ROLE = re.compile(
    "mailstore_(backup_window|store_verification|health|maintenance|directory_sync)|mashery_log_shipping|mimecast_event_channels|mimecast_siem_collection"
)


@pytest.mark.slow
def test_a_value_of_the_wrong_kind_is_refused_by_the_name_of_its_option(tmp_path: Path) -> None:
    """No server runs: a role that does not look at its options first fails in another way."""
    (tmp_path / "play.yml").write_text(HEAD + "  tasks: " + json.dumps([tried(*each) for each in WRONG.items()]))
    run = finish(start(["ansible-playbook", "play.yml"], tmp_path, {}))
    assert run.returncode == 0, run.everything


def tried(option: str, value: str) -> dict[str, object]:
    """A task that succeeds where the option's role refuses this value."""
    match = ROLE.match(option)
    assert match
    role = {"name": f"mops.maintenance.{match[0]}"}
    return {
        "block": [
            {"ansible.builtin.include_role": role, "vars": {**NEEDED, option: value}},
            {"ansible.builtin.fail": {"msg": "The role took the value."}},
        ],
        "rescue": [{"ansible.builtin.assert": {"that": f"'{option}' in ansible_failed_result.msg"}}],
    }
