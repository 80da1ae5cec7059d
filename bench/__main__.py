"""All benchmarks in turn (`make bench`), each as its own process, and at the end the figures as one table."""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench.scenarios import SCENARIOS

BENCHES: tuple[tuple[str, ...], ...] = (
    ("bench.join", "--runs", "5"),
    ("bench.startup",),
    ("bench.clock", "--hours", "50"),
    ("bench.crystal",),
    ("bench.swarm",),
    ("bench.uplink",),
    ("bench.swarm_host",),
    ("bench.idle",),
    ("bench.hidden_giver",),
    ("bench.long_tasks",),
    ("bench.headless_speed",),
    ("bench.chaos", "--runs", "20000"),
    ("bench.fuzz", "--inputs", "1000000"),
    ("bench.decode",),
    ("bench.resample",),
)
# Those that take runs and seconds.
SERIES: tuple[tuple[str, ...], ...] = (
    *(("bench.speakers", name) for name in SCENARIOS if name != "crystal"),
    ("bench.fidelity",),
)
LONG: tuple[tuple[str, ...], ...] = (
    ("bench.speakers", "crystal", "--runs", "1", "--seconds", "600"),
    ("bench.cost",),
    ("bench.roles",),
    ("bench.crowd",),
    ("bench.soak", "--minutes", "20", "--seed", "1"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Every benchmark, then a table.")
    parser.add_argument("--runs", type=int, default=5, help="of each scenario at the loudspeakers")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run")
    options = parser.parse_args()
    length = ("--runs", str(options.runs), "--seconds", str(options.seconds))
    failed = []
    for bench in (*BENCHES, *((*each, *length) for each in SERIES), *LONG):
        print(f"\n=== python -m {' '.join(bench)}", flush=True)
        if subprocess.run([sys.executable, "-m", *bench], check=False).returncode != 0:
            failed.append(" ".join(bench))
    print("\n=== Timing, as last measured here", flush=True)
    subprocess.run([sys.executable, "-m", "bench.table"], check=True)
    for name in failed:
        print(f"FAILED: {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
