# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How the modules reach the server.
    DOCUMENTATION = r"""
options:
  host:
    description:
      - The name or the address of the host with the Management Server, or with MailStore Server, without a scheme and
        without a port.
      - If not set, the environment variable E(MAILSTORE_HOST) is used.
    type: str
  port:
    description:
      - The port of the Management API.
      - If not set, the environment variable E(MAILSTORE_PORT) is used. Without that, it is 8470 where
        O(auth_method=session), 8474 where O(auth_method=basic), and what fits the server where O(auth_method=auto).
      - MailStore Server, which has one archive and no instances, listens on 8463.
    type: int
  username:
    description:
      - A system administrator of MailStore SPE.
      - If not set, the environment variable E(MAILSTORE_USERNAME) is used.
    type: str
  password:
    description:
      - The administrator's password. Where multi-factor authentication is on for them, an API password.
      - If not set, the environment variable E(MAILSTORE_PASSWORD) is used.
    type: str
  auth_method:
    description:
      - How requests prove who sends them. V(basic) is the HTTP Basic authentication of version 9 and later, and of
        MailStore Server. V(session) logs in and out, as version 8 has it.
      - V(auto) finds out which of them it is by one request without credentials, which a task sends once for all that
        it does. Without O(port), it goes to port 8474; if nothing listens there, the server is of version 8, on 8470.
      - If not set, the environment variable E(MAILSTORE_AUTH_METHOD) is used.
      - Up to version 0.1 of this collection, V(auto) was not there, and V(session) was the default.
    type: str
    choices: [auto, basic, session]
    default: auto
  validate_certs:
    description:
      - Whether the server's certificate must verify. MailStore comes with a self-signed one; rather than to switch
        this off, name that certificate in O(ca_path).
      - If not set, the environment variable E(MAILSTORE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the CA certificates, in PEM format, by which the server's certificate is verified.
      - If not set, the environment variable E(MAILSTORE_CA_PATH) is used. Without that, it is what the
        system trusts, E(SSL_CERT_FILE) included, or else what the Python library requests comes with.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and for each part of an answer. How long a process on the server may take is
        another matter.
    type: float
    default: 30
  retry_timeout:
    description:
      - Seconds for which a request is retried while the server refuses connections, does not answer or is unavailable,
        as it does while its service restarts. V(0) retries nothing.
      - What may have changed something is never sent twice. The state of a running process is asked for again for ten
        minutes, or for this time where it is longer. A function that answers 500 is retried three times.
      - If not set, the environment variable E(MAILSTORE_RETRY_TIMEOUT) is used.
    type: float
    default: 120
    version_added: 0.2.0
requirements:
  - requests (Python library)
"""

    # What belongs to an instance.
    INSTANCE = r"""
options:
  instance:
    description:
      - The id of the instance, C(instanceID).
      - MailStore Server has no instances. Leave it out there, and only there.
      - In check mode, the instance need not be there yet. Then the task predicts what would be made in it, with a
        warning.
    type: str
"""

    # Where the functions are described.
    REFERENCE = r"""
options: {}
seealso:
  - name: MailStore SPE Management API - Function Reference
    description: All functions with their arguments.
    link: https://help.mailstore.com/en/spe/Management_API_-_Function_Reference
"""

    # How the modules wait for a process.
    WAITING = r"""
options:
  wait_timeout:
    description:
      - Seconds to wait for the process at most. With V(0) there is no limit.
    type: float
    default: 0
  status_timeout:
    description:
      - Milliseconds for which the server may hold a request until there is news. News come at once all the same. A
        larger number means fewer requests where there is little news.
    type: int
    default: 5000
  progress:
    description:
      - Whether to show the process's progress while it runs. That is possible where the module runs on the controller
        (C(connection=local)), without C(async) and C(no_log).
    type: bool
    default: true
  progress_interval:
    description:
      - Seconds after which a line is shown even if nothing has changed.
      - Such a line keeps a job alive that AWX would end as idle. So let it be less than the
        C(DEFAULT_JOB_IDLE_TIMEOUT) of AWX, or the C(idle_timeout) of ansible-runner, where one is set.
    type: float
    default: 60
  progress_min_interval:
    description:
      - Seconds between two lines about the same process, at least, after its first minute. Where O(progress_interval)
        is less, that counts.
    type: float
    default: 10
    version_added: 0.2.0
"""
