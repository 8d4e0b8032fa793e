# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What Kong's plugin file-log writes.

Times are in milliseconds; a proxy latency of -1 is that of a call that Kong itself answered.

Source: https://developer.konghq.com/plugins/file-log/ (log format),
https://github.com/Kong/kong/blob/master/kong/pdk/log.lua (kong.log.serialize)
"""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.preset import Kind, Preset

PRESET = Preset(
    "kong",
    "a log of Kong's plugin file-log",
    (
        Kind(
            sample=(
                '{"client_ip":"203.0.113.7","started_at":1795353300310,"request":{"method":"GET",'
                '"uri":"/v1/companies/17?fields=name","url":"https://api.example.com:8443/v1/companies/17?fields=name",'
                '"size":141,"querystring":{"fields":"name"},"headers":{"host":"api.example.com",'
                '"apikey":"u2cbu87r6f2q3m66j6yc2uce"}},"response":{"status":200,"size":5120,"headers":{}},'
                '"latencies":{"request":533,"kong":21,"proxy":512},"upstream_uri":"/companies/17?fields=name",'
                '"tries":[{"ip":"10.0.2.1","port":80,"balancer_latency":0}],"service":{"name":"companies"},'
                '"route":{"name":"companies-v1"},"consumer":{"username":"acme"}}'
            ),
            mapping={
                "src_ip": {"path": "client_ip"},
                "log_timestamp": {"path": "started_at", "time_format": "epoch_ms"},
                "method": {"path": "request.method"},
                "bytes": {"path": "response.size"},
                "status": {"path": "response.status"},
                "api_method": {"path": "request.uri"},
                "exec_time": {"path": "latencies.request", "unit": "ms"},
                "remote_total_time": {
                    "path": "latencies.proxy",
                    "unit": "ms",
                    "values": [{"match": "-1$", "value": 0}],
                },
            },
        ),
    ),
)
