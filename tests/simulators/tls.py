# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away certificate authority and a server certificate of it."""

from __future__ import annotations

from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Certificate:
    """PEM text: the authority's certificate (public) and the server's key with its chain (secret)."""

    authority: str
    server: str


def issue() -> Certificate:
    """A new authority and a certificate of it for the names under which loopback is reached."""
    authority = trustme.CA(organization_name="mops.maintenance simulators")
    server = authority.issue_cert("127.0.0.1", "localhost")
    return Certificate(
        authority=authority.cert_pem.bytes().decode("ascii"),
        server=server.private_key_and_cert_chain_pem.bytes().decode("ascii"),
    )
