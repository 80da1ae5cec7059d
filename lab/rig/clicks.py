"""Clicks: moments at which a loudspeaker's sound steps, heard as a tick whatever the music.

Clock: recording time in seconds. A step has energy at all frequencies at once, so what is left above 8 kHz
for a millisecond gives it away, if the sound itself has little there: listen to a sweeping sine. In music
only what exceeds the song's own treble at that place counts; a click inside a drum is not found. Silence cut
into the sound is told apart, because a host that is too busy does it to any player (an underrun), and its two
edges are steps as well.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

from lab.rig.tracking import RIG_RATE_HZ, Bools, Floats, Signal

TREBLE_HZ = 8_000  # a sine below 1 kHz and its resampler leave less than -80 dB up here
GRAIN_SEC = 0.001
# Against the loudest sample nearby. A sample left out of a 440 Hz sine leaves -25 dB where it is steep; the
# corners of a 20 ms equal-power crossfade leave -56 dB.
CLICK_RATIO = 10 ** (-45 / 20)
NEARBY_SEC = 0.05
SILENT_LEVEL = 10 ** (-55 / 20)  # a step 45 dB below this is nobody's concern
SONG_RATIO = 2.0  # how far the song's own treble may be exceeded by a resampler or a delay a grain off
SONG_NEARBY_SEC = 0.01
SAME_CLICK_SEC = 0.01
UNDERRUN_SEC = 0.0015  # exact zeros for as long are no part of a sine
MAX_UNDERRUN_SEC = 0.2  # longer silence is a start or a stop, and those must be faded
UNDERRUN_EDGE_SEC = 0.005


@dataclass(frozen=True)
class Click:
    at_sec: float
    level_db: float  # of the treble, against the loudest sample nearby


def find_clicks(
    samples: Signal,
    from_sec: float,
    to_sec: float,
    reference: Signal | None = None,
    rate_hz: int = RIG_RATE_HZ,
) -> list[Click]:
    """Every click of one loudspeaker between two moments, except where a host's underrun begins or ends.

    `reference`: the song as it should sound, aligned with `samples`; without it the song is taken to have no
    treble of its own.
    """
    treble = _grains(_treble(samples, rate_hz), rate_hz)
    loudest = np.maximum(_spread(_grains(samples, rate_hz), NEARBY_SEC), SILENT_LEVEL)
    allowed = CLICK_RATIO * loudest
    if reference is not None:
        own = _grains(_treble(reference, rate_hz), rate_hz)[: len(treble)]
        own = np.pad(own, (0, len(treble) - len(own)))
        allowed = np.maximum(allowed, SONG_RATIO * _spread(own, SONG_NEARBY_SEC))
    near_underrun = _spread(_is_underrun(samples, rate_hz).astype(np.float64), UNDERRUN_EDGE_SEC) > 0
    at_sec = (np.arange(len(treble)) + 0.5) * GRAIN_SEC
    found = (treble > allowed) & ~near_underrun & (at_sec >= from_sec) & (at_sec < to_sec)
    clicks: list[Click] = []
    for grain in np.flatnonzero(found):
        if clicks and at_sec[grain] - clicks[-1].at_sec < SAME_CLICK_SEC:
            continue
        clicks.append(Click(float(at_sec[grain]), float(20 * np.log10(treble[grain] / loudest[grain]))))
    return clicks


def find_underruns(
    samples: Signal, from_sec: float, to_sec: float, rate_hz: int = RIG_RATE_HZ
) -> list[float]:
    """Where short stretches of exact silence begin between two moments, recording time."""
    first = max(round(from_sec / GRAIN_SEC), 0)
    grains = _is_underrun(samples, rate_hz)[first : round(to_sec / GRAIN_SEC)]
    begins = np.flatnonzero(np.diff(grains.astype(np.int8), prepend=0) == 1)
    return [float((first + grain) * GRAIN_SEC) for grain in begins]


def count_underruns(samples: Signal, from_sec: float, to_sec: float, rate_hz: int = RIG_RATE_HZ) -> int:
    """Short stretches of exact silence between two moments."""
    return len(find_underruns(samples, from_sec, to_sec, rate_hz))


def _treble(samples: Signal, rate_hz: int) -> Floats:
    sections = signal.butter(8, TREBLE_HZ, "highpass", fs=rate_hz, output="sos")
    return np.asarray(signal.sosfiltfilt(sections, samples.astype(np.float64)), dtype=np.float64)


def _grains(samples: Signal | Floats, rate_hz: int) -> Floats:
    """The loudest sample of each millisecond."""
    grain = round(GRAIN_SEC * rate_hz)
    count = len(samples) // grain
    blocks = np.abs(samples[: count * grain]).reshape(count, grain)
    return np.asarray(blocks.max(axis=1), dtype=np.float64)


def _spread(grains: Floats, sec: float) -> Floats:
    """The largest value within `sec` before and after."""
    width = 2 * round(sec / GRAIN_SEC) + 1
    padded = np.pad(grains, width // 2)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, width).max(axis=1), dtype=np.float64)


def _is_underrun(samples: Signal, rate_hz: int) -> Bools:
    """Grains in which such a run of exact zeros begins, goes on or ends."""
    edges = np.diff(np.concatenate(([0], (samples == 0).astype(np.int8), [0])))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    grain = round(GRAIN_SEC * rate_hz)
    flags: Bools = np.zeros(len(samples) // grain, dtype=np.bool_)
    for first, end in zip(firsts, ends, strict=True):
        if UNDERRUN_SEC <= (end - first) / rate_hz <= MAX_UNDERRUN_SEC:
            flags[first // grain : end // grain + 1] = True
    return flags
