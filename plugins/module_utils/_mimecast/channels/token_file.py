# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The token file: which token a consumer begins with, for each of its channels.

    {"channels": {"<channel id>": {"token": "...", "fetched_at": "2026-11-22T13:04:05Z"}}}

Whatever else stands in it belongs to somebody, and stays. The file is never written in place: a reader finds the old
one or the new one, whole, at any moment and after any crash.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import datetime, timezone
from typing import Any, Callable, Iterable, Mapping, NamedTuple

from ansible_collections.mops.maintenance.plugins.module_utils._errors import MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._lock import Locked, locked

Content = Mapping[str, Any]

PRIVATE_MODE = 0o600
LOCK_SECONDS = 60.0
"""How long to wait for another run that writes the same file: a write takes milliseconds."""


class TokenFileError(MopsError):
    """The token file cannot be read, or not be written."""


class Change(NamedTuple):
    """A token file before and after."""

    before: Content
    after: Content

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def overviews(self) -> dict[str, Any]:
        """Before and after, fit to be shown: which channels have a token and since when, without the tokens."""
        return {"before": {"channels": overview(self.before)}, "after": {"channels": overview(self.after)}}


class TokenFile:
    def __init__(self, path: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        # A link stays a link: what it points to is replaced.
        self.path = os.path.realpath(path)
        self._directory, name = os.path.split(self.path)
        self._draft = os.path.join(self._directory, f".{name}.new")
        self._lock = os.path.join(self._directory, f".{name}.lock")
        self._lock_seconds = lock_seconds

    def check_writable(self) -> None:
        """Raise `TokenFileError` if a write is bound to fail, before anything is asked for that could not be kept."""
        if not os.path.isdir(self._directory):
            raise TokenFileError(f"The token file {self.path} cannot be written: there is no folder {self._directory}.")
        if not os.access(self._directory, os.W_OK | os.X_OK):
            raise TokenFileError(
                f"The token file {self.path} cannot be written: the folder {self._directory} may not be written to."
            )

    def read(self) -> Content:
        """What the file holds. No file and an empty one hold no channels. Raises `TokenFileError`."""
        try:
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            text = ""
        except (OSError, UnicodeDecodeError) as error:
            raise TokenFileError(f"The token file {self.path} cannot be read: {_words(error)}.") from error
        return parsed(text, self.path)

    def update(self, edit: Callable[[Content], Content]) -> Change:
        """Replace the file by what ``edit`` makes of it, unless that is the same. Raises `TokenFileError`.

        Of two runs that do so at once, the second edits what the first has written.
        """
        try:
            with locked(self._lock, wait_seconds=self._lock_seconds):
                before = self.read()
                change = Change(before, edit(before))
                if change.changed:
                    self._replace(json.dumps(change.after, indent=2) + "\n")
        except Locked as error:
            raise TokenFileError(
                f"The token file {self.path} is being written by another run for more than {self._lock_seconds:g} s "
                f"({error}; it holds {self._lock})."
            ) from None
        except OSError as error:
            raise TokenFileError(f"The token file {self.path} cannot be written: {_words(error)}.") from error
        return change

    def _replace(self, text: str) -> None:
        # Only the holder of the lock writes drafts: one that is there was left by a crash.
        try:
            os.unlink(self._draft)
        except FileNotFoundError:
            pass
        try:
            with open(self._draft, "x", encoding="utf-8", opener=_open_private) as draft:
                self._keep_attributes()
                draft.write(text)
                draft.flush()
                os.fsync(draft.fileno())
            os.replace(self._draft, self.path)
        except BaseException:
            if os.path.exists(self._draft):
                os.unlink(self._draft)
            raise
        _fsync_directory(self._directory)

    def _keep_attributes(self) -> None:
        """Give the draft the owner, mode and labels of the file that it replaces, as far as this user may."""
        try:
            old = os.stat(self.path)
        except FileNotFoundError:
            return
        new = os.stat(self._draft)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            try:
                os.chown(self._draft, old.st_uid, old.st_gid)
            except PermissionError:
                return  # Under another owner the old mode might let the wrong people read.
        shutil.copystat(self.path, self._draft)


def parsed(text: str, path: str) -> Content:
    """The content of a token file. Raises `TokenFileError` where the text is not one; ``path`` is for its message."""
    advice = "It was left as it is; move it away to begin with a new one."
    if not text.strip():
        return {"channels": {}}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if content is None:
        raise TokenFileError(f"The token file {path} is not JSON. {advice}")
    if not isinstance(content, dict) or not isinstance(content.get("channels", {}), dict):
        raise TokenFileError(f'The token file {path} is not of the form {{"channels": {{...}}}}. {advice}')
    return {**content, "channels": content.get("channels", {})}


def tokens(content: Content) -> dict[str, str]:
    """The token of every channel that has one."""
    entries = {channel_id: _token(entry) for channel_id, entry in content["channels"].items()}
    return {channel_id: token for channel_id, token in entries.items() if token is not None}


def with_tokens(content: Content, new: Mapping[str, str], now: datetime, *, force: bool) -> Content:
    """The content with the ``new`` tokens, fetched at ``now``.

    A channel that has a token keeps it, unless ``force``: another run may have been faster, and its consumer may
    have begun already. A token that is the same is no news.
    """
    known = tokens(content)
    fetched_at = now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    channels = dict(content["channels"])
    for channel_id, token in new.items():
        if (force or channel_id not in known) and known.get(channel_id) != token:
            channels[channel_id] = {**_entry(channels.get(channel_id)), "token": token, "fetched_at": fetched_at}
    return {**content, "channels": channels}


def without_channels(content: Content, channel_ids: Iterable[str]) -> Content:
    """The content without these channels."""
    gone = set(channel_ids)
    kept = {channel_id: entry for channel_id, entry in content["channels"].items() if channel_id not in gone}
    return {**content, "channels": kept}


def overview(content: Content) -> dict[str, Any]:
    """Which channels have a token and since when, without the tokens: fit to be shown."""
    channels = content["channels"]
    return {channel_id: str(_entry(channels[channel_id]).get("fetched_at")) for channel_id in tokens(content)}


def _token(entry: Any) -> str | None:
    token = _entry(entry).get("token")
    return token if isinstance(token, str) and token else None


def _entry(entry: Any) -> dict[str, Any]:
    return entry if isinstance(entry, dict) else {}


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_MODE)


def _fsync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot
            raise
    finally:
        os.close(descriptor)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "it is not text in UTF-8"
