# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What gateways write: a preset a file, as data. None needs more than ansible-core on the host."""

from __future__ import annotations

from typing import Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Preset
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.presets import (
    apache_combined,
    apigee,
    aws_api_gateway,
    envoy_json,
    envoy_text,
    haproxy,
    kong,
    nginx_combined,
    nginx_json,
    traefik_json,
)

PRESETS: Mapping[str, Preset] = {
    module.PRESET.name: module.PRESET
    for module in (
        apache_combined,
        apigee,
        aws_api_gateway,
        envoy_json,
        envoy_text,
        haproxy,
        kong,
        nginx_combined,
        nginx_json,
        traefik_json,
    )
}
