# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Options that are text: what a service is sent must be UTF-8, wherever it comes from.

Python carries bytes that are not UTF-8 through a text, as lone surrogates: those of an environment variable, and of
what Ansible has read from a file.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption


def check_text(options: Mapping[str, Any], names: Iterable[str], prefix: str) -> None:
    """Raise `InvalidOption` where one of the options is not UTF-8. ``prefix`` begins its environment variable."""
    wrong = [name for name in names if isinstance(options.get(name), str) and not _is_text(options[name])]
    if wrong:
        variables = ", ".join(f"{prefix}_{name.upper()}" for name in wrong)
        raise InvalidOption(
            f"{', '.join(wrong)} must be UTF-8, and holds bytes of another encoding: save as UTF-8 what the option "
            f"or the environment variable ({variables}) comes from, perhaps a file or a terminal whose locale is not "
            "UTF-8."
        )


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
