# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Envoy's access log where no format is configured. Durations are in milliseconds; what is not there is a dash.

Source: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage (default format string)
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "envoy_text",
    "the default access log of Envoy",
    (
        Kind(
            sample=(
                '[2026-11-22T13:15:00.310Z] "GET /v1/companies/17?fields=name HTTP/2" 200 - 0 5120 533 512 '
                '"203.0.113.7" "curl/8.5.0" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "api.example.com" "10.0.2.1:80"'
            ),
            # Envoy puts headers in as they came: what a client sends as its user agent may have quotes.
            pattern=(
                r'\[(?P<start_time>[^\]]+)\] "(?P<method>[^ "]+) (?P<path>[^ "]*) (?P<protocol>[^ "]+)" '
                r"(?P<response_code>[0-9]+) (?P<response_flags>[^ ]+) (?P<bytes_received>[0-9]+) "
                r"(?P<bytes_sent>[0-9]+) (?P<duration>[0-9]+|-) (?P<upstream_service_time>[0-9]+|-) "
                r'"(?P<x_forwarded_for>[^"]*)" "(?P<user_agent>.*)" "(?P<request_id>[^"]*)" "(?P<authority>[^"]*)" '
                r'"(?P<upstream_host>[^"]*)"'
            ),
            mapping={
                "src_ip": {"group": "x_forwarded_for"},
                "log_timestamp": {"group": "start_time", "time_format": "iso8601"},
                "method": {"group": "method"},
                "http_version": {"group": "protocol"},
                "bytes": {"group": "bytes_sent"},
                "status": {"group": "response_code"},
                "api_method": {"group": "path"},
                "exec_time": {"group": "duration", "unit": "ms"},
                "remote_total_time": {"group": "upstream_service_time", "unit": "ms"},
            },
        ),
    ),
)
