# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs that grow and are rotated while runs are killed: each record arrives, and each that came twice is counted.

``MOPS_ROTATION_ROUNDS`` is how many times each way of rotating is gone through, with other chances each time.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.mops.maintenance.tests.unit.plugins.module_utils._mashery.shipping import (
    Killed,
    Service,
    lines,
    ship,
    taken_but,
)

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}
ROUNDS = int(os.environ.get("MOPS_ROTATION_ROUNDS", "1"))

LOGROTATE = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONFIGURATIONS = {
    "numbers": "",
    "numbers, copytruncate": "copytruncate",
    "extension": "extension .log",
    "extension, compress": "extension .log\ncompress",
    "extension, dateformat": "extension .log\ndateext\ndateformat -%Y%m%d-%s",
    "dateformat": "dateext\ndateformat .%d-%m-%Y.%s",
    "compress, delaycompress, copytruncate": "compress\ndelaycompress\ncopytruncate",
    "bzip2": "compress\ncompresscmd /bin/bzip2\ncompressext .bz2",
    "xz, extension": "extension .log\ncompress\ncompresscmd /usr/bin/xz\ncompressext .xz",
}


class Gateway:
    """Logs that grow; a service that is killed with its run, or loses answers; and what the runs told."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.chance = random.Random(seed)
        self.logs = [folder / "a.log", folder / "b.log"]
        self.ledger = folder / "ledger"
        self.service = Service()
        self.written = self.told = self.killed_posts = 0
        self.warnings: list[str] = []
        for log in self.logs:
            log.write_bytes(b"")
        self.run()

    def grow(self) -> None:
        log = self.chance.choice(self.logs)
        count = self.chance.choice([0, 1, 3, 20, 60])
        with log.open("ab") as file:
            file.write(lines(self.written + 1, self.written + count))
        self.written += count

    def run(self, **plan: Any) -> None:
        plan.setdefault("batch_size", self.chance.choice([7, 10, 50, 10_000]))
        plan.setdefault("skip_invalid", self.chance.random() < 0.5)
        try:
            run = ship(self.service, *self.logs, ledger=self.ledger, **plan)
        except Killed:
            return
        self.told += run.report.possibly_duplicated
        self.warnings += run.warnings

    def kill(self) -> None:
        """A run that is killed in one of its posts, before the service takes it or after."""
        killed = Killed()
        self.service.outcomes = [None] * self.chance.randrange(3)
        self.service.outcomes.append(taken_but(killed) if self.chance.random() < 0.5 else killed)
        self.run()
        self.service.outcomes = []

    def check(self) -> None:
        for _run in range(2):
            self.run()
        numbers = self.service.numbers
        twice = len(numbers) - len(set(numbers))
        assert set(numbers) == set(range(1, self.written + 1))
        assert twice <= self.told
        assert self.warnings == []


def go_through(gateway: Gateway, rotate: Callable[[], None]) -> None:
    for _step in range(12):
        gateway.grow()
        action = gateway.chance.choice([gateway.run, gateway.kill, gateway.kill, rotate, rotate, gateway.grow])
        action()
    gateway.check()


def test_kills_alone_are_told_exactly(tmp_path):
    """Where a post in doubt is sent again as it was, the count of what may have come twice is that of its records."""
    gateway = Gateway(tmp_path, "exact")
    in_doubt = 0
    for _round in range(10 * ROUNDS):
        for _log in range(3):
            gateway.grow()
        before = gateway.service.tries
        gateway.service.outcomes = [taken_but(Killed())]
        taken = len(gateway.service.numbers)
        gateway.run(batch_size=50)
        gateway.service.outcomes = []
        if gateway.service.tries > before:
            in_doubt += len(gateway.service.numbers) - taken
        gateway.run(batch_size=gateway.chance.choice([7, 50]))
    gateway.check()
    assert gateway.told == in_doubt == len(gateway.service.numbers) - gateway.written


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("name", ["{0}.{1}", "{0}.{1}.gz", "{stem}.{1}.log", "{stem}.{1}.log.xz", "{stem}-{1}.log.bz2"])
def test_by_hand(tmp_path, name, number):
    gateway = Gateway(tmp_path, f"{name} {number}")

    def rotate() -> None:
        log = gateway.chance.choice(gateway.logs)
        for age in range(9, 0, -1):
            path = log.with_name(name.format(log.name, age, stem=log.stem))
            if path.exists():
                path.rename(log.with_name(name.format(log.name, age + 1, stem=log.stem)))
        compress = COMPRESSORS.get(Path(name).suffix, bytes)
        log.with_name(name.format(log.name, 1, stem=log.stem)).write_bytes(compress(log.read_bytes()))
        if gateway.chance.random() < 0.5:
            log.unlink()
        log.write_bytes(b"")

    go_through(gateway, rotate)


@pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_with_logrotate(tmp_path, name, number):
    if "bzip2" in name and not Path("/bin/bzip2").exists():
        pytest.skip("bzip2 is not installed")
    if "xz" in name and not Path("/usr/bin/xz").exists():
        pytest.skip("xz is not installed")
    gateway = Gateway(tmp_path, f"{name} {number}")
    tmp_path.chmod(0o755)  # logrotate refuses folders that others may write to
    configuration = tmp_path / "logrotate.conf"
    configuration.write_text(
        f"{tmp_path}/a.log {tmp_path}/b.log {{\nrotate 50\nmissingok\nifempty\n"
        f"{'' if 'copytruncate' in CONFIGURATIONS[name] else 'create'}\n{CONFIGURATIONS[name]}\n}}\n"
    )
    configuration.chmod(0o644)

    def rotate() -> None:
        # With the same second in the name it does not rotate a second time, and says so: nothing is lost by that.
        subprocess.run(
            [str(LOGROTATE), "--force", "--state", str(tmp_path / "state"), str(configuration)],
            check="%s" not in CONFIGURATIONS[name],
            capture_output=True,
        )

    go_through(gateway, rotate)
    rotated = [path.name for path in tmp_path.iterdir() if path.name[0] in "ab" and path not in gateway.logs]
    assert rotated
