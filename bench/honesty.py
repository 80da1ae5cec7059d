"""Whether what pages said of their own error was true: their readings against the recording. Pure.

A page says how far its loudspeaker is from where it should be, and how uncertain that is (rule P25). What is
left of a device is where it was heard less what it said; the median of the room tells where all should be.
Ms; positive plays ahead. Seconds in the song, and of the recording.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MEDIAN_MS = 0.05  # what the median of a few devices is off by itself
NEAR_SEC = 0.3  # readings of two devices are of one moment; each is read every half second
FEWEST = 3  # of two devices nobody knows which one is off


@dataclass(frozen=True)
class Said:
    """One reading of a page: where in the song its loudspeaker should be, and how far from there it is."""

    song_sec: float
    error_ms: float
    uncertainty_ms: float


@dataclass(frozen=True)
class Judged:
    """What a page did not know of its error. `sec` is from the first sound of anybody."""

    device: str
    sec: float
    unknown_ms: float
    uncertainty_ms: float

    @property
    def is_honest(self) -> bool:
        return abs(self.unknown_ms) <= self.uncertainty_ms + MEDIAN_MS


def judge(
    at_sec: Sequence[float],
    heard_song_sec: Mapping[str, Sequence[float | None]],
    said: Mapping[str, Sequence[Said]],
) -> list[Judged]:
    """Every reading at whose moment at least three devices were heard and had said something."""
    heard = np.asarray([np.asarray(row, dtype=float) for row in heard_song_sec.values()])
    moments = np.flatnonzero(np.isfinite(heard).any(axis=0))
    if len(moments) == 0:
        return []
    song_sec = np.nanmedian(heard[:, moments], axis=0)
    judged = []
    for name, readings in said.items():
        for reading in readings:
            nearest = int(np.argmin(np.abs(song_sec - reading.song_sec)))
            if abs(song_sec[nearest] - reading.song_sec) > NEAR_SEC:
                continue  # before the first sound, or beyond the recording
            at = moments[nearest]
            left_ms = {
                other: (float(places[at]) - reading.song_sec) * 1000 - its.error_ms
                for other, places in zip(heard_song_sec, heard, strict=True)
                if np.isfinite(places[at]) and (its := _near(said[other], reading.song_sec)) is not None
            }
            if name in left_ms and len(left_ms) >= FEWEST:
                unknown_ms = left_ms[name] - statistics.median(left_ms.values())
                sec = at_sec[at] - at_sec[moments[0]]
                judged.append(Judged(name, sec, unknown_ms, reading.uncertainty_ms))
    return judged


def in_words(judged: Iterable[Judged]) -> str:
    """The share of honest readings by stretch of the song."""
    stretches = ((0.0, 3.0), (3.0, 15.0), (15.0, float("inf")))
    said = []
    for from_sec, to_sec in stretches:
        those = [each for each in judged if from_sec <= each.sec < to_sec]
        if those:
            honest = sum(each.is_honest for each in those)
            said.append(f"from {from_sec:g} s {honest} of {len(those)}")
    return f"within its uncertainty: {', '.join(said) or 'nothing to judge'}"


def _near(readings: Sequence[Said], song_sec: float) -> Said | None:
    nearest = min(readings, key=lambda each: abs(each.song_sec - song_sec), default=None)
    return nearest if nearest and abs(nearest.song_sec - song_sec) <= NEAR_SEC else None
