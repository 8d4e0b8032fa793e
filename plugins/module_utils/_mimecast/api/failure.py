# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What the service says is wrong, in each of the forms that it uses.

API 1.0 and API 2.0's ``/api/`` paths list it in ``fail``, API 2.0's gateway writes code and message into the entry of
``fail`` itself, REST-style operations use ``error``, ``detail``, ``message``, ``errors`` or a problem document (RFC
7807), and a proxy before the service answers with a page of HTML.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any, Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer

ALREADY_CODES = (
    "err_folder_email_address_not_found",
    "err_folder_group_member_already_exists",
    "err_managed_url_exists_code",
    "err_managed_url_not_found",
)
"""By these a function that creates says that it is there already, and one that removes that it is not there."""

WORDS_MAX_LENGTH = 300
"""Characters of the service's own words that are repeated in a message."""


class Reason(NamedTuple):
    """One reason that the service gives."""

    code: str
    message: str
    retryable: bool
    field: str = ""
    """What of the item it is about, if anything."""

    def __str__(self) -> str:
        message = f'"{self.message}"' if self.message else ""
        field = f"({self.field})" if self.field else ""
        return " ".join(filter(None, (self.code, message, field)))


class Failure(NamedTuple):
    """What went wrong with one item of the request, or with all of it."""

    key: Any
    """The item, or its id; None where the service does not say which it was."""
    reasons: tuple[Reason, ...]

    @property
    def retryable(self) -> bool:
        return bool(self.reasons) and all(reason.retryable for reason in self.reasons)

    def __str__(self) -> str:
        return ", ".join(map(str, self.reasons)) or "no reason given"


def failures_of(entries: tuple[Any, ...]) -> tuple[Failure, ...]:
    """The entries of ``fail``."""
    return tuple(_failure(entry) for entry in entries)


def failures_in(answer: Answer) -> tuple[tuple[Failure, ...], tuple[Any, ...]]:
    """What a refusal says, and that as the service wrote it. Nothing where it says nothing."""
    body = json_object(answer)
    if body is None:
        text = _text_of_page(answer.text())
        return ((Failure(None, (Reason("", text, False),)),) if text else ()), ()
    entries = as_tuple(body.get("fail"))
    if entries:
        return failures_of(entries), entries
    reasons = tuple(reason for reason in _rest_reasons(body) if reason.code or reason.message)
    return ((Failure(None, reasons),) if reasons else ()), ((body,) if reasons else ())


def json_object(answer: Answer) -> dict[str, Any] | None:
    """The answer's body where it is a JSON object, else None."""
    try:
        body = json.loads(answer.text())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else ()


def shortened(text: str) -> str:
    """The service's words on one line, and not longer than a message can bear."""
    line = " ".join(text.split())
    return line if len(line) <= WORDS_MAX_LENGTH else line[:WORDS_MAX_LENGTH] + "…"


def _failure(entry: Any) -> Failure:
    if not isinstance(entry, dict):
        return Failure(None, (Reason(shortened(str(entry)), "", False),))
    errors = entry.get("errors", [entry] if "code" in entry else [])
    reasons = tuple(_reason(error) for error in errors) if isinstance(errors, list) else ()
    return Failure(entry.get("key"), reasons)


def _reason(error: Any) -> Reason:
    if not isinstance(error, dict):
        return Reason(shortened(str(error)), "", False)
    return Reason(
        code=shortened(str(error.get("code") or "no code")),
        message=shortened(str(error.get("message") or "")),
        retryable=error.get("retryable") is True,
        field=shortened(str(error.get("field") or "")),
    )


def _rest_reasons(body: Mapping[str, Any]) -> list[Reason]:
    """The reasons of a body without ``fail``."""
    for name in ("errors", "failures"):
        found = as_tuple(body.get(name))
        if found:
            return [_rest_reason(error) for error in found]
    return [_rest_reason(body.get("error") if isinstance(body.get("error"), dict) else body)]


def _rest_reason(error: Any) -> Reason:
    if not isinstance(error, dict):
        return Reason("", shortened(str(error)), False)
    code = error.get("code") or error.get("title") or error.get("error") or ""
    message = error.get("message") or error.get("detail") or error.get("error_description") or ""
    return Reason(_plain(code), _plain(message), error.get("retryable") is True, _plain(error.get("field") or ""))


def _plain(value: Any) -> str:
    return shortened(value if isinstance(value, str) else json.dumps(value))


def _text_of_page(text: str) -> str:
    """What a page of HTML or a plain text says."""
    without_code = re.sub(r"<(script|style|head)\b.*?</\1\s*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return shortened(unescape(re.sub(r"<[^>]*>", " ", without_code)))
