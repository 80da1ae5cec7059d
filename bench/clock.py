"""How well clock filters read a server's clock over modelled networks: `python -m bench.clock --hours 200`.

Virtual time, so no network and no noise of this machine: five kinds of path, `--hours` device-hours each,
Unisono's estimator beside the filters of the field. The simulation is web/bench/clock-sim.ts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.report import RESULTS, print_table, save

ROOT = Path(__file__).parents[1]
NODE = ROOT / ".venv/bin/node"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.clock", description="Clock filters over modelled networks.")
    parser.add_argument("--hours", type=int, default=200, help="device-hours on each of the five paths")
    options = parser.parse_args()
    result = simulate(options.hours)
    report: dict[str, dict[str, dict[str, float]]] = result["report"]
    filters = list(next(iter(report.values())))
    print_table(
        f"Clock error after the first minute, p95, ms ({options.hours} device-hours a path)",
        ["path", *filters],
        [[path, *(figures[each]["p95"] for each in filters)] for path, figures in report.items()],
    )
    plot(report, filters)
    save("clock", result)


def simulate(hours: int) -> dict[str, Any]:
    """Runs the simulation under Node, which strips the types."""
    command = [str(NODE), "--experimental-transform-types", "bench/clock-sim.ts", str(hours)]
    run = subprocess.run(command, cwd=ROOT / "web", check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def plot(report: dict[str, dict[str, dict[str, float]]], filters: list[str]) -> None:
    figure = Figure(figsize=(9, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = 0.8 / len(filters)
    for index, name in enumerate(filters):
        places = [place + index * width for place in range(len(report))]
        axes.bar(places, [figures[name]["p95"] for figures in report.values()], width, label=name)
    axes.set_yscale("log")
    axes.set_ylabel("p95 of the clock error, ms")
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(report))], list(report))
    axes.legend()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "clock.png")


if __name__ == "__main__":
    main()
