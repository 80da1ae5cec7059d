"""A stretch of a song at a place of one line of seconds, along which the programme plays. Pure.

Lanes are added up. Each is interpolated with silence beside its frames, so that it rings beyond both of its
ends as the converter does: two lanes that follow each other, cut from one recording, add up to what the uncut
one would have been. A crossfade, a loop and a repeat are lanes too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from unisono.peer.constants.audio import RESAMPLER_KAISER_BETA, RESAMPLER_PHASES, RESAMPLER_TAPS
from unisono.peer.constants.session import Role
from unisono.peer.low_band import low_reach_frames
from unisono.peer.role_part import filtered, played
from unisono.peer.song import Song
from unisono.peer.sound import ReadableSound, Sound, padded
from unisono.peer.windowed_sinc import windowed_sinc

CHANNELS = 2
# How far a frame rings to either side.
REACH_FRAMES = RESAMPLER_TAPS // 2
# Who writes the same programme on reckons the same moments in another order, and rounds otherwise.
SAME_SEC = 1e-6
# A lane whose gain leaps by more than this is crossed over.
SAME_GAIN = 0.02

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Lane:
    song: Song
    # On the line.
    start_sec: float
    # Infinite where nobody knows how long the song is.
    end_sec: float
    # Where in the song it begins, in the anchor's decode.
    position_sec: float = 0.0
    # It overlaps the lane before, and the one after, by so much, at equal power.
    fade_in_sec: float = 0.0
    fade_out_sec: float = 0.0
    # What of the song is played; a channel only where that was decoded by itself.
    part: Role = "all"

    @property
    def _reach_sec(self) -> float:
        low_frames = low_reach_frames(self.song.sample_rate) if self.part in ("low", "without-low") else 0
        return (REACH_FRAMES + low_frames) / self.song.sample_rate

    def sounds_between(self, begin_sec: float, end_sec: float) -> bool:
        return self.start_sec - self._reach_sec < end_sec and begin_sec < self.end_sec + self._reach_sec

    def is_same_as(self, other: Lane) -> bool:
        """Whether both are the same sound at the same place, wherever they end."""
        return self.song is other.song and self.part == other.part and self._is_at(other)

    def is_alike(self, other: Lane) -> bool:
        """Whether both are parts of one sound at the same place."""
        return self.song.file_id == other.song.file_id and self._is_at(other)

    def _is_at(self, other: Lane) -> bool:
        is_near = abs(self.start_sec - other.start_sec) <= SAME_SEC
        return is_near and abs(self.position_sec - other.position_sec) <= SAME_SEC

    def at(self, place: Lane) -> Lane:
        """The same at a place that was reckoned before: what plays on must not leap by a rounding."""
        return replace(self, start_sec=place.start_sec, position_sec=place.position_sec)

    def goes_on_from(self, other: Lane, at_sec: float) -> bool:
        """Whether nobody hears that the one was replaced by the other then."""
        [gain], [other_gain] = self._gains(np.array([at_sec])), other._gains(np.array([at_sec]))
        is_over = self.end_sec < at_sec < other.end_sec
        return self.is_same_as(other) and not is_over and abs(gain - other_gain) <= SAME_GAIN

    def read(self, seconds: Seconds) -> Sound | None:
        """At these rising places of the line; None: not decoded yet."""
        sound = np.zeros((CHANNELS, len(seconds)), dtype=np.float32)
        begin, end = np.searchsorted(
            seconds, (self.start_sec - self._reach_sec, self.end_sec + self._reach_sec)
        )
        if begin < end:
            inner = seconds[begin:end]
            part = interpolate(self._frames, self._frame_of(inner))
            if part is None:
                return None
            sound[:, begin:end] = part * self._gains(inner).astype(np.float32)
        return sound

    def _frame_of(self, seconds: Seconds) -> Seconds:
        frames: Seconds = self._begin_frame + (seconds - self.start_sec) * self.song.sample_rate
        return frames

    @property
    def _begin_frame(self) -> float:
        return (self.position_sec + self.song.offset_sec) * self.song.sample_rate

    @property
    def _frames(self) -> ReadableSound:
        """The lane's own frames: those whose moments lie within it, to the nearest."""
        length = (self.end_sec - self.start_sec) * self.song.sample_rate
        end = None if math.isinf(length) else math.floor(self._begin_frame + length + 0.5)
        whole = played(self.song.sound, self.part)
        own = _Part(whole, math.floor(self._begin_frame + 0.5), end)
        return filtered(own, self.part, self.song.sample_rate)

    def _gains(self, seconds: Seconds) -> Seconds:
        gains = np.ones_like(seconds)
        if self.fade_in_sec > 0:
            share = np.clip((seconds - self.start_sec) / self.fade_in_sec, 0, 1)
            gains *= np.sin(share * (math.pi / 2))
        if self.fade_out_sec > 0:
            share = np.clip((self.end_sec - seconds) / self.fade_out_sec, 0, 1)
            gains *= np.sin(share * (math.pi / 2))
        return gains


class _Part:
    """Some frames of a sound, and silence beside them."""

    def __init__(self, whole: ReadableSound, first: int, end: int | None) -> None:
        self._whole = whole
        self._first = first
        self._end = end

    @property
    def frames(self) -> int | None:
        return self._end if self._end is not None else self._whole.frames

    def read(self, first: int, length: int) -> Sound | None:
        low = max(first, self._first)
        high = first + length if self._end is None else min(first + length, self._end)
        if (low, high) == (first, first + length):
            return self._whole.read(first, length)
        inner = self._whole.read(low, high - low) if low < high else np.zeros((CHANNELS, 0), np.float32)
        return None if inner is None else padded(inner, low, (first, length))


def interpolate(source: ReadableSound, positions: Seconds) -> Sound | None:
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


_TABLE = windowed_sinc(
    RESAMPLER_TAPS,
    0.5,
    RESAMPLER_KAISER_BETA,
    np.arange(RESAMPLER_PHASES + 1, dtype=np.float64) / RESAMPLER_PHASES,
).astype(np.float32)
