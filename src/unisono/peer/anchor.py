"""The same samples everywhere: decoders trim the silence before a song differently, by up to 44 ms. Pure.

Who adds a file publishes a piece of its own decode and where it lies; everybody else finds that piece in
theirs. Positions of plans are seconds in the anchor's decode. As web/src/playback/anchor.ts, bytes included.
A decode is an array of channels x frames.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]

ANCHOR_FRAMES = 8192
SEARCH_SEC = 0.09
MIN_SCORE = 0.6
LOOK_SEC = 60
EDGE_SEC = 0.1
HEADER = struct.Struct(">II")


@dataclass(frozen=True)
class Anchor:
    sample_rate: int
    start_frame: int
    samples: NDArray[np.int16]


def make_anchor(channels: Sound, sample_rate: int) -> Anchor | None:
    """From the loudest place of the first minute; None for sound too short or too quiet to be found again."""
    mono = channels.mean(axis=0, dtype=np.float64)
    first = round(EDGE_SEC * sample_rate)
    last = min(len(mono), LOOK_SEC * sample_rate) - ANCHOR_FRAMES - first
    best_frame, best_energy = -1, 1e-6 * ANCHOR_FRAMES
    for start in range(first, last + 1, ANCHOR_FRAMES // 4):
        # Of the first difference: prefers attacks and noise, which correlate sharply, over deep tones.
        energy = float(np.sum(np.diff(mono[start : start + ANCHOR_FRAMES]) ** 2))
        if energy > best_energy:
            best_frame, best_energy = start, energy
    if best_frame < 0:
        return None
    piece = np.clip(mono[best_frame : best_frame + ANCHOR_FRAMES], -1, 1)
    return Anchor(sample_rate, best_frame, np.round(32767 * piece).astype(np.int16))


def match_anchor(channels: Sound, sample_rate: int, anchor: Anchor) -> float | None:
    """How much later this decode has the anchor's sound, s; None when it is not near its place."""
    step = anchor.sample_rate / sample_rate
    places = np.arange(int((ANCHOR_FRAMES - 1) / step)) * step
    wanted = np.interp(places, np.arange(ANCHOR_FRAMES), anchor.samples / 32767)
    exact_frame = anchor.start_frame / anchor.sample_rate * sample_rate
    expected = round(exact_frame)
    search = round(SEARCH_SEC * sample_rate)
    mono = channels.mean(axis=0, dtype=np.float64)
    here = _cut(mono, expected - search, len(wanted) + 2 * search)
    products = np.correlate(here, wanted, mode="valid")
    squares = np.concatenate(([0.0], np.cumsum(here**2)))
    energy = squares[len(wanted) :] - squares[: -len(wanted)]
    scores = products / np.sqrt(np.maximum(1e-12, energy * np.sum(wanted**2)))
    top = int(np.argmax(scores))
    if scores[top] < MIN_SCORE or top in (0, len(scores) - 1):
        return None
    before, after = scores[top - 1], scores[top + 1]
    curvature = before - 2 * scores[top] + after
    between = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
    return float(top + between - search - (exact_frame - expected)) / sample_rate


def encode_anchor(anchor: Anchor) -> bytes:
    """Big-endian: u32 sample rate, u32 start frame, then int16 samples."""
    return HEADER.pack(anchor.sample_rate, anchor.start_frame) + anchor.samples.astype(">i2").tobytes()


def decode_anchor(data: bytes) -> Anchor | None:
    """None for bytes that are no anchor: another length, or a rate no sound card has."""
    if len(data) != HEADER.size + 2 * ANCHOR_FRAMES:
        return None
    sample_rate, start_frame = HEADER.unpack_from(data)
    if not 8_000 <= sample_rate <= 384_000 or start_frame > LOOK_SEC * sample_rate:
        return None
    samples = np.frombuffer(data, dtype=">i2", offset=HEADER.size).astype(np.int16)
    return Anchor(sample_rate, start_frame, samples)


def _cut(mono: NDArray[np.float64], begin: int, length: int) -> NDArray[np.float64]:
    """A stretch that may run over either end, where there is silence."""
    cut = np.zeros(length)
    low, high = max(0, begin), min(len(mono), begin + length)
    if high > low:
        cut[low - begin : high - begin] = mono[low:high]
    return cut
