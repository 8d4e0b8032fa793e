# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast logs are shipped, against the usual commands for compressing and signing a file, and in how much memory.

Everything is measured several times in turn, and the best of each is compared: what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODULE = "ansible_collections.mops.maintenance.plugins.modules.mashery_event_post"

ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

SECTIONS = ["speed", "formats", "rerun", "levels", "growth"]

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
"""


class Sink(BaseHTTPRequestHandler):
    """Takes everything and answers 200."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        pass


def serve() -> None:
    """Print the port and serve until standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


def write_log(path: Path, count: int) -> None:
    """A log as a gateway has it: 500 developers, 20 services, calls from everywhere, times that differ."""
    chance = random.Random(count)

    def key() -> str:
        return "".join(chance.choices("abcdefghijkmnpqrstuvwxyz23456789", k=24))

    developers, services = [key() for _number in range(500)], [key() for _number in range(20)]
    methods = ["GetCompanyDetailRequest", "SearchCompanies", "ListOrders", "GetOrder", "CreateOrder"]
    moment = 1_700_000_000.0
    with path.open("w") as file:
        for _number in range(count):
            moment += chance.expovariate(50)
            date = datetime.fromtimestamp(moment, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
            address = ".".join(map(str, chance.getrandbits(32).to_bytes(4, "big")))
            seconds = chance.expovariate(3)
            remote, connect = seconds * chance.random(), seconds * chance.random() / 10
            file.write(
                f'- {address} - - [{date}] "{chance.choice(("GET", "GET", "POST"))} - HTTP/1.1" '
                f'{chance.randrange(100_000)} {chance.choice((200, 200, 200, 304, 404, 500))} "-" "-" '
                f'0_{chance.choice(developers)}_{chance.choice(services)} "-" "-" "{chance.choice(methods)}" '
                f"{int(chance.random() < 0.2)} - {seconds:.6f} {remote:.6f} {connect:.6f} {connect / 2:.6f} -\n"
            )


@dataclass(frozen=True)
class Measured:
    """One run of a process: seconds it took, processor seconds, and its peak memory in MB."""

    seconds: float
    processor: float
    memory: float
    result: dict[str, Any]


def run(command: list[str], text: str = "", **variables: str) -> Measured:
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text.encode())
    process.stdin.close()
    output = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed: {output.decode(errors='replace')[-2000:]}")
    result = json.loads(output) if output.startswith((b"{", b"\n{")) else {}
    seconds = time.monotonic() - start
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, result)


class Bench:
    """Runs the module against a sink."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._ledgers = 0

    def log(self, count: int) -> Path:
        path = self.folder / f"{count}.log"
        if not path.exists():
            write_log(path, count)
        return path

    def by_hand(self, log: Path) -> Measured:
        return run(["sh", "-c", f"gzip -6 < {log} | openssl dgst -sha256 -hmac secret"])

    def ship(self, log: Path, ledger: str | None = None, **options: Any) -> Measured:
        """Ship with a ledger that is new unless it is named."""
        self._ledgers += 1
        options.setdefault("compress_level", 6)
        wanted = {
            "url": self.url,
            "api_key": "key",
            "secret": "secret",
            "src": [str(log)],
            "ledger": ledger or str(self.folder / f"{self._ledgers}.ledger"),
            **options,
        }
        measured = run(
            [sys.executable, "-m", MODULE],
            json.dumps({"ANSIBLE_MODULE_ARGS": wanted}),
            PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)[0],
        )
        assert not measured.result.get("failed"), measured.result
        return measured

    def play(self, task: str) -> float:
        """Seconds of a play with this task."""
        path = self.folder / "play.yml"
        path.write_text(PLAY + task)
        return run([str(ANSIBLE_PLAYBOOK), str(path)], ANSIBLE_LOCALHOST_WARNING="false").seconds


def row(name: str, value: str, wanted: str = "", met: bool | None = None) -> None:
    verdict = "" if met is None else "met" if met else "MISSED"
    print(f"  {name:<58} {value:>16}   {wanted:<18} {verdict}", flush=True)


def speed(bench: Bench, records: int, rounds: int) -> None:
    log = bench.log(records)
    size = log.stat().st_size / 1e6
    print(f"Shipping {records} records ({size:.0f} MB) at level 6, validated, with a ledger:")
    times: dict[str, list[float]] = {"by hand": [], "fail": [], "skip": []}
    memory = 0.0
    for _round in range(rounds):
        times["by hand"].append(bench.by_hand(log).seconds)
        for mode in ("fail", "skip"):
            measured = bench.ship(log, on_invalid=mode)
            assert measured.result["posted"] == records
            times[mode].append(measured.seconds)
            memory = max(memory, measured.memory)
    hand = min(times["by hand"])
    row("gzip -6 | openssl dgst -sha256 -hmac", f"{records / hand:.0f} records/s")
    for mode, name in (
        ("skip", "on_invalid: skip, one pass"),
        ("fail", "on_invalid: fail, validated before anything is sent"),
    ):
        ours = min(times[mode])
        row(name, f"{records / ours:.0f} records/s")
        row("  times as fast", f"{hand / ours:.2f}", "at least 1.5", hand / ours >= 1.5)
    row("peak memory", f"{memory:.0f} MB", "at most 100 MB", memory <= 100)
    tenth = max(
        bench.ship(bench.log(records // 10), on_invalid=mode).memory
        for _round in range(rounds)
        for mode in ("fail", "skip")
    )
    row(f"  against {records // 10} records", f"{memory / tenth:.2f}", "at most 1.10", memory / tenth <= 1.1)


NGINX_BY_HAND = r"""awk '{ gsub(/"/, "", $6); gsub(/"/, "", $8)
  printf "- %s - - %s %s \"%s - %s\" %s %s \"-\" \"-\" 0_%s_%s \"-\" \"-\" \"%s\" 0 - 0 0 0 0 -\n",
    $1, $4, $5, $6, $8, $10, $9, "developer", "service", $7 }'"""
"""What a person would write first: it checks nothing, and believes that no field holds a space."""

ENVOY_BY_HAND = r"""jq -r '"- \(.downstream_remote_address | split(":")[0]) - - [\(
  .start_time[0:19] + "Z" | fromdate | strftime("%d/%b/%Y:%H:%M:%S +0000"))] \"\(.method) - HTTP/1.1\" \(
  .bytes_sent) \(.response_code) \"-\" \"-\" 0_\(.x_api_key)_service \"-\" \"-\" \"\(.path)\" 0 - \(
  .duration / 1000) \((.upstream_service_time | tonumber) / 1000) 0 0 -"'"""


def write_nginx_log(path: Path, count: int) -> None:
    """nginx's format combined, as a public API has it: clients from everywhere, few paths with many ids."""
    chance = random.Random(count)
    agents = ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "okhttp/4.12.0"]
    moment = 1_700_000_000.0
    with path.open("w") as file:
        for _number in range(count):
            moment += chance.expovariate(50)
            date = datetime.fromtimestamp(moment, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
            address = ".".join(map(str, chance.getrandbits(32).to_bytes(4, "big")))
            file.write(
                f'{address} - - [{date}] "{chance.choice(("GET", "GET", "POST"))} '
                f'/v1/{chance.choice(("companies", "orders"))}/{chance.randrange(100_000)}?fields=name HTTP/1.1" '
                f'{chance.choice((200, 200, 200, 304, 404, 500))} {chance.randrange(100_000)} "-" '
                f'"{chance.choice(agents)}"\n'
            )


def write_envoy_log(path: Path, count: int) -> None:
    """Envoy's JSON with the keys of Istio, and the header with the API key."""
    chance = random.Random(count)
    developers = ["".join(chance.choices("abcdefghijkmnpqrstuvwxyz23456789", k=24)) for _number in range(500)]
    moment = 1_700_000_000.0
    with path.open("w") as file:
        for _number in range(count):
            moment += chance.expovariate(50)
            date = datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            address = ".".join(map(str, chance.getrandbits(32).to_bytes(4, "big")))
            duration = int(chance.expovariate(1 / 200)) + 1
            line = {
                "start_time": date,
                "method": chance.choice(("GET", "GET", "POST")),
                "path": f"/v1/companies/{chance.randrange(100_000)}?fields=name",
                "protocol": "HTTP/1.1",
                "response_code": chance.choice((200, 200, 200, 304, 404, 500)),
                "response_flags": "-",
                "bytes_received": 0,
                "bytes_sent": chance.randrange(100_000),
                "duration": duration,
                "upstream_service_time": str(max(0, duration - chance.randrange(20))),
                "downstream_remote_address": f"{address}:{chance.randrange(1024, 65536)}",
                "user_agent": "okhttp/4.12.0",
                "authority": "api.example.com",
                "upstream_host": "10.0.2.1:80",
                "x_api_key": chance.choice(developers),
            }
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def formats(bench: Bench, records: int, rounds: int) -> None:
    """Other logs than ready records, at level 4; against converting, compressing and signing by hand."""
    print(f"Converting and shipping {records} lines at level 4, validated, with a ledger:")
    constants = {"service_key": {"constant": "service"}, "service_dev_key": {"constant": "developer"}}
    for name, write, by_hand, tool, mapping in (
        ("nginx_combined", write_nginx_log, NGINX_BY_HAND, "awk", constants),
        ("envoy_json", write_envoy_log, ENVOY_BY_HAND, "jq", {**constants, "service_dev_key": {"path": "x_api_key"}}),
    ):
        log = bench.folder / f"{name}.log"
        write(log, records)
        command = f"{by_hand} {log} | gzip -4 | openssl dgst -sha256 -hmac secret"
        hand: list[Measured] = []
        ours: dict[str, list[Measured]] = {"skip": [], "fail": []}
        for _round in range(rounds):
            if shutil.which(tool):
                hand.append(run(["bash", "-o", "pipefail", "-c", command]))
            for mode, measured in ours.items():
                measured.append(bench.ship(log, on_invalid=mode, format=name, mapping=mapping, compress_level=4))
                assert measured[-1].result["posted"] == records, measured[-1].result
        best_by_hand = min((one.seconds for one in hand), default=0.0)
        if hand:
            row(f"{name}: {tool} | gzip -4 | openssl dgst", f"{records / best_by_hand:.0f} records/s")
        else:
            row(f"{name}: {tool}", "not installed")
        for mode, measured in ours.items():
            seconds = min(one.seconds for one in measured)
            met = records / seconds >= 150_000 if mode == "skip" else None
            wanted = "at least 150000" if mode == "skip" else ""
            row(f"{name}: on_invalid: {mode}", f"{records / seconds:.0f} records/s", wanted, met)
            cost = min(one.processor for one in measured) / records * 1e6
            row("  processor time of a record", f"{cost:.2f} us")
            if hand:
                row("  times as fast", f"{best_by_hand / seconds:.2f}", "at least 1.5", best_by_hand / seconds >= 1.5)
        memory = max(one.memory for measured in ours.values() for one in measured)
        row("  peak memory", f"{memory:.0f} MB", "at most 100 MB", memory <= 100)
        if name.endswith("_json"):
            alone = min(parsing(log) for _round in range(rounds))
            ratio = alone / min(one.seconds for one in ours["skip"])
            row("  json.loads() of each line alone", f"{records / alone:.0f} records/s")
            row("  ours, of that limit", f"{ratio:.0%}")


def parsing(log: Path) -> float:
    """Seconds that Python's JSON parser takes for the lines of a log, and nothing else."""
    lines = log.read_text().splitlines()
    begin = time.perf_counter()
    for line in lines:
        json.loads(line)
    return time.perf_counter() - begin


def rerun(bench: Bench, records: int, rounds: int) -> None:
    print("A rerun with nothing new, wall time of ansible-playbook:")
    log, ledger = bench.log(records), str(bench.folder / "rerun.ledger")
    bench.ship(log, ledger)
    ours, empty = [], []
    for _round in range(rounds):
        empty.append(bench.play('    - ansible.builtin.command: "true"\n'))
        ours.append(
            bench.play(
                "    - mops.maintenance.mashery_event_post:\n"
                f"        {{url: '{bench.url}', api_key: key, secret: secret, src: {log}, ledger: {ledger}}}\n"
            )
        )
    row("a play with ansible.builtin.command: true", f"{statistics.median(empty):.2f} s")
    ratio = statistics.median(ours) / statistics.median(empty)
    row("a rerun of ours", f"{statistics.median(ours):.2f} s")
    row("  times as long", f"{ratio:.2f}", "at most 1.20", ratio <= 1.2)


def levels(bench: Bench, records: int, chosen: Sequence[int]) -> None:
    print(f"What the compression level costs and saves, {records} records:")
    log = bench.log(records)
    for level in chosen:
        measured = bench.ship(log, compress_level=level)
        report = measured.result
        row(
            f"level {level}",
            f"{records / report['elapsed']:.0f} records/s",
            f"{report['bytes_sent'] / report['bytes_raw']:.1%} of the size, {measured.processor:.1f} s of processor",
        )


def growth(bench: Bench, largest: int) -> None:
    print("Processor time per record, in microseconds, less that of a run with one record; and wall time:")
    one = min(bench.ship(bench.log(1)).processor for _round in range(3))
    count = min(10_000, largest)
    while count <= largest:
        runs = [bench.ship(bench.log(count)) for _round in range(2)]
        cost = (min(run.processor for run in runs) - one) / count * 1e6
        seconds = min(run.seconds for run in runs)
        row(f"{count:>9}  " + "#" * round(cost * 4), f"{cost:.2f}", f"{seconds:.1f} s, {runs[0].memory:.0f} MB")
        count *= 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--largest", type=int, default=1_000_000, help="of the logs whose cost per record is compared")
    parser.add_argument("--only", choices=SECTIONS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--tiny", action="store_true", help="as little as can be, to see that it works")
    arguments = parser.parse_args()
    if arguments.tiny:
        arguments.records, arguments.rounds, arguments.largest = 2000, 1, 1000
    if arguments.serve:
        serve()
        return
    with tempfile.TemporaryDirectory() as folder:
        sink = subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert sink.stdout is not None
            bench = Bench(f"http://127.0.0.1:{int(sink.stdout.readline())}/reporting", Path(folder))
            wanted = [arguments.only] if arguments.only else SECTIONS
            if "speed" in wanted:
                speed(bench, arguments.records, arguments.rounds)
            if "formats" in wanted:
                formats(bench, arguments.records // 2, arguments.rounds)
            if "rerun" in wanted:
                rerun(bench, 1000, 1) if arguments.tiny else rerun(bench, 100_000, max(5, arguments.rounds))
            if "levels" in wanted:
                levels(bench, arguments.records // 5, (1, 9) if arguments.tiny else range(1, 10))
            if "growth" in wanted:
                growth(bench, arguments.largest)
        finally:
            sink.terminate()
            sink.wait()


if __name__ == "__main__":
    main()
