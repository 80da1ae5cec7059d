"""The same samples everywhere: decoders trim the sound before a song differently, by up to 161 ms. Pure.

Who adds a file publishes short places of its own decode and where they lie; everybody else finds them in
theirs. Positions of plans are seconds in the anchor's decode. As web/src/audio/index/anchor.ts, whose
constants say why they are what they are, bytes included; vectors/anchor.json holds both to the same results.
Of a decode only stretches are read, of 20 s at most.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unisono.peer.constants.audio import (
    ANCHOR_APART_SEC,
    ANCHOR_EDGE_SEC,
    ANCHOR_MAX_SPAN_SEC,
    ANCHOR_PLACE_FRAMES,
    ANCHOR_SEARCH_SEC,
    ANCHOR_STEP_SEC,
    MAX_ANCHOR_CANDIDATES,
    MAX_ANCHOR_PLACES,
    MAX_ANCHOR_RIVAL_SHARE,
    MAX_FOUND_ANCHOR_RIVAL_SHARE,
    MIN_ANCHOR_ENERGY,
    MIN_ANCHOR_SCORE,
    PLAIN_ANCHOR_RIVAL_SHARE,
    SAME_ANCHOR_PLACE_SEC,
    SHORT_SONG_SEC,
)
from unisono.peer.sound import Sound, Span, Stretches

Mono = NDArray[np.float64]

SPANS = ((0.0, 1 / 6), (5 / 6, 1.0), (5 / 12, 7 / 12), (1 / 6, 5 / 12), (7 / 12, 5 / 6))
HOP_FRAMES = ANCHOR_PLACE_FRAMES // 4
HEADER = struct.Struct(">I")
PLACE_BYTES = 4 + ANCHOR_PLACE_FRAMES


@dataclass(frozen=True)
class AnchorPlace:
    start_frame: int
    # Mono, scaled so that the peak is 127.
    samples: NDArray[np.int8]


@dataclass(frozen=True)
class Anchor:
    sample_rate: int
    # In the order of their starts; none where no place of the song is unlike its surroundings.
    places: tuple[AnchorPlace, ...]


@dataclass(frozen=True)
class AnchorMatch:
    """`offset_sec` is how much later this decode has the anchor's sound.

    `is_steady`: every place that lies within this decode was found, all at the same offset.
    """

    offset_sec: float
    score: float
    is_steady: bool


@dataclass(frozen=True)
class _Stretch:
    """A part of the decode, whose first frame is `first` in the whole."""

    first: int
    channels: Sound

    def mono_of(self, begin: int, length: int) -> Mono:
        """The mean of the channels. What lies outside of the decode is silence."""
        part = self.channels[:, begin - self.first : begin - self.first + max(0, length)]
        mono: Mono = part.mean(axis=0, dtype=np.float64)
        return mono


@dataclass(frozen=True)
class _Peak:
    offset_frames: float
    score: float
    rival_score: float


def make_anchor(sound: Stretches, sample_rate: int) -> Anchor:
    """May block, and fail, as the stretches do."""
    frames = sound.frames
    edge = _rounded(ANCHOR_EDGE_SEC * sample_rate)
    places: list[AnchorPlace] = []
    for from_share, to_share in SPANS if frames >= SHORT_SONG_SEC * sample_rate else ((0.0, 1.0),):
        begin = max(int(from_share * frames), edge)
        end = min(int(to_share * frames), frames - edge)
        length = min(end - begin, ANCHOR_MAX_SPAN_SEC * sample_rate)
        place = _place_within(sound, sample_rate, end - length if to_share == 1 else begin, length)
        if place is not None:
            places.append(place)
        if len(places) == MAX_ANCHOR_PLACES:
            break
    return Anchor(sample_rate, tuple(sorted(places, key=lambda place: place.start_frame)))


def match_anchor(sound: Stretches, sample_rate: int, anchor: Anchor) -> AnchorMatch | None:
    """Where this decode has the anchor's sound; None when it is nowhere to be found for sure.

    May block, and fail, as the stretches do.
    """
    is_whole = True
    found: list[tuple[float, float]] = []
    samples = [_to_rate(place.samples, anchor.sample_rate, sample_rate) for place in anchor.places]
    exact_frames = [place.start_frame / anchor.sample_rate * sample_rate for place in anchor.places]
    spans = [
        _search_span(sample_rate, _rounded(exact_frame), len(wanted))
        for exact_frame, wanted in zip(exact_frames, samples, strict=True)
    ]
    for exact_frame, wanted, stretch in zip(exact_frames, samples, _read_all(sound, spans), strict=True):
        peak = _look_around(stretch, sample_rate, _rounded(exact_frame), wanted)
        is_sure = peak is not None and peak.rival_score <= MAX_FOUND_ANCHOR_RIVAL_SHARE * peak.score
        if peak is not None and is_sure and peak.score >= MIN_ANCHOR_SCORE:
            offset_frames = peak.offset_frames + _rounded(exact_frame) - exact_frame
            found.append((offset_frames / sample_rate, peak.score))
        elif exact_frame + len(wanted) <= sound.frames:
            is_whole = False
    if not found:
        return None
    groups = [[other for other in found if abs(other[0] - each[0]) <= ANCHOR_STEP_SEC] for each in found]
    # Most of the song rather than its beginning; of two halves, the first.
    group = max(groups, key=len)
    offset_sec, score = max(group, key=lambda each: each[1])
    return AnchorMatch(offset_sec, score, is_steady=is_whole and len(group) == len(found))


def encode_anchor(anchor: Anchor) -> bytes:
    """Big-endian: u32 sample rate; then each place: u32 start frame, and its samples as signed bytes."""
    places = [HEADER.pack(place.start_frame) + place.samples.tobytes() for place in anchor.places]
    return HEADER.pack(anchor.sample_rate) + b"".join(places)


def decode_anchor(data: bytes) -> Anchor | None:
    """None for bytes that are no anchor: another length, a rate no sound card has, places out of order."""
    count, rest = divmod(len(data) - HEADER.size, PLACE_BYTES)
    if rest != 0 or not 0 <= count <= MAX_ANCHOR_PLACES:
        return None
    (sample_rate,) = HEADER.unpack_from(data)
    if not 8_000 <= sample_rate <= 384_000:
        return None
    places: list[AnchorPlace] = []
    for at in range(HEADER.size, len(data), PLACE_BYTES):
        (start_frame,) = HEADER.unpack_from(data, at)
        if places and start_frame <= places[-1].start_frame:
            return None
        places.append(AnchorPlace(start_frame, np.frombuffer(data, np.int8, ANCHOR_PLACE_FRAMES, at + 4)))
    return Anchor(sample_rate, tuple(places))


def _place_within(sound: Stretches, sample_rate: int, begin: int, length: int) -> AnchorPlace | None:
    """The place of a stretch most unlike its surroundings, of the loudest; None if none is unlike enough."""
    first, whole_length = _search_span(sample_rate, begin, max(0, length))
    [stretch] = _read_all(sound, [(first, whole_length)])
    best, best_share = None, MAX_ANCHOR_RIVAL_SHARE
    for start_frame in _candidates(stretch.mono_of(begin, length), sample_rate, begin):
        mono = stretch.mono_of(start_frame, ANCHOR_PLACE_FRAMES)
        samples = np.floor(127 * mono / np.max(np.abs(mono)) + 0.5).astype(np.int8)
        peak = _look_around(stretch, sample_rate, start_frame, samples.astype(np.float64))
        is_here = peak is not None and abs(peak.offset_frames) < 0.5
        share = peak.rival_score / peak.score if peak is not None and is_here else 1.0
        if share > best_share:
            continue
        best, best_share = AnchorPlace(start_frame, samples), share
        if share < PLAIN_ANCHOR_RIVAL_SHARE:
            break
    return best


def _search_span(sample_rate: int, begin: int, length: int) -> Span:
    """With as much on both sides as is searched."""
    search = _rounded(ANCHOR_SEARCH_SEC * sample_rate)
    return begin - search, length + 2 * search


def _read_all(sound: Stretches, spans: list[Span]) -> list[_Stretch]:
    return [_Stretch(first, part) for (first, _), part in zip(spans, sound.read_all(spans), strict=True)]


def _candidates(mono: Mono, sample_rate: int, begin: int) -> Iterator[int]:
    """Starts of loud places, the loudest first, by the first difference: it prefers attacks and noise."""
    hops = len(mono) // HOP_FRAMES
    if hops < 4:
        return
    squares = np.diff(mono[: hops * HOP_FRAMES], prepend=mono[:1]) ** 2
    by_hop = squares.reshape(hops, HOP_FRAMES).sum(axis=1)
    energies = by_hop[:-3] + by_hop[1:-2] + by_hop[2:-1] + by_hop[3:]
    apart_hops = ANCHOR_APART_SEC * sample_rate / HOP_FRAMES
    taken: list[int] = []
    for hop in np.argsort(-energies, kind="stable").tolist():
        if len(taken) == MAX_ANCHOR_CANDIDATES or energies[hop] <= MIN_ANCHOR_ENERGY * ANCHOR_PLACE_FRAMES:
            return
        if all(abs(other - hop) >= apart_hops for other in taken):
            taken.append(hop)
            yield begin + hop * HOP_FRAMES


def _look_around(stretch: _Stretch, sample_rate: int, expected_frame: int, wanted: Mono) -> _Peak | None:
    """`wanted` within the search around `expected_frame`; what lies beyond the sound's ends is silence."""
    search = _rounded(ANCHOR_SEARCH_SEC * sample_rate)
    scores = _correlate(stretch.mono_of(expected_frame - search, len(wanted) + 2 * search), wanted)
    top = int(np.argmax(scores))
    if scores[top] <= 0 or top in (0, len(scores) - 1):
        return None
    before, after = float(scores[top - 1]), float(scores[top + 1])
    curvature = before - 2 * float(scores[top]) + after
    between = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
    near = _rounded(SAME_ANCHOR_PLACE_SEC * sample_rate)
    # The same place reaches from valley to valley, or as far as nobody hears.
    falls_before = np.flatnonzero(np.diff(scores[:top]) < 0)
    rises_after = np.flatnonzero(np.diff(scores[top + 1 :]) > 0)
    low = int(falls_before[-1]) + 1 if len(falls_before) else 0
    high = top + 1 + int(rises_after[0]) if len(rises_after) else len(scores) - 1
    elsewhere = np.concatenate((scores[: max(0, min(low, top - near))], scores[max(high, top + near) + 1 :]))
    rival = float(np.max(elsewhere, initial=0.0))
    return _Peak(top + between - search, float(scores[top]), rival)


def _correlate(here: Mono, wanted: Mono) -> Mono:
    """Normalised correlation of `wanted` at every lag in `here`, by Fourier transform."""
    size = 1 << (len(here) - 1).bit_length()
    lags = len(here) - len(wanted) + 1
    products = np.fft.irfft(np.fft.rfft(here, size) * np.conj(np.fft.rfft(wanted, size)), size)[:lags]
    squares = np.concatenate(([0.0], np.cumsum(here**2)))
    energy = squares[len(wanted) :] - squares[: -len(wanted)]
    scores: Mono = products / np.sqrt(np.maximum(1e-9, energy * np.sum(wanted**2)))
    return scores


def _to_rate(samples: NDArray[np.int8], from_rate: int, to_rate: int) -> Mono:
    """The place at another rate, by linear interpolation: enough for finding a lag, not for listening."""
    step = from_rate / to_rate
    if step == 1:
        return samples.astype(np.float64)
    places = np.arange(int((len(samples) - 1) / step)) * step
    between: Mono = np.interp(places, np.arange(len(samples)), samples.astype(np.float64))
    return between


def _rounded(value: float) -> int:
    """Halves upwards, as JavaScript rounds."""
    return int(np.floor(value + 0.5))
