"""What is left between engines once the anchor has aligned their decodes: `python -m bench.decode`.

Every format people bring, in Chromium (the owner), Firefox and WebKitGTK; ms against Chromium's decode.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.report import RESULTS, print_table, save
from lab.rig.formats import FORMATS, DecodeError, Offsets, open_decoders

REACH_MS = 0.1


def main() -> None:
    argparse.ArgumentParser(prog="bench.decode", description="What is left between decoders.").parse_args()
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    rows: list[list[object]] = []
    with (
        tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder,
        open_decoders(Path(folder)) as decoders,
    ):
        others = [engine for engine in decoders.engines if engine != "chromium"]
        for name in FORMATS:
            found = decoders.compare(name)
            figures[name] = {
                engine: {"error": str(offsets)}
                if isinstance(offsets, DecodeError)
                else {**asdict(offsets), "left_ms": offsets.left_ms}
                for engine, offsets in found.items()
            }
            rows.append([name, *(cell for engine in others for cell in in_words(found[engine]))])
    print_table(
        f"Decodes against Chromium's, ms; the aim is at most {REACH_MS} left",
        ["format", *(f"{engine} {part}" for engine in others for part in ("as it comes", "left"))],
        rows,
    )
    plot(figures, others)
    save("decode", {"figures": figures})


def in_words(offsets: Offsets | DecodeError) -> tuple[object, object]:
    if isinstance(offsets, DecodeError):
        return "not decoded", "-"
    return offsets.true_ms, offsets.left_ms if offsets.match_ms is not None else "not found"


def plot(figures: dict[str, dict[str, dict[str, Any]]], engines: list[str]) -> None:
    figure = Figure(figsize=(10, 5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = np.arange(len(figures))
    height = 0.8 / (2 * len(engines))
    for index, engine in enumerate(engines):
        for half, part in enumerate(("true_ms", "left_ms")):
            sizes = [abs(each[engine].get(part, np.nan)) for each in figures.values()]
            at = places + (2 * index + half) * height
            label = f"{engine}, {'as it comes' if half == 0 else 'left'}"
            axes.barh(at, np.maximum(sizes, 1e-4), height, label=label)
    axes.axvline(REACH_MS, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("ms against Chromium's decode (line: the aim)")
    axes.set_yticks(places + 0.4, list(figures))
    axes.invert_yaxis()
    axes.legend(fontsize=8)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "decode.png")


if __name__ == "__main__":
    main()
