# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""An answer that is a file, written to disk as it arrives."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from email.message import Message
from typing import Any, Callable, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils import _http
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import Call

_FILE_TYPES = ("application/zip", "application/x-zip", "application/gzip", "application/x-gzip", "application/pdf")
_STREAM_TYPES = ("application/octet-stream", "binary/octet-stream", "application/x-tar", "message/", "image/")

DEFAULT_MAX_BYTES = 1024 * 1024 * 1024


class DownloadError(MopsError):
    """The file cannot be written, or nobody said where to."""


class Download:
    """The `_http.Sink` of one call: a draft beside the destination that replaces it in the end.

    Each try of the call begins the draft anew. Use it as a context manager: a draft that was not kept is removed.
    """

    def __init__(
        self,
        call: Call,
        dest: str | None,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> None:
        """``dest`` is a file or a folder. ``on_progress`` is told the bytes so far, and of how many, if known.

        Raises `InvalidOption` where nothing can be written there.
        """
        if max_bytes < 1:
            raise InvalidOption(f"max_bytes must be a number of bytes from 1 on, not {max_bytes}.")
        self.max_bytes = max_bytes
        self.headers: Mapping[str, str] = {}
        self.size = 0
        self.received = False
        """Whether the answer of the last try was a file."""
        self._call = call
        self._dest = dest or ""
        self._on_progress = on_progress
        self._announced: int | None = None
        self._draft: Any = None
        self._hash = hashlib.sha256()
        if dest is not None:
            _check_writable(dest)

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._draft is not None:
            self._draft.close()
            _remove(self._draft.name)
            self._draft = None

    def save(self, status: int, headers: Mapping[str, str]) -> _http.Sink | None:
        """`_http.Save`: takes what is a file, and leaves all else."""
        self.received = is_file(status, headers)
        if not self.received:
            return None
        if not self._dest:
            raise DownloadError(
                f"{self._call.method} {self._call.path}: the endpoint answers with a file "
                f"({headers.get('Content-Type', '?')}). Say in dest where to write it."
            )
        length = headers.get("Content-Length", "")
        self.headers = headers
        self._announced = int(length) if length.isdigit() else None
        self._begin(os.path.dirname(self._path()) or ".")
        return self

    def write(self, part: bytes) -> None:
        try:
            self._draft.write(part)
        except OSError as error:
            raise self._cannot(error) from None
        self._hash.update(part)
        self.size += len(part)
        if self._on_progress is not None:
            self._on_progress(self.size, self._announced)

    def keep(self) -> dict[str, Any]:
        """Let the draft replace the destination, unless that holds the same. Raises `DownloadError`."""
        path, checksum = self._path(), self._hash.hexdigest()
        try:
            changed = _checksum_of(path) != checksum
            if changed:
                self._draft.flush()
                os.fsync(self._draft.fileno())
                os.replace(self._draft.name, path)
        except OSError as error:
            raise self._cannot(error) from None
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "set-cookie"}
        return {"changed": changed, "dest": path, "size": self.size, "checksum": checksum, "headers": headers}

    def _begin(self, folder: str) -> None:
        try:
            if self._draft is None:
                descriptor, name = tempfile.mkstemp(prefix=".mops-", suffix=".part", dir=folder)
                os.close(descriptor)
                self._draft = open(name, "wb")  # noqa: SIM115 - closed by __exit__
            self._draft.seek(0)
            self._draft.truncate()
        except OSError as error:
            raise self._cannot(error) from None
        self._hash, self.size = hashlib.sha256(), 0

    def _path(self) -> str:
        if not os.path.isdir(self._dest):
            return self._dest
        return os.path.join(self._dest, file_name(self.headers) or self._call.path.rpartition("/")[2])

    def _cannot(self, error: OSError) -> DownloadError:
        return DownloadError(f"The file {self._dest} cannot be written: {(error.strerror or str(error)).lower()}.")


def is_file(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer is a file, and not the service's JSON."""
    if not 200 <= status < 300 or headers.get("Content-Length") == "0":
        return False
    kind = headers.get("Content-Type", "").lower()
    attached = headers.get("Content-Disposition", "").lower().startswith("attachment")
    return attached or kind.startswith((*_FILE_TYPES, *_STREAM_TYPES))


def file_name(headers: Mapping[str, str]) -> str:
    """The name that the service gives the file, without anything that could lead to another folder; or nothing."""
    message = Message()
    message["Content-Disposition"] = " ".join(headers.get("Content-Disposition", "").split())
    name = re.split(r"[/\\]", message.get_filename() or "")[-1]
    return "".join(character for character in name if character.isprintable()).lstrip(".")[:200]


def _check_writable(dest: str) -> None:
    folder = dest if os.path.isdir(dest) else os.path.dirname(dest) or "."
    if not os.path.isdir(folder):
        raise InvalidOption(f"dest cannot be written: there is no folder {folder}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidOption(f"dest cannot be written: the folder {folder} may not be written to.")


def _checksum_of(path: str) -> str | None:
    """The SHA-256 of a file, None where there is none."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                digest.update(part)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # it has become the destination, or its folder is gone
