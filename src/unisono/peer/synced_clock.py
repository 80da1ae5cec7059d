"""This peer's view of global time: when to probe, what is known, and the models of clocks it has left. Pure.

Local ms, global µs. States: unsynced (no probe) -> coarse (one) -> locked (8 good ones) -> stale (nothing new
for 5 s). The rules are T6 to T12 of docs/spec/timing.md. Timers are the caller's: `due_local_ms` says when
`next_probe` wants to be called.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from unisono.peer.constants.clock import (
    BURST_PROBES,
    BURST_SPACING_MS,
    CLOCK_SETTLING_MS,
    LOCK_BOUND_MS,
    LOCK_PROBES,
    PROBE_TIMEOUT_MS,
    REMEMBERED_CLOCKS,
    SLEEP_JUMP_MS,
    SLOW_LOCK_PROBES,
    STALE_MS,
    SURE_SLEEP_MS,
)
from unisono.peer.offset import OffsetEstimate, OffsetEstimator, Probe
from unisono.protocol import Pong

ClockState = Literal["unsynced", "coarse", "locked", "stale"]
Activity = Literal["idle", "pre-roll", "playing"]

SETTLING_PERIOD_MS = 200.0
PERIOD_MS: dict[Activity, float] = {"idle": 1_000.0, "pre-roll": 200.0, "playing": 500.0}


class SyncedClock:
    def __init__(self, *, local_ms: float, wall_ms: float) -> None:
        self.activity: Activity = "idle"
        self._estimator = OffsetEstimator()
        # From the server's answers alone, and what this peer goes by (T18).
        self._own: OffsetEstimate | None = None
        self._estimate: OffsetEstimate | None = None
        self.room_estimate: Callable[[OffsetEstimate], OffsetEstimate] = lambda own: own
        self._pending: dict[int, float] = {}
        self._former: dict[str, OffsetEstimate] = {}
        self._good_probes = 0
        self._last_probe_local_ms = -math.inf
        self._next_id = 1
        self._wall_minus_local_ms = wall_ms - local_ms
        self._burst_left = 0
        self._settling_until_ms = -math.inf
        self._due_local_ms: float | None = None

    @property
    def estimate(self) -> OffsetEstimate | None:
        return self._estimate

    @property
    def due_local_ms(self) -> float | None:
        """When the next probe is due; None while stopped."""
        return self._due_local_ms

    def state(self, local_ms: float) -> ClockState:
        if self._estimate is None:
            return "unsynced"
        if local_ms - self._last_probe_local_ms > STALE_MS:
            return "stale"
        is_sharp = self._estimate.bound_ms <= LOCK_BOUND_MS or self._good_probes >= SLOW_LOCK_PROBES
        return "locked" if self._good_probes >= LOCK_PROBES and is_sharp else "coarse"

    def start(self, local_ms: float) -> None:
        """On a new connection: probes come fast."""
        self._burst_left = BURST_PROBES
        self._settling_until_ms = local_ms + CLOCK_SETTLING_MS
        self._pending.clear()
        self._due_local_ms = local_ms

    def stop(self) -> None:
        """What is known stays known and turns stale."""
        self._pending.clear()
        self._due_local_ms = None

    def next_probe(self, local_ms: float) -> int:
        """A probe is sent now: its id. Sets when the next one is due (T7)."""
        self._pending = {
            probe: sent for probe, sent in self._pending.items() if local_ms - sent <= PROBE_TIMEOUT_MS
        }
        probe_id = self._next_id
        self._next_id += 1
        self._pending[probe_id] = local_ms
        if self._burst_left > 0:
            self._burst_left -= 1
            wait_ms = BURST_SPACING_MS
        else:
            is_settling = local_ms < self._settling_until_ms
            wait_ms = SETTLING_PERIOD_MS if is_settling else PERIOD_MS[self.activity]
        self._due_local_ms = local_ms + wait_ms
        return probe_id

    def receive(self, pong: Pong, t3_local_ms: float) -> OffsetEstimate | None:
        """The fresh estimate; None for an unknown, late or senseless answer."""
        t0_local_ms = self._pending.pop(pong.id, None)
        if t0_local_ms is None or t3_local_ms - t0_local_ms > PROBE_TIMEOUT_MS:
            return None
        if self._estimate is not None and self._estimate.clock_id != pong.clock_id:
            self._leave_clock(self._estimate)
        admission = self._estimator.add(Probe(pong.clock_id, t0_local_ms, pong.t1, pong.t2, t3_local_ms))
        if admission == "refused":
            return None
        if admission == "stepped":
            self._good_probes = 0
            self._burst(t3_local_ms)
        self._good_probes += 1
        self._last_probe_local_ms = t3_local_ms
        self._own = self._estimate = self._estimator.estimate(t3_local_ms)
        if self._own is not None and self.state(t3_local_ms) == "locked":
            self._estimate = self.room_estimate(self._own)
        return self._estimate

    def own_time_at(self, local_ms: float) -> tuple[str, int] | None:
        """Clock id and µs as this peer alone has them from the server, for others to compare with (T17)."""
        if self._own is None or self.state(local_ms) != "locked":
            return None
        return self._own.clock_id, round((local_ms - self._own.offset_ms_at(local_ms)) * 1000)

    def global_us_at(self, local_ms: float) -> float | None:
        """None before the first probe."""
        if self._estimate is None:
            return None
        return (local_ms - self._estimate.offset_ms_at(local_ms)) * 1000

    def to_current_clock(self, global_us: float, clock_id: str) -> float | None:
        """A moment of a clock this peer has met, in the clock of now, µs (T10)."""
        if self._estimate is not None and self._estimate.clock_id == clock_id:
            return global_us
        former = self._former.get(clock_id)
        if former is None:
            return None
        rate = former.drift_ppm * 1e-6
        local_ms = (global_us / 1000 + former.offset_ms - former.at_local_ms * rate) / (1 - rate)
        return self.global_us_at(local_ms)

    def check_for_sleep(self, local_ms: float, wall_ms: float) -> bool:
        """Drops the window when wall time shows that local time stood still. True: for so long that what
        sounds is off by it (T12).
        """
        jump_ms = wall_ms - local_ms - self._wall_minus_local_ms
        self._wall_minus_local_ms = wall_ms - local_ms
        if abs(jump_ms) <= SLEEP_JUMP_MS:
            return False
        self._estimator.reset()
        self._good_probes = 0
        is_sure = jump_ms > SURE_SLEEP_MS
        if is_sure:
            if self._estimate is not None:
                self._leave_clock(self._estimate)
            self._former = {
                clock_id: replace(former, offset_ms=former.offset_ms - jump_ms)
                for clock_id, former in self._former.items()
            }
        self._burst(local_ms)
        return is_sure

    def _burst(self, local_ms: float) -> None:
        if self._due_local_ms is not None:
            self.start(local_ms)

    def _leave_clock(self, estimate: OffsetEstimate) -> None:
        self._former[estimate.clock_id] = estimate
        if len(self._former) > REMEMBERED_CLOCKS:
            del self._former[next(iter(self._former))]
        self._good_probes = 0
        self._own = self._estimate = None
