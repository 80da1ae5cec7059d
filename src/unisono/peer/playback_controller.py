"""From the plan to a place in the song: locks global time at a start and then leaves it alone. Pure.

Local ms, global µs, seconds in the anchor's decode. The rules are those of
web/src/session/playback-controller.ts. Sinks ask `place_at`; `revision` grows with every change that must not
wait behind what is queued.
"""

from __future__ import annotations

from unisono.peer.constants.session import FREEZE_BEFORE_START_MS
from unisono.peer.offset import OffsetEstimate
from unisono.peer.plan import Plan
from unisono.peer.playback_clock import PlaybackClock
from unisono.peer.render import Place
from unisono.peer.song import Song


class PlaybackController:
    def __init__(self, speaker_delay_ms: int = 0) -> None:
        self.song: Song | None = None
        self.revision = 0
        self._speaker_delay_ms = speaker_delay_ms
        self._plan = Plan()
        self._playback_clock: PlaybackClock | None = None
        # The plan that sounds: always in the clock of the play clock.
        self._sounding: Plan | None = None
        self._estimate: OffsetEstimate | None = None

    @property
    def is_playing(self) -> bool:
        return self._sounding is not None

    def follow(self, plan: Plan, *, is_clock_known: bool) -> None:
        """Call it on every change of plan, song or clock, and a few times a second."""
        before, self._plan = self._plan, plan
        if plan.state != "playing" or plan.file_id is None:
            self._silence()
            return
        if before.state != "playing" or before.file_id != plan.file_id:
            self._silence()
        else:
            self._migrate(plan)
        self._sound(plan, is_clock_known=is_clock_known)

    def estimated(self, estimate: OffsetEstimate) -> None:
        """A fresh estimate: before the start it moves the start, after it only the rate."""
        self._estimate = estimate
        playback_clock = self._playback_clock
        if playback_clock is None or playback_clock.clock_id != estimate.clock_id:
            return
        position_sec = self.position_sec_at(estimate.at_local_ms)
        until_start_ms = 0.0 if position_sec is None else (self._start_sec - position_sec) * 1000
        if until_start_ms > FREEZE_BEFORE_START_MS:
            self._playback_clock = PlaybackClock(estimate)
        # A page plans what it has queued anew at the edges of a slew. Here a second is queued at most,
        # which a slew of 1.5 ms/s leaves 1.5 ms off.
        elif playback_clock.update(estimate) == "rejoin":
            self._playback_clock = PlaybackClock(estimate)
            self.revision += 1

    def slept(self) -> None:
        """What sounds is off by as long as the device slept; it enters anew once the clock is locked."""
        self._estimate = None
        self._silence()

    def position_sec_at(self, local_ms: float) -> float | None:
        """Where in the song the loudspeaker should be; None when nothing plays."""
        if self._sounding is None or self._playback_clock is None:
            return None
        global_us = self._playback_clock.global_us_at(local_ms + self._speaker_delay_ms)
        return self._sounding.position_us_at(global_us) / 1e6

    def place_at(self, begin_local_ms: float, end_local_ms: float) -> Place | None:
        """What sounds between two local moments; None: silence."""
        begin_sec, end_sec = self.position_sec_at(begin_local_ms), self.position_sec_at(end_local_ms)
        if self.song is None or begin_sec is None or end_sec is None:
            return None
        return Place(self.song, begin_sec, end_sec, self._start_sec)

    @property
    def _start_sec(self) -> float:
        return self._sounding.position_us / 1e6 if self._sounding else 0.0

    def _sound(self, plan: Plan, *, is_clock_known: bool) -> None:
        if self._playback_clock is not None:
            if plan.clock_id != self._playback_clock.clock_id:
                return
            before, self._sounding = self._sounding, plan
            # Another place or another start: the song moved under the listeners.
            if before is not None and _origin_us(before) != _origin_us(plan):
                self.revision += 1
            return
        is_loaded = self.song is not None and self.song.file_id == plan.file_id
        if not is_loaded or not is_clock_known or self._estimate is None:
            return
        if self._estimate.clock_id == plan.clock_id:
            self._playback_clock = PlaybackClock(self._estimate)
            self._sounding = plan
            self.revision += 1

    def _migrate(self, plan: Plan) -> None:
        """The plan was re-expressed in another server's clock: lock onto that one."""
        estimate, playing = self._estimate, self._playback_clock
        if estimate is None or playing is None or plan.clock_id == playing.clock_id:
            return
        if estimate.clock_id == plan.clock_id:
            self._playback_clock = PlaybackClock(estimate)
            self._sounding = plan

    def _silence(self) -> None:
        if self._playback_clock is None:
            return
        self._playback_clock = None
        self._sounding = None
        self.revision += 1


def _origin_us(plan: Plan) -> float:
    return plan.global_start_us - plan.position_us
