"""The headless peer's conversions between rates: the page's, to 1e-6 (vectors/rate-converter.json)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unisono.peer.constants.audio import CONVERTER_PASSBAND_HZ, CONVERTER_PASSBAND_SHARE
from unisono.peer.rate_converter import RateConverter

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "rate-converter.json").read_text())
# Up, down, and with too many phases for a table of all.
PAIRS = [
    (44_100, 48_000),
    (48_000, 44_100),
    (96_000, 48_000),
    (384_000, 48_000),
    (8_000, 48_000),
    (48_000, 8_000),
    (44_100, 47_999),
    (96_000, 11_025),
]
FRAMES = 4_000

Samples = NDArray[np.float32]


def noise(frames: int) -> Samples:
    """By whole numbers alone, as web/src/audio/render/rate-converter-vectors.test.ts makes it."""
    state, samples = 7, np.empty((1, frames), dtype=np.float32)
    for frame in range(frames):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        samples[0, frame] = ((state >> 16) - 32_768) / 32_768
    return samples


def converted_tone(from_rate: int, to_rate: int, hz: float) -> Samples:
    converter = RateConverter(from_rate, to_rate)
    begin = math.ceil((converter.reach_frames + 1) * to_rate / from_rate)
    frames = (begin + FRAMES) * from_rate // to_rate + converter.reach_frames + 2
    tone = np.sin(2 * np.pi * hz * np.arange(frames) / from_rate).astype(np.float32)
    converted: Samples = converter.convert(tone[np.newaxis], 0, begin, begin + FRAMES)[0]
    return converted


def gain_and_snr_db(samples: Samples, hz: float, rate: int) -> tuple[float, float]:
    angle = 2 * np.pi * hz * np.arange(len(samples)) / rate
    columns = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    a, b = np.linalg.lstsq(columns, samples.astype(np.float64), rcond=None)[0]
    rest = samples - columns @ np.array([a, b])
    power = float(a**2 + b**2)
    return 10 * np.log10(power), 10 * np.log10(power / 2 / float(np.mean(rest**2)))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['fromRate']}-{each['toRate']}")
def test_a_noise_is_the_same_as_on_the_page(vector: dict[str, Any]) -> None:
    """[P48] [V1]"""
    converter = RateConverter(vector["fromRate"], vector["toRate"])
    assert converter.reach_frames == vector["reachFrames"]
    begin = vector["fromOutput"]
    sound = converter.convert(
        noise(vector["inputFrames"]), vector["inputStart"], begin, begin + vector["frames"]
    )
    assert np.abs(sound[0] - np.array(vector["output"])).max() < 1e-6


@pytest.mark.parametrize(("from_rate", "to_rate"), PAIRS)
def test_what_is_heard_is_kept_and_nothing_folds_down(from_rate: int, to_rate: int) -> None:
    """[P48]"""
    lower_half = min(from_rate, to_rate) / 2
    for share in (0.05, 0.5, 1):
        hz = share * min(CONVERTER_PASSBAND_HZ, CONVERTER_PASSBAND_SHARE * lower_half)
        gain_db, snr_db = gain_and_snr_db(converted_tone(from_rate, to_rate, hz), hz, to_rate)
        assert abs(gain_db) < 0.1
        assert snr_db > 100
    for share in (0, 0.02, 0.5, 0.97):
        hz = lower_half + share * (from_rate / 2 - lower_half)
        if to_rate < from_rate:
            assert np.sqrt(2 * np.mean(converted_tone(from_rate, to_rate, hz) ** 2)) < 1e-5


@pytest.mark.parametrize(("from_rate", "to_rate"), PAIRS)
@pytest.mark.parametrize("begin", [0, 2**40 - 12_345])
def test_pieces_join_to_the_bit_however_they_are_cut(from_rate: int, to_rate: int, begin: int) -> None:
    """[P49]"""
    random = np.random.default_rng(from_rate + to_rate)
    converter = RateConverter(from_rate, to_rate)
    reach, frames = converter.reach_frames, 9_000
    start = begin * from_rate // to_rate - reach
    length = (begin + frames) * from_rate // to_rate + reach + 1 - start
    sound = random.uniform(-1, 1, (2, length)).astype(np.float32)
    whole = converter.convert(sound, start, begin, begin + frames)
    at = 0
    while at < frames:
        end = min(frames, at + 1 + int(random.uniform() ** 3 * 6_000))
        # No more of the input than is promised to be enough.
        low = (begin + at) * from_rate // to_rate - reach
        high = (begin + end - 1) * from_rate // to_rate + reach + 1
        piece = converter.convert(sound[:, low - start : high - start], low, begin + at, begin + end)
        assert np.array_equal(piece, whole[:, at:end])
        at = end


def test_equal_rates_are_a_copy_and_silence_lies_around_the_sound() -> None:
    """[P48]"""
    same = RateConverter(44_100, 44_100)
    sound = noise(100)
    assert same.reach_frames == 0
    assert np.array_equal(same.convert(sound, 1_000, 1_010, 1_060), sound[:, 10:60])
    assert same.convert(sound, 0, 10, 10).shape == (1, 0)
    converter = RateConverter(44_100, 48_000)
    assert not converter.convert(sound, 0, -900, -700).any()
    with pytest.raises(ValueError, match="no sample rates"):
        RateConverter(0, 48_000)
