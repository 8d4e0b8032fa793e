# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""HAProxy's line with ``option httplog``, with what syslog puts before it.

Timers are in milliseconds, -1 where it never came to that; times are those of the host's time zone.

Source: https://docs.haproxy.org/3.0/configuration.html#8.2.3 (HTTP log format), #8.4 (timing events)
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

_NEVER = {"match": "-1$", "value": 0}

PRESET = Preset(
    "haproxy",
    "a log of HAProxy with option httplog",
    (
        Kind(
            sample=(
                "Nov 22 13:15:01 gw1 haproxy[14389]: 203.0.113.7:33317 [22/Nov/2026:13:15:00.310] http-in~ "
                "companies/srv1 10/0/4/512/533 200 5120 - - ---- 1/1/1/1/0 0/0 {u2cbu87r6f2q3m66j6yc2uce} {} "
                '"GET /v1/companies/17?fields=name HTTP/1.1"'
            ),
            pattern=(
                r"(?:[^\[\]]*\[[0-9]+\]: )?(?P<client_ip>[0-9A-Fa-f:.]+):(?P<client_port>[0-9]+) "
                r"\[(?P<request_date>[^\].]+)(?:\.[0-9]+)?\] (?P<frontend_name>[^ ]+) "
                r"(?P<backend_name>[^ /]+)/(?P<server_name>[^ ]+) "
                r"(?P<TR>-?[0-9]+)/(?P<Tw>-?[0-9]+)/(?P<Tc>-?[0-9]+)/(?P<Tr>-?[0-9]+)/\+?(?P<Ta>-?[0-9]+) "
                r"(?P<status_code>-?[0-9]+) \+?(?P<bytes_read>[0-9]+) (?P<request_cookie>[^ ]+) "
                r"(?P<response_cookie>[^ ]+) (?P<termination_state>[^ ]+) (?P<connections>[0-9/+]+) "
                r"(?P<queues>[0-9/]+) (?:\{(?P<request_headers>[^}]*)\} )?(?:\{(?P<response_headers>[^}]*)\} )?"
                r'"(?P<http_method>[^ "]+) (?P<http_uri>[^ "]*)(?: (?P<http_version>HTTP/[0-9.]+))?"'
            ),
            mapping={
                "src_ip": {"group": "client_ip"},
                "log_timestamp": {
                    "group": "request_date",
                    "time_format": "%d/%b/%Y:%H:%M:%S",
                    "time_zone": "local",
                },
                "method": {"group": "http_method"},
                "http_version": {"group": "http_version"},
                "bytes": {"group": "bytes_read"},
                "status": {"group": "status_code"},
                "api_method": {"group": "http_uri"},
                "exec_time": {"group": "Ta", "unit": "ms"},
                "remote_total_time": {"group": "Tr", "unit": "ms", "values": [_NEVER]},
                "connect_time": {"group": "Tc", "unit": "ms", "values": [_NEVER]},
            },
        ),
    ),
)
