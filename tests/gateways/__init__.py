# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access logs as gateways write them, made from what their documentation says, and what Mashery should be told of them.

Nothing here knows the collection: a call is made up, each gateway writes it down in its own way, and says what of it it
has written. Run as a program, it writes a log: ``python -m gateways nginx_combined 10000 > access.log``.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Iterator, Mapping

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
AGENTS = ("curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "okhttp/4.12.0", "-")
KEYS = ("u2cbu87r6f2q3m66j6yc2uce", "k9m2p4q6r8s1t3v5w7x9y2z4", "5b7d9f2h4j6l8n1p3r5t7v9x")


@dataclass(frozen=True)
class Call:
    """A call of an API, as it happened."""

    moment: datetime
    nanoseconds: int
    """Of the second."""
    address: str
    method: str
    path: str
    query: str
    protocol: str
    """1.0, 1.1 or 2."""
    status: int
    size: int
    took: int
    """Microseconds."""
    upstream: int | None
    """Microseconds; None where no upstream was asked."""
    connect: int
    agent: str
    key: str

    @property
    def target(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")


Expected = Dict[str, Any]
"""The fields of a record, as far as a log has them."""


def calls(count: int, seed: int = 1) -> Iterator[Call]:
    chance = random.Random(seed)
    moment = datetime(2026, 11, 22, 13, 15, tzinfo=timezone.utc)
    for _number in range(count):
        moment += timedelta(seconds=chance.choice((0, 0, 0, 1, 7)))
        octets = ".".join(str(chance.randrange(256)) for _octet in range(4))
        upstream = None if chance.random() < 0.1 else chance.randrange(1, 3_000_000)
        yield Call(
            moment,
            chance.randrange(1_000_000_000),
            chance.choice((octets, octets, f"2001:db8::{chance.randrange(1, 0xFFFF):x}")),
            chance.choice(("GET", "GET", "POST", "DELETE")),
            f"/v1/{chance.choice(('companies', 'orders'))}/{chance.randrange(1000)}",
            chance.choice(("", "", "fields=name&limit=10")),
            chance.choice(("1.1", "1.1", "2", "1.0")),
            chance.choice((200, 200, 201, 304, 404, 503)),
            chance.choice((0, chance.randrange(100_000))),
            (upstream or 0) + chance.randrange(1, 200_000),
            upstream,
            chance.randrange(1, 9000),
            chance.choice(AGENTS),
            chance.choice(KEYS),
        )


def clf(call: Call, zone: timezone = timezone.utc) -> str:
    """``%d/%b/%Y:%H:%M:%S %z`` in English, whatever the locale."""
    local = call.moment.astimezone(zone)
    return f"{local.day:02}/{MONTHS[local.month - 1]}/{local:%Y:%H:%M:%S %z}"


def base(call: Call, **more: Any) -> dict[str, Any]:
    return {
        "src_ip": call.address,
        "log_timestamp": f"[{clf(call)}]",
        "method": call.method,
        "http_version": "1.0" if call.protocol == "1.0" else "1.1",
        "bytes": call.size,
        "status": call.status,
        "api_method": call.path,
        **more,
    }


def seconds(microseconds: int | None, places: int = 3) -> float:
    """As far as a log with so many decimal places has them."""
    return 0 if microseconds is None else microseconds // 10 ** (6 - places) / 10**places


def version(call: Call, two: str) -> str:
    return f"HTTP/{two if call.protocol == '2' else call.protocol}"


def nginx_combined(call: Call) -> tuple[str, Expected]:
    line = (
        f"{call.address} - {'ada lovelace' if call.size % 5 == 0 else '-'} [{clf(call, timezone(timedelta(hours=1)))}] "
        f'"{call.method} {call.target} {version(call, "2.0")}" {call.status} {call.size} '
        f'"https://example.com/" "{call.agent}"'
    )
    return line, base(call)


def apache_combined(call: Call) -> tuple[str, Expected]:
    line = (
        f"{call.address} - - [{clf(call, timezone(timedelta(hours=-5, minutes=-30)))}] "
        f'"{call.method} {call.target} {version(call, "2.0")}" {call.status} {call.size or "-"} '
        f'"-" "{call.agent} \\"quoted\\""'
    )
    return line, base(call)


def nginx_json(call: Call) -> tuple[str, Expected]:
    hit = call.upstream is None
    first = "0.003, " if call.size % 7 == 0 and not hit else ""
    line = {
        "time_iso8601": call.moment.isoformat(),
        "remote_addr": call.address,
        "request_method": call.method,
        "request_uri": call.target,
        "server_protocol": version(call, "2.0"),
        "status": str(call.status),
        "body_bytes_sent": str(call.size),
        "request_time": f"{seconds(call.took):.3f}",
        "upstream_response_time": "" if hit else f"{first}{seconds(call.upstream):.3f}",
        "upstream_connect_time": "" if hit else f"{first}{seconds(call.connect):.3f}",
        "upstream_cache_status": "HIT" if hit else "MISS",
        "http_apikey": call.key,
    }
    return json.dumps(line), base(
        call,
        exec_time=seconds(call.took),
        remote_total_time=seconds(call.upstream),
        connect_time=0 if hit else seconds(call.connect),
        cache_hit=int(hit),
    )


def envoy_start(call: Call) -> str:
    return f"{call.moment:%Y-%m-%dT%H:%M:%S}.{call.nanoseconds // 1_000_000:03}Z"


def envoy_json(call: Call) -> tuple[str, Expected]:
    address = f"[{call.address}]" if ":" in call.address else call.address
    line = {
        "start_time": envoy_start(call),
        "method": call.method,
        "path": call.target,
        "protocol": version(call, "2"),
        "response_code": call.status,
        "response_flags": "-",
        "bytes_received": 0,
        "bytes_sent": call.size,
        "duration": call.took // 1000,
        "upstream_service_time": None if call.upstream is None else str(call.upstream // 1000),
        "x_forwarded_for": call.address,
        "user_agent": call.agent,
        "request_id": f"cc21d9b0-cf5c-432b-8c7e-{call.nanoseconds:012}",
        "authority": "api.example.com",
        "upstream_host": "10.0.2.1:80",
        "downstream_remote_address": f"{address}:{1024 + call.size % 60000}",
        "api_key": call.key,
    }
    return json.dumps(line), base(call, exec_time=seconds(call.took), remote_total_time=seconds(call.upstream))


def envoy_text(call: Call) -> tuple[str, Expected]:
    upstream = "-" if call.upstream is None else call.upstream // 1000
    line = (
        f'[{envoy_start(call)}] "{call.method} {call.target} {version(call, "2")}" {call.status} - 0 {call.size} '
        f'{call.took // 1000} {upstream} "{call.address}, 10.0.0.9" "{call.agent}" '
        f'"cc21d9b0-cf5c-432b-8c7e-{call.nanoseconds:012}" "api.example.com" "10.0.2.1:80"'
    )
    return line, base(call, exec_time=seconds(call.took), remote_total_time=seconds(call.upstream))


def kong(call: Call) -> tuple[str, Expected]:
    line = {
        "latencies": {
            "request": call.took // 1000,
            "kong": 7,
            "proxy": -1 if call.upstream is None else call.upstream // 1000,
        },
        "service": {"id": "fb4eecf8-dec2-40ef-b779-16de7e2384c7", "name": "companies"},
        "request": {
            "method": call.method,
            "uri": call.target,
            "url": f"https://api.example.com:8443{call.target}",
            "size": 141,
            "querystring": {},
            "headers": {"host": "api.example.com", "apikey": call.key, "user-agent": call.agent},
        },
        "client_ip": call.address,
        "tries": [] if call.upstream is None else [{"ip": "10.0.2.1", "port": 80, "balancer_latency": 0}],
        "upstream_uri": call.target,
        "response": {"status": call.status, "size": call.size, "headers": {"via": "1.1 kong/3.8.0"}},
        "route": {"id": "0636a119-b7ee-3828-ae83-5f7ebbb99831", "name": "companies-v1"},
        "started_at": int(call.moment.timestamp()) * 1000 + call.nanoseconds // 1_000_000,
    }
    return json.dumps(line), {
        **base(call, exec_time=seconds(call.took), remote_total_time=seconds(call.upstream)),
        "http_version": "1.1",
    }


def aws_api_gateway(call: Call) -> tuple[str, Expected]:
    """Odd calls in JSON, even ones in CLF: both are in the console."""
    request = f"c6af9ac6-7b61-11e6-9a41-{call.nanoseconds:012}"
    if call.size % 2:
        line = {
            "requestId": request,
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "ip": call.address,
            "caller": "-",
            "user": "-",
            "requestTime": clf(call),
            "httpMethod": call.method,
            "resourcePath": call.path,
            "status": str(call.status),
            "protocol": version(call, "2.0"),
            "responseLength": str(call.size),
            "responseLatency": str(call.took // 1000),
        }
        return json.dumps(line), base(call, exec_time=seconds(call.took))
    text = (
        f'{call.address} - - [{clf(call)}]"{call.method} {call.path} {version(call, "2.0")}" {call.status} {call.size} '
        f"{request} JKJaXmPLvHcESHA="
    )
    return text, base(call)


def apigee(call: Call) -> tuple[str, Expected]:
    line = {
        "client.received.start.timestamp": str(int(call.moment.timestamp()) * 1000 + call.nanoseconds // 1_000_000),
        "client.ip": call.address,
        "request.verb": call.method,
        "request.version": "1.0" if call.protocol == "1.0" else "1.1",
        "proxy.pathsuffix": call.path,
        "response.status.code": str(call.status),
        "response.header.Content-Length": str(call.size) if call.size else "",
        "client_id": call.key,
        "apiproxy.name": "companies-v1",
        "exec_time_ms": str(call.took // 1000),
        "target_time_ms": "" if call.upstream is None else str(call.upstream // 1000),
    }
    return json.dumps(line), base(
        call, exec_time=seconds(call.took), remote_total_time=seconds(call.upstream), service_dev_key=call.key
    )


def traefik_json(call: Call) -> tuple[str, Expected]:
    upstream = (call.upstream or 0) * 1000
    line = {
        "ClientAddr": f"[{call.address}]:45678" if ":" in call.address else f"{call.address}:45678",
        "ClientHost": call.address,
        "ClientUsername": "-",
        "DownstreamContentSize": call.size,
        "DownstreamStatus": call.status,
        "Duration": call.took * 1000,
        "OriginDuration": upstream,
        "Overhead": call.took * 1000 - upstream,
        "RequestMethod": call.method,
        "RequestPath": call.target,
        "RequestProtocol": version(call, "2.0"),
        "RouterName": "companies@docker",
        "StartLocal": f"{call.moment:%Y-%m-%dT%H:%M:%S}.{call.nanoseconds:09}+00:00",
        "StartUTC": f"{call.moment:%Y-%m-%dT%H:%M:%S}.{call.nanoseconds:09}Z",
        "level": "info",
        "msg": "",
        "request_X-Api-Key": call.key,
        "time": f"{call.moment:%Y-%m-%dT%H:%M:%S}Z",
    }
    return json.dumps(line, sort_keys=True), base(
        call, exec_time=seconds(call.took, 6), remote_total_time=seconds(call.upstream, 6)
    )


def haproxy(call: Call) -> tuple[str, Expected]:
    """With the time of the machine that this runs on, as HAProxy has it."""
    local = time.localtime(call.moment.timestamp())
    date = f"{local.tm_mday:02}/{MONTHS[local.tm_mon - 1]}/{time.strftime('%Y:%H:%M:%S', local)}"
    never = call.upstream is None
    server = "companies/<NOSRV>" if never else "companies/srv1"
    connect, answer = (-1, -1) if never else (call.connect // 1000, (call.upstream or 0) // 1000)
    line = (
        f"{MONTHS[local.tm_mon - 1]} {local.tm_mday:2} {time.strftime('%H:%M:%S', local)} gw1 haproxy[14389]: "
        f"{call.address}:33317 [{date}.{call.nanoseconds // 1_000_000:03}] http-in~ {server} "
        f"{call.size % 50}/0/{connect}/{answer}/{call.took // 1000} {call.status} {call.size} - - "
        f"{'PR--' if never else '----'} 1/1/1/1/0 0/0 {{{call.key}}} "
        f'"{call.method} {call.target} {version(call, "2.0")}"'
    )
    return line, base(
        call,
        exec_time=seconds(call.took),
        remote_total_time=seconds(call.upstream),
        connect_time=0 if never else seconds(call.connect),
    )


GATEWAYS: Mapping[str, Callable[[Call], tuple[str, Expected]]] = {
    gateway.__name__: gateway
    for gateway in (
        *(apache_combined, apigee, aws_api_gateway, envoy_json, envoy_text, haproxy, kong),
        *(nginx_combined, nginx_json, traefik_json),
    )
}


def log(gateway: str, count: int, seed: int = 1) -> tuple[list[str], list[Expected]]:
    """The lines, and for each what Mashery should be told."""
    written = [GATEWAYS[gateway](call) for call in calls(count, seed)]
    return [line for line, _expected in written], [expected for _line, expected in written]
