# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import os

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files import content as content_file
from ansible_collections.mops.maintenance.plugins.module_utils._mashery.files.content import (
    CompressedContent,
    Damaged,
    NotText,
    PlainContent,
    Rotated,
    open_log,
    status,
)

COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
try:
    COMPRESS["zstd"] = importlib.import_module("compression.zstd").compress
except ImportError:
    pass


def opened(path, data: bytes):
    path.write_bytes(data)
    return open_log(str(path), status(str(path)))


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 300_000])
@pytest.mark.parametrize("compression", COMPRESS)
def test_a_compressed_file_reads_like_a_plain_one(tmp_path, compression, size):
    text = bytes(range(1, 256)) * (size // 255) + b"x" * (size % 255)
    compress = COMPRESS[compression]
    plain = opened(tmp_path / "plain", text)
    compressed = opened(tmp_path / "compressed", compress(text[: size // 2]) + compress(text[size // 2 :]))
    assert isinstance(compressed, CompressedContent)
    for offset, count in [
        (0, size),
        (size // 3, 1000),
        (0, 4096),
        (max(0, size - 4096), 4096),
        (size // 2, 9),
        (size + 1, 5),
    ]:
        assert compressed.read(offset, count) == plain.read(offset, count) == text[offset : offset + count]
    assert compressed.size() > 0
    plain.close()
    compressed.close()


@pytest.mark.parametrize("compression", COMPRESS)
def test_a_compressed_file_that_is_cut_off_gives_what_is_there(tmp_path, compression):
    whole = COMPRESS[compression](os.urandom(50_000).hex().encode())
    content = opened(tmp_path / "log.1", whole[: len(whole) * 3 // 4])
    read = content.read(0, 200_000)
    assert len(read) < 100_000
    assert content.cut_off
    assert not content.ends_at(100_000)
    content.close()


@pytest.mark.parametrize("compression", COMPRESS)
def test_a_damaged_compressed_file_says_so_with_its_compression(tmp_path, compression):
    whole = bytearray(COMPRESS[compression](os.urandom(50_000).hex().encode()))
    whole[len(whole) // 2 : len(whole) // 2 + 50] = b"\0" * 50
    with pytest.raises(Damaged, match=f"is damaged as {compression}"):
        opened(tmp_path / "log.1", bytes(whole)).read(0, 200_000)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rest", "compressed with zip, which cannot be read"),
        (b"\x04\x22\x4d\x18rest", "compressed with lz4, which cannot be read"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0", "it is binary: it holds NUL bytes"),
        ("line\n".encode("utf-16"), "it is UTF-16"),
        ("line\n".encode("utf-16-le"), "it is binary: it holds NUL bytes"),
    ],
)
def test_a_file_that_is_no_log_is_said_in_one_sentence(tmp_path, data, words):
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with pytest.raises(NotText, match=words):
        opened(tmp_path / "log", data)
    assert before == (os.listdir("/proc/self/fd") if before else [])


@pytest.mark.parametrize(("magic", "_name", "library"), content_file._READABLE)
def test_a_python_without_a_library_says_so(tmp_path, monkeypatch, magic, _name, library):
    monkeypatch.setattr(importlib, "import_module", lambda name: (nothing for nothing in ()).throw(ImportError(name)))
    with pytest.raises(NotText, match="which this Python cannot read"):
        opened(tmp_path / "log.1", magic + b"rest")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 5000, b"\0" * 5000 + b"line\n", b"line\nline\n" + b"\0" * 50, b"\xef\xbb\xbfline\n", b"\xff\n"],
)
def test_what_a_power_cut_or_a_truncation_leaves_is_still_a_log(tmp_path, data):
    opened(tmp_path / "log", data).close()


def test_a_file_that_is_cut_and_filled_again_is_noticed(tmp_path):
    path = tmp_path / "log"
    content = opened(path, b"old " * 5000)
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
    was = status(str(path))
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "new").rename(path)
    with pytest.raises(Rotated):
        open_log(str(path), was)
    path.unlink()
    with pytest.raises(Rotated):
        open_log(str(path), was)
    with pytest.raises(Rotated):
        status(str(path))
