# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation: ``python build.py FOLDER [BUILDER]``, for Sphinx's builder ``html`` or another."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SITE = Path(__file__).parent


def main(folder: Path, builder: str = "html") -> None:
    source = folder / "rst"
    shutil.rmtree(source, ignore_errors=True)
    # antsibull-docs refuses a folder that others may write.
    source.mkdir(mode=0o755, parents=True)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(source)]
    command = ["antsibull-docs", "--config-file", str(SITE / "antsibull-docs.cfg"), "collection", *options]
    subprocess.run([*command, "mops.maintenance"], check=True)
    shutil.copy(SITE / "index.rst", source)
    # antsibull-docs takes guides along, but no pictures.
    for picture in (SITE.parent / "docsite/rst").glob("*.svg"):
        shutil.copy(picture, source / "docsite")
    subprocess.run([sys.executable, SITE / "folders.py", source / "docsite/folders.svg"], check=True)
    paths = ["-c", str(SITE), "-d", str(folder / "doctrees"), str(source), str(folder / builder)]
    subprocess.run(["sphinx-build", "-b", builder, "-W", "--keep-going", *paths], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
