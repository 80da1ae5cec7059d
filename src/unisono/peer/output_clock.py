"""Where a sound card is: which of its frames leaves at which local moment. Pure.

A card tells with every block when its first frame will be heard; single readings of the card's clock are off
by milliseconds. A line of known slope through the last seconds of them is not: the slope from half a minute,
held near that of ordinary crystals by a prior, the level from the last seconds, both without outliers.
Samples that leave the line together are a step (an underrun, another device): the line begins anew on them.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

SKEW_WINDOW_MS = 30_000.0
LEVEL_WINDOW_MS = 8_000.0
OUTLIER_MADS = 3.0
MIN_MAD_MS = 0.05
# Cards of computers are within some 100 ppm of the clock; a sample is off by about a millisecond.
SKEW_PRIOR_PPM = 100.0
SAMPLE_NOISE_MS = 1.0
MAX_SKEW_PPM = 1_000.0
STEP_MS = 5.0
STEP_SAMPLES = 10
MIN_SAMPLES = 5
# Samples that follow each other closely lean together: so many say as much as one that stands alone.
LEANING_SAMPLES = 8
# A card may tell 200 times a second; the line moves no faster than this is worth.
FIT_PERIOD_MS = 100.0


class OutputClock:
    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        # Local ms and how late the card is against a perfect one that began at 0, ms.
        self._samples: deque[tuple[float, float]] = deque()
        self._outliers: list[tuple[float, float]] = []
        self._at_local_ms = -math.inf
        self._late_ms = 0.0
        self._skew = 0.0
        self._is_fitted = False
        # The card is within this of the line in 19 of 20 moments; infinite until it stands.
        self.uncertainty_ms = math.inf
        # How often it began anew.
        self.steps = 0

    @property
    def is_settled(self) -> bool:
        return len(self._samples) >= MIN_SAMPLES

    def add(self, frame: int, local_ms: float) -> None:
        """The card says that this frame is heard at this moment."""
        sample = (local_ms, local_ms - frame * 1000 / self._rate_hz)
        if not self._is_fitted and local_ms - self._at_local_ms >= FIT_PERIOD_MS:
            self._fit()
        if self.is_settled and abs(sample[1] - self._late_ms_at(local_ms)) > STEP_MS:
            self._outliers.append(sample)
            if len(self._outliers) < STEP_SAMPLES:
                return
            self._samples = deque(self._outliers)
            self.steps += 1
        else:
            self._samples.append(sample)
        self._outliers = []
        while self._samples[0][0] < local_ms - SKEW_WINDOW_MS:
            self._samples.popleft()
        self._is_fitted = False

    def local_ms_of(self, frame: int) -> float:
        """When the frame is heard; call it once the line has settled."""
        if not self._is_fitted:
            self._fit()
        at_ms = frame * 1000 / self._rate_hz
        return (at_ms + self._late_ms - self._skew * self._at_local_ms) / (1 - self._skew)

    def _late_ms_at(self, local_ms: float) -> float:
        return self._late_ms + self._skew * (local_ms - self._at_local_ms)

    def _fit(self) -> None:
        if not self.is_settled:
            return
        told = np.array(self._samples)
        local_ms = float(told[-1, 0])
        ago, late = told[:, 0] - local_ms, told[:, 1]
        kept = _inliers(late - self._skew * ago)
        self._skew = _slope(ago[kept], late[kept])
        recent = ago >= -LEVEL_WINDOW_MS
        level = (late - self._skew * ago)[recent]
        level = level[_inliers(level)]
        self._late_ms = float(level.mean())
        alone = max(1.0, len(level) / LEANING_SAMPLES)
        self.uncertainty_ms = 2 * float(level.std()) / math.sqrt(alone)
        self._at_local_ms = local_ms
        self._is_fitted = True


def _inliers(values: Series) -> NDArray[np.bool_]:
    from_median = np.abs(values - np.median(values))
    limit: float = OUTLIER_MADS * max(MIN_MAD_MS, float(np.median(from_median)))
    return np.asarray(from_median <= limit)


def _slope(ago_ms: Series, late_ms: Series) -> float:
    """Least squares, with a prior that a card's crystal is right."""
    from_mean = ago_ms - ago_ms.mean()
    spread = float((from_mean**2).sum()) + (SAMPLE_NOISE_MS / (SKEW_PRIOR_PPM * 1e-6)) ** 2
    slope = float((from_mean * (late_ms - late_ms.mean())).sum()) / spread
    limit = MAX_SKEW_PPM * 1e-6
    return min(limit, max(-limit, slope))
