# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on the wire: connections that break, answers that stop half-way, answers of somebody else."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from .faults import Fault

CHUNK = 1 << 16
FOR_EVER = 3600.0
# What a truncated answer begins with where the request was not carried out, so that there is no true one.
STUMP = b'{"error": null, "meta": {"status": 200'


async def damaged(request: web.Request, fault: Fault, answer: web.Response | None) -> web.StreamResponse:
    """The answer as the decisive `fault` leaves it; `answer` is None where the request did not take effect."""
    if fault.action == "reset":
        return break_connection(request)
    if fault.action == "hang":
        await asyncio.sleep(float(fault.parameters.get("seconds", FOR_EVER)))
        return break_connection(request)
    if fault.action in ("truncate", "trickle"):
        return await _partial(request, fault, answer)
    if fault.action == "redirect":
        location = str(fault.parameters.get("location", "https://127.0.0.1:1/elsewhere"))
        return web.Response(status=int(fault.parameters.get("status", 302)), headers={"Location": location})
    return await _foreign(request, fault)


def break_connection(request: web.Request) -> web.Response:
    """Sends a TCP reset. The response that comes back is never written: the transport is gone."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # Lingering for zero seconds turns the close into a reset, which is what a crashed peer looks like.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _partial(request: web.Request, fault: Fault, answer: web.Response | None) -> web.StreamResponse:
    body = _body_of(answer) if answer is not None else STUMP
    total = len(body) if answer is not None else len(body) * 4
    response = web.StreamResponse(status=answer.status if answer is not None else 200)
    if answer is not None:
        response.headers.update(answer.headers)
    response.headers["Content-Length"] = str(total)
    await response.prepare(request)
    if fault.action == "truncate":
        await response.write(body[: int(fault.parameters.get("bytes", max(1, len(body) // 2)))])
        await asyncio.sleep(0.02)  # lets the part arrive before the connection goes
        transport = request.transport
        if transport is not None:
            transport.abort()
        return response
    step = int(fault.parameters.get("bytes", 1))
    for start in range(0, len(body), step):
        await response.write(body[start : start + step])
        await asyncio.sleep(float(fault.parameters.get("seconds", 0.1)))
    return response


async def _foreign(request: web.Request, fault: Fault) -> web.StreamResponse:
    """An answer that is not the service's: any status, headers and body, of any size."""
    parameters = fault.parameters
    headers = {str(name): str(value) for name, value in (parameters.get("headers") or {}).items()}
    headers.setdefault("Content-Type", str(parameters.get("content_type", "text/html; charset=utf-8")))
    status = int(parameters.get("status", 200 if fault.action == "body" else 503))
    text = str(parameters.get("body", f"<html><body><h1>{status}</h1></body></html>")).encode("utf-8")
    size = int(parameters.get("size", len(text)))
    if size <= len(text):
        return web.Response(status=status, headers=headers, body=text[:size])
    response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(size)})
    await response.prepare(request)
    for chunk in _padded(text, size):
        await response.write(chunk)
    return response


def _padded(text: bytes, size: int) -> Iterator[bytes]:
    yield text
    left = size - len(text)
    while left > 0:
        yield b" " * min(CHUNK, left)
        left -= CHUNK


def _body_of(answer: web.Response) -> bytes:
    body: Any = answer.body
    return bytes(body) if body is not None else b""
