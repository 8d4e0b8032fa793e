# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Posts made ahead of their turn.

One thread reads and validates, and others compress, which takes most of the time and leaves Python free to run.
"""

from __future__ import annotations

import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from types import TracebackType
from typing import Iterator

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.buffer import Buffer, Kept
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.chunk import Key, Post
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.posts.memory import give_back, keep_heap
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.records.batch import Body

_COMPRESSORS = 2
_AHEAD = 3
"""Posts that are prepared while one is on its way."""

_GIVE_BACK_AFTER = 5
"""Posts."""

_GZIP = 16
"""Added to the window: a header of gzip, which, unlike that of the gzip module, holds no time."""
_WINDOW_BITS = 14
"""Half of the largest window: its tables fit into a processor's first cache, where two compressors do not hinder each
other. That saves a fifth of the time. What it costs in size, `zlib.Z_FILTERED`, made for short repeats, wins back."""


class Encoder:
    """Makes the bodies of posts. ``level`` is that of compression; None to send them as they are."""

    def __init__(self, level: int | None, buffer_directory: str | None = None) -> None:
        keep_heap()
        self._level = level
        self._stack = ExitStack()
        self._buffer = self._stack.enter_context(closing(Buffer(buffer_directory)))
        self._compressors = self._stack.enter_context(ThreadPoolExecutor(_COMPRESSORS))
        self._reader = self._stack.enter_context(ThreadPoolExecutor(1))
        self._early: Future[None] | None = None
        self._kept: dict[tuple[Key, ...], Kept] = {}

    def __enter__(self) -> Encoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def offer(self, post: Post) -> None:
        """Compress a post that will be encoded later, and keep it on the disk, if there is a processor free for it."""
        if self._level is not None and (self._early is None or self._early.done()):
            self._early = self._compressors.submit(self._keep, self._level, post)

    def encoded(self, posts: Iterator[Post]) -> Iterator[tuple[Post, Body | None]]:
        """The posts with their bodies, which are made a few posts ahead. None where there is no record."""

        def prepared() -> tuple[Post, Future[bytes | None]] | None:
            post = next(posts, None)
            return None if post is None else (post, self._compressors.submit(self._wire, post))

        ahead = deque(self._reader.submit(prepared) for _post in range(_AHEAD))
        for number in count(1):
            ready = ahead.popleft().result()
            if ready is None:
                return
            if number % _GIVE_BACK_AFTER == 0:
                give_back()
            ahead.append(self._reader.submit(prepared))
            post, wire = ready
            compressed = wire.result()
            yield post, Body(post.body, compressed) if post.records else None

    def _keep(self, level: int, post: Post) -> None:
        kept = self._buffer.keep(_compressed(post.body, level))
        if kept is not None:
            self._kept[post.key] = kept

    def _wire(self, post: Post) -> bytes | None:
        if self._level is None or not post.records:
            return None
        if self._early is not None:
            self._early.result()  # what was offered last, which may be this one, may still be at work
        kept = self._kept.get(post.key)
        compressed = self._buffer.get(kept) if kept is not None else None
        return compressed if compressed is not None else _compressed(post.body, self._level)


def _compressed(body: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, _GZIP + _WINDOW_BITS, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    return compressor.compress(body) + compressor.flush()
