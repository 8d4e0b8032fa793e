# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Answers in API 2.0's REST style.

Any 2xx is a success, with bare JSON or with nothing. Some of these operations answer in API 1.0's envelope all the
same, and a ``fail`` in a 2xx is a failure wherever it stands.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import envelope
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.failure import as_tuple, failures_of


def read_reply(answer: Answer) -> envelope.Reply:
    """Take an answer in either style apart. Raises `AnswerUnusable` for a success that is not JSON."""
    if not 200 <= answer.status < 300:
        return envelope.read_reply(answer)
    if not answer.text().strip():
        return envelope.Reply(answer, answer.status)
    try:
        body = json.loads(answer.text())
    except (ValueError, RecursionError):
        raise envelope.not_json(answer) from None
    if _is_envelope(body):
        return envelope.read_reply(answer._replace(status=200))
    failed = as_tuple(body.get("fail")) if isinstance(body, dict) else ()
    # A failure of the function is one whatever the status of the call.
    status = 200 if failed else answer.status
    return envelope.Reply(answer, status, failures=failures_of(failed), raw_failures=failed, body=body)


def _is_envelope(body: Any) -> bool:
    meta = body.get("meta") if isinstance(body, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("status"), int)
