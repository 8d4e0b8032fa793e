# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Traefik's access log in JSON. Durations are in nanoseconds.

Source: https://doc.traefik.io/traefik/observability/access-logs/ (available fields)
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "traefik_json",
    "an access log of Traefik in JSON",
    (
        Kind(
            sample=(
                '{"ClientAddr":"203.0.113.7:45678","ClientHost":"203.0.113.7","ClientPort":"45678","ClientUsername":"-",'
                '"DownstreamContentSize":5120,"DownstreamStatus":200,"Duration":533123456,"OriginContentSize":5120,'
                '"OriginDuration":512000321,"OriginStatus":200,"Overhead":21123135,"RequestCount":17,'
                '"RequestHost":"api.example.com","RequestMethod":"GET","RequestPath":"/v1/companies/17?fields=name",'
                '"RequestProtocol":"HTTP/2.0","RouterName":"companies@docker","ServiceName":"companies@docker",'
                '"StartUTC":"2026-11-22T13:15:00.310123456Z","level":"info","msg":"","time":"2026-11-22T13:15:00Z"}'
            ),
            mapping={
                "src_ip": {"path": "ClientHost"},
                "log_timestamp": {"path": "StartUTC", "time_format": "iso8601"},
                "method": {"path": "RequestMethod"},
                "http_version": {"path": "RequestProtocol"},
                "bytes": {"path": "DownstreamContentSize"},
                "status": {"path": "DownstreamStatus"},
                "api_method": {"path": "RequestPath"},
                "exec_time": {"path": "Duration", "unit": "ns"},
                "remote_total_time": {"path": "OriginDuration", "unit": "ns"},
            },
        ),
    ),
)
