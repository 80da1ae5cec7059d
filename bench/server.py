"""What one server process carries: `python -m bench.server`. Five minutes; two cores, one for each end.

Ten thousand members in 2,000 swarms of five: memory while they are idle; then a clock probe a second from
each and a heartbeat a second in each swarm, as pages do: service and round trip of the clock, lag of the
loop, processor; then more and more probes until the round trip's p99 leaves 20 ms. The same for minimal
relays on other libraries, in the same run. Then how the cost grows with the size and the number of swarms.
The load comes from one other process (`bench.server_load`), whose own share of a core is printed.

Against another build: `--before DIRECTORY` measures the checkout there in the same run, in turn with this
one, and `--rounds 5` all of them five times; the table then shows medians.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from bench.report import RESULTS, print_table, save
from lab.ports import free_port
from lab.server_process import ServerProcess

SIZE = 5
NOW, BEFORE = "Unisono", "Unisono before"
LIMIT_MS = 20.0
# After a crowd has joined: what it left to collect and to send is done by then, and memory stands.
SETTLE_SEC = 2.0
# Probes a second, in all; the first is what 10,000 pages send.
STEPS_PER_SEC = (10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 50_000, 60_000)
SIZES = (2, 4, 8, 16, 32, 64)
SIZE_PEOPLE = 640
NUMBERS = (1, 10, 100, 1_000, 2_000, 5_000)
_SAMPLE = re.compile(r"^unisono_(\w+)_bucket\{le=\"([^\"]+)\"\} (\d+)$", re.MULTILINE)

Figures = dict[str, Any]


class Load:
    """The process of the members."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.server_load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, do: str, **how: object) -> Figures:
        command, answer = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        command.write(json.dumps({"do": do, **how}) + "\n")
        command.flush()
        line = answer.readline()
        assert line, "the load generator ended"
        return cast("Figures", json.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def processes(pid: int) -> list[int]:
    """A server's process and its workers."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # ended meanwhile
            if int(stat.read_text(encoding="ascii").rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def cpu_sec(pid: int) -> float:
    return sum(cpu_sec_of_each(pid).values())


def cpu_sec_of_each(pid: int) -> dict[int, float]:
    used: dict[int, float] = {}
    for process in processes(pid):
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        used[process] = (int(fields[11]) + int(fields[12])) / 100
    return used


def resident_kib(pid: int) -> int:
    statuses = (Path(f"/proc/{each}/status").read_text(encoding="ascii") for each in processes(pid))
    return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses)


def buckets(metrics_port: int) -> dict[str, dict[float, int]]:
    """Each histogram of the server: bound → observations at most as large, since its start."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
        text = answer.read().decode()
    found: dict[str, dict[float, int]] = {}
    for name, bound, count in _SAMPLE.findall(text):
        found.setdefault(name, {})[float(bound)] = int(count)
    return found


def bound_of(share: float, before: dict[float, int], after: dict[float, int]) -> float:
    """The bound, in ms, below which this share of the observations between two readings lies."""
    total = after[float("inf")] - before[float("inf")]
    within = (bound for bound in after if after[bound] - before[bound] >= share * total)
    return min(within, default=float("inf")) * 1000


@contextmanager
def product(
    folder: Path, checkout: Path | None = None, more: Sequence[str] = ()
) -> Iterator[tuple[int, int, int]]:
    """Its port, its process, and the port of its metrics. Of this checkout, or of the one named."""
    metrics_port = free_port()
    arguments = ["--stun-port", "0", "--metrics", f"127.0.0.1:{metrics_port}", *more]
    env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
    server = ServerProcess(folder / f"server-{metrics_port}.log", arguments, env=env)
    try:
        yield server.port, server.pid, metrics_port
    finally:
        server.stop()


@contextmanager
def relay(library: str) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "bench.relays", library]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield int(cast("IO[str]", process.stdout).readline()), process.pid
    finally:
        process.kill()
        process.communicate()


def fill(load: Load, name: str, port: int, pid: int, swarms: int, *, tls: bool = False) -> Figures:
    """Everyone in, and what each costs while idle."""
    base_kib = resident_kib(pid)
    seconds = load.ask("connect", group=name, port=port, swarms=swarms, size=SIZE, tls=tls)["seconds"]
    time.sleep(SETTLE_SEC)
    people = swarms * SIZE
    each_kib = (resident_kib(pid) - base_kib) / people
    print(f"{name}: {people} connections in {seconds:.1f} s, {each_kib:.1f} KiB each", flush=True)
    return {"base_mib": base_kib / 1024, "kib_per_connection": each_kib, "connect_sec": seconds}


def stretch(
    load: Load, name: str, pid: int, *, seconds: float, ping_hz: float, beat_hz: float, swarms: int
) -> Figures:
    used_sec, began_sec = cpu_sec(pid), time.monotonic()
    figures = load.ask("run", group=name, seconds=seconds, ping_hz=ping_hz, beat_hz=beat_hz, swarms=swarms)
    used_sec = cpu_sec(pid) - used_sec
    return {**figures, "cpu_percent": 100 * used_sec / (time.monotonic() - began_sec)}


def ramp(load: Load, name: str, pid: int, swarms: int, seconds: float) -> list[Figures]:
    """More probes a second until the round trip leaves the limit, or an end cannot keep up."""
    steps: list[Figures] = []
    for per_sec in STEPS_PER_SEC:
        ping_hz = per_sec / (swarms * SIZE)
        step = stretch(load, name, pid, seconds=seconds, ping_hz=ping_hz, beat_hz=1.0, swarms=swarms)
        step["is_sustained"] = (
            step["round_trip_p99_ms"] <= LIMIT_MS
            and step["pong_per_sec"] > 0.98 * step["ping_per_sec"]
            and step["ping_per_sec"] > 0.98 * per_sec
        )
        steps.append(step)
        if not step["is_sustained"]:
            break
    return steps


def sustained(steps: list[Figures]) -> float:
    """Probes a second of the last step that held."""
    held = [step for step in steps if step["is_sustained"]]
    return float(held[-1]["ping_per_sec"]) if held else 0.0


def measure(
    load: Load, name: str, port: int, pid: int, options: argparse.Namespace, metrics_port: int | None = None
) -> Figures:
    swarms = options.swarms
    figures = fill(load, name, port, pid, swarms)
    before = buckets(metrics_port) if metrics_port is not None else {}
    usual = stretch(load, name, pid, seconds=options.seconds, ping_hz=1.0, beat_hz=1.0, swarms=swarms)
    usual["cpu_us_per_probe"] = 1e4 * usual["cpu_percent"] / usual["ping_per_sec"]
    after = buckets(metrics_port) if metrics_port is not None else {}
    for histogram in ("clock_service", "event_loop_lag") if after else ():
        bounds = (before[f"{histogram}_seconds"], after[f"{histogram}_seconds"])
        for share_name, share in (("p50", 0.5), ("p99", 0.99)):
            usual[f"{histogram}_{share_name}_at_most_ms"] = bound_of(share, *bounds)
    figures |= {"usual": usual, "ramp": ramp(load, name, pid, swarms, options.step)}
    load.ask("close", group=name)
    return figures


def measure_product(load: Load, name: str, folder: Path, options: argparse.Namespace) -> Figures:
    with product(folder, options.before if name == BEFORE else None) as (port, pid, metrics_port):
        return measure(load, name, port, pid, options, metrics_port)


def candidates(load: Load, folder: Path, options: argparse.Namespace) -> dict[str, list[Figures]]:
    """For each server its rounds; in each round all of them, one after the other."""
    products = [*([BEFORE] if options.before is not None else []), NOW]
    found: dict[str, list[Figures]] = {name: [] for name in (*products, *options.libraries)}
    for _ in range(options.rounds):
        for name in products:
            found[name].append(measure_product(load, name, folder, options))
        for library in options.libraries:
            with relay(library) as (port, pid):
                found[library].append(measure(load, library, port, pid, options))
    return found


def growth(load: Load, folder: Path, seconds: float) -> dict[str, list[Figures]]:
    """Processor and memory over the size of swarms (as many people in all) and over their number."""
    sizes: list[Figures] = []
    with product(folder) as (port, pid, _):
        for size in SIZES:
            group, swarms = f"of {size}", SIZE_PEOPLE // size
            load.ask("connect", group=group, port=port, swarms=swarms, size=size)
            # Five times as fast as pages, so that there is something to measure.
            figures = stretch(load, group, pid, seconds=seconds, ping_hz=5.0, beat_hz=5.0, swarms=swarms)
            sizes.append(
                {"size": size, "cpu_us_per_person_sec": _us_each(figures, SIZE_PEOPLE, 5), **figures}
            )
    numbers: list[Figures] = []
    with product(folder) as (port, pid, _):
        base_kib, opened = resident_kib(pid), 0
        for number in NUMBERS:
            load.ask("connect", group="pairs", port=port, swarms=number - opened, size=2)
            opened = number
            time.sleep(SETTLE_SEC)
            memory_kib = resident_kib(pid) - base_kib
            figures = stretch(load, "pairs", pid, seconds=seconds, ping_hz=1.0, beat_hz=1.0, swarms=number)
            numbers.append({"swarms": number, "memory_mib": memory_kib / 1024, **figures})
    return {"sizes": sizes, "numbers": numbers}


def _us_each(figures: Figures, people: int, hz: int) -> float:
    return float(figures["cpu_percent"]) / 100 * 1e6 / people / hz


def plot(grown: dict[str, list[Figures]], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and no display here

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    sizes, numbers = grown["sizes"], grown["numbers"]
    left.plot([each["size"] for each in sizes], [each["cpu_us_per_person_sec"] for each in sizes], "o-")
    left.set(xscale="log", xlabel="members of each swarm", ylabel="processor, µs per person and second")
    left.set_xticks(SIZES, [str(size) for size in SIZES])
    left.set_ylim(bottom=0)
    right.plot([each["swarms"] for each in numbers], [each["cpu_percent"] for each in numbers], "o-")
    right.set(xlabel="swarms of two", ylabel="processor, % of a core")
    memory = right.twinx()
    memory.plot(
        [each["swarms"] for each in numbers], [each["memory_mib"] for each in numbers], "s--", color="C1"
    )
    memory.set_ylabel("memory above the empty server, MiB (dashed)")
    figure.suptitle("What a swarm costs its server: one probe and one heartbeat a second")
    figure.tight_layout()
    figure.savefig(path)


def show(found: dict[str, list[Figures]], grown: dict[str, list[Figures]] | None) -> None:
    columns = (
        "server",
        "KiB each",
        "CPU %",
        "µs each probe",
        "trip p50 ms",
        "trip p99 ms",
        "probes/s",
        "load CPU %",
    )
    rows = []
    for name, rounds in found.items():
        usual = [figures["usual"] for figures in rounds]
        rows.append(
            [
                name,
                statistics.median(figures["kib_per_connection"] for figures in rounds),
                statistics.median(each["cpu_percent"] for each in usual),
                statistics.median(each["cpu_us_per_probe"] for each in usual),
                statistics.median(each["round_trip_p50_ms"] for each in usual),
                statistics.median(each["round_trip_p99_ms"] for each in usual),
                round(statistics.median(sustained(figures["ramp"]) for figures in rounds)),
                statistics.median(each["load_cpu_percent"] for each in usual),
            ]
        )
    print_table(
        "The same members: a probe and a beat a second, then as fast as p99 <= 20 ms allows", columns, rows
    )
    for name in ("clock_service", "event_loop_lag"):
        bounds = [
            statistics.median(figures["usual"][f"{name}_{share}_at_most_ms"] for figures in found[NOW])
            for share in ("p50", "p99")
        ]
        print(f"{name}: p50 <= {bounds[0]:g} ms, p99 <= {bounds[1]:g} ms")
    if grown is None:
        return
    by_size = [
        [each["size"], each["cpu_us_per_person_sec"], each["round_trip_p99_ms"]] for each in grown["sizes"]
    ]
    print_table("Size of swarms", ("members", "µs/person·s", "trip p99 ms"), by_size)
    by_number = [
        [each["swarms"], each["cpu_percent"], each["memory_mib"], each["round_trip_p99_ms"]]
        for each in grown["numbers"]
    ]
    print_table("Number of swarms of two", ("swarms", "CPU %", "MiB", "trip p99 ms"), by_number)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.server", description="What one server process carries.")
    parser.add_argument("--swarms", type=int, default=2000, help="of five members each")
    parser.add_argument("--seconds", type=float, default=15.0, help="of the usual load")
    parser.add_argument("--step", type=float, default=5.0, help="seconds of each step of the ramp")
    parser.add_argument("--libraries", nargs="*", default=["aiohttp", "websockets", "picows"])
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--before", type=Path, help="a checkout to measure beside this one")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--raw", action="store_true", help="only JSON, a line, and nothing is saved")
    options = parser.parse_args()
    load = Load()
    try:
        with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
            found = candidates(load, Path(folder), options)
            grown = None if options.no_growth else growth(load, Path(folder), options.step)
    finally:
        load.close()
    if options.raw:
        print(json.dumps(found))
        return
    show(found, grown)
    if grown is not None:
        plot(grown, RESULTS / "server.png")
    options.before = str(options.before)
    save("server", {"options": vars(options), "figures": found, "growth": grown})


if __name__ == "__main__":
    main()
