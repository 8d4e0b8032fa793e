# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Lists that the service gives page by page.

API 1.0 ("Pagination" in Mimecast's API documentation): ``meta.pagination.pageToken`` of the request asks for a page,
``next`` in the answer's ``meta.pagination`` names the one after it. Without paging the service cuts a list off, often
without a word. In REST style the token goes into the query, as ``pageToken`` where the answer has ``meta.pagination``,
and as ``nextPage`` where the answer has ``@nextPage`` or ``nextPage``.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._http import AnswerUnusable
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import envelope, rest
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import Call, MimecastClient

PAGE_SIZE_MAX = 500
"""Items that the service puts on one page at most."""

_LISTS = ("data", "definitions", "items", "value")
"""The names by which the list of an answer in REST style is known."""


class Pages(NamedTuple):
    """What a list came to, page after page."""

    data: tuple[Any, ...]
    meta: Mapping[str, Any]
    """Of the last page."""
    fetched: int
    """How many pages were fetched."""
    truncated: bool
    """Whether the service has more than was taken."""


class NextPage(NamedTuple):
    """Where the page after this one is."""

    parameter: str
    """The name by which a query asks for it."""
    token: str


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

    def fetch(page: NextPage | None) -> envelope.Reply:
        asked = {**pagination, **({} if page is None else {"pageToken": page.token})}
        reply = client.call(path, data, meta={**(meta or {}), "pagination": asked}, repeatable=True)
        client.check(reply, path)
        return reply

    return _collect(fetch, limit)


def read_query_pages(client: MimecastClient, call: Call, *, limit: int | None = None) -> Pages:
    """`read_pages`, of a list in REST style. Raises `AnswerUnusable` where the answer holds no list."""

    def fetch(page: NextPage | None) -> envelope.Reply:
        more = () if page is None else ((page.parameter, page.token),)
        kept = tuple(pair for pair in call.query if page is None or pair[0] != page.parameter)
        reply = client.send(call._replace(query=(*kept, *more)), rest.read_reply, repeatable=True)
        client.check(reply, call.path)
        return reply

    return _collect(fetch, limit)


def _collect(fetch: Callable[[NextPage | None], envelope.Reply], limit: int | None) -> Pages:
    items: list[Any] = []
    seen: set[str] = set()
    count = 0
    following: NextPage | None = None
    while True:
        reply = fetch(following)
        items += items_of(reply)
        count += 1
        following = next_page(reply)
        if following is None or (limit is not None and len(items) >= limit):
            truncated = following is not None or (limit is not None and len(items) > limit)
            return Pages(tuple(items[:limit]), reply.meta, count, truncated)
        if following.token in seen:
            raise AnswerUnusable(
                f"{reply.answer.method} {reply.answer.url}: page {count} names a page as the next that was there "
                "before."
            )
        seen.add(following.token)


def items_of(reply: envelope.Reply) -> Sequence[Any]:
    """The items on a page. Raises `AnswerUnusable` where it is not clear which they are."""
    body = reply.body
    if body is None:
        return reply.data
    lists = {"": body} if isinstance(body, list) else {}
    if isinstance(body, dict):
        lists = {name: value for name, value in body.items() if isinstance(value, list)}
    known = [name for name in _LISTS if name in lists] or list(lists)
    if len(known) != 1:
        found = ", ".join(known) or "none"
        raise AnswerUnusable(
            f"{reply.answer.method} {reply.answer.url}: paginate needs an answer with one list, and this one has "
            f"{found}. Call it without paginate."
        )
    return lists[known[0]]


def next_page(reply: envelope.Reply) -> NextPage | None:
    """Where the page after this one is, or None where this is the last."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if body.get("isCaughtUp") is True:
        return None
    for name in ("@nextPage", "nextPage"):
        if isinstance(body.get(name), str) and body[name]:
            return NextPage("nextPage", body[name])
    token = _pagination(reply.meta or body.get("meta")).get("next")
    return NextPage("pageToken", str(token)) if token else None


def _pagination(meta: Any) -> Mapping[str, Any]:
    """``meta.pagination``, empty where there is none."""
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    return pagination if isinstance(pagination, dict) else {}
