"""Where a device left its place among the others, and how soon it was back: underruns and their repair.

Clock: recording time, seconds. A device's place is its distance to the median device over the second before;
so a constant offset of an engine is no excursion. Pure.
"""

from dataclasses import dataclass

import numpy as np

from lab.rig.analysis import relative_delays_ms
from lab.rig.tracking import WINDOW_SEC, Floats, Tracks

OUT_MS = 2.0  # underruns step by a block of the card or of the browser, 5 ms and more
BACK_MS = 1.0
MOVED_MS = 0.3  # on the way back by this much: somebody noticed
PLACE_WINDOWS = round(1.0 / WINDOW_SEC)
SETTLED_WINDOWS = round(0.5 / WINDOW_SEC)
PLATEAU_WINDOWS = 3


@dataclass(frozen=True)
class Excursion:
    """`size_ms`: how far out it first stood, positive = later; `farthest_ms`: at most, likewise; None
    where nothing could be measured then. The two spans are seconds since `at_sec`; None where the recording
    ends before."""

    device: int
    at_sec: float
    size_ms: float | None
    farthest_ms: float | None
    noticed_after_sec: float | None
    repaired_after_sec: float | None


def find_excursions(tracks: Tracks, from_sec: float, to_sec: float) -> list[Excursion]:
    """Of all devices, in order of time. Windows that are silent or not the song count as out of place."""
    rows = (tracks.at_sec >= from_sec) & (tracks.at_sec < to_sec)
    relative = _relative_to_places(tracks)[rows]
    at_sec = tracks.at_sec[rows]
    found = [
        excursion
        for device in range(tracks.devices)
        for excursion in _of_one(relative[:, device], at_sec, device)
    ]
    return sorted(found, key=lambda each: (each.at_sec, each.device))


def _relative_to_places(tracks: Tracks) -> Floats:
    """Against the median device once each one's usual offset is taken out: where engines sit apart, another
    would become the median device when one leaves, and all seem to move."""
    relative = relative_delays_ms(tracks)
    heard = ~np.isnan(relative).all(axis=0)
    usual_ms = np.zeros(tracks.devices)
    usual_ms[heard] = np.nanmedian(relative[:, heard], axis=0)
    centred = Tracks(tracks.at_sec, tracks.delay_ms - usual_ms, tracks.correlation, tracks.is_loud)
    return relative_delays_ms(centred)


def _of_one(relative_ms: Floats, at_sec: Floats, device: int) -> list[Excursion]:
    found: list[Excursion] = []
    index = PLACE_WINDOWS
    while index < len(relative_ms):
        before = relative_ms[index - PLACE_WINDOWS : index]
        if np.isnan(before).all():
            index += 1
            continue
        away_ms = relative_ms - float(np.nanmedian(before))
        if abs(away_ms[index]) < OUT_MS:  # a NaN is not smaller: out of place
            index += 1
            continue
        back = _first_settled(np.abs(away_ms[index:]) < BACK_MS)
        end = len(relative_ms) if back is None else index + back
        measured = index + np.flatnonzero(~np.isnan(away_ms[index:end]))
        size_ms = float(np.median(away_ms[measured[:PLATEAU_WINDOWS]])) if len(measured) else None
        farthest_ms = max(away_ms[measured].tolist(), key=abs, default=None)
        noticed = end if size_ms is None else _first_moved(away_ms, measured, size_ms, end)
        found.append(
            Excursion(
                device,
                float(at_sec[index] - WINDOW_SEC / 2),
                size_ms,
                farthest_ms,
                (noticed - index) * WINDOW_SEC if noticed < len(relative_ms) else None,
                back * WINDOW_SEC if back is not None else None,
            )
        )
        index = end + PLACE_WINDOWS
    return found


def _first_settled(is_back: np.typing.NDArray[np.bool_]) -> int | None:
    """The first window from which it stays in its place for half a second."""
    for first in range(len(is_back) - SETTLED_WINDOWS + 1):
        if is_back[first : first + SETTLED_WINDOWS].all():
            return first
    return None


def _first_moved(away_ms: Floats, measured: np.typing.NDArray[np.int_], size_ms: float, end: int) -> int:
    """The first window that is nearer to the device's place than it first stood."""
    for index in measured.tolist():
        if abs(away_ms[index]) < abs(size_ms) - MOVED_MS:
            return int(index)
    return end
