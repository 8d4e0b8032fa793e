# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What a MessageLogging policy of Apigee writes, where its message is JSON whose keys are the names of flow variables.

Apigee has no variable for how long a call took. ``exec_time_ms`` and ``target_time_ms`` may be there: variables that a
policy of one's own has set from the timestamps.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/message-logging-policy,
https://cloud.google.com/apigee/docs/api-platform/reference/variables-reference
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "apigee",
    "JSON of an Apigee MessageLogging policy with the names of flow variables",
    (
        Kind(
            sample=(
                '{"client.received.start.timestamp":"1795353300310","client.ip":"203.0.113.7","request.verb":"GET",'
                '"request.version":"1.1","proxy.pathsuffix":"/companies/17","response.status.code":"200",'
                '"response.header.Content-Length":"5120","client_id":"u2cbu87r6f2q3m66j6yc2uce",'
                '"apiproxy.name":"companies-v1","exec_time_ms":"533","target_time_ms":"512"}'
            ),
            mapping={
                "src_ip": {"path": r"client\.ip"},
                "log_timestamp": {"path": r"client\.received\.start\.timestamp", "time_format": "epoch_ms"},
                "method": {"path": r"request\.verb"},
                "http_version": {"path": r"request\.version"},
                "bytes": {"path": r"response\.header\.Content-Length"},
                "status": {"path": r"response\.status\.code"},
                "service_dev_key": {"path": "client_id"},
                "api_method": {"path": r"proxy\.pathsuffix"},
                "exec_time": {"path": "exec_time_ms", "unit": "ms"},
                "remote_total_time": {"path": "target_time_ms", "unit": "ms"},
            },
        ),
    ),
)
