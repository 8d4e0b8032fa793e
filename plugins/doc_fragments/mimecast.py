# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How the modules reach the service.
    DOCUMENTATION = r"""
options:
  base_url:
    description:
      - The address of the API of the account's region, for example V(https://eu-api.mimecast.com), without a path.
      - Give this or O(region), not both.
      - If not set, the environment variable E(MIMECAST_BASE_URL) is used.
    type: str
  region:
    description:
      - The region of the account, instead of its address.
      - With O(auth_method=hmac) one of V(au), V(ca), V(de), V(eu), V(jer), V(us), V(usb), V(za).
      - With O(auth_method=oauth2) V(uk) or V(us). Without O(region) and O(base_url), the address that serves every
        account is used.
      - If not set, the environment variable E(MIMECAST_REGION) is used.
    type: str
    choices:
      - au
      - ca
      - de
      - eu
      - jer
      - uk
      - us
      - usb
      - za
  auth_method:
    description:
      - How the service is told who asks.
      - With V(hmac), API 1.0, every request is signed. It needs O(access_key), O(secret_key), O(app_id) and O(app_key).
      - With V(oauth2), API 2.0, every request carries a token that is fetched once for the run, and again when it
        expires. It needs O(client_id) and O(client_secret).
      - If not set, the environment variable E(MIMECAST_AUTH_METHOD) is used.
    type: str
    choices:
      - hmac
      - oauth2
    default: hmac
  access_key:
    description:
      - The access key of the user in whose name the application asks.
      - If not set, the environment variable E(MIMECAST_ACCESS_KEY) is used.
    type: str
  secret_key:
    description:
      - The secret key that belongs to O(access_key), in base64 as the service shows it.
      - If not set, the environment variable E(MIMECAST_SECRET_KEY) is used.
    type: str
  app_id:
    description:
      - The application's id.
      - If not set, the environment variable E(MIMECAST_APP_ID) is used.
    type: str
  app_key:
    description:
      - The application's key.
      - If not set, the environment variable E(MIMECAST_APP_KEY) is used.
    type: str
  client_id:
    description:
      - The client id of an API 2.0 application.
      - If not set, the environment variable E(MIMECAST_CLIENT_ID) is used.
    type: str
  client_secret:
    description:
      - The client secret that belongs to O(client_id).
      - If not set, the environment variable E(MIMECAST_CLIENT_SECRET) is used.
    type: str
  validate_certs:
    description:
      - Whether the service's certificate must verify.
      - If not set, the environment variable E(MIMECAST_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file of CA certificates in PEM format, on the host that runs the module. Without it, it is what that system
        trusts, E(SSL_CERT_FILE) included, or else what the Python library requests comes with.
      - If not set, the environment variable E(MIMECAST_CA_PATH) is used.
    type: path
  timeout:
    description: Seconds to wait for a connection, and again for each part of an answer.
    type: float
    default: 30.0
  retries:
    description:
      - How often a request is retried, at most, each time signed anew.
      - Tried again is what the service asks to be repeated (the quota is used up, or it marks its error as retryable),
        and, where a repeat cannot do harm, what failed on the service's side or got no answer.
    type: int
    default: 5
  retry_timeout:
    description:
      - Seconds that the tries of one request may take together.
      - Where the quota is used up, the service says how long it wants to be left alone. If that is longer than what is
        left of this time, the task fails at once and says so.
    type: float
    default: 300.0
requirements:
  - requests
notes:
  - Environment variables are read where the plugin runs, which for a module is the host that it manages. Where that is
    not the controller, hand the values over as options, for example with P(ansible.builtin.env#lookup).
  - An empty environment variable counts as none.
"""

    # Where a plugin on the controller finds the same options.
    CONTROLLER = r"""
options:
  base_url:
    env:
      - name: MIMECAST_BASE_URL
    ini:
      - section: mops_mimecast
        key: base_url
    vars:
      - name: mops_mimecast_base_url
  region:
    env:
      - name: MIMECAST_REGION
    ini:
      - section: mops_mimecast
        key: region
    vars:
      - name: mops_mimecast_region
  auth_method:
    env:
      - name: MIMECAST_AUTH_METHOD
    ini:
      - section: mops_mimecast
        key: auth_method
    vars:
      - name: mops_mimecast_auth_method
  access_key:
    env:
      - name: MIMECAST_ACCESS_KEY
    vars:
      - name: mops_mimecast_access_key
  secret_key:
    env:
      - name: MIMECAST_SECRET_KEY
    vars:
      - name: mops_mimecast_secret_key
  app_id:
    env:
      - name: MIMECAST_APP_ID
    vars:
      - name: mops_mimecast_app_id
  app_key:
    env:
      - name: MIMECAST_APP_KEY
    vars:
      - name: mops_mimecast_app_key
  client_id:
    env:
      - name: MIMECAST_CLIENT_ID
    vars:
      - name: mops_mimecast_client_id
  client_secret:
    env:
      - name: MIMECAST_CLIENT_SECRET
    vars:
      - name: mops_mimecast_client_secret
  validate_certs:
    env:
      - name: MIMECAST_VALIDATE_CERTS
    ini:
      - section: mops_mimecast
        key: validate_certs
    vars:
      - name: mops_mimecast_validate_certs
  ca_path:
    env:
      - name: MIMECAST_CA_PATH
    ini:
      - section: mops_mimecast
        key: ca_path
    vars:
      - name: mops_mimecast_ca_path
  timeout:
    ini:
      - section: mops_mimecast
        key: timeout
    vars:
      - name: mops_mimecast_timeout
  retries:
    ini:
      - section: mops_mimecast
        key: retries
    vars:
      - name: mops_mimecast_retries
  retry_timeout:
    ini:
      - section: mops_mimecast
        key: retry_timeout
    vars:
      - name: mops_mimecast_retry_timeout
"""
