"""Figures from the tracks: how far apart the loudspeakers are, when, and whether the sound ever broke.

Clock: recording time in seconds, unless a name says `song_sec` = seconds since the first sound of any device.
Sign: positive = later. Spread = latest minus earliest device. A figure never hides what it could not measure:
every summary carries the seconds and windows that were left out.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lab.rig.tracking import RIG_RATE_HZ, WINDOW_SEC, Bools, Floats, Signal, Tracks

MIN_WINDOWS_PER_SECOND = 5  # a median of fewer than a quarter of a second's 20 windows says little
FRAME_SEC = 0.002  # the grain in which silence is looked for
GAP_FLOOR = 10 ** (-50 / 20)  # the song must be this loud for its absence to be a gap
GAP_RATIO = 0.05  # this much of the expected level (-26 dB) counts as absent
LOUD_RMS = 10 ** (-55 / 20)


@dataclass(frozen=True)
class Summary:
    """Spread over the devices, ms, over the per-second medians in a range of the song."""

    from_song_sec: float
    to_song_sec: float
    median_ms: float
    p95_ms: float
    max_ms: float
    seconds: int  # that count in the figures
    incomplete_seconds: int  # left out: at least one device had too few windows that correlate
    uncorrelated_windows: int  # windows with sound that is not the song, all devices
    silent_windows: int  # windows without sound, all devices

    def __str__(self) -> str:
        left_out = (
            f"{self.seconds} s counted, {self.incomplete_seconds} s incomplete, "
            f"{self.uncorrelated_windows} windows uncorrelated, {self.silent_windows} silent"
        )
        figures = f"{self.median_ms:.3f} / {self.p95_ms:.3f} / {self.max_ms:.3f} ms"
        return f"{self.from_song_sec:g}-{self.to_song_sec:g} s: {figures} (median / p95 / max; {left_out})"


@dataclass(frozen=True)
class Gap:
    """A break in one device's sound. `silence`: nothing for `length_ms` where the song is loud.
    `jump`: the position stepped; `length_ms` is by how much the device became later (negative: earlier)."""

    device: int
    at_sec: float
    kind: Literal["silence", "jump"]
    length_ms: float


def first_sound_sec(tracks: Tracks, device: int | None = None) -> float:
    """Start of the first window with sound, of one device or of any. NaN when all was silent."""
    loud = tracks.is_loud.any(axis=1) if device is None else tracks.is_loud[:, device]
    return float(tracks.at_sec[int(np.argmax(loud))] - WINDOW_SEC / 2) if loud.any() else float("nan")


def first_song_sec(tracks: Tracks, device: int) -> float:
    """Start of the first window in which this device plays the song (who joins rings first). NaN: never."""
    plays = ~np.isnan(tracks.delay_ms[:, device])
    return float(tracks.at_sec[int(np.argmax(plays))] - WINDOW_SEC / 2) if plays.any() else float("nan")


def relative_delays_ms(tracks: Tracks) -> Floats:
    """(W, N): each device against the median device of its window."""
    return tracks.delay_ms - _median_over_devices(tracks.delay_ms)[:, None]


def window_spread_ms(tracks: Tracks) -> Floats:
    """(W,): latest minus earliest device; NaN unless every device could be measured."""
    return np.asarray(np.ptp(tracks.delay_ms, axis=1), dtype=np.float64)


def per_second_ms(tracks: Tracks, from_sec: float) -> tuple[Floats, Floats]:
    """Median delay of each device in each second counted from `from_sec` (recording time).

    Returns the starts of the seconds (S,) and the medians (S, N), NaN where too few windows correlate.
    Medians are taken of offsets to the window's own median device, so that a slow drift common to all cannot
    leak into the spread; and where it can be, of windows that hold every device, so that a missing one does
    not move that median device.
    """
    seconds = np.floor((tracks.at_sec - from_sec) / 1.0 + 1e-9).astype(int)
    count = max(int(seconds.max(initial=-1)) + 1, 0)
    relative = relative_delays_ms(tracks)
    medians = np.full((count, tracks.devices), np.nan)
    for second in range(count):
        rows = relative[seconds == second]
        complete = rows[~np.isnan(rows).any(axis=1)]
        if len(complete) >= MIN_WINDOWS_PER_SECOND:
            rows = complete
        measured = (~np.isnan(rows)).sum(axis=0)
        for device in np.flatnonzero(measured >= MIN_WINDOWS_PER_SECOND):
            medians[second, device] = np.nanmedian(rows[:, device])
    return np.asarray(from_sec + np.arange(count), dtype=np.float64), medians


def summarise(
    tracks: Tracks,
    from_song_sec: float,
    to_song_sec: float,
    devices: list[int] | None = None,
    sound_at_sec: float | None = None,
) -> Summary:
    """Spread in a range of the song; with `devices`, only of those. Raises when the range holds no complete
    second.

    `sound_at_sec`: where the song's second 0 is in the recording; by default the first sound of these
    devices.
    """
    chosen = tracks if devices is None else select(tracks, devices)
    sound_at = first_sound_sec(chosen) if sound_at_sec is None else sound_at_sec
    if np.isnan(sound_at):
        raise ValueError("no device made a sound")
    starts, medians = per_second_ms(chosen, sound_at)
    song_sec = starts - sound_at
    # The last second counts only when the recording holds all of it.
    recorded_sec = float(chosen.at_sec[-1]) + WINDOW_SEC / 2 - sound_at
    inside = (song_sec >= from_song_sec - 1e-6) & (song_sec + 1 <= min(to_song_sec, recorded_sec) + 1e-6)
    spread = np.ptp(medians[inside], axis=1)
    complete = spread[~np.isnan(spread)]
    if len(complete) == 0:
        raise ValueError(
            f"no second between {from_song_sec:g} and {to_song_sec:g} s has every device in the song"
        )
    rows = (chosen.at_sec >= sound_at + from_song_sec) & (chosen.at_sec < sound_at + to_song_sec)
    return Summary(
        from_song_sec=from_song_sec,
        to_song_sec=to_song_sec,
        median_ms=float(np.median(complete)),
        p95_ms=float(np.percentile(complete, 95)),
        max_ms=float(complete.max()),
        seconds=len(complete),
        incomplete_seconds=int(inside.sum()) - len(complete),
        uncorrelated_windows=int(chosen.is_uncorrelated[rows].sum()),
        silent_windows=int((~chosen.is_loud[rows]).sum()),
    )


def select(tracks: Tracks, devices: list[int]) -> Tracks:
    return Tracks(
        tracks.at_sec, tracks.delay_ms[:, devices], tracks.correlation[:, devices], tracks.is_loud[:, devices]
    )


def song_correlation(tracks: Tracks, device: int, from_sec: float, to_sec: float) -> float:
    """How much of this device's sound is the song: the median over its windows, silence counting 0."""
    rows = _rows(tracks, from_sec, to_sec)
    return float(np.median(tracks.correlation[rows, device]))


def delay_shift_ms(
    tracks: Tracks, device: int, before_sec: tuple[float, float], after_sec: tuple[float, float]
) -> float:
    """How much later this device became against the others' median, from one stretch of the recording to
    another.

    Negative: earlier. Against the *others*, because a median that includes the device would move along with
    it.
    """
    others = [other for other in range(tracks.devices) if other != device]
    if not others:
        raise ValueError("a shift needs another device to be measured against")
    relative = tracks.delay_ms[:, device] - _median_over_devices(tracks.delay_ms[:, others])
    stretches = [relative[_rows(tracks, *stretch)] for stretch in (before_sec, after_sec)]
    if any(np.isnan(stretch).all() for stretch in stretches):
        raise ValueError(f"device {device} or all others are not in the song in {before_sec} or {after_sec}")
    before_ms, after_ms = (float(np.nanmedian(stretch)) for stretch in stretches)
    return after_ms - before_ms


def find_gaps(
    recording: Signal,
    song: Signal,
    tracks: Tracks,
    from_sec: float,
    to_sec: float,
    min_silence_ms: float = 4.0,
    min_jump_ms: float = 5.0,
    rate_hz: int = RIG_RATE_HZ,
) -> list[Gap]:
    """Every break of continuity between two moments of the recording, in order.

    Silence is judged against the song at the place where the device is, so a pause in the song is no gap. A
    device that is nowhere in the song (uncorrelated, or silent throughout) is judged by the last place it was
    at.
    """
    gaps: list[Gap] = []
    song_level = _levels(song, rate_hz)
    for device in range(tracks.devices):
        gaps += _silences(
            recording[:, device], song_level, tracks, device, from_sec, to_sec, min_silence_ms, rate_hz
        )
        gaps += _jumps(tracks, device, from_sec, to_sec, min_jump_ms)
    return sorted(gaps, key=lambda gap: (gap.at_sec, gap.device))


def silence_after_ms(recording: Signal, device: int, at_sec: float, rate_hz: int = RIG_RATE_HZ) -> float:
    """How long after `at_sec` the device still sounded: 0 when silent at once, infinite when it never was."""
    level = _levels(recording[:, device], rate_hz)
    first = round(at_sec / FRAME_SEC)
    loud = np.flatnonzero(level[first:] > LOUD_RMS)
    if len(loud) == 0:
        return 0.0
    last = int(loud[-1]) + 1
    return float("inf") if first + last >= len(level) else last * FRAME_SEC * 1000


def _silences(
    samples: Signal,
    song_level: Floats,
    tracks: Tracks,
    device: int,
    from_sec: float,
    to_sec: float,
    min_silence_ms: float,
    rate_hz: int,
) -> list[Gap]:
    measured = np.flatnonzero(~np.isnan(tracks.delay_ms[:, device]))
    if len(measured) == 0:
        return []
    level = _levels(samples, rate_hz)
    frame_sec = (np.arange(len(level)) + 0.5) * FRAME_SEC
    # The delay at each frame: that of the last measured window before it.
    window_of_frame = np.searchsorted(tracks.at_sec[measured], frame_sec + WINDOW_SEC / 2, side="right") - 1
    delay_sec = tracks.delay_ms[measured[np.maximum(window_of_frame, 0)], device] / 1000
    position = np.floor((frame_sec - delay_sec) / FRAME_SEC).astype(int)
    is_in_song = (position >= 1) & (position < len(song_level) - 1)
    at = np.clip(position, 1, len(song_level) - 2)
    # The quietest of three frames, so that a short pause in the song is not held against a delay a frame off.
    expected = np.minimum(np.minimum(song_level[at - 1], song_level[at]), song_level[at + 1])
    gain = _gain(level, expected)
    missing = (
        is_in_song
        & (expected > GAP_FLOOR)
        & (level < GAP_RATIO * gain * expected)
        & (frame_sec >= from_sec)
        & (frame_sec < to_sec)
    )
    return [
        Gap(device, float(frame_sec[first] - FRAME_SEC / 2), "silence", (last - first) * FRAME_SEC * 1000)
        for first, last in _runs(missing)
        if (last - first) * FRAME_SEC * 1000 >= min_silence_ms - 1e-9
    ]


def _jumps(tracks: Tracks, device: int, from_sec: float, to_sec: float, min_jump_ms: float) -> list[Gap]:
    rows = np.flatnonzero(_rows(tracks, from_sec, to_sec) & ~np.isnan(tracks.delay_ms[:, device]))
    steps = np.diff(tracks.delay_ms[rows, device])
    return [
        Gap(device, float(tracks.at_sec[rows[index + 1]] - WINDOW_SEC / 2), "jump", float(steps[index]))
        for index in np.flatnonzero(np.abs(steps) >= min_jump_ms)
    ]


def _gain(level: Floats, expected: Floats) -> Floats:
    """The device's volume against the song, per frame: a second's median, so a change of it is no gap."""
    heard = (expected > GAP_FLOOR) & (level > LOUD_RMS)
    overall = float(np.median(level[heard] / expected[heard])) if heard.any() else 1.0
    gain = np.full(len(level), overall)
    frames_per_second = round(1 / FRAME_SEC)
    for first in range(0, len(level), frames_per_second):
        second = slice(first, first + frames_per_second)
        if heard[second].any():
            gain[second] = np.median(level[second][heard[second]] / expected[second][heard[second]])
    return gain


def _levels(samples: Signal, rate_hz: int) -> Floats:
    """RMS per 2 ms frame."""
    frame = round(FRAME_SEC * rate_hz)
    count = len(samples) // frame
    blocks = samples[: count * frame].reshape(count, frame).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(blocks**2, axis=1)), dtype=np.float64)


def _runs(flags: Bools) -> list[tuple[int, int]]:
    """Stretches of True as (first, one past the last)."""
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return [
        (int(a), int(b)) for a, b in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    ]


def _rows(tracks: Tracks, from_sec: float, to_sec: float) -> Bools:
    rows: Bools = (tracks.at_sec >= from_sec) & (tracks.at_sec < to_sec)
    if not rows.any():
        raise ValueError(f"the recording has nothing between {from_sec:g} and {to_sec:g} s")
    return rows


def _median_over_devices(values: Floats) -> Floats:
    """Row medians, NaN for rows without a value: np.nanmedian would warn, and warnings are errors here."""
    result = np.full(len(values), np.nan)
    rows = ~np.isnan(values).all(axis=1)
    if rows.any():
        result[rows] = np.nanmedian(values[rows], axis=1)
    return result
