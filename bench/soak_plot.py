"""The picture of a soak: where each loudspeaker was against the median one, what struck when, and memory.

Clock: minutes since the first song. Draws what was measured, computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lab.rig.analysis import relative_delays_ms

if TYPE_CHECKING:
    from bench.disturbances import Soak
    from bench.soak import Round, Strike

SIZE_INCHES = (14.0, 9.0)
PIXELS_PER_INCH = 110
LINEAR_MS = (
    5.0  # in step; beyond it the scale is logarithmic, so that a jump of a second does not hide the rest
)
RANGE_MS = 2_000.0


def plot_soak(path: Path, title: str, soak: Soak, rounds: Sequence[Round], strikes: Sequence[Strike]) -> None:
    """Write a PNG."""
    figure = Figure(figsize=SIZE_INCHES, dpi=PIXELS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    for index, seat in enumerate(soak.seats):
        for number, each in enumerate(rounds):
            if each.tracks is None:
                continue
            at_min = (each.began_sec + each.tracks.at_sec) / 60
            label = seat.name if number == 0 else None
            delay_ms = relative_delays_ms(each.tracks)[:, index]
            above.plot(at_min, delay_ms, ".", markersize=2, alpha=0.5, color=f"C{index}", label=label)
        at_min = np.array([point.at_sec for point in seat.memory]) / 60
        heap_mib = np.array([point.heap_mib for point in seat.memory])
        below.plot(at_min, heap_mib, ".-", linewidth=1, markersize=4, color=f"C{index}", label=seat.name)
    for strike in strikes:
        colour = "0.75" if strike.back_after_sec is not None else "red"
        above.axvline(strike.at_sec / 60, color=colour, linewidth=0.8, zorder=0)
        text = f"{strike.kind} · {strike.seat}"
        above.text(
            strike.at_sec / 60, -RANGE_MS * 0.8, text, rotation=90, fontsize=6, va="bottom", color="0.35"
        )
    above.set_yscale("symlog", linthresh=LINEAR_MS)
    above.set_ylim(-RANGE_MS, RANGE_MS)
    above.set_ylabel("later than the median device, ms")
    above.legend(loc="upper right", ncols=len(soak.seats), fontsize=8, markerscale=4)
    below.set_ylabel("heap after collection, MiB")
    below.set_ylim(bottom=0)
    below.set_xlabel("minutes")
    for axes in (above, below):
        axes.grid(visible=True, alpha=0.25)
    figure.savefig(path)
