# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Envoy's access log in JSON, with the keys that Istio's default has. Durations are in milliseconds.

Source: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage (command operators),
https://istio.io/latest/docs/tasks/observability/logs/access-log/ (keys)
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "envoy_json",
    "an access log of Envoy in JSON",
    (
        Kind(
            sample=(
                '{"start_time":"2026-11-22T13:15:00.310Z","method":"GET","path":"/v1/companies/17?fields=name",'
                '"protocol":"HTTP/2","response_code":200,"response_flags":"-","bytes_received":0,"bytes_sent":5120,'
                '"duration":533,"upstream_service_time":"512","downstream_remote_address":"203.0.113.7:45678",'
                '"user_agent":"curl/8.5.0","authority":"api.example.com","upstream_host":"10.0.2.1:80"}'
            ),
            mapping={
                "src_ip": {"path": "downstream_remote_address"},
                "log_timestamp": {"path": "start_time", "time_format": "iso8601"},
                "method": {"path": "method"},
                "http_version": {"path": "protocol"},
                "bytes": {"path": "bytes_sent"},
                "status": {"path": "response_code"},
                "api_method": {"path": "path"},
                "exec_time": {"path": "duration", "unit": "ms"},
                "remote_total_time": {"path": "upstream_service_time", "unit": "ms"},
            },
        ),
    ),
)
