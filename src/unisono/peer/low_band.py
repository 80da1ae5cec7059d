"""What lies below 120 Hz of a sound, in the very place where it was (P88). Pure.

Each frame is a weighted sum of those on both sides of it, the same as on the page
(web/src/audio/render/low-band.ts); vectors/roles.json holds both to it.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unisono.peer.constants.audio import LOW_CUTOFF_HZ, LOW_KAISER_BETA, LOW_REACH_SEC
from unisono.peer.sound import ReadableSound, Sound
from unisono.peer.windowed_sinc import windowed_sinc


def low_reach_frames(sample_rate: int) -> int:
    """To either side; a frame at this distance itself weighs nothing."""
    return math.ceil(LOW_REACH_SEC * sample_rate)


@lru_cache(8)
def low_weights(sample_rate: int) -> NDArray[np.float64]:
    """From as many frames before a frame as the reach, less one, to as many behind it. They sum to 1."""
    taps = 2 * low_reach_frames(sample_rate)
    weights = windowed_sinc(taps, LOW_CUTOFF_HZ / sample_rate, LOW_KAISER_BETA, np.zeros(1))
    return weights.reshape(taps)


class LowBand:
    """Readable sound."""

    def __init__(self, sound: ReadableSound, sample_rate: int) -> None:
        self._sound = sound
        self._reach = low_reach_frames(sample_rate)
        self._weights = low_weights(sample_rate)

    @property
    def frames(self) -> int | None:
        return self._sound.frames

    def read(self, first: int, length: int) -> Sound | None:
        around = self._sound.read(first - self._reach, length + 2 * self._reach)
        if around is None:
            return None
        size = 2 ** math.ceil(math.log2(around.shape[1]))
        response = np.conj(np.fft.rfft(self._weights, size))
        summed = np.fft.irfft(np.fft.rfft(around.astype(np.float64), size) * response, size)
        return np.asarray(summed[:, 1 : length + 1], dtype=np.float32)
