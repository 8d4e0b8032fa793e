# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files import source
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import TextContent
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import (
    BEGINNING,
    Checkpoint,
    fingerprint,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import LineReader, Piece
from hypothesis import given
from hypothesis import strategies as st


def pieces(content: TextContent, start: Checkpoint, *, lines: int, size: int, complete: bool) -> list[Piece]:
    """All that is in a content, in pieces of so many lines and bytes."""
    reader = LineReader(content, start)
    found = []
    while True:
        piece = reader.take(lines, size)
        if piece is None and not reader.ended:
            piece = reader.take_long_line()
        if piece is None:
            break
        found.append(piece)
    rest = reader.rest()
    return found + ([rest] if rest and complete else [])


LINE = st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").lstrip(b"\0"))


@given(st.lists(LINE), LINE, st.integers(1, 12), st.integers(1, 100), st.integers(1, 64), st.booleans())
def test_pieces_are_the_whole_content_in_whole_lines(rows, rest, lines, size, block, complete):
    content = b"".join(row + b"\n" for row in rows) + rest
    old, source._BLOCK_BYTES = source._BLOCK_BYTES, block
    try:
        found = pieces(TextContent(content), BEGINNING, lines=lines, size=size, complete=complete)
    finally:
        source._BLOCK_BYTES = old

    end = 0
    for piece in found:
        raw = content[piece.start.offset : piece.end.offset]
        assert piece.start.offset == end
        end = piece.end.offset
        assert piece.start.lines == content[: piece.start.offset].count(b"\n")
        assert piece.end.head == fingerprint(content[:end][:4096])
        assert piece.end.tail == fingerprint(content[:end][-4096:])
        if piece.unfinished:
            assert complete
            assert piece.raw == raw + b"\n" or (piece.too_long and raw.startswith(piece.raw))
        elif piece.too_long:
            assert raw.startswith(piece.raw)
            assert raw.count(b"\n") == 1
            assert len(raw) > size
        else:
            assert piece.raw == raw
            assert raw.count(b"\n") <= lines
            assert len(raw) <= size
    assert end == len(content) - (0 if complete else len(rest))


@given(st.lists(LINE, min_size=1), st.integers(0, 2000), st.integers(1, 9))
def test_going_on_at_a_mark_gives_the_rest(rows, chosen, lines):
    content = TextContent(b"".join(row + b"\n" for row in rows))
    every = pieces(content, BEGINNING, lines=lines, size=50, complete=False)
    position = chosen % len(every)

    assert pieces(content, every[position].start, lines=lines, size=50, complete=False) == every[position:]


@given(st.lists(LINE, min_size=3), st.integers(1, 5), st.integers(0, 3), st.booleans())
def test_a_piece_that_is_put_back_is_read_again(rows, lines, before, to_the_end):
    content = TextContent(b"".join(row + b"\n" for row in rows))
    reader = LineReader(content, BEGINNING)
    if to_the_end:
        reader.take(len(rows) + 1, 10_000)
        reader = LineReader(content, BEGINNING)
    for _piece in range(before):
        reader.take(lines, 10_000)
    piece = reader.take(lines, 10_000)
    if piece is None:
        return
    reader.put_back(piece)

    fewer = reader.take(1, 10_000)

    assert fewer is not None
    assert (fewer.start, fewer.raw) == (piece.start, piece.raw[: piece.raw.index(b"\n") + 1])
    follow = [fewer, *iter(lambda: reader.take(lines, 10_000), None)]
    assert b"".join(one.raw for one in follow) == content.read(piece.start.offset, 10_000)
    assert [one.end for one in follow[:-1]] == [one.start for one in follow[1:]]


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    content = TextContent(b"\xef\xbb\xbfa\nb\n")
    (piece,) = pieces(content, BEGINNING, lines=9, size=99, complete=False)
    assert (piece.raw, piece.start.offset, piece.start.lines, piece.end.offset) == (b"a\nb\n", 3, 0, 7)
