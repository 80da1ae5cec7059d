"""The measured figures of timing as one table: `python -m bench.table`, or `--write` into docs/timing.md.

Reads bench/results/*.json, so it says what was last measured here, when, and under which load. What was not
measured yet is named as such.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.report import RESULTS
from bench.scenarios import SCENARIOS

DOCUMENT = Path(__file__).parents[1] / "docs/timing.md"
BEGIN = "<!-- figures: python -m bench.table --write -->"
END = "<!-- end of figures -->"
HEADER = ("what", "player", "stretch", "median", "p95", "max", "aim", "runs", "load", "on")
PARTS = ("median_ms", "p95_ms", "max_ms")

Row = tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.table", description="The figures of timing, as Markdown.")
    parser.add_argument("--write", action="store_true", help="into docs/timing.md, between its marks")
    options = parser.parse_args()
    table = as_markdown([HEADER, *rows()])
    if not options.write:
        print(table)
        return
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


def rows() -> Iterator[Row]:
    for name in SCENARIOS:
        yield from of_scenario(name)
    yield from of_simulated_crystals()
    yield from of_fidelity()
    yield from of_decodes()
    yield from of_cost()


def of_scenario(name: str) -> Iterator[Row]:
    result = read(f"speakers-{name}")
    if result is None:
        yield (SCENARIOS[name].about, *("-",) * 8, "not measured yet")
        return
    loads = [
        load for runs in result["runs"].values() for run in runs for load in run["load_before_and_after"]
    ]
    seconds, on = result["options"]["seconds"], day(result)
    for player, stretches in result["median_of_runs"].items():
        for stretch, figures in stretches.items():
            aims = {
                key.rpartition(", ")[2]: aim
                for key, aim in result["reach"].items()
                if key.rpartition(", ")[0] == stretch and player == "Unisono"
            }
            spoken = ", ".join(f"{part.removesuffix('_ms')} {aim:g}" for part, aim in aims.items())
            runs = f"{len(result['runs'][player])} x {seconds:g} s"
            cells = (*(ms(figures[part]) for part in PARTS), spoken, runs, f"{max(loads):.1f}", on)
            yield (result["about"], player, stretch, *cells)
    if result["excursions"]["count"]:
        found = result["excursions"]
        yield (
            *(result["about"], "Unisono", "left its place by 2 ms or more, s until it is back"),
            *("-" if value is None else ms(value) for value in (found["repaired_after_sec_median"],)),
            *("", ms(found["repaired_after_sec_max"]) if found["repaired_after_sec_max"] else "-"),
            *("5", f"{found['count']} times", f"{max(loads):.1f}", on),
        )


def of_simulated_crystals() -> Iterator[Row]:
    result = read("crystal")
    for name, figures in result["figures"].items() if result else ():
        runs = f"{result['options']['seeds']} x {result['options']['minutes']} min" if result else ""
        values = (ms(figures[part]) for part in PARTS)
        yield (f"simulated: {name}", "Unisono", "whole", *values, "max 1", runs, "none", day(result))


def of_fidelity() -> Iterator[Row]:
    result = read("fidelity")
    for name, figures in result["median_of_runs"].items() if result else ():
        aim = "80 dB" if name.startswith("Unisono") else ""
        runs = f"{result['options']['runs']} x {result['options']['seconds']:g} s" if result else ""
        cells = (f"{figures['snr_db']:.1f} dB", "", f"p5 {figures['snr_db_p5']:.1f} dB", aim, runs)
        yield ("10 kHz above its noise", name, "whole", *cells, load(result), day(result))


def of_decodes() -> Iterator[Row]:
    result = read("decode")
    if not result:
        return
    for engine in next(iter(result["figures"].values())):
        each = [formats[engine] for formats in result["figures"].values()]
        left = [abs(one["left_ms"]) for one in each if "left_ms" in one and one["match_ms"] is not None]
        what = f"decodes, {len(left)} of {len(each)} formats"
        yield (
            what,
            engine,
            "left after aligning",
            "",
            "",
            ms(max(left)),
            "max 0.1",
            "1",
            load(result),
            day(result),
        )


def of_cost() -> Iterator[Row]:
    result = read("cost")
    for name, figures in result["figures"].items() if result else ():
        for what, unit in (("cpu_percent", "% of a core"), ("memory_mb", "MB")):
            cells = (
                f"{figures[f'{what}_median']:.0f} {unit}",
                "",
                f"{figures[f'{what}_max']:.0f} {unit}",
                "",
            )
            runs = f"1 x {result['seconds']:g} s" if result else ""
            yield ("one Chromium alone", "Unisono", name, *cells, runs, load(result), day(result))


def read(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def load(result: dict[str, Any] | None) -> str:
    return f"{result['circumstances']['load'][0]:.1f}" if result else ""


def day(result: dict[str, Any] | None) -> str:
    return str(result["circumstances"]["at"])[:10] if result else ""


def ms(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def as_markdown(lines: list[Row]) -> str:
    header, *rest = lines
    marked = [f"| {' | '.join(line)} |" for line in rest]
    return "\n".join([f"| {' | '.join(header)} |", "|" + "---|" * len(header), *marked])


if __name__ == "__main__":
    main()
