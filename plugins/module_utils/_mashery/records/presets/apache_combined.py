# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Apache's format ``combined``. A quote or a backslash in a text has a backslash before it; no bytes are a dash.

Source: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#examples
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

_QUOTED = r'[^"\\]*(?:\\.[^"\\]*)*'

PRESET = Preset(
    "apache_combined",
    "the log format combined of Apache",
    (
        Kind(
            sample=(
                '203.0.113.7 - frank [22/Nov/2026:14:15:00 +0100] "GET /v1/companies/17 HTTP/1.0" 304 - '
                '"https://example.com/" "Mozilla/5.0 (X11; Linux x86_64)"'
            ),
            pattern=(
                r"(?P<host>[^ ]+) (?P<logname>[^ ]+) (?P<user>.*?) \[(?P<time>[^\]]+)\] "
                r'"(?P<method>[^ "\\]+) (?P<path>[^ "\\]*(?:\\.[^ "\\]*)*)(?: (?P<protocol>HTTP/[0-9.]+))?" '
                r"(?P<status>[0-9]+) (?P<bytes>[0-9]+|-) "
                rf'"(?P<referer>{_QUOTED})" "(?P<user_agent>{_QUOTED})"'
            ),
            mapping={
                "src_ip": {"group": "host"},
                "log_timestamp": {"group": "time"},
                "method": {"group": "method"},
                "http_version": {"group": "protocol"},
                "bytes": {"group": "bytes"},
                "status": {"group": "status"},
                "api_method": {"group": "path"},
            },
        ),
    ),
)
