# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Which files are a log: the log itself, and its rotations by their names.

The names are those that logrotate, log4j, logback, Serilog, NSSM (nginx as a service of Windows) and Apache's
rotatelogs write. The table in the guide "Shipping logs safely" has one example of each.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from dataclasses import dataclass
from typing import Collection, Sequence

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption


@dataclass(frozen=True)
class LogFile:
    """A file to ship."""

    path: str
    beside: bool = False
    """It was not asked for by its name, but found beside a log as a rotation of it."""
    has_successor: bool = False
    """A newer file of the same log is there."""


class Neighbours:
    """The files beside logs. Each folder is looked at once."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, list[str]]] = {}

    def rotations(self, path: str) -> list[str]:
        """The files that have the name of a rotation of a log, the oldest first."""
        folder, name = os.path.split(path)
        families = self._families(folder)
        found = [
            os.path.join(folder, other)
            for other in families.get(name, ())  # none for what is a rotation itself
            # access.1.log is a rotation of access.log, unless it is a log with rotations of its own.
            if other != name and not (_is_ambiguous(other) and other in families)
        ]
        return sorted(filter(os.path.isfile, found), key=age_key)

    def others(self, path: str) -> list[str]:
        """The files in a log's folder that have not the name of a rotation of it."""
        folder, name = os.path.split(path)
        found = [
            os.path.join(folder, other) for of, names in self._families(folder).items() if of != name for other in names
        ]
        return [other for other in found if os.path.isfile(other)]

    def _families(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._folders:
            families: dict[str, list[str]] = {}
            try:
                names = sorted(os.listdir(folder or "."))
            except OSError:
                names = []
            for name in names:
                families.setdefault(family(name), []).append(name)
            self._folders[folder] = families
        return self._folders[folder]


def log_files(src: Sequence[str], followed: Collection[str], neighbours: Neighbours) -> list[LogFile]:
    """The files to ship, each once: as in ``src``, and of each log its rotations before it, the oldest first.

    A glob stands for what it matches. A plain path that is among those ``followed`` stands for itself and for its
    rotations: what is in them and was not sent yet was in it once. Raises `InvalidOption` for what is not there.
    """
    paths: list[str] = []
    beside: set[str] = set()
    for pattern in src:
        if glob.has_magic(pattern) and not os.path.exists(pattern):
            found = sorted((path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)), key=age_key)
            if not found and not any(matches(pattern, path) for path in followed):
                raise InvalidOption(f"No file matches {pattern}.")
            paths += found
            beside.difference_update(found)
        elif pattern in followed:
            rotated = neighbours.rotations(pattern)
            beside.update(path for path in rotated if path not in paths)
            # Without the log itself: it is between being rotated and being opened again.
            paths += sorted([*rotated, *([pattern] if os.path.exists(pattern) else [])], key=age_key)
        else:
            _check_file(pattern)
            paths.append(pattern)
            beside.discard(pattern)
    unique = list({os.path.realpath(path): path for path in reversed(paths)}.values())[::-1]
    last = {_log_of(path): path for path in unique}
    return [LogFile(path, path in beside, path not in src and last[_log_of(path)] != path) for path in unique]


def matches(pattern: str, path: str) -> bool:
    """Whether a glob could stand for a path."""
    return os.path.dirname(pattern) == os.path.dirname(path) and fnmatch.fnmatch(path, pattern)


def family(name: str) -> str:
    """The name of the log that a file is a rotation of, by the file's name; the name itself where it is none."""
    parts = _PARTS(name)
    return parts["log"] + (parts["ending"] or parts["ending2"] or "") if parts else name


def age_key(path: str) -> tuple[str, int, tuple[int, ...], str]:
    """Sorts the files of a log by age, the oldest first, the log itself last.

    Numbers count backwards from the newest as with logrotate (``access.log.2``, ``access.2.log``), or forwards from the
    oldest as with log4j (``access-1.log``) and Serilog (``access_001.log``, newer than ``access.log``). Dates, seconds
    since 1970, and a number behind a date count forwards.
    """
    name = os.path.basename(path)
    parts = _PARTS(name)
    log = _log_of(path)
    if not parts:
        return (log, 2, (), name)
    if parts["number"]:
        number = int(parts["number"][1:])
        if parts["number"][0] == "_":
            return (log, 3, (number,), name)
        return (log, 1, (-number if parts["number"][0] == "." else number,), name)
    added = parts["behind"] or parts["date"]
    date = re.match(_DAY, added)
    if date:
        year, month, day = date[1] or date[6], date[2] or date[4], date[3] or date[5] or "0"
        rest = re.findall("[0-9]+", added[date.end() :])
        return (log, 0, (int(f"{year}{month:0>2}{day:0>2}"), *map(int, rest)), name)
    numbers = [int(number) for number in re.findall("[0-9]+", added)]
    if len(added) > 9:  # seconds since 1970
        return (log, 0, tuple(numbers), name)
    return (log, 1, tuple(-number for number in numbers), name)


_COMPRESSED = r"(?:\.(?:gz|bz2|xz|lzma|zst|zstd|lz4|lzo|Z|zip|7z|br))?"
_DAY = (
    r"[._-]?(?:((?:19|20)[0-9]{2})[._-]?([0-9]{2})(?:[._-]?([0-9]{2}))?"
    r"|([0-9]{2})[._-]([0-9]{2})[._-]((?:19|20)[0-9]{2}))"
)
_TIME = r"(?:[._T:-]*[0-9]+)*(?:[+-][0-9]{4}(?:[._-][0-9]+)?)?"
_DATE = rf"(?:(?:19|20)[0-9]{{2}}[._-]?[0-9]{{2}}|[0-9]{{2}}[._-][0-9]{{2}}[._-](?:19|20)[0-9]{{2}}){_TIME}"
_PARTS = re.compile(
    # access.log.1, access.log-20261122, access.log.1795353600
    rf"(?P<log>.+?)(?:(?P<behind>[._-](?:{_DATE}|[0-9]+(?:[._T:-]?[0-9]+)*))"
    # access-2026-11-22.log, access-11-22-2026-1.log, and Serilog's access20261122.log
    rf"|(?P<date>[._-]{_DATE}|(?<=[A-Za-z])20[0-9]{{6}}(?:[0-9]{{2}}){{0,2}}(?:_[0-9]{{3}})?)(?P<ending>\.[A-Za-z]+)"
    # access.1.log, access-1.log, access_001.log. A larger number is none: access-8443.log is the log of another port.
    rf"|(?P<number>[._-][0-9]{{1,3}})(?P<ending2>\.[A-Za-z]+)){_COMPRESSED}"
).fullmatch


def _is_ambiguous(name: str) -> bool:
    parts = _PARTS(name)
    return bool(parts and parts["number"])


def _log_of(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, family(name))


def _check_file(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        failure = f"The log file {path} cannot be read: {error.strerror}."
    else:
        if stat.S_ISREG(mode):
            return
        failure = f"{path} is {'a directory' if stat.S_ISDIR(mode) else 'no regular file'}, not a log file."
    raise InvalidOption(failure)
