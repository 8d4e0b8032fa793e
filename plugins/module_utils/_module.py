# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""What every module of the collection has in common: the options of a connection, and how a failure is reported."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import Any, Iterator

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible_collections.mops.maintenance.plugins.module_utils import _container
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError


def from_environment(variable: str, **option: Any) -> dict[str, Any]:
    """An option that falls back to an environment variable of the host that runs the module.

    An empty variable counts as none: a credential of AWX sets those of its fields that were left empty, too.
    """
    return {"fallback": (_nonempty_environment, [variable]), **option}


def transport_options(prefix: str) -> dict[str, dict[str, Any]]:
    """How the service is reached and trusted. ``prefix`` begins the names of the environment variables."""
    return {
        "validate_certs": from_environment(prefix + "_VALIDATE_CERTS", type="bool", default=True),
        "ca_path": from_environment(prefix + "_CA_PATH", type="path"),
        "timeout": {"type": "float", "default": 30.0},
    }


def require_requests(module: AnsibleModule) -> None:
    """End the task with ``fail_json`` where requests is missing."""
    # Imported here, since it takes a tenth of a second: a module that finds nothing to do need not call this.
    from ansible_collections.mops.maintenance.plugins.module_utils._http import REQUESTS_IMPORT_ERROR

    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(
            msg=missing_required_lib("requests") + " Most systems have it in a package named python3-requests.",
            exception=REQUESTS_IMPORT_ERROR,
        )


def warn_of_lost_state(module: AnsibleModule, option: str, consequence: str) -> None:
    """Warn where the path of ``option`` is gone with the container, and say what follows from it."""
    path = module.params[option]
    text = _container.warning(option, path, consequence) if path else None
    if text:
        module.warn(text)


def check_folder(option: str, path: str) -> None:
    """Raise `InvalidOption` where the file ``path``, which ``option`` names, cannot be written."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise InvalidOption(f"{option} cannot be written: there is no folder {folder}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidOption(f"{option} cannot be written: the folder {folder} may not be written to.")
    if os.path.isdir(path):
        raise InvalidOption(f"{option} cannot be written: {path} is a folder.")


def write_file(module: AnsibleModule, option: str, path: str, text: str) -> dict[str, Any]:
    """Let the file ``path``, which ``option`` names, hold ``text``; returns ``changed`` and, if wanted, ``diff``.

    A reader finds the old file or the new one. It is replaced even if its content is the same, which is no change: its
    time then says when it was written. Mode and owner are those of the module's options. In check mode nothing is
    written. Raises `InvalidOption`.
    """
    try:
        before = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                before = file.read()
        result: dict[str, Any] = {"changed": before != text or not os.path.exists(path)}
        if not module.check_mode:
            # Beside the file, so that it is renamed and not copied: atomic_move would copy to a name with the same
            # ending, and whoever reads the folder by that would find half a file.
            descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".mops-")
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as new:
                new.write(text)
            module.atomic_move(temporary, path)
    except OSError as error:
        raise InvalidOption(f"{option} cannot be written: {path}: {error.strerror}.") from error
    if module._diff:
        result["diff"] = {"before": before, "after": text, "before_header": path, "after_header": path}
    if os.path.exists(path):  # in check mode it may not be there yet
        attributes = module.load_file_common_arguments(module.params, path=path)
        result["changed"] = module.set_fs_attributes_if_different(attributes, result["changed"])
    return result


@contextmanager
def reported_failures(module: AnsibleModule) -> Iterator[None]:
    """End the task as failed where the block raises a `MopsError`, or where requests is missing."""
    require_requests(module)
    with reported_errors(module):
        yield


@contextmanager
def reported_errors(module: AnsibleModule) -> Iterator[None]:
    """End the task as failed where the block raises a `MopsError`.

    This is the one place where an exception becomes a task's failure.
    """
    failure: MopsError | None = None
    try:
        yield
    except MopsError as error:
        failure = error
    # Not with fail_json: while a with statement ends, its exception is still the current one,
    # and ansible-core before 2.19 adds the traceback of that at -vvv.
    if failure is not None:
        module.exit_json(failed=True, msg=str(failure), **failure.facts)


def _nonempty_environment(variable: str) -> str:
    # As bytes, since Python would read them by the locale of the host, which need not be UTF-8.
    value = os.environb.get(variable.encode("ascii"), b"").decode("utf-8", "surrogateescape")
    if not value:
        raise AnsibleFallbackNotFound
    return value
