"""A picture of one run: each loudspeaker against the median one, and how far apart they were.

Clock: seconds since the first sound of any device. Sign: up = later. Draws what the analysis found, computes
nothing.
"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lab.rig.analysis import first_sound_sec, per_second_ms, relative_delays_ms, select, window_spread_ms
from lab.rig.tracking import Floats, Tracks

SIZE_INCHES = (11.0, 6.5)
PIXELS_PER_INCH = 110
MIN_HALF_RANGE_MS = 0.5  # a perfect run must not look dramatic


def save_plot(tracks: Tracks, path: Path, title: str, names: list[str] | None = None) -> None:
    """Write a PNG. `title` names the condition (quiet or harsh) and carries the figures."""
    labels = list(names or [f"device {device}" for device in range(tracks.devices)])
    # One device that was never in the song would leave no spread to draw: it is left out of that, and named.
    placed = [device for device in range(tracks.devices) if not np.isnan(tracks.delay_ms[:, device]).all()]
    for device in set(range(tracks.devices)) - set(placed):
        labels[device] += " (never in the song)"
    sound_at = first_sound_sec(tracks)
    start_sec = 0.0 if np.isnan(sound_at) else sound_at
    at_sec = tracks.at_sec - start_sec
    second_starts, medians = per_second_ms(tracks, start_sec)
    middle_sec = second_starts - start_sec + 0.5

    # Not pyplot: it keeps figures and chooses a screen; a file needs neither.
    figure = Figure(figsize=SIZE_INCHES, dpi=PIXELS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])

    relative = relative_delays_ms(tracks)
    half_range_ms = _half_range_ms(relative)
    for device, label in enumerate(labels):
        colour = f"C{device}"
        above.plot(at_sec, relative[:, device], ".", markersize=2, alpha=0.35, color=colour)
        above.plot(middle_sec, medians[:, device], "-", linewidth=1.4, color=colour, label=label)
        lost = tracks.is_uncorrelated[:, device]
        # A row of marks per device at the lower edge, so that a lost device is seen and not just missing.
        row_ms = -half_range_ms * (0.97 - 0.05 * device)
        above.plot(at_sec[lost], np.full(int(lost.sum()), row_ms), "|", markersize=7, color=colour)
    above.set_ylim(-half_range_ms, half_range_ms)
    above.set_ylabel("later than the median device, ms")
    above.legend(loc="upper right", ncols=min(len(labels), 4), fontsize=8)
    above.set_title(
        "dots: 50 ms windows · lines: medians per second · ticks below: sound that is not the song",
        fontsize=8,
    )

    if placed:
        spread = window_spread_ms(select(tracks, placed))
        below.plot(at_sec, spread, ".", markersize=2, alpha=0.35, color="0.4", label="window")
        by_second = np.ptp(medians[:, placed], axis=1)
        below.plot(
            middle_sec, by_second, "-", linewidth=1.4, color="black", label=f"second, {len(placed)} devices"
        )
        below.legend(loc="upper right", ncols=2, fontsize=8)
    below.set_ylim(bottom=0, top=below.get_ylim()[1] * 1.15)
    below.set_ylabel("spread, ms")
    below.set_xlabel("seconds since the first sound")
    for axes in (above, below):
        axes.grid(visible=True, alpha=0.25)
    figure.savefig(path)


def _half_range_ms(relative: Floats) -> float:
    """Wide enough for every measured window, with room for the marks."""
    measured = relative[~np.isnan(relative)]
    widest = float(np.abs(measured).max()) if len(measured) else 0.0
    return max(widest * 1.25, MIN_HALF_RANGE_MS)
