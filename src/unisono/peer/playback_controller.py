"""From plan and queue to lanes on a line of seconds: locks global time at a start, then leaves it alone.

Pure. Local ms, global µs, seconds of the line, which runs with the clock that is locked. The rules are those
of web/src/session/playback-controller.ts. Sinks ask `place_at`; `revision` grows with every change that must
not wait behind what is queued. A song that is not here is silence, and what follows it sounds in step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from unisono.peer.constants.audio import STRETCH_RATE_HZ
from unisono.peer.constants.session import FREEZE_BEFORE_START_MS, Role
from unisono.peer.lane import Lane
from unisono.peer.offset import OffsetEstimate
from unisono.peer.plan import Plan
from unisono.peer.playback_clock import PlaybackClock
from unisono.peer.programme import Stretch, current_at, programme, programme_end_us
from unisono.peer.programme_needs import SOON_US
from unisono.peer.queue import Queue
from unisono.peer.render import Place
from unisono.peer.role_part import is_channel, part_for
from unisono.peer.song import Song
from unisono.peer.stretch import StretchedSound

# Beside a block, so that what rings into it, and what a fade still needs, is there.
BESIDE_SEC = 0.1
NORMAL_TEMPO = 100


class PlaybackController:
    def __init__(self, speaker_delay_ms: int = 0) -> None:
        self.revision = 0
        self._role: Role = "all"
        # By file, what of it was played last.
        self._parts: dict[str, Role] = {}
        self._speaker_delay_ms = speaker_delay_ms
        self._plan = Plan()
        self._queue = Queue()
        # By file.
        self._songs: Mapping[str, Song] = {}
        # By file and tempo: the song that was stretched, and the stretched one.
        self._stretched: dict[tuple[str, int], tuple[Song, Song]] = {}
        self._playback_clock: PlaybackClock | None = None
        # The plan that sounds: always in the clock of the play clock. And when the line's zero is in it.
        self._sounding: Plan | None = None
        self._zero_us = 0.0
        self._estimate: OffsetEstimate | None = None
        # The latest: who is reckoned anew at the same place stays the same.
        self._lanes: Sequence[Lane] = ()

    @property
    def is_playing(self) -> bool:
        return self._sounding is not None

    def follow(self, plan: Plan, queue: Queue, songs: Mapping[str, Song], *, is_clock_known: bool) -> None:
        """Call it on every change of plan, queue, songs or clock, and a few times a second."""
        before, self._plan = self._plan, plan
        former_queue, self._queue = self._queue, queue
        if songs != self._songs:
            self._songs = dict(songs)
            self._parts = {file_id: part for file_id, part in self._parts.items() if file_id in songs}
            kept = [(key, each) for key, each in self._stretched.items() if songs.get(key[0]) is each[0]]
            self._stretched = dict(kept)
            self.revision += 1
        if plan.state != "playing" or plan.file_id is None:
            self._silence()
            return
        if before.state != "playing":
            self._silence()
        self._migrate(plan, former_queue)
        self._sound(plan, former_queue, is_clock_known=is_clock_known)

    def set_role(self, role: Role) -> None:
        """What of the sound this peer plays. A channel of a file is played once it was decoded by itself."""
        if role == self._role:
            return
        self._role = role
        self.revision += 1

    def estimated(self, estimate: OffsetEstimate) -> None:
        """A fresh estimate: while nothing sounds it moves what will, and then only the rate."""
        self._estimate = estimate
        playback_clock = self._playback_clock
        if playback_clock is None or playback_clock.clock_id != estimate.clock_id:
            return
        if not self._sounds_before(estimate.at_local_ms + FREEZE_BEFORE_START_MS):
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

    def stretches_between(self, begin_local_ms: float, end_local_ms: float) -> list[Stretch]:
        """What the loudspeaker should give; none when nothing plays."""
        begin_us, end_us = self.global_us_at(begin_local_ms), self.global_us_at(end_local_ms)
        if self._sounding is None or begin_us is None or end_us is None:
            return []
        return programme(self._sounding, self._queue, begin_us, end_us)

    def position_sec_at(self, local_ms: float) -> float | None:
        """Where in its song the loudspeaker should be, negative before that; None when nothing plays."""
        global_us = self.global_us_at(local_ms)
        if global_us is None or self._sounding is None:
            return None
        current = current_at(self._sounding, self._queue, global_us) or self._sounding
        return current.position_us_at(global_us) / 1e6

    def is_over_at(self, local_ms: float, after_sec: float) -> bool:
        """Whether all has ended that long ago; of a song of unknown length, by this peer's decode of it."""
        global_us = self.global_us_at(local_ms)
        if self._sounding is None or global_us is None:
            return False
        end_us = programme_end_us(self._sounding, self._queue)
        last = current_at(self._sounding, self._queue, global_us)
        song = self._songs.get(last.file_id) if last is not None and math.isinf(last.end_us) else None
        if last is not None and song is not None:
            return last.position_us_at(global_us) / 1e6 > song.whole_sec + after_sec
        return global_us > end_us + after_sec * 1e6

    def place_at(self, begin_local_ms: float, end_local_ms: float) -> Place | None:
        """What sounds between two local moments; None: silence."""
        begin_us, end_us = self.global_us_at(begin_local_ms), self.global_us_at(end_local_ms)
        if self._sounding is None or begin_us is None or end_us is None:
            return None
        beside_us = BESIDE_SEC * 1e6
        self._lanes = self._lanes_of(
            programme(self._sounding, self._queue, begin_us - beside_us, end_us + beside_us)
        )
        return Place(self._lanes, (begin_us - self._zero_us) / 1e6, (end_us - self._zero_us) / 1e6)

    def _lanes_of(self, stretches: Sequence[Stretch]) -> list[Lane]:
        lanes = []
        for stretch in stretches:
            song = self._songs.get(stretch.file_id)
            if song is None:
                continue
            lane = Lane(
                self._at_tempo(song, stretch.tempo),
                (stretch.start_us - self._zero_us) / 1e6,
                (stretch.end_us - self._zero_us) / 1e6,
                stretch.position_us / 1e6 * NORMAL_TEMPO / stretch.tempo,
                stretch.fade_in_us / 1e6,
                stretch.fade_out_us / 1e6,
                self._part_of(song),
            )
            former = next((each for each in self._lanes if each.is_same_as(lane)), lane)
            lanes.append(lane.at(former))
        return lanes

    def _part_of(self, song: Song) -> Role:
        part = part_for(self._role, song.channel_names)
        if is_channel(part) and part != song.isolated:
            part = self._parts.get(song.file_id, "all")
        if is_channel(part) and part != song.isolated:
            part = "all"
        self._parts[song.file_id] = part
        return part

    def global_us_at(self, local_ms: float) -> float | None:
        """At the loudspeaker, by the clock that is locked; None while none is."""
        if self._playback_clock is None:
            return None
        return self._playback_clock.global_us_at(local_ms + self._speaker_delay_ms)

    def _at_tempo(self, song: Song, tempo: int) -> Song:
        if tempo == NORMAL_TEMPO:
            return song
        key = (song.file_id, tempo)
        if key not in self._stretched or self._stretched[key][0] is not song:
            rows = 2 if song.isolated is None else 3
            sound = StretchedSound(song.sound, song.sample_rate, tempo, song.offset_sec, rows)
            self._stretched[key] = song, Song(song.file_id, STRETCH_RATE_HZ, sound)
        return self._stretched[key][1]

    def _sounds_before(self, local_ms: float) -> bool:
        """Whether anything sounds now, or begins by then."""
        now_ms = local_ms - FREEZE_BEFORE_START_MS
        return any(stretch.file_id in self._songs for stretch in self.stretches_between(now_ms, local_ms))

    def _sound(self, plan: Plan, former_queue: Queue, *, is_clock_known: bool) -> None:
        if self._playback_clock is not None:
            if plan.clock_id != self._playback_clock.clock_id:
                return
            before, self._sounding = self._sounding, plan
            is_news = before is None or _says(before) != _says(plan) or former_queue != self._queue
            # Another place, start or order: the sound may have moved under the listeners.
            if is_news:
                self.revision += 1
            return
        estimate = self._estimate
        if not is_clock_known or estimate is None or estimate.clock_id != plan.clock_id:
            return
        clock = PlaybackClock(estimate)
        now_us = clock.global_us_at(estimate.at_local_ms)
        soon = programme(plan, self._queue, now_us, now_us + SOON_US)
        if any(stretch.file_id in self._songs for stretch in soon):
            self._playback_clock, self._sounding = clock, plan
            self._zero_us, self._lanes = plan.global_start_us, ()
            self.revision += 1

    def _migrate(self, plan: Plan, former_queue: Queue) -> None:
        """The plan was re-expressed in another server's clock: lock onto that one, the line as it was."""
        estimate, playing, before = self._estimate, self._playback_clock, self._sounding
        if estimate is None or playing is None or before is None or plan.clock_id == playing.clock_id:
            return
        if estimate.clock_id == plan.clock_id:
            now_us = playing.global_us_at(estimate.at_local_ms)
            self._zero_us += _origin_us(plan) - _origin_of_entry_us(before, former_queue, plan, now_us)
            self._playback_clock = PlaybackClock(estimate)
            self._sounding = plan

    def _silence(self) -> None:
        if self._playback_clock is None:
            return
        self._playback_clock = None
        self._sounding = None
        self._lanes = ()
        self.revision += 1


def _says(plan: Plan) -> tuple[object, ...]:
    """What of a plan can be heard."""
    return (
        plan.entry_id,
        plan.file_id,
        _origin_us(plan),
        plan.repeat,
        plan.loop_us,
        plan.tempo,
        plan.crossfade_ms,
    )


def _origin_us(plan: Plan) -> float:
    """When the current entry's first moment would have been."""
    return plan.global_start_us - plan.position_us * NORMAL_TEMPO / plan.tempo


def _origin_of_entry_us(plan: Plan, queue: Queue, later: Plan, now_us: float) -> float:
    """The same of the later plan's entry by an earlier plan, whose programme may have come to it by now."""
    if later.entry_id != plan.entry_id:
        for stretch in programme(plan, queue, plan.global_start_us, now_us + SOON_US):
            if stretch.entry_id == later.entry_id:
                return stretch.start_us - stretch.position_us * NORMAL_TEMPO / stretch.tempo
    return _origin_us(plan)
