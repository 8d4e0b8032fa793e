# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""nginx's variables as JSON, by a ``log_format`` with ``escape=json`` whose keys are the names of the variables.

An upstream that nginx had to leave for another adds its time behind a comma or a colon: the last one's counts.

Source: https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format,
https://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

_LAST = {"match": r".*[,:] ([0-9.]+|-)$", "value": r"\1"}

PRESET = Preset(
    "nginx_json",
    "a log of nginx in JSON with the names of its variables",
    (
        Kind(
            sample=(
                '{"time_iso8601":"2026-11-22T13:15:00+00:00","remote_addr":"203.0.113.7","request_method":"GET",'
                '"request_uri":"/v1/companies/17?fields=name","server_protocol":"HTTP/2.0","status":"200",'
                '"body_bytes_sent":"5120","request_time":"0.533","upstream_response_time":"0.512",'
                '"upstream_connect_time":"0.004","upstream_cache_status":"MISS"}'
            ),
            mapping={
                "src_ip": {"path": "remote_addr"},
                "log_timestamp": {"path": "time_iso8601", "time_format": "iso8601"},
                "method": {"path": "request_method"},
                "http_version": {"path": "server_protocol"},
                "bytes": {"path": "body_bytes_sent"},
                "status": {"path": "status"},
                "api_method": {"path": "request_uri"},
                "cache_hit": {
                    "path": "upstream_cache_status",
                    "values": [{"match": "HIT$", "value": 1}, {"match": "[A-Z]", "value": 0}],
                },
                "exec_time": {"path": "request_time", "unit": "s"},
                "remote_total_time": {"path": "upstream_response_time", "unit": "s", "values": [_LAST]},
                "connect_time": {"path": "upstream_connect_time", "unit": "s", "values": [_LAST]},
            },
        ),
    ),
)
