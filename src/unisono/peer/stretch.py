"""A song at another tempo with its pitch kept, as readable sound at STRETCH_RATE_HZ. Pure.

The same arithmetic as the page's (web/src/audio/render/phase-vocoder.ts says how it works, decision 0042
why), so that both sound alike; vectors/stretch.json holds them to it within 1e-6. What a place sounds like
depends on the song around there alone, wherever reading began. Frames are those of STRETCH_RATE_HZ, hops
STRETCH_HOP_FRAMES of them; frame 0 is where the anchor's decode begins, whatever this decode's offset is.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unisono.peer.constants.audio import (
    STRETCH_ANCHOR_HOPS,
    STRETCH_HOP_FRAMES,
    STRETCH_ONSET_CELL_FRAMES,
    STRETCH_ONSET_FLOOR,
    STRETCH_ONSET_PEAK_SHARE,
    STRETCH_ONSET_POWER_RATIO,
    STRETCH_ONSET_RISE,
    STRETCH_QUIET_POWER,
    STRETCH_RATE_HZ,
    STRETCH_RISE_POWER_RATIO,
    STRETCH_WINDOW_FRAMES,
)
from unisono.peer.rate_converter import RateConverter
from unisono.peer.sound import ReadableSound, Sound, Span

_HALF = STRETCH_WINDOW_FRAMES // 2
_BINS = _HALF + 1
# Squares of the window sum to that at this hop.
_OVERLAP = 1.5
# Turns that cancel out to less leave a bin as it was.
_TINY = 1e-30
# Cells that an onset is compared with: before it, before it without another onset, and behind it.
_CELLS_BEFORE, _CELLS_APART, _CELLS_BEHIND = 16, 8, 16
_NORMAL_TEMPO = 100
# No frame of synthesis before it has anything of the song, whatever the tempo.
_FIRST_HOP = -8
_KEPT_HOPS, _KEPT_RESTS, _KEPT_CHUNKS = 256, 12, 6
_CHUNK_FRAMES = 8_192
# Of an analysis, to either side: half its window, and the cells that say whether there is an onset.
_REACH_FRAMES = _HALF + 25 * STRETCH_ONSET_CELL_FRAMES
_RINGING_FRAMES = STRETCH_RATE_HZ // 50
_HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(STRETCH_WINDOW_FRAMES) / STRETCH_WINDOW_FRAMES)

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
_Value = TypeVar("_Value")
_Kind = TypeVar("_Kind", Real, Complex)


def analysis_frame(tempo: int, hop: int) -> int:
    """Where in the song an analysis lies."""
    return tempo * hop * STRETCH_HOP_FRAMES // 100


def stretched_input(tempo: int, first: int, length: int) -> Span:
    """What of the song decides how these frames sound: 5.5 s of output before, a tenth of a second behind."""
    first_hop = first // STRETCH_HOP_FRAMES
    begin = ((first_hop - 1) // STRETCH_ANCHOR_HOPS - 1) * STRETCH_ANCHOR_HOPS
    last_hop = (first + length) // STRETCH_HOP_FRAMES
    low = analysis_frame(tempo, begin) - _REACH_FRAMES - _RINGING_FRAMES
    return low, analysis_frame(tempo, last_hop + 2) + _REACH_FRAMES + _RINGING_FRAMES - low


def decoded_from_sec(tempo: int, position_sec: float) -> float:
    """From where on a song has to be decoded so that it can sound at this place in it."""
    if tempo == _NORMAL_TEMPO:
        return position_sec
    first, _ = stretched_input(tempo, round(position_sec * 100 / tempo * STRETCH_RATE_HZ), 0)
    return max(0.0, first / STRETCH_RATE_HZ)


class StretchedSound:
    """Readable sound. `tempo` in per cent; `offset_sec` as in `Song`; `rows`: channels of `sound`."""

    def __init__(
        self, sound: ReadableSound, sample_rate: int, tempo: int, offset_sec: float = 0.0, rows: int = 2
    ) -> None:
        self._sound = sound
        self._rate = sample_rate
        self._tempo = tempo
        self._offset = round(offset_sec * STRETCH_RATE_HZ)
        self._rows = rows
        self._vocoder = _PhaseVocoder(_Input(sound, sample_rate, self._offset), tempo, rows)
        # The first frame whose rotations do not depend on where the walk began, and the first of those that
        # are added up without a gap.
        self._true_from = 0
        self._added_from: int | None = None
        self._has_begun = False
        self._kept: OrderedDict[int, Sound] = OrderedDict()
        self._rests: OrderedDict[int, Real] = OrderedDict()

    @property
    def frames(self) -> int | None:
        """None until the song's end is known."""
        frames = self._sound.frames
        if frames is None:
            return None
        song_frames = frames * STRETCH_RATE_HZ / self._rate - self._offset
        return max(0, math.ceil(song_frames * 100 / self._tempo))

    def read(self, first: int, length: int) -> Sound | None:
        """None: what decides how it sounds is not there yet."""
        hops = range(first // STRETCH_HOP_FRAMES, (first + max(1, length) - 1) // STRETCH_HOP_FRAMES + 1)
        parts = []
        for hop in hops:
            part = self._hop(hop)
            if part is None:
                return None
            parts.append(part)
        skipped = first - hops.start * STRETCH_HOP_FRAMES
        return np.concatenate(parts, axis=1)[:, skipped : skipped + length]

    def _hop(self, hop: int) -> Sound | None:
        if hop <= _FIRST_HOP + 1:
            return np.zeros((self._rows, STRETCH_HOP_FRAMES), dtype=np.float32)
        if hop not in self._kept and not self._walk_to(hop):
            return None
        return self._kept[hop]

    def _walk_to(self, hop: int) -> bool:
        """Adds up the four frames that the hop is made of. False where the song is not there."""
        first = hop - 1
        if not self._leads_to(hop) and not self._begin(first):
            return False
        while hop not in self._kept:
            if not self._vocoder.advance():
                return False
            at = self._vocoder.hop
            if at % STRETCH_ANCHOR_HOPS == 0 and at >= self._true_from:
                _keep(self._rests, at, self._vocoder.rest.copy(), _KEPT_RESTS)
            if at < max(first, self._true_from):
                self._added_from = None
            else:
                self._add()
        return True

    def _leads_to(self, hop: int) -> bool:
        at, first = self._vocoder.hop, hop - 1
        if not self._has_begun or first - at > STRETCH_ANCHOR_HOPS:
            return False
        is_adding = self._added_from is not None and self._added_from <= first and at <= hop + 1
        return is_adding or at < first

    def _begin(self, first: int) -> bool:
        anchor = max(_FIRST_HOP, first // STRETCH_ANCHOR_HOPS * STRETCH_ANCHOR_HOPS)
        rest = self._rests.get(anchor)
        begin = anchor if rest is not None else max(_FIRST_HOP, anchor - STRETCH_ANCHOR_HOPS)
        self._has_begun = self._vocoder.begin(begin, rest)
        self._true_from = anchor
        self._added_from = None
        if self._has_begun and begin == anchor == first:
            self._add()
        return self._has_begun

    def _add(self) -> None:
        if self._added_from is None:
            self._vocoder.clear_sums()
            self._added_from = self._vocoder.hop
        made = self._vocoder.synthesize()
        if self._vocoder.hop - self._added_from >= 3:
            _keep(self._kept, self._vocoder.hop - 2, made, _KEPT_HOPS)


def _keep(kept: OrderedDict[int, _Value], key: int, value: _Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)


class _Input:
    """The song at STRETCH_RATE_HZ, converted in chunks, with its frame 0 where the anchor's decode begins."""

    def __init__(self, sound: ReadableSound, sample_rate: int, offset: int) -> None:
        self._sound = sound
        self._rate = sample_rate
        self._offset = offset
        self._converter = RateConverter(sample_rate, STRETCH_RATE_HZ)
        self._chunks: OrderedDict[int, Sound] = OrderedDict()

    def read(self, first: int, length: int) -> Real | None:
        begin = first + self._offset
        if self._rate == STRETCH_RATE_HZ:
            part = self._sound.read(begin, length)
            return part.astype(np.float64) if part is not None else None
        numbers = range(begin // _CHUNK_FRAMES, (begin + length - 1) // _CHUNK_FRAMES + 1)
        chunks = []
        for number in numbers:
            chunk = self._chunk(number)
            if chunk is None:
                return None
            chunks.append(chunk)
        skipped = begin - numbers.start * _CHUNK_FRAMES
        return np.concatenate(chunks, axis=1)[:, skipped : skipped + length].astype(np.float64)

    def _chunk(self, number: int) -> Sound | None:
        if number in self._chunks:
            self._chunks.move_to_end(number)
            return self._chunks[number]
        reach = self._converter.reach_frames + 2
        begin = number * _CHUNK_FRAMES * self._rate // STRETCH_RATE_HZ - reach
        length = -(-_CHUNK_FRAMES * self._rate // STRETCH_RATE_HZ) + 2 * reach
        part = self._sound.read(begin, length)
        if part is None:
            return None
        from_output = number * _CHUNK_FRAMES
        chunk = self._converter.convert(part, begin, from_output, from_output + _CHUNK_FRAMES)
        _keep(self._chunks, number, chunk, _KEPT_CHUNKS)
        return chunk


class _PhaseVocoder:
    """Walks from frame to frame of synthesis; where the song is not there, it stays where it is."""

    def __init__(self, source: _Input, tempo: int, rows: int) -> None:
        self._source = source
        self._tempo = tempo
        self.hop = 0
        # By how much the chain before arrived turned, radians.
        self.rest: Real = np.zeros(_BINS)
        self._turn: Complex = np.ones(_BINS, dtype=np.complex128)
        self._gain: Real = np.ones(_BINS)
        self._here: Complex = np.zeros((rows, _BINS), dtype=np.complex128)
        self._behind = self._here
        self._onset = math.inf
        self._sum: Real = np.zeros((rows, STRETCH_WINDOW_FRAMES))

    def begin(self, hop: int, rest: Real | None) -> bool:
        if not self._analyse(hop):
            return False
        self._set_in()
        self._turn = np.ones(_BINS, dtype=np.complex128)
        self.rest = np.zeros(_BINS) if rest is None else rest
        return True

    def advance(self) -> bool:
        before = self._here
        if not self._analyse(self.hop + 1):
            return False
        gained = (before * np.conj(self._behind)).sum(axis=0)
        weight = np.abs(gained)
        wanted = gained * self._turn + STRETCH_QUIET_POWER
        weighted_rest = weight * self.rest
        new, new_weight = self._set_in()
        total = _around(wanted + new)
        length = np.abs(total)
        self._turn = np.where(length > _TINY, total / np.maximum(length, _TINY), self._turn)
        self.rest = _around(weighted_rest) / _around(weight + STRETCH_QUIET_POWER + new_weight)
        if self.hop % STRETCH_ANCHOR_HOPS == 0:
            self._anchor()
        return True

    def clear_sums(self) -> None:
        self._sum[:] = 0

    def synthesize(self) -> Sound:
        """The hop of output that this frame completes: the one that begins two hops before it."""
        share = 1 - self.hop % STRETCH_ANCHOR_HOPS / STRETCH_ANCHOR_HOPS
        turn = self._turn * np.exp(1j * self.rest * share)
        turn[0] = turn[-1] = 1
        frames = np.fft.irfft(self._here * (turn * self._gain), axis=1)
        self._sum += frames * (_HANN / _OVERLAP)
        made = self._sum[:, :STRETCH_HOP_FRAMES].astype(np.float32)
        self._sum = np.concatenate(
            [self._sum[:, STRETCH_HOP_FRAMES:], np.zeros((len(self._sum), STRETCH_HOP_FRAMES))], axis=1
        )
        return made

    def _analyse(self, hop: int) -> bool:
        at = analysis_frame(self._tempo, hop)
        here = self._source.read(at - _HALF, STRETCH_WINDOW_FRAMES)
        behind = self._source.read(at - STRETCH_HOP_FRAMES - _HALF, STRETCH_WINDOW_FRAMES)
        onset = self._onset_from(at)
        if here is None or behind is None or onset is None:
            return False
        self.hop = hop
        self._here = np.fft.rfft(here * _HANN, axis=1)
        self._behind = np.fft.rfft(behind * _HANN, axis=1)
        self._onset = onset
        return True

    def _onset_from(self, frame: int) -> float | None:
        """From the frame to the onset next to it, or infinity. None where the song is not there."""
        cell, middle = STRETCH_ONSET_CELL_FRAMES, STRETCH_ONSET_CELL_FRAMES // 2
        first = (frame - _HALF - middle) // cell + 1
        count = -(-(frame + _HALF - middle) // cell) - first
        begin = first - _CELLS_APART - _CELLS_BEFORE
        cells = _CELLS_APART + _CELLS_BEFORE + count + _CELLS_BEHIND
        sound = self._source.read(begin * cell - 1, cells * cell + 1)
        if sound is None:
            return None
        squares = np.diff(sound, axis=1) ** 2
        energy = squares.reshape(sound.shape[0], cells, cell).sum(axis=(0, 2))
        before = np.lib.stride_tricks.sliding_window_view(energy, _CELLS_BEFORE).sum(axis=1)[:-1]
        rises = energy[_CELLS_BEFORE:] > STRETCH_ONSET_RISE * (before / _CELLS_BEFORE + STRETCH_ONSET_FLOOR)
        nearest = math.inf
        for at in np.flatnonzero(rises[_CELLS_APART : _CELLS_APART + count]):
            behind = energy[_CELLS_BEFORE + _CELLS_APART + at :][:_CELLS_BEHIND]
            if rises[at : at + _CELLS_APART].any() or behind[0] < STRETCH_ONSET_PEAK_SHARE * behind.max():
                continue
            distance = float((first + int(at)) * cell + middle - frame)
            if abs(distance) < abs(nearest):
                nearest = distance
        return nearest

    def _set_in(self) -> tuple[Complex | float, Real | float]:
        """What is new, turned to its place, and its weight; left out where that is beyond the frame."""
        self._gain = np.ones(_BINS)
        is_onset = not math.isinf(self._onset)
        distance = self._onset if is_onset else 0.0
        ratio = STRETCH_ONSET_POWER_RATIO if is_onset else STRETCH_RISE_POWER_RATIO
        shift = distance * (100 - self._tempo) / self._tempo
        is_inside = abs(distance + shift) < _HALF
        if not is_inside and distance <= 0:
            return 0.0, 0.0
        power = (np.abs(self._here) ** 2).sum(axis=0)
        old = ratio * (np.abs(self._behind) ** 2).sum(axis=0)
        if not is_inside:
            self._gain = np.where(power > old, np.sqrt(old / np.maximum(power, _TINY)), 1.0)
            return 0.0, 0.0
        new = np.maximum(0.0, power - old)
        return new * np.exp(-2j * np.pi * np.arange(_BINS) * shift / STRETCH_WINDOW_FRAMES), new

    def _anchor(self) -> None:
        angles = np.angle(self._turn)
        rest, last = np.empty(_BINS), 0.0
        for at, angle in enumerate(angles.tolist()):
            # The bins of a partial that is turned by half a turn go back the same way.
            turned = -1 if angle - last > math.pi else 1 if angle - last < -math.pi else 0
            near = angle + turned * 2 * math.pi
            last = angle if abs(near) > 1.5 * math.pi else near
            rest[at] = last
        self.rest = rest
        self._turn = np.ones(_BINS, dtype=np.complex128)


def _around(values: _Kind) -> _Kind:
    """The weighted sum of a bin and its neighbours, as the page weighs them."""
    padded = np.pad(values, 2)
    far = padded[:-4] + padded[4:]
    near = padded[1:-3] + padded[3:-1]
    mean: _Kind = far / 3 + near * (2 / 3) + padded[2:-2]
    return mean
