"""What one recording of a scenario comes to: spreads by stretch, first seconds, excursions. Pure.

Spread = latest minus earliest device of a second's medians, ms; see lab/rig/analysis.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from bench.scenarios import Scenario, Stretch
from lab.rig.analysis import first_sound_sec, per_second_ms, summarise, window_spread_ms
from lab.rig.excursions import find_excursions
from lab.rig.tracking import WINDOW_SEC, Tracks

Figure = dict[str, Any]
PARTS = ("median_ms", "p95_ms", "max_ms")
SILENT_WINDOWS = round(0.5 / WINDOW_SEC)  # shorter ones are underruns, not pauses
US_PER_MS = 1000


def measure(tracks: Tracks, scenario: Scenario, stretches: dict[str, Stretch]) -> dict[str, Figure | None]:
    """Name -> median, p95 and max of the spread, and what was left out; None where nothing was complete.

    `stretches` are of the recording, those of the scenario are of the song.
    """
    everyone = list(range(tracks.devices))
    begun_sec = first_sound_sec(tracks)
    figures: dict[str, Figure | None] = {}
    if scenario.meanwhile == "late joiner":
        late = [at for at in beginnings_sec(tracks, everyone[-1:]) if at > begun_sec + 1]
        figures["late joiner, first second"] = of_seconds(tracks, late)
        figures["late joiner, 2nd to 6th"] = of_seconds(tracks, [at + k for at in late for k in range(1, 6)])
    else:
        figures["first second"] = of_seconds(tracks, beginnings_sec(tracks, everyone))
    for name, (from_sec, to_sec) in scenario.stretches.items():
        figures[name] = of_stretch(tracks, from_sec, to_sec, begun_sec)
    for name, (from_sec, to_sec) in stretches.items():
        figures[name] = of_stretch(tracks, from_sec - begun_sec, to_sec - begun_sec, begun_sec)
    return figures


def beginnings_sec(tracks: Tracks, devices: Sequence[int]) -> list[float]:
    """When any of these devices began to play the song, not a chime, after a pause of all of them."""
    plays = np.logical_or.reduce(~np.isnan(tracks.delay_ms[:, list(devices)]), axis=1)
    return [
        float(tracks.at_sec[index] - WINDOW_SEC / 2)
        for index in np.flatnonzero(plays).tolist()
        if not plays[max(0, index - SILENT_WINDOWS) : index].any()
    ]


def of_seconds(tracks: Tracks, starts_sec: Sequence[float]) -> Figure | None:
    """Over the seconds that begin at these moments of the recording."""
    spreads = [of_stretch(tracks, 0, 1, start) for start in starts_sec]
    values = [spread["median_ms"] for spread in spreads if spread]
    if not values:
        return None
    return {
        "median_ms": float(np.median(values)),
        "p95_ms": float(np.percentile(values, 95)),
        "max_ms": max(values),
        "seconds": len(values),
        "incomplete_seconds": len(spreads) - len(values),
        "uncorrelated_windows": sum(spread["uncorrelated_windows"] for spread in spreads if spread),
        "values_ms": [round(value, 4) for value in values],
    }


def of_stretch(tracks: Tracks, from_sec: float, to_sec: float, sound_at_sec: float) -> Figure | None:
    try:
        return asdict(summarise(tracks, from_sec, to_sec, sound_at_sec=sound_at_sec))
    except ValueError:  # no second of it has every device in the song
        return None


def excursions(tracks: Tracks, scenario: Scenario) -> list[dict[str, Any]]:
    """Those after the stretch's beginning; none where devices come and go on purpose."""
    if not scenario.stretches:
        return []
    begun_sec = first_sound_sec(tracks)
    from_sec = min(start for start, _ in scenario.stretches.values())
    to_sec = max(end for _, end in scenario.stretches.values())
    found = find_excursions(tracks, begun_sec + from_sec, begun_sec + to_sec)
    return [
        {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(each).items()}
        for each in found
    ]


def raw(tracks: Tracks) -> dict[str, Any]:
    """To look at again: the spread of each 50 ms window, and each device's second medians, µs."""
    begun_sec = first_sound_sec(tracks)
    _, medians = per_second_ms(tracks, begun_sec)
    return {
        "first_sound_sec": round(begun_sec, 3),
        "window_spread_us": _in_us(window_spread_ms(tracks)[tracks.at_sec >= begun_sec]),
        "second_us_by_device": [_in_us(column) for column in medians.T],
    }


def _in_us(values_ms: np.typing.NDArray[np.float64]) -> list[int | None]:
    return [None if np.isnan(value) else round(float(value) * US_PER_MS) for value in values_ms]
