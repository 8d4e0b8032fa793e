# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files import source
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.ledger import START, digest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.source import (
    GzipContent,
    PlainContent,
    Rotated,
    TextContent,
    age_key,
    family,
    identity,
    opened,
    pieces,
)
from hypothesis import given
from hypothesis import strategies as st

OLDEST_FIRST = [
    "access.log-20251231.gz",
    "access.log-20260101",
    "access.log-20260101-2",
    "access.log.2026-01-02.gz",
    "access.log-20260103-1767398400",
    "access.log.10.gz",
    "access.log.2.gz",
    "access.log.1",
    "access.log",
]


def test_rotations_are_sorted_by_age():
    assert sorted(sorted(OLDEST_FIRST), key=age_key) == OLDEST_FIRST
    assert {family(name) for name in OLDEST_FIRST} == {"access.log"}


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("access-20260101.log", "access.log"),
        ("access-2026-01-01-3.log.gz", "access.log"),
        ("access.log.1.gz", "access.log"),
        ("access-8443.log", "access-8443.log"),
        ("access.log.bak", "access.log.bak"),
        ("gateway2.log", "gateway2.log"),
        ("access.log.gz", "access.log.gz"),
    ],
)
def test_a_rotation_has_the_family_of_its_log(name, log):
    assert family(name) == log


def test_logs_are_kept_together():
    paths = ["/b/x.log", "/a/x.log", "/a/x.log.1", "/b/x.log.1"]
    assert sorted(paths, key=age_key) == ["/a/x.log.1", "/a/x.log", "/b/x.log.1", "/b/x.log"]


LINE = st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").lstrip(b"\0"))


@given(st.lists(LINE), LINE, st.integers(1, 12), st.integers(1, 100), st.integers(1, 64), st.booleans())
def test_pieces_are_the_whole_content_in_whole_lines(rows, rest, lines, size, block, complete):
    content = b"".join(row + b"\n" for row in rows) + rest
    old, source._BLOCK_BYTES = source._BLOCK_BYTES, block
    try:
        found = list(pieces(TextContent(content), START, lines=lines, size=size, complete=complete))
    finally:
        source._BLOCK_BYTES = old

    end = 0
    for piece in found:
        raw = content[piece.start.offset : piece.end.offset]
        assert piece.start.offset == end
        end = piece.end.offset
        assert piece.start.lines == content[: piece.start.offset].count(b"\n")
        assert piece.end.head == digest(content[:end][:4096])
        assert piece.end.tail == digest(content[:end][-4096:])
        if piece.too_long:
            assert raw.startswith(piece.raw)
            assert raw.count(b"\n") == 1
            assert len(raw) > size
        elif piece.unfinished:
            assert complete
            assert piece.raw == raw + b"\n"
        else:
            assert piece.raw == raw
            assert raw.count(b"\n") <= lines
            assert len(raw) <= size
    whole = len(content) - len(rest)
    assert end == (len(content) if complete and len(rest) < size else whole) or (complete and end == whole)


@given(st.lists(LINE, min_size=1), st.integers(0, 2000), st.integers(1, 9))
def test_going_on_at_a_mark_gives_the_rest(rows, chosen, lines):
    content = TextContent(b"".join(row + b"\n" for row in rows))
    every = list(pieces(content, START, lines=lines, size=50, complete=False))
    position = chosen % len(every)

    assert list(pieces(content, every[position].start, lines=lines, size=50, complete=False)) == every[position:]


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 300_000])
def test_a_compressed_file_reads_like_a_plain_one(tmp_path, size):
    text = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "plain").write_bytes(text)
    (tmp_path / "gz").write_bytes(gzip.compress(text[: size // 2]) + gzip.compress(text[size // 2 :]))
    plain, compressed = (opened(str(tmp_path / name), identity(str(tmp_path / name))) for name in ("plain", "gz"))
    assert isinstance(compressed, GzipContent)
    for offset, count in [
        (0, size),
        (size // 3, 1000),
        (0, 4096),
        (max(0, size - 4096), 4096),
        (size // 2, 9),
        (size + 1, 5),
    ]:
        assert compressed.read(offset, count) == plain.read(offset, count) == text[offset : offset + count]
    plain.close()
    compressed.close()


def test_a_file_that_is_cut_and_filled_again_is_noticed(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"old " * 5000)
    content = opened(str(path), identity(str(path)))
    assert isinstance(content, PlainContent)
    content.read(0, 100)
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(b"new " * 9000)
    with pytest.raises(Rotated):
        content.read(10_000, 100)
    content.close()


def test_a_name_that_another_file_has_by_now_is_noticed(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"old")
    was = identity(str(path))
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "new").rename(path)
    with pytest.raises(Rotated):
        opened(str(path), was)
    path.unlink()
    with pytest.raises(Rotated):
        opened(str(path), was)
