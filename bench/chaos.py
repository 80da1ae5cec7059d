"""Storms over simulated rooms, more than `make test` has time for: `python -m bench.chaos --runs 100000`.

Virtual time, so it says nothing of this machine. The simulation is web/src/session/testing/chaos.ts; what
must hold after each storm is docs/spec/together.md. Failing seeds are printed as they come; `--depth D
--seed N` tells the story of one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.report import print_table, save

WEB = Path(__file__).parents[1] / "web"
NODE = WEB.parent / ".venv/bin/node"
# Of all runs: the deeper the simulation, the dearer. Those of queue, roles and both go as deep as control,
# those of drafts as whole.
SHARES = {
    "control": 0.35,
    "queue": 0.25,
    "roles": 0.1,
    "both": 0.1,
    "sound": 0.15,
    "whole": 0.04,
    "drafts": 0.01,
}
DEPTHS = tuple(SHARES)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.chaos", description="Storms over simulated rooms.")
    parser.add_argument("--runs", type=int, default=20_000, help="storms in all, over all depths")
    parser.add_argument("--first-seed", type=int, default=100_001, help="the tests use those from 1 on")
    parser.add_argument("--seed", type=int, help="run only this one and tell its story")
    parser.add_argument("--depth", choices=DEPTHS, default="control", help="with --seed: how deep")
    options = parser.parse_args()
    if options.seed is not None:
        return 1 if storm(options.depth, options.seed, 1)["failed"] else 0
    results = [
        storm(depth, options.first_seed, round(share * options.runs)) for depth, share in SHARES.items()
    ]
    print_table(
        "Storms over simulated rooms",
        ["depth", "runs", "failed", "CPU s"],
        [[each["depth"], each["runs"], len(each["failed"]), round(each["cpuSec"], 1)] for each in results],
    )
    save("chaos", {"firstSeed": options.first_seed, "results": results})
    return 1 if any(each["failed"] for each in results) else 0


def storm(depth: str, first_seed: int, runs: int) -> dict[str, Any]:
    """Prints what fails as it fails; returns the summary."""
    command = [
        *(str(NODE), "--experimental-transform-types", "--disable-warning=ExperimentalWarning"),
        *("--import", "./bench/bundled-addresses.mjs", "bench/chaos.ts", depth, str(first_seed), str(runs)),
    ]
    summary: dict[str, Any] = {}
    with subprocess.Popen(command, cwd=WEB, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith("{"):
                summary = json.loads(line)
            else:
                print(line, end="", flush=True)
    if process.returncode != 0:
        raise RuntimeError(f"the simulation ended with {process.returncode}")
    return summary


if __name__ == "__main__":
    sys.exit(main())
