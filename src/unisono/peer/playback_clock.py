"""Lock, then leave alone (rules L1 to L7 of docs/spec/timing.md, as web/src/clock/playback-clock.ts). Pure.

While a song plays, global time comes from a locked model; fresh estimates only bend its rate, so that sound
is never snapped. States: trimming -> watching -> slewing -> trimming, and from any of them `rejoin`, which
the caller answers by locking anew and crossing over. Local ms, global µs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from unisono.peer.constants.clock import (
    MAX_TRIM_PPM,
    PERSISTENT_MS,
    PERSISTENT_SAMPLES,
    REJOIN_FROM_MS,
    RELOCK_FROM_MS,
    SLEW_DONE_MS,
    SLEW_FROM_MS,
    SLEW_PPM,
    TRIM_TIME_CONSTANT_MS,
    WATCH_FROM_MS,
)
from unisono.peer.offset import OffsetEstimate

PlaybackClockState = Literal["trimming", "watching", "slewing", "rejoin"]


@dataclass(frozen=True)
class _Beyond:
    sign: float
    since_local_ms: float
    samples: int


class PlaybackClock:
    """Locks onto `estimate`."""

    def __init__(self, estimate: OffsetEstimate) -> None:
        self.clock_id = estimate.clock_id
        self._ref_local_ms = estimate.at_local_ms
        self._ref_offset_ms = estimate.offset_ms
        self._rate_ppm = estimate.drift_ppm
        self._locked_drift_ppm = estimate.drift_ppm
        self._locked_bound_ms = estimate.bound_ms
        self._is_slewing = False
        self._beyond: dict[str, _Beyond] = {}

    def offset_ms_at(self, local_ms: float) -> float:
        """local - global by the locked model."""
        return self._ref_offset_ms + (local_ms - self._ref_local_ms) * self._rate_ppm * 1e-6

    def global_us_at(self, local_ms: float) -> float:
        return (local_ms - self.offset_ms_at(local_ms)) * 1000

    def update(self, fresh: OffsetEstimate) -> PlaybackClockState:
        """Takes a fresh estimate of the same clock into account and says what state that leaves."""
        local_ms = fresh.at_local_ms
        difference_ms = fresh.offset_ms - self.offset_ms_at(local_ms)
        size_ms = abs(difference_ms)
        # L7: what its bounds were wider by than today's explains the difference.
        was_loose = size_ms <= self._locked_bound_ms - fresh.bound_ms + RELOCK_FROM_MS
        relock_from_ms = RELOCK_FROM_MS if was_loose else math.inf
        must_rejoin = self._is_persistent("rejoin", REJOIN_FROM_MS, difference_ms, local_ms)
        must_relock = self._is_persistent("relock", relock_from_ms, difference_ms, local_ms)
        slew_from_ms = RELOCK_FROM_MS if fresh.is_of_others else SLEW_FROM_MS  # L8
        must_slew = self._is_persistent("slew", slew_from_ms, difference_ms, local_ms)
        if must_rejoin or must_relock:
            return "rejoin"  # L4, L7
        if must_slew:
            self._is_slewing = True  # L3
        if self._is_slewing and size_ms < SLEW_DONE_MS:
            self._is_slewing = False
        if self._is_slewing:
            # A wild sample during a slew must not turn it round (L5).
            if size_ms < REJOIN_FROM_MS:
                self._bend(local_ms, fresh.drift_ppm + math.copysign(SLEW_PPM, difference_ms))
            return "slewing"
        if size_ms >= WATCH_FROM_MS:
            self._bend(local_ms, self._locked_drift_ppm)  # L2
            return "watching"
        wanted_ppm = fresh.drift_ppm + difference_ms / TRIM_TIME_CONSTANT_MS * 1e6
        trim_ppm = min(MAX_TRIM_PPM, max(-MAX_TRIM_PPM, wanted_ppm - self._locked_drift_ppm))
        self._bend(local_ms, self._locked_drift_ppm + trim_ppm)  # L1
        return "trimming"

    def _bend(self, local_ms: float, rate_ppm: float) -> None:
        """Changes the rate from `local_ms` on; the model stays continuous, so nothing ever steps."""
        self._ref_offset_ms = self.offset_ms_at(local_ms)
        self._ref_local_ms = local_ms
        self._rate_ppm = rate_ppm

    def _is_persistent(self, remedy: str, from_ms: float, difference_ms: float, local_ms: float) -> bool:
        if abs(difference_ms) <= from_ms:
            self._beyond.pop(remedy, None)
            return False
        sign = math.copysign(1, difference_ms)
        before = self._beyond.get(remedy)
        if before is not None and before.sign == sign:
            entry = _Beyond(sign, before.since_local_ms, before.samples + 1)
        else:
            entry = _Beyond(sign, local_ms, 1)
        self._beyond[remedy] = entry
        return entry.samples >= PERSISTENT_SAMPLES and local_ms - entry.since_local_ms >= PERSISTENT_MS
