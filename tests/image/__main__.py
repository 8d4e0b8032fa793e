# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the image: ``python -m image FOLDER``, where FOLDER has the built collection.

The base is the one that the definition names, where its registry can be reached, and else one of Debian's own packages.
The same goes for the collection awx.awx: it comes from Galaxy, or else from the package ansible of Python's index.
"""

from __future__ import annotations

import ast
import json
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from image.podman import FOLDER, ROOT, environment, podman, why_not

DEFINITION = ROOT / "execution-environment.yml"
TAG = "localhost/mops-maintenance-ee:latest"
DEBIAN = "localhost/mops-maintenance-debian:trixie"
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
PIP_SETTINGS = ("index-url", "extra-index-url", "find-links", "trusted-host", "cert", "constraint")
# As in tests/system/awx/test_awx_setup.py: the only package of the index with that collection.
ANSIBLE = "ansible==11.13.0"


def main(tarball: Path) -> None:
    reason = why_not()
    if reason:
        sys.exit(f"{reason} Debian and Ubuntu have it: apt-get install podman buildah runc debootstrap")
    began = time.monotonic()
    base = base_image()
    prepared = time.monotonic()
    build(base, definition(tarball))
    size = int(json.loads(podman("image", "inspect", TAG).stdout)[0]["Size"])
    print(
        f"{TAG}: {size / 1e6:.0f} MB, built in {time.monotonic() - prepared:.0f} s on {base} "
        f"(which was there after {prepared - began:.0f} s)",
        flush=True,
    )


def base_image() -> str:
    """The definition's base, or else Debian's, which is made where it is not there yet."""
    named = str(yaml.safe_load(DEFINITION.read_text())["images"]["base_image"]["name"])
    if podman("image", "exists", named, check=False).returncode == 0:
        return named
    pulled = podman("pull", "--quiet", named, check=False)
    if pulled.returncode == 0:
        return named
    print(f"{named} cannot be pulled ({pulled.stderr.strip().splitlines()[-1]}), so the base is Debian.", flush=True)
    if podman("image", "exists", DEBIAN, check=False).returncode != 0:
        make_debian()
    return DEBIAN


def make_debian() -> None:
    if shutil.which("debootstrap") is None:
        sys.exit("Without debootstrap there is no base for the image: apt-get install debootstrap")
    tree = FOLDER / "debian"
    shutil.rmtree(tree, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "trixie", str(tree)]
    with (FOLDER / "debootstrap.log").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log)
    fetched = ("./var/cache/apt/archives/*.deb", "./var/cache/apt/*.bin", "./var/lib/apt/lists/*")
    words = ["tar", "-C", str(tree), *(f"--exclude={pattern}" for pattern in fetched), "-c", "."]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as tar:
        subprocess.run(["podman", "import", "--quiet", "-", DEBIAN], check=True, stdin=tar.stdout, env=environment())
    shutil.rmtree(tree)


def definition(tarball: Path) -> Path:
    """The shipped definition, with the collection as it is here in place of a released one."""
    shipped: dict[str, Any] = yaml.safe_load(DEFINITION.read_text())
    folder = FOLDER / "definition"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "execution-environment", folder / "execution-environment")
    shutil.copy(tarball, folder)
    collections, files = [], [*shipped["additional_build_files"], {"src": tarball.name, "dest": "collections"}]
    for collection in shipped["dependencies"]["galaxy"]["collections"]:
        if collection["name"] == "mops.maintenance":
            collection = {"name": f"collections/{tarball.name}", "type": "file"}
        elif not reaches_galaxy():
            files.append({"src": put_awx(folder).name, "dest": "collections"})
            collection = {"name": f"collections/{files[-1]['src']}", "type": "file"}
        collections.append(collection)
    shipped["dependencies"]["galaxy"]["collections"] = collections
    shipped["additional_build_files"] = files
    path = folder / DEFINITION.name
    path.write_text(yaml.safe_dump(shipped, sort_keys=False))
    return path


def reaches_galaxy() -> bool:
    """Whether there is a Galaxy to take collections from."""
    try:
        with socket.create_connection(("galaxy.ansible.com", 443), timeout=10):
            return True
    except OSError:
        return False


def put_awx(folder: Path) -> Path:
    """Put the collection awx.awx into ``folder``, as the tarball that Galaxy would have."""
    kept = ROOT / "build" / ANSIBLE.replace("==", "-") / "ansible_collections/awx/awx"
    if not kept.is_dir():
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet", "--dest", str(FOLDER)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, ANSIBLE], check=True)
        (wheel,) = FOLDER.glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as package:
            kept = FOLDER / "ansible_collections/awx/awx"
            package.extractall(FOLDER, [name for name in package.namelist() if "collections/awx/awx/" in name])
        wheel.unlink()
    # The package has left out some of the collection's files, so it is built anew.
    source = folder / "awx"
    shutil.copytree(kept, source, ignore=shutil.ignore_patterns("FILES.json", "MANIFEST.json"))
    about = json.loads((kept / "MANIFEST.json").read_text())["collection_info"]
    (source / "galaxy.yml").write_text(yaml.safe_dump({name: value for name, value in about.items() if value}))
    command = ["ansible-galaxy", "collection", "build", str(source), "--output-path", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (tarball,) = folder.glob("awx-awx-*.tar.gz")
    return tarball


def build(base: str, definition_file: Path) -> None:
    options = ["--build-arg", f"EE_BASE_IMAGE={base}", "--squash", "new", "--verbosity", "2"]
    command = ["ansible-builder", "build", "--file", str(definition_file), "--tag", TAG, *options]
    command += ["--context", str(FOLDER / "context"), "--container-runtime", "podman"]
    shutil.rmtree(FOLDER / "context", ignore_errors=True)
    log = FOLDER / "build.log"
    with log.open("w") as output:
        extra = " ".join(["--network=host", *as_this_machine_installs()])
        done = subprocess.run(
            [*command, f"--extra-build-cli-args={extra}"],
            env=environment(),
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        sys.exit(f"The image could not be built. The end of {log}:\n" + log.read_text()[-3000:])


def as_this_machine_installs() -> list[str]:
    """Options of a build in which pip is configured as it is here. None of it stays in the image."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        name, _equals, value = line.partition("=")
        settings[name.rpartition(".")[2]] = ast.literal_eval(value)
    kept = {name: value for name, value in settings.items() if name in PIP_SETTINGS}
    if not kept:
        return []
    config = FOLDER / "pip.conf"
    config.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in kept.items()))
    words = " ".join(kept.values()).split()
    paths = {Path(word) for word in words if word.startswith("/")}
    # An index on this machine has its files beside it.
    paths |= {Path(urlsplit(word).path).parent for word in words if word.startswith("file:")}
    volumes = {str(config): "/etc/pip.conf", **{str(path): str(path) for path in sorted(paths) if path.exists()}}
    return [f"--volume={here}:{there}:ro" for here, there in volumes.items()]


if __name__ == "__main__":
    main(next(Path(sys.argv[1]).resolve().glob("mops-maintenance-*.tar.gz")))
