# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from typing import Any, Mapping

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.mops.maintenance.plugins.module_utils._replace import replace
from ansible_collections.mops.maintenance.plugins.plugin_utils import _tenant_files as files
from ansible_collections.mops.maintenance.plugins.plugin_utils._differences import show_where_failed


class ActionModule(NormalAction):
    """Writes what M(mops.maintenance.mailstore_export) has read into files on the controller."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        dest = self._task.args.get("dest")
        if not dest or result.get("failed") or "tenants" not in result:
            return result
        folder = Folder(
            os.path.abspath(os.path.expanduser(str(dest))),
            force=boolean(self._task.args.get("force") or False),
            prune=boolean(self._task.args.get("prune") or False),
            check_mode=self._task.check_mode,
        )
        try:
            folder.take(result.pop("tenants"), result.pop("installation", None))
            if self._names_all():
                folder.look_for_others()
        except files.FileUnusable as error:
            result.update(failed=True, msg=str(error))
        except OSError as error:
            result.update(
                failed=True,
                msg=f"{error.filename or folder.path} cannot be written: {error.strerror}. "
                f"{folder.count('written')} files were written before that.",
            )
        result.update(
            files=folder.files,
            secrets=folder.secrets,
            changed=folder.changed,
            summary=folder.summary(result["missing"]),
        )
        if self._task.diff:
            result["diff"] = folder.differences
        result = self._with_words(result, folder)
        show_where_failed(result)
        return result

    def _names_all(self) -> bool:
        """Whether every instance was exported, so that a file of none is left over."""
        patterns = self._task.args.get("instances", "*")
        return patterns in ("*", ["*"])

    @staticmethod
    def _with_words(result: dict[str, Any], folder: Folder) -> dict[str, Any]:
        kept, gone, edited = (folder.having(what) for what in ("kept", "gone", "edited"))
        warnings = list(result.get("warnings") or [])
        if kept:
            warnings.append(
                f"These instances do not tell all that their files have, which stay as they are: {', '.join(kept)}. "
                "The return value missing says why."
            )
        if gone:
            warnings.append(
                f"The server does not have the instances of these files any more: {', '.join(gone)}. Set prune to "
                "remove them."
            )
        if warnings:
            result["warnings"] = warnings
        if edited and not result.get("failed"):
            result.update(
                failed=True,
                msg=f"Somebody has edited {', '.join(edited)}, and what the server has is something else: apply the "
                "file, or overwrite it with force: true. --diff shows what would be written. All other files were "
                "written.",
            )
        return result


class Folder:
    """The folder for the files, and what becomes of each."""

    def __init__(self, path: str, *, force: bool, prune: bool, check_mode: bool) -> None:
        self.path = path
        self.files: dict[str, str] = {}
        self.secrets: dict[str, list[str]] = {}
        self.differences: list[dict[str, str]] = []
        self._force = force
        self._prune = prune
        self._check_mode = check_mode

    @property
    def changed(self) -> bool:
        return any(what in ("written", "removed") for what in self.files.values())

    def count(self, what: str) -> int:
        return len(self.having(what))

    def having(self, what: str) -> list[str]:
        return [name for name, became in self.files.items() if became == what]

    def summary(self, missing: Mapping[str, Any]) -> list[str]:
        """What became of the files, for a person."""
        counts = [f"{self.count(what)} {what}" for what in dict.fromkeys(self.files.values())]
        return [
            f"{self.path}: {', '.join(counts) or 'no files'}",
            *(f"{name}: {what}" for name, what in self.files.items() if what != "unchanged"),
            *(f"{instance}: not read: {', '.join(sorted(parts))}" for instance, parts in missing.items()),
        ]

    def take(self, tenants: list[Mapping[str, Any]], installation: Mapping[str, Any] | None) -> None:
        """Write what there is. Raises `OSError` and `FileUnusable`."""
        if installation is not None:
            self._take(files.INSTALLATION, installation)
        for tenant in tenants:
            self._take(files.name_of(tenant["instance"]), tenant)

    def look_for_others(self) -> None:
        """Remove, or name, the files of instances that are not there any more. Raises `OSError`."""
        folder = os.path.join(self.path, files.TENANTS)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            path = f"{files.TENANTS}/{name}"
            if not name.endswith(".yml") or name.startswith(".") or path in self.files:
                continue
            before = self._read(path) or ""
            if not self._prune or (files.is_edited(before) and not self._force):
                self.files[path] = "gone"
                continue
            self.files[path] = "removed"
            self._show(path, before, "")
            if not self._check_mode:
                os.unlink(os.path.join(self.path, path))

    def _take(self, name: str, exported: Mapping[str, Any]) -> None:
        document = exported["document"]
        before, after = self._read(name), files.text_of(document)
        self.secrets[name] = files.variables_in(document)
        if before == after:
            self.files[name] = "unchanged"
            return
        if before is not None and exported["missing"]:
            self.files[name] = "kept"
            return
        if before is not None and files.is_edited(before):
            if files.says_the_same(before, name, document):
                self.files[name] = "unchanged"
                return
            self._show(name, before, after)
            if not self._force:
                self.files[name] = "edited"
                return
        else:
            self._show(name, before or "", after)
        if not self._check_mode:
            self._write(name, after)
        self.files[name] = "written"

    def _read(self, name: str) -> str | None:
        try:
            with open(os.path.join(self.path, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def _write(self, name: str, text: str) -> None:
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            mode = os.stat(path).st_mode & 0o777
        except FileNotFoundError:
            mode = 0o640
        replace(path, text)
        os.chmod(path, mode)

    def _show(self, name: str, before: str, after: str) -> None:
        self.differences.append(
            {
                "before_header": f"{name}, as it is",
                "after_header": f"{name}, as the server is",
                "before": files.without_values_of_secrets(before),
                "after": after,
            }
        )
