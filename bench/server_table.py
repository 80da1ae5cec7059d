"""The server of this checkout beside that of another: `python -m bench.server_table --before ../before`.

In each round both are measured in turn, with minimal relays on picows and aiohttp beside them, each part by a
process of its own; then come the medians of all rounds, a row for each promise of the server. The load is of
this checkout for both: only `unisono` is the other one's. Two cores with nothing else on them, and about 25
minutes a round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.report import print_table, save
from bench.server import BEFORE, NOW, sustained

HERE = Path(__file__).parents[1]
RELAYS = ("picows", "aiohttp")
FLOODS = ("return", "return-rude", "never-read", "broadcaster")
PARTS = ("crowd", "floods", "workers")
PEOPLE = 10_000

Figures = dict[str, Any]


def run(module: str, source: Path, *arguments: str) -> list[str]:
    """What a bench prints, with `unisono` from this checkout. Nothing when it fails, which is an answer."""
    print(f"  {module} {' '.join(arguments)}  ({source.name})", flush=True)
    path = os.pathsep.join((str(source / "src"), str(HERE)))
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=False,
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    return ended.stdout.splitlines() if ended.returncode == 0 else []


def crowd(options: argparse.Namespace) -> Figures:
    """By column: memory, processor, and probes of 10,000 members of each build and of the relays, in turn."""
    arguments = ["--raw", "--no-growth", "--swarms", str(options.people // 5), "--libraries", *RELAYS]
    arguments += ["--seconds", str(options.seconds), "--step", str(options.step)]
    if options.before:
        arguments += ["--before", str(options.before.resolve())]
    lines = run("bench.server", HERE, *arguments)
    columns = {NOW: "now", BEFORE: "before"}
    found = json.loads(lines[-1]) if lines else {}
    return {columns.get(name, name): {"crowd": rounds[0]} for name, rounds in found.items()}


def floods(source: Path, people: int) -> Figures:
    """By name, what `bench.server_floods` prints of each."""
    found: Figures = {}
    for name in FLOODS:
        for line in run("bench.server_floods", source, name, "--people", str(people)):
            word, _, figures = line.partition(" ")
            if word == name and figures.startswith("{"):
                found[name] = json.loads(figures)
    return found


def workers(source: Path) -> Figures:
    """Nothing for a server that has none."""
    if not (source / "src/unisono/workers").exists():
        return {}
    lines = run("bench.server_workers", source, "--raw", "--rounds", "1")
    return dict(json.loads(lines[-1])) if lines else {}


def measured(source: Path, options: argparse.Namespace) -> Figures:
    """One build in one round."""
    found: Figures = {}
    if "floods" in options.parts:
        found["floods"] = floods(source, options.people)
    if "workers" in options.parts:
        found["workers"] = workers(source)
    return found


# What, its figure in a round of one build, and what is to be reached.
ROWS: tuple[tuple[str, Callable[[Figures], float], str], ...] = (
    ("KiB for each idle connection", lambda of: of["crowd"]["kib_per_connection"], "<= 10.5"),
    ("µs of processor a probe", lambda of: of["crowd"]["usual"]["cpu_us_per_probe"], "<= 0.4 x before"),
    ("probes/s while p99 <= 20 ms", lambda of: sustained(of["crowd"]["ramp"]), ">= 3 x before, 0.7 x picows"),
    ("p99 in the first 15 s, ms", lambda of: of["crowd"]["usual"]["round_trip_p99_ms"], "<= 5"),
    ("killed: the last one back, s", lambda of: of["floods"]["return"]["last_back_sec"], "<= 30"),
    ("... beside a rude host, s", lambda of: of["floods"]["return-rude"]["last_back_sec"], "<= 30"),
    ("never read: memory, MiB", lambda of: of["floods"]["never-read"]["peak_mib"], "<= 400"),
    ("... beside them: p99, ms", lambda of: of["floods"]["never-read"]["during_p99_ms"], "<= 20"),
    ("beside a broadcaster: p99, ms", lambda of: of["floods"]["broadcaster"]["during_p99_ms"], "<= 5"),
    ("two workers, times one", lambda of: of["workers"]["capacity_ratio"], ">= 1.7"),
)


def median(rounds: Sequence[Figures], figure: Callable[[Figures], float]) -> float | str:
    """Of the rounds that have this figure; a dash where none has."""
    values = []
    for found in rounds:
        try:
            values.append(float(figure(found)))
        except (KeyError, TypeError):
            continue  # not measured, or the server did not get so far
    return statistics.median(values) if values else "-"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.server_table", description="This server beside another.")
    parser.add_argument("--before", type=Path, help="a checkout of the other one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seconds", type=float, default=15.0, help="of the usual load of the crowd")
    parser.add_argument("--step", type=float, default=5.0, help="seconds of each step of its ramp")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    builds = {"before": options.before.resolve()} if options.before else {}
    builds["now"] = HERE
    rounds: list[Figures] = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", flush=True)
        found: Figures = {name: measured(source, options) for name, source in builds.items()}
        for name, figures in (crowd(options) if "crowd" in options.parts else {}).items():
            found[name] = {**found.get(name, {}), **figures}
        rounds.append(found)
        # After each round: it takes long enough for something to end it.
        how = ("rounds", "people", "seconds", "step", "parts")
        save("server-table", {"options": {name: vars(options)[name] for name in how}, "rounds": rounds})
    columns = [*builds, *(RELAYS if "crowd" in options.parts else ())]
    rows = [
        [what, *(median([each.get(name, {}) for each in rounds], figure) for name in columns), reach]
        for what, figure, reach in ROWS
    ]
    print_table(f"Medians of {len(rounds)} rounds", ["what", *columns, "to reach"], rows)


if __name__ == "__main__":
    main()
