"""From a place on the programme's line to the frames of an output, without clicks. Pure.

Each block goes on where the one before ended, so joins are continuous; a lane that comes, goes or leaps in
the middle is crossed over. A frame is one of the output. Sound that is not decoded yet is silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unisono.peer.constants.audio import REJOIN_MS
from unisono.peer.lane import CHANNELS, Lane, Seconds
from unisono.peer.sound import Sound

OUTPUT_RATE_HZ = 48_000
CROSSFADE_FRAMES = OUTPUT_RATE_HZ * 20 // 1000
STOP_FADE_FRAMES = OUTPUT_RATE_HZ * 15 // 1000
# P4 has 2.5 s for a page. Clock readings of a card behind PortAudio scatter by a millisecond, not by
# hundredths, and a quick servo would follow that. P5: the rate bends by so much at most below so many ms.
TIME_CONSTANT_SEC = 8.0
LIMITS_PPM = ((8.0, 1_000.0), (math.inf, 2_000.0))


@dataclass(frozen=True)
class Place:
    """What a block is to sound like: where on the line its first frame and the one after its last are."""

    lanes: Sequence[Lane]
    begin_sec: float
    end_sec: float


@dataclass(frozen=True)
class Run:
    """Which lanes were read, where on the line they go on, s, and how far a frame goes."""

    lanes: Sequence[Lane]
    at_sec: float
    step_sec: float

    def seconds(self, frames: int) -> Seconds:
        places: Seconds = self.at_sec + self.step_sec * np.arange(frames, dtype=np.float64)
        return places

    def sounds_for(self, frames: int) -> bool:
        end_sec = self.at_sec + frames * self.step_sec
        return any(lane.sounds_between(self.at_sec, end_sec) for lane in self.lanes)


@dataclass(frozen=True)
class Block:
    # Channels x frames.
    sound: Sound
    # How far the run was from its place at the block's begin, ms; None where nothing sounds.
    error_ms: float | None
    after: Run | None


def render_block(before: Run | None, place: Place | None, frames: int, rejoin_ms: float = REJOIN_MS) -> Block:
    """The next block. `before` is where the last one ended; None: in silence. `place` None: be silent. Who is
    further than `rejoin_ms` from the place crosses over to it.
    """
    sound = np.zeros((CHANNELS, frames), dtype=np.float32)
    if place is None:
        _fade_out(sound, before, before.lanes if before is not None else (), STOP_FADE_FRAMES)
        return Block(sound, None, None)
    step_sec = (place.end_sec - place.begin_sec) / frames
    error_ms = (before.at_sec - place.begin_sec) * 1000 if before is not None else math.inf
    is_going_on = before is not None and abs(error_ms) <= rejoin_ms and before.sounds_for(frames)
    if before is not None and is_going_on:
        run = Run(place.lanes, before.at_sec, step_sec * (1 + correction_ppm(error_ms) * 1e-6))
    else:
        error_ms, run = 0.0, Run(place.lanes, place.begin_sec, step_sec)
    seconds = run.seconds(frames)
    ending, read = list(before.lanes) if before is not None else [], []
    for lane in place.lanes:
        part = lane.read(seconds)
        if part is None:
            continue
        read.append(lane)
        former = next((each for each in ending if lane.goes_on_from(each, run.at_sec)), None)
        if is_going_on and former is not None:
            ending.remove(former)
        elif lane.start_sec < run.at_sec:  # at its start a song begins as it was made
            _fade_in(part, is_alike=is_going_on and any(lane.is_alike(each) for each in ending))
        sound += part
    _fade_out(sound, before, ending, CROSSFADE_FRAMES, read if is_going_on else ())
    run = Run(read, run.at_sec, run.step_sec)
    after = Run(read, run.at_sec + frames * run.step_sec, run.step_sec) if read else None
    return Block(sound, error_ms if run.sounds_for(frames) else None, after)


def correction_ppm(error_ms: float) -> float:
    """The rate change that answers an error: one that plays ahead asks for less."""
    wanted_ppm = -error_ms / 1000 / TIME_CONSTANT_SEC * 1e6
    limit_ppm = next(ppm for below_ms, ppm in LIMITS_PPM if abs(error_ms) < below_ms)
    return min(limit_ppm, max(-limit_ppm, wanted_ppm))


def _fade_in(sound: Sound, *, is_alike: bool) -> None:
    """At equal power with what fades out meanwhile; at equal gain with another part of the same sound."""
    frames = min(CROSSFADE_FRAMES, sound.shape[1])
    sound[:, :frames] *= _shares(frames) if is_alike else np.sin(_angles(frames))


def _fade_out(
    sound: Sound, before: Run | None, lanes: Sequence[Lane], most_frames: int, into: Sequence[Lane] = ()
) -> None:
    """What sounded until now, as far as it is there."""
    frames = min(most_frames, sound.shape[1])
    if before is None:
        return
    for lane in lanes:
        part = lane.read(before.seconds(frames))
        if part is not None:
            is_alike = any(each.is_alike(lane) for each in into)
            sound[:, :frames] += part * (1 - _shares(frames) if is_alike else np.cos(_angles(frames)))


def _shares(frames: int) -> Sound:
    shares: Sound = ((np.arange(frames) + 0.5) / frames).astype(np.float32)
    return shares


def _angles(frames: int) -> Sound:
    return np.asarray(_shares(frames) * (math.pi / 2), dtype=np.float32)
