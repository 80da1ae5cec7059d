"""What a second worker adds: `python -m bench.server_workers`, one and two workers in turn. Two cores.

The load runs on the same two cores as the workers, so the rates that two workers reach here say more of the
load than of them. What is compared is the processor time that the server takes for a probe, in all of its
processes, with as many probes and members for each worker. From it follows how many probes a second as many
cores as workers can pay for:

    capacity = workers / processor time for a probe * mean use of the workers' cores / the busiest one's use

The last factor is for shards that are not spread evenly: the busiest worker is full first. As many for each
worker, because a probe costs the more the fewer come at once: a loop that has little to do wakes for each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.report import print_table, save
from bench.server import SIZE, Load, cpu_sec_of_each, fill, product, ramp

Figures = dict[str, Any]


def of_workers(load: Load, folder: Path, workers: int, options: argparse.Namespace) -> Figures:
    """Of a server with so many workers."""
    group, swarms = f"{workers} workers", options.swarms * workers
    tls = certificate(folder) if options.tls else []
    with product(folder, more=["--workers", str(workers), *tls]) as (port, pid, _):
        found = fill(load, group, port, pid, swarms, tls=options.tls)
        ping_hz = options.probes / (options.swarms * SIZE)
        before, began_sec = cpu_sec_of_each(pid), time.monotonic()
        found |= load.ask(
            "run", group=group, seconds=options.seconds, ping_hz=ping_hz, beat_hz=1.0, swarms=swarms
        )
        after, passed_sec = cpu_sec_of_each(pid), time.monotonic() - began_sec
        used_sec = {each: after[each] - before.get(each, 0.0) for each in after}
        # The supervisor, which comes first, serves no probe.
        serving_sec = list(used_sec.values())[-workers:]
        per_probe_sec = sum(used_sec.values()) / (found["pong_per_sec"] * options.seconds)
        found["cpu_us_per_probe"] = 1e6 * per_probe_sec
        found["cores_percent"] = [100 * sec / passed_sec for sec in serving_sec]
        found["balance"] = statistics.mean(serving_sec) / max(serving_sec)
        found["capacity_per_sec"] = workers / per_probe_sec * found["balance"]
        steps = ramp(load, group, pid, swarms, options.step) if options.step > 0 else []
        held = [step["ping_per_sec"] for step in steps if step["is_sustained"]]
        found["held_per_sec"] = max(held, default=0.0)
        load.ask("close", group=group)
    return found


def certificate(folder: Path) -> list[str]:
    """The server's options for TLS."""
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-subj", "/CN=localhost", "-keyout", key, "-out", cert]
    subprocess.run(make, check=True, capture_output=True)
    return ["--tls-cert", cert, "--tls-key", key]


def median(rounds: list[Figures], name: str) -> float:
    return statistics.median(float(each[name]) for each in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.server_workers", description="What a second worker adds.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--swarms", type=int, default=200, help="of five members, for each worker")
    parser.add_argument("--probes", type=int, default=7000, help="a second, for each worker")
    parser.add_argument("--seconds", type=float, default=10.0, help="of that load")
    parser.add_argument("--step", type=float, default=0.0, help="seconds of each step of a ramp; 0: none")
    parser.add_argument("--tls", action="store_true", help="half of all connections are relayed then")
    parser.add_argument("--raw", action="store_true", help="only JSON, a line, and nothing is saved")
    options = parser.parse_args()
    rounds: dict[str, list[Figures]] = {"1": [], "2": []}
    load = Load()
    try:
        with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
            for _ in range(options.rounds):
                for workers in (1, 2):
                    rounds[str(workers)].append(of_workers(load, Path(folder), workers, options))
    finally:
        load.close()
    ratio = median(rounds["2"], "capacity_per_sec") / median(rounds["1"], "capacity_per_sec")
    found = {"rounds": rounds, "capacity_ratio": ratio}
    if options.raw:
        print(json.dumps(found))
        return
    shown = {
        "KiB each": "kib_per_connection",
        "µs a probe": "cpu_us_per_probe",
        "balance": "balance",
        "p99 ms": "round_trip_p99_ms",
        "capacity, probes/s": "capacity_per_sec",
        "held at p99 <= 20 ms": "held_per_sec",
    }
    rows = [[workers, *(median(each, name) for name in shown.values())] for workers, each in rounds.items()]
    print_table(f"One worker and two, medians of {options.rounds} rounds", ("workers", *shown), rows)
    print(f"two workers carry {ratio:.2f} times as much as one")
    save("server-workers", {"options": vars(options), "figures": found})


if __name__ == "__main__":
    main()
