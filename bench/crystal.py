"""A device whose clocks run 100 ppm off, for ten minutes: `python -m bench.crystal`.

Virtual time, so it says nothing of this machine; the crystals are made up, so the truth is known. The
simulation is web/bench/crystal-sim.ts. `python -m bench.speakers crystal` is the same in the rig, on the
clock that scripts read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.report import RESULTS, print_table, save

WEB = Path(__file__).parents[1] / "web"
NODE = WEB.parent / ".venv/bin/node"
SAMPLE_SEC = 0.5  # SimulatedDevice.errorsMs


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.crystal", description="Crystals that are off, simulated.")
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    command = [
        *(str(NODE), "--experimental-transform-types", "--disable-warning=ExperimentalWarning"),
        *("bench/crystal-sim.ts", str(options.minutes), str(options.seeds)),
    ]
    run = subprocess.run(command, cwd=WEB, check=True, capture_output=True, text=True)
    cases: list[dict[str, Any]] = json.loads(run.stdout)
    figures: dict[str, dict[str, float]] = {}
    for case in cases:
        errors = np.abs([error for each in case["runs"] for error in each["errorsMs"]])
        figures[case["name"]] = {
            "median_ms": float(np.median(errors)),
            "p95_ms": float(np.percentile(errors, 95)),
            "max_ms": float(errors.max()),
        }
    print_table(
        f"Distance to its place in the song, ms: {options.minutes} min, {options.seeds} seeds; the aim is 1",
        ["crystals", "median", "p95", "max"],
        [[name, *values.values()] for name, values in figures.items()],
    )
    plot(cases)
    # The seeds give the others again; one run a case is kept to look at.
    kept = {case["name"]: [round(error, 3) for error in case["runs"][0]["errorsMs"]] for case in cases}
    save("crystal", {"options": vars(options), "figures": figures, "first_seed_errors_ms": kept})


def plot(cases: list[dict[str, Any]]) -> None:
    figure = Figure(figsize=(10, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for case in cases:
        errors_ms = case["runs"][0]["errorsMs"]
        at_sec = SAMPLE_SEC * np.arange(1, len(errors_ms) + 1)
        axes.plot(at_sec, errors_ms, linewidth=0.9, label=case["name"])
    axes.set_xlabel("seconds")
    axes.set_ylabel("later than it should be, ms (first seed)")
    axes.legend(fontsize=8)
    axes.grid(visible=True, alpha=0.25)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "crystal.png")


if __name__ == "__main__":
    main()
