"""From probes of the server's clock to offset and drift: one-way minima with a common slope. Pure; local ms.

The same estimator, with the same constants, as web/src/clock/offset-estimator.ts, where each constant has
its measurement: queueing only ever widens the bounds of a probe, so the two envelopes (largest lower bound,
smallest upper bound) are fitted separately with one slope, and each direction needs only one lucky probe now
and then. Forgets everything when the clock id changes.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unisono.peer.constants.clock import (
    AVERAGING_ROUNDS,
    BOUND_NOISE_MS,
    CONTRADICTION_MS,
    CONTRADICTION_PPM,
    DRIFT_LEARNING_MS,
    DRIFT_PRIOR_PPM,
    EDGE_BLUR_MS,
    EDGE_NOISE_MS,
    FIRST_SCALE_MS,
    LAST_SCALE_MS_TIMES_BUCKETS,
    LOOSENESS_SHARE,
    MAX_DRIFT_PPM,
    MAX_SCALE_MS,
    MIN_COARSENESS_MS,
    MIN_SCALE_MS,
    MIN_UNCERTAINTY_MS,
    OFFSET_BUCKET_MS,
    OFFSET_WINDOW_MS,
    SCALE_DECAY,
    SHARPENING_ROUNDS,
    STEP_BIAS_SHARE,
    STEP_BLUR_SHARE,
    STEP_SCALE_SHARE,
)

Series = NDArray[np.float64]
Admission = Literal["kept", "refused", "stepped"]


@dataclass(frozen=True)
class Probe:
    """One exchange with the server's clock: t0 and t3 local ms, t1 and t2 global µs of `clock_id`."""

    clock_id: str
    t0_local_ms: float
    t1_global_us: float
    t2_global_us: float
    t3_local_ms: float

    @property
    def round_trip_ms(self) -> float:
        """Without the server's own time."""
        return self.t3_local_ms - self.t0_local_ms - (self.t2_global_us - self.t1_global_us) / 1000

    @property
    def lower_ms(self) -> float:
        """The offset local - global is no less than this."""
        return self.t0_local_ms - self.t1_global_us / 1000

    @property
    def upper_ms(self) -> float:
        return self.t3_local_ms - self.t2_global_us / 1000

    def is_plausible(self, resolution_ms: float) -> bool:
        return (
            math.isfinite(self.t1_global_us)
            and math.isfinite(self.t2_global_us)
            and self.t2_global_us >= self.t1_global_us
            and self.t3_local_ms >= self.t0_local_ms
            and self.round_trip_ms >= -max(MIN_COARSENESS_MS, 2 * resolution_ms)
        )


@dataclass(frozen=True)
class OffsetEstimate:
    clock_id: str
    # The moment `offset_ms` is exact for, local ms.
    at_local_ms: float
    # local - global then.
    offset_ms: float
    # d(offset)/d(local).
    drift_ppm: float
    uncertainty_ms: float
    # Half the base round trip: the offset is within this of the truth, whatever the network did.
    bound_ms: float
    rtt_ms: float
    probes: int
    # When the oldest probe of the window was answered.
    since_local_ms: float = 0.0
    # It is most others' estimate of the same clock, as this peer's own disagrees (peer_comparison.py).
    is_of_others: bool = False

    def offset_ms_at(self, local_ms: float) -> float:
        return self.offset_ms + (local_ms - self.at_local_ms) * self.drift_ppm * 1e-6


@dataclass(frozen=True)
class _Bounds:
    """Bounds of one direction. `side` +1: lower bounds, the largest is the tightest; -1: upper ones."""

    side: int
    local_ms: Series
    offset_ms: Series

    def tightest(self, drift_per_ms: float) -> _Bounds:
        """One per bucket, drift taken out."""
        score = self.side * (self.offset_ms - drift_per_ms * self.local_ms)
        best: dict[int, int] = {}
        for index, bucket in enumerate(np.floor(self.local_ms / OFFSET_BUCKET_MS).astype(int)):
            known = best.get(bucket)
            if known is None or score[index] > score[known]:
                best[bucket] = index
        chosen = list(best.values())
        return _Bounds(self.side, self.local_ms[chosen], self.offset_ms[chosen])


@dataclass(frozen=True)
class _Fit:
    lower_ms: float
    upper_ms: float
    drift_per_ms: float
    uncertainty_ms: float = 0.0


@dataclass(frozen=True)
class _Moments:
    weight: float
    mean_local: float
    mean_offset: float
    spread: float
    covariance: float
    variance: float


class OffsetEstimator:
    def __init__(self, resolution_ms: float = 0.0) -> None:
        # Of the local clock (T14): readings that differ are at least this far apart, and each may be off by
        # as much.
        self._resolution_ms = resolution_ms
        self.reset()

    @property
    def clock_id(self) -> str | None:
        return self._probes[0].clock_id if self._probes else None

    def reset(self) -> None:
        """Forgets all probes, for example because the device slept and local time stood still."""
        self._probes: deque[Probe] = deque()
        self._drift_per_ms = 0.0
        # Centre of the drift's prior, and when it was last moved.
        self._usual_drift_per_ms = 0.0
        self._learnt_local_ms: float | None = None
        # Contradicts the window; the next probe decides which of them is right.
        self._suspect: Probe | None = None

    def add(self, probe: Probe) -> Admission:
        """`stepped`: local time jumped, so everything before it was dropped (T11)."""
        if not probe.is_plausible(self._resolution_ms):
            return "refused"
        if self.clock_id != probe.clock_id:
            self.reset()
        suspect = self._suspect
        self._suspect = probe if self._is_contradicted(probe) else None
        if self._suspect is not None:
            if suspect is None:
                return "refused"
            self.reset()
            self._probes.extend((suspect, probe))
            return "stepped"
        self._probes.append(probe)
        while self._probes[0].t3_local_ms < probe.t3_local_ms - OFFSET_WINDOW_MS:
            self._probes.popleft()
        return "kept"

    def estimate(self, local_ms: float) -> OffsetEstimate | None:
        """The offset at `local_ms`; None before the first probe."""
        if not self._probes:
            return None
        probes = self._probes
        origin_ms = probes[0].lower_ms
        lower = _Bounds(
            +1,
            np.array([probe.t0_local_ms - local_ms for probe in probes]),
            np.array([probe.lower_ms - origin_ms for probe in probes]),
        )
        upper = _Bounds(
            -1,
            np.array([probe.t3_local_ms - local_ms for probe in probes]),
            np.array([probe.upper_ms - origin_ms for probe in probes]),
        )
        fit = self._fit(lower, upper)
        self._drift_per_ms = fit.drift_per_ms
        self._learn_drift(local_ms)
        return OffsetEstimate(
            clock_id=probes[0].clock_id,
            at_local_ms=local_ms,
            offset_ms=origin_ms + (fit.lower_ms + fit.upper_ms) / 2,
            drift_ppm=fit.drift_per_ms * 1e6,
            uncertainty_ms=max(
                MIN_UNCERTAINTY_MS, math.hypot(fit.uncertainty_ms, self._step_uncertainty_ms())
            ),
            bound_ms=max(0.0, (fit.upper_ms - fit.lower_ms) / 2 + self._resolution_ms),
            rtt_ms=max(0.0, min(probe.round_trip_ms for probe in probes)),
            probes=len(probes),
            since_local_ms=probes[0].t3_local_ms,
        )

    def _is_contradicted(self, probe: Probe) -> bool:
        """Whether no offset at all satisfies both this probe and those of the window."""
        for other in self._probes:
            age_ms = probe.t3_local_ms - other.t3_local_ms
            drift_ms = self._drift_per_ms * age_ms
            slack_ms = CONTRADICTION_MS + 2 * self._resolution_ms + CONTRADICTION_PPM * 1e-6 * age_ms
            if probe.lower_ms > other.upper_ms + drift_ms + slack_ms:
                return True
            if probe.upper_ms < other.lower_ms + drift_ms - slack_ms:
                return True
        return False

    def _step_uncertainty_ms(self) -> float:
        return self._resolution_ms * math.hypot(1 / math.sqrt(len(self._probes)), STEP_BIAS_SHARE)

    def _learn_drift(self, local_ms: float) -> None:
        if self._learnt_local_ms is not None:
            passed_ms = max(0.0, local_ms - self._learnt_local_ms)
            share = 1 - math.exp(-passed_ms / DRIFT_LEARNING_MS)
            self._usual_drift_per_ms += share * (self._drift_per_ms - self._usual_drift_per_ms)
        self._learnt_local_ms = local_ms

    def _fit(self, lower: _Bounds, upper: _Bounds) -> _Fit:
        """Iteratively reweighted least squares for (lower intercept, upper intercept, common slope).

        A bound on the tight side of its line keeps weight 1, a loose one fades: the lines settle on the
        envelopes, not on the means. First on the tightest bound of every bucket, ever sharper; then on all
        bounds, as sharp as the envelope is.
        """
        slope = self._drift_per_ms
        low, up = lower.tightest(slope), upper.tightest(slope)
        begin = _Fit(
            lower_ms=float(np.max(low.offset_ms - slope * low.local_ms)),
            upper_ms=float(np.min(up.offset_ms - slope * up.local_ms)),
            drift_per_ms=slope,
        )
        wished_ms = LAST_SCALE_MS_TIMES_BUCKETS / len(low.local_ms)
        step_ms = STEP_SCALE_SHARE * self._resolution_ms
        last_scale_ms = max(step_ms, min(MAX_SCALE_MS, max(MIN_SCALE_MS, wished_ms)))

        def sharpen(noise_ms: float) -> _Fit:
            sharp = begin
            for sharpening in range(SHARPENING_ROUNDS):
                scale_ms = max(last_scale_ms, FIRST_SCALE_MS * SCALE_DECAY**sharpening)
                sharp = _refine(sharp, low, up, scale_ms, self._usual_drift_per_ms, noise_ms)
            return sharp

        fit = sharpen(max(BOUND_NOISE_MS, step_ms))
        loose_ms = LOOSENESS_SHARE * _looseness_ms(low, up, fit)
        if loose_ms > BOUND_NOISE_MS:
            fit = sharpen(loose_ms)
        noise_ms = max(EDGE_NOISE_MS, loose_ms, step_ms)
        blur_ms = max(EDGE_BLUR_MS, STEP_BLUR_SHARE * self._resolution_ms)
        for _ in range(AVERAGING_ROUNDS):
            fit = _refine(fit, lower, upper, blur_ms, self._usual_drift_per_ms, noise_ms)
        return fit


def _looseness_ms(lower: _Bounds, upper: _Bounds, fit: _Fit) -> float:
    """The median distance of the bounds from their lines."""
    low = np.abs(lower.offset_ms - fit.lower_ms - fit.drift_per_ms * lower.local_ms)
    up = np.abs(upper.offset_ms - fit.upper_ms - fit.drift_per_ms * upper.local_ms)
    distances = np.sort(np.concatenate((low, up)))
    return float(distances[len(distances) // 2])


def _refine(
    before: _Fit, lower: _Bounds, upper: _Bounds, scale_ms: float, usual_drift: float, noise_ms: float
) -> _Fit:
    """One round: both lines through the bounds, weighted by how far they are from the lines before."""
    low = _moments(lower, before.drift_per_ms, before.lower_ms, scale_ms)
    up = _moments(upper, before.drift_per_ms, before.upper_ms, scale_ms)
    surprise = (before.drift_per_ms - usual_drift) / (DRIFT_PRIOR_PPM * 1e-6)
    ridge = (noise_ms / (DRIFT_PRIOR_PPM * 1e-6)) ** 2 / (1 + surprise**2)
    spread = low.spread + up.spread + ridge
    wished = (low.covariance + up.covariance + ridge * usual_drift) / spread
    limit = MAX_DRIFT_PPM * 1e-6
    slope = min(limit, max(-limit, wished))
    slope_variance = noise_ms**2 / spread
    level_variance = (low.variance / low.weight + up.variance / up.weight) / 4
    lever_ms = (low.mean_local + up.mean_local) / 2
    return _Fit(
        lower_ms=low.mean_offset - slope * low.mean_local,
        upper_ms=up.mean_offset - slope * up.mean_local,
        drift_per_ms=slope,
        uncertainty_ms=math.sqrt(level_variance + slope_variance * lever_ms**2),
    )


def _moments(bounds: _Bounds, slope: float, level_ms: float, scale_ms: float) -> _Moments:
    from_line = bounds.offset_ms - level_ms - slope * bounds.local_ms
    loose = np.maximum(0.0, -bounds.side * from_line)
    share = 1 / (1 + (loose / scale_ms) ** 2)
    weight = float(share.sum())
    mean_local = float((share * bounds.local_ms).sum()) / weight
    mean_offset = float((share * bounds.offset_ms).sum()) / weight
    from_mean = bounds.local_ms - mean_local
    residual = float((share * from_line**2).sum()) / weight
    return _Moments(
        weight=weight,
        mean_local=mean_local,
        mean_offset=mean_offset,
        spread=float((share * from_mean**2).sum()),
        covariance=float((share * from_mean * (bounds.offset_ms - mean_offset)).sum()),
        # With one or two bounds the residual says nothing; the prior noise of a minimum stands in.
        variance=max(residual, BOUND_NOISE_MS**2 if len(bounds.local_ms) < 3 else 0.0),
    )
