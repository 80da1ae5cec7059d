"""A low-pass as weights of the frames around a place between two: what resampling is made of. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def windowed_sinc(
    taps: int, cutoff: float, beta: float, fractions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A row of weights for each place that lies so far behind a frame: taps / 2 up to that frame, and as many
    behind it. `cutoff` is a share of the sample rate. A row sums to 1, so that a constant stays constant.
    """
    distance = np.arange(taps)[np.newaxis, :] - (taps / 2 - 1) - fractions[:, np.newaxis]
    inside = np.sqrt(np.maximum(0.0, 1 - (distance / (taps / 2)) ** 2))
    weights: NDArray[np.float64] = np.sinc(2 * cutoff * distance) * np.i0(beta * inside)
    weights[np.abs(distance) >= taps / 2] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
