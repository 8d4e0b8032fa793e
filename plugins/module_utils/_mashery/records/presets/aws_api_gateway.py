# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Amazon API Gateway's access log, in the two formats that its console offers first: JSON and CLF.

The JSON may have ``responseLatency`` and ``integrationLatency`` as well, in milliseconds.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-access-logging.html
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "aws_api_gateway",
    "an access log of Amazon API Gateway in JSON or CLF",
    (
        Kind(
            sample=(
                '{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","extendedRequestId":"JKJaXmPLvHcESHA=",'
                '"ip":"203.0.113.7","caller":"-","user":"-","requestTime":"22/Nov/2026:13:15:00 +0000",'
                '"httpMethod":"GET","resourcePath":"/v1/companies/{id}","status":"200","protocol":"HTTP/1.1",'
                '"responseLength":"5120"}'
            ),
            mapping={
                "src_ip": {"path": "ip"},
                "log_timestamp": {"path": "requestTime"},
                "method": {"path": "httpMethod"},
                "http_version": {"path": "protocol"},
                "bytes": {"path": "responseLength"},
                "status": {"path": "status"},
                "api_method": {"path": "resourcePath"},
                "exec_time": {"path": "responseLatency", "unit": "ms"},
                "remote_total_time": {"path": "integrationLatency", "unit": "ms"},
            },
        ),
        Kind(
            sample=(
                '203.0.113.7 - - [22/Nov/2026:13:15:00 +0000]"GET /v1/companies/{id} HTTP/1.1" 200 5120 '
                "c6af9ac6-7b61-11e6-9a41-93e8deadbeef JKJaXmPLvHcESHA="
            ),
            pattern=(
                r"(?P<ip>[^ ]+) (?P<caller>[^ ]+) (?P<user>[^ ]+) \[(?P<requestTime>[^\]]+)\] ?"
                r'"(?P<httpMethod>[^ "]+) (?P<resourcePath>[^ "]*) (?P<protocol>[^ "]+)" (?P<status>[0-9]+|-) '
                r"(?P<responseLength>[0-9]+|-) (?P<requestId>[^ \"]+)(?: (?P<extendedRequestId>[^ \"]+))?"
            ),
            mapping={
                "src_ip": {"group": "ip"},
                "log_timestamp": {"group": "requestTime"},
                "method": {"group": "httpMethod"},
                "http_version": {"group": "protocol"},
                "bytes": {"group": "responseLength"},
                "status": {"group": "status"},
                "api_method": {"group": "resourcePath"},
            },
        ),
    ),
)
