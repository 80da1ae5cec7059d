"""What floods do to a server and to those who have nothing to do with them: `python -m bench.server_floods`.

    never-read   10,000 members of swarms of their own that never read: the server's memory
    broadcaster  64 sockets of one address at 50 broadcasts a second: an uninvolved swarm's clock
    unfinished   500 upgrades a second that nobody finishes: a newcomer, and the same clock
    return       10,000 pages whose server is killed and started again: when the last one is back
    return-rude  the same beside a host with 500 unfinished upgrades a second

Names as arguments run only those. The load is `bench.floods`, the clock is watched by `bench.server_load`: a
hundred members in swarms of five, five probes a second each. Where fewer cores are free than processes run,
a round trip holds the time that server and watchers wait for a core, up to 100 ms at a time beside other
work: how much of the time they did stands beside, and the server's own histograms. `--real-time` (root) gives
both a core whenever they can use one, so that what is left is the server's doing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from bench.figures import server_counts
from bench.floods import COUNTS, enter
from bench.report import print_table, save
from bench.server import Load, bound_of, buckets, cpu_sec
from lab.ports import free_port
from lab.server_process import ServerProcess

AS_SHIPPED = ("--connections-per-address", "160", "--joins-per-address", "160", "--stun-port", "0")
WATCHERS, WATCH_HZ = 20, 5.0
QUIET_SEC = 3.0

Figures = dict[str, Any]


def waited_sec(pid: int) -> float:
    """How long the main thread could have run and had no core."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1024


@contextmanager
def flood(name: str, port: int, count: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.floods", name, "127.0.0.1", str(port)]
    command += ["--count", str(count), "--seconds", str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> Any:  # noqa: ANN401 - as it comes
    """The next line of it; what became of its sockets is the last one."""
    line = cast("IO[str]", process.stdout).readline()
    assert line, "the flood ended without a word"
    return json.loads(line)


async def newcomer_ms(port: int) -> float:
    """How long somebody who has nothing to do with it waits for a welcome."""
    began_sec = time.monotonic()
    for attempt in range(30):
        entered = await enter("127.0.0.1", port, "127.9.9.9", "new", f"new {attempt}")
        if not isinstance(entered, str):
            entered.close()
            return 1000 * (time.monotonic() - began_sec)
        await asyncio.sleep(0.5)
    return float("inf")


def beside(
    name: str,
    load: Load,
    folder: Path,
    count: int,
    ramp_sec: float,
    seconds: float,
    *,
    is_real_time: bool,
) -> Figures:
    """One flood beside watchers; the ramp is how long it takes until it is what it is to be."""
    metrics_port = free_port()
    arguments = [*AS_SHIPPED, "--metrics", f"127.0.0.1:{metrics_port}"]
    server = ServerProcess(folder / f"{name}.log", arguments)
    if is_real_time:
        for pid in (server.pid, load.pid):
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
    try:
        watch = {"group": name, "ping_hz": WATCH_HZ, "beat_hz": 1.0, "swarms": WATCHERS}
        load.ask("connect", group=name, port=server.port, swarms=WATCHERS, size=5)
        quiet = load.ask("run", seconds=QUIET_SEC, **watch)
        with flood(name, server.port, count, ramp_sec + seconds + 5) as strangers:
            time.sleep(ramp_sec)  # the flood is measured once all of it has come
            before, used_sec, began_sec = buckets(metrics_port), cpu_sec(server.pid), time.monotonic()
            waited = [waited_sec(pid) for pid in (server.pid, load.pid)]
            during = load.ask("run", seconds=seconds, **watch)
            passed_sec = time.monotonic() - began_sec
            used_sec = (cpu_sec(server.pid) - used_sec) / passed_sec
            waited = [
                (waited_sec(pid) - earlier_sec) / passed_sec
                for pid, earlier_sec in zip((server.pid, load.pid), waited, strict=True)
            ]
            after = buckets(metrics_port)
            new_ms = asyncio.run(newcomer_ms(server.port))
            counts = server_counts(metrics_port)
            fates = said(strangers)
        load.ask("close", group=name)
        service, lag = "clock_service_seconds", "event_loop_lag_seconds"
        return {
            "count": count,
            "quiet_p99_ms": quiet["round_trip_p99_ms"],
            "during_p50_ms": during["round_trip_p50_ms"],
            "during_p99_ms": during["round_trip_p99_ms"],
            "watchers_lost": during["lost"],
            "clock_service_p99_at_most_ms": bound_of(0.99, before[service], after[service]),
            "loop_lag_p99_at_most_ms": bound_of(0.99, before[lag], after[lag]),
            "newcomer_ms": new_ms,
            "peak_mib": peak_mib(server.pid),
            "cpu_percent": 100 * used_sec,
            "server_waited_for_core_percent": 100 * waited[0],
            "watchers_waited_for_core_percent": 100 * waited[1],
            "server": {key: value for key, value in counts.items() if key in SHOWN_COUNTS},
            "fates": fates,
        }
    finally:
        server.stop()


SHOWN_COUNTS = (
    "unisono_connections",
    "unisono_queue_bytes",
    "unisono_waiting_upgrades",
    "unisono_refused_upgrades_total",
    "unisono_withheld_total",
    "unisono_closes_total",
    "unisono_messages_sent_total",
)


def come_back(folder: Path, count: int, rude_per_sec: int) -> Figures:
    """All in, the server killed, started again at once; when all are in again, and a newcomer among them."""
    server = ServerProcess(folder / f"return-{rude_per_sec}.log", [*AS_SHIPPED])
    try:
        with flood("return", server.port, count, 120) as pages:
            assert said(pages) == "ready"
            server.stop(signal.SIGKILL)
            killed_sec = time.monotonic()
            server.restart()
            down_sec, used_sec = time.monotonic() - killed_sec, cpu_sec(server.pid)
            with flood("unfinished", server.port, max(1, rude_per_sec), 40 if rude_per_sec else 0.1) as rude:
                new_ms = asyncio.run(newcomer_ms(server.port))
                fates = said(pages)
                rude_fates = said(rude) if rude_per_sec == 0 else {}
        return {
            "count": count,
            "rude_per_sec": rude_per_sec,
            "down_sec": down_sec,
            "newcomer_ms": new_ms,
            "last_back_sec": fates.pop("last back after ms") / 1000,
            "median_back_sec": fates.pop("median back after ms") / 1000,
            "peak_mib": peak_mib(server.pid),
            # What the machine had to give: where it is shared, the seconds above say more of the others.
            "server_cpu_ms_per_page": 1000 * (cpu_sec(server.pid) - used_sec) / count,
            "fates": {**fates, **rude_fates},
        }
    finally:
        server.stop()


def main() -> None:
    names = ("never-read", "broadcaster", "unfinished", "return", "return-rude")
    parser = argparse.ArgumentParser(prog="bench.server_floods", description="What floods do to a server.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names)}; all without")
    parser.add_argument(
        "--people", type=int, default=COUNTS["return"], help="of the crowd, and that never read"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="watched beside each flood")
    parser.add_argument("--real-time", action="store_true", help="server and watchers before all others")
    options = parser.parse_args()
    found: dict[str, Figures] = {}
    load = Load()
    try:
        with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
            for name in options.names or names:
                if name.startswith("return"):
                    rude_per_sec = COUNTS["unfinished"] if name == "return-rude" else 0
                    found[name] = come_back(Path(folder), options.people, rude_per_sec)
                else:
                    count = options.people if name == "never-read" else COUNTS[name]
                    ramp_sec = options.people / 500 if name == "never-read" else 2.0
                    found[name] = beside(
                        name,
                        load,
                        Path(folder),
                        count,
                        ramp_sec,
                        options.seconds,
                        is_real_time=options.real_time,
                    )
                print(name, json.dumps(found[name]), flush=True)
    finally:
        load.close()
    print_table(
        "Beside a flood: a swarm that has nothing to do with it, and a newcomer",
        (
            "flood",
            "quiet p99 ms",
            "p50 ms",
            "p99 ms",
            "service p99 <= ms",
            "newcomer ms",
            "peak MiB",
            "CPU %",
            "waited for a core %",
        ),
        [
            [
                name,
                *(
                    each[key]
                    for key in (
                        "quiet_p99_ms",
                        "during_p50_ms",
                        "during_p99_ms",
                        "clock_service_p99_at_most_ms",
                        "newcomer_ms",
                        "peak_mib",
                        "cpu_percent",
                        "server_waited_for_core_percent",
                    )
                ),
            ]
            for name, each in found.items()
            if "quiet_p99_ms" in each
        ],
    )
    print_table(
        "A crowd whose server was killed",
        ("crowd", "pages", "down s", "median back s", "last back s", "newcomer ms"),
        [
            [
                name,
                each["count"],
                each["down_sec"],
                each["median_back_sec"],
                each["last_back_sec"],
                each["newcomer_ms"],
            ]
            for name, each in found.items()
            if "last_back_sec" in each
        ],
    )
    save("server-floods", {"options": vars(options), "figures": found})


if __name__ == "__main__":
    main()
