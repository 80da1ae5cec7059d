"""From a place in a song to the frames of an output, without clicks. Pure.

Windowed-sinc interpolation (48 taps, as in the web app) at a ratio near 1. Each block goes on where
the one before ended, so joins are continuous; what changes place is crossed over. Positions are seconds in
the anchor's decode; a frame is one of the output. Sound that is not decoded yet is silence, and no place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from unisono.peer.constants.audio import REJOIN_MS, RESAMPLER_KAISER_BETA, RESAMPLER_PHASES, RESAMPLER_TAPS
from unisono.peer.song import Song
from unisono.peer.sound import ReadableSound, Sound
from unisono.peer.windowed_sinc import windowed_sinc

OUTPUT_RATE_HZ = 48_000
CHANNELS = 2
CROSSFADE_FRAMES = OUTPUT_RATE_HZ * 20 // 1000
STOP_FADE_FRAMES = OUTPUT_RATE_HZ * 15 // 1000
# P4 has 2.5 s for a page. Clock readings of a card behind PortAudio scatter by a millisecond, not by
# hundredths, and a quick servo would follow that. P5: the rate bends by so much at most below so many ms.
TIME_CONSTANT_SEC = 8.0
LIMITS_PPM = ((8.0, 1_000.0), (math.inf, 2_000.0))


@dataclass(frozen=True)
class Place:
    """What a block is to sound like: where in the song its first frame and the one after its last are.

    Nothing sounds before `start_sec`, the place in the song where the plan begins.
    """

    song: Song
    begin_sec: float
    end_sec: float
    start_sec: float


@dataclass(frozen=True)
class Run:
    """Where the song went on being read, s, and how far a frame goes."""

    song: Song
    at_sec: float
    step_sec: float
    start_sec: float


@dataclass(frozen=True)
class Block:
    # Channels x frames.
    sound: Sound
    # How far the run was from its place at the block's begin, ms; None where nothing sounds.
    error_ms: float | None
    after: Run | None


def render_block(before: Run | None, place: Place | None, frames: int) -> Block:
    """The next block. `before` is where the last one ended; None: in silence. `place` None: be silent."""
    if place is None:
        return _silence(before, frames)
    target_step_sec = (place.end_sec - place.begin_sec) / frames
    is_same = before is not None and before.song.file_id == place.song.file_id
    error_ms = (before.at_sec - place.begin_sec) * 1000 if before is not None and is_same else math.inf
    if before is not None and abs(error_ms) <= REJOIN_MS:
        step_sec = target_step_sec * (1 + correction_ppm(error_ms) * 1e-6)
        run = Run(place.song, before.at_sec, step_sec, place.start_sec)
        sound = _read(run, frames)
        if sound is None:
            return _silence(before, frames)
        if before.song is not place.song:
            _mix_fade(sound, before, CROSSFADE_FRAMES)  # aligned to its anchor meanwhile
    else:
        error_ms = 0.0
        run = Run(place.song, place.begin_sec, target_step_sec, place.start_sec)
        sound = _read(run, frames)
        if sound is None:
            return _silence(before, frames)
        # At its start a song begins as it was made; mid-song it comes in softly.
        if before is not None or place.begin_sec > place.start_sec:
            _mix_fade(sound, before, CROSSFADE_FRAMES)
    return Block(sound, error_ms, replace(run, at_sec=run.at_sec + frames * run.step_sec))


def correction_ppm(error_ms: float) -> float:
    """The rate change that answers an error: one that plays ahead asks for less."""
    wanted_ppm = -error_ms / 1000 / TIME_CONSTANT_SEC * 1e6
    limit_ppm = next(ppm for below_ms, ppm in LIMITS_PPM if abs(error_ms) < below_ms)
    return min(limit_ppm, max(-limit_ppm, wanted_ppm))


def _silence(before: Run | None, frames: int) -> Block:
    """By a plan, or for want of sound that is not decoded yet; what comes after it comes in softly."""
    faded = np.zeros((CHANNELS, frames), dtype=np.float32)
    if before is not None:
        _mix_fade(faded, before, STOP_FADE_FRAMES)
    return Block(faded, None, None)


def _read(run: Run, frames: int) -> Sound | None:
    """None: not there yet."""
    song = run.song
    seconds = run.at_sec + run.step_sec * np.arange(frames, dtype=np.float64)
    positions: NDArray[np.float64] = (seconds + song.offset_sec) * song.sample_rate
    sound = interpolate(song.sound, positions)
    if sound is not None:
        sound[:, seconds < run.start_sec] = 0
    return sound


def interpolate(source: ReadableSound, positions: NDArray[np.float64]) -> Sound | None:
    """The sound at rising fractional positions, in frames of its source; None where that is not there yet."""
    whole = np.floor(positions).astype(np.int64)
    phase = (positions - whole) * RESAMPLER_PHASES
    row = np.minimum(phase.astype(np.int64), RESAMPLER_PHASES - 1)
    blend = (phase - row)[:, np.newaxis].astype(np.float32)
    weights = _TABLE[row] * (1 - blend) + _TABLE[row + 1] * blend
    first = int(whole[0]) - RESAMPLER_TAPS // 2 + 1
    length = int(whole[-1]) - int(whole[0]) + RESAMPLER_TAPS
    around = source.read(first, length)
    if around is None:
        return None
    windows = sliding_window_view(around, RESAMPLER_TAPS, axis=1)[:, whole - whole[0]]
    sound: Sound = np.einsum("cft,ft->cf", windows, weights)
    return sound.astype(np.float32, copy=False)


def _mix_fade(sound: Sound, before: Run | None, fade_frames: int) -> None:
    """Equal-power crossfade from the earlier run, or silence, into what `sound` holds."""
    frames = min(fade_frames, sound.shape[1])
    angle = ((np.arange(frames) + 0.5) / frames * (math.pi / 2)).astype(np.float32)
    sound[:, :frames] *= np.sin(angle)
    ending = _read(before, frames) if before is not None else None
    if ending is not None:
        sound[:, :frames] += ending * np.cos(angle)


_TABLE = windowed_sinc(
    RESAMPLER_TAPS,
    0.5,
    RESAMPLER_KAISER_BETA,
    np.arange(RESAMPLER_PHASES + 1, dtype=np.float64) / RESAMPLER_PHASES,
).astype(np.float32)
