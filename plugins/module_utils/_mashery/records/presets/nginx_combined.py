# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""nginx's format ``combined``, which it writes where no other is configured.

Source: https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "nginx_combined",
    "the log format combined of nginx",
    (
        Kind(
            sample=(
                '203.0.113.7 - - [22/Nov/2026:13:15:00 +0000] "GET /v1/companies/17?fields=name HTTP/1.1" 200 5120 "-" '
                '"curl/8.5.0"'
            ),
            pattern=(
                r"(?P<remote_addr>[^ ]+) - (?P<remote_user>.*?) \[(?P<time_local>[^\]]+)\] "
                r'"(?P<request_method>[^ "]+) (?P<request_uri>[^ "]*)(?: (?P<server_protocol>HTTP/[0-9.]+))?" '
                r"(?P<status>[0-9]+) (?P<body_bytes_sent>[0-9]+) "
                r'"(?P<http_referer>[^"]*)" "(?P<http_user_agent>[^"]*)"'
            ),
            mapping={
                "src_ip": {"group": "remote_addr"},
                "log_timestamp": {"group": "time_local"},
                "method": {"group": "request_method"},
                "http_version": {"group": "server_protocol"},
                "bytes": {"group": "body_bytes_sent"},
                "status": {"group": "status"},
                "api_method": {"group": "request_uri"},
            },
        ),
    ),
)
