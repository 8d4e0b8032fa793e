# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How Mashery's Reporting Event Post API is reached.
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the Reporting Event Post API.
      - If not set, the environment variable E(MASHERY_URL) of the host that runs the module is used.
    type: str
    default: https://partners.api.mashery.com/reporting
  api_key:
    description:
      - The key that Mashery's account manager gave for the customer's site.
      - If not set, the environment variable E(MASHERY_API_KEY) of the host that runs the module is used.
    type: str
    required: true
  secret:
    description:
      - The secret that belongs to O(api_key). It signs each post and is never sent.
      - If not set, the environment variable E(MASHERY_SECRET) of the host that runs the module is used.
    type: str
    required: true
  validate_certs:
    description:
      - Whether the service's certificate must verify.
      - If not set, the environment variable E(MASHERY_VALIDATE_CERTS) of the host that runs the module is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates of the authorities to trust, in PEM format, on the host that runs the module.
      - Without it, it is what that system trusts, E(SSL_CERT_FILE) included, or else what the Python library requests
        comes with.
        Without it, those that the Python library C(requests) comes with are trusted.
      - If not set, the environment variable E(MASHERY_CA_PATH) of the host that runs the module is used.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and again for each part of an answer.
    type: float
    default: 30.0
requirements:
  - requests (Python library, on the host that runs the module)
"""
