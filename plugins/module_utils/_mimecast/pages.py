# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Lists that the service gives page by page.

"Pagination" in Mimecast's API documentation: ``meta.pagination.pageToken`` asks for a page, ``next`` in the answer's
``meta.pagination`` names the one after it. Without paging the service cuts a list off, often without a word.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.client import MimecastClient

PAGE_SIZE_MAX = 500
"""Items that the service puts on one page at most."""


class Pages(NamedTuple):
    """What a list came to, page after page."""

    data: tuple[Any, ...]
    meta: Mapping[str, Any]
    """Of the last page."""
    fetched: int
    """How many pages were fetched."""
    truncated: bool
    """Whether the service has more than was taken."""


def read_pages(
    client: MimecastClient,
    path: str,
    data: Sequence[Mapping[str, Any]],
    *,
    meta: Mapping[str, Any] | None = None,
    limit: int | None = None,
) -> Pages:
    """Read a list to its end, or until ``limit`` items of ``data`` have come. Raises what `MimecastClient.call` raises.

    One page's failure is the failure of the whole: a list with a hole in it looks like a list.
    """
    pagination = {"pageSize": PAGE_SIZE_MAX, **_pagination(meta)}
    items: list[Any] = []
    seen: set[str] = set()
    count = 0
    while True:
        reply = client.call(path, data, meta={**(meta or {}), "pagination": pagination}, repeatable=True)
        client.check(reply, path)
        items += reply.data
        count += 1
        following = next_page(reply.meta)
        if following is None or (limit is not None and len(items) >= limit):
            truncated = following is not None or (limit is not None and len(items) > limit)
            return Pages(tuple(items[:limit]), reply.meta, count, truncated)
        if following in seen:
            raise AnswerUnusable(
                f"POST {reply.answer.url}: page {count} names a page as the next that was there before."
            )
        seen.add(following)
        pagination = {**pagination, "pageToken": following}


def next_page(meta: Mapping[str, Any]) -> str | None:
    """The token of the page after this one, or None where this is the last."""
    return _pagination(meta).get("next") or None


def _pagination(meta: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """``meta.pagination``, empty where there is none."""
    pagination = (meta or {}).get("pagination")
    return pagination if isinstance(pagination, dict) else {}
