"""The headless peer's songs at other tempos: the page's, to 1e-6 (vectors/stretch.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unisono.peer.constants.audio import STRETCH_RATE_HZ
from unisono.peer.lane import Lane
from unisono.peer.render import Place, render_block
from unisono.peer.song import Song
from unisono.peer.sound import HeldSound, Sound
from unisono.peer.stretch import StretchedSound, stretched_input

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "stretch.json").read_text())
RATE = STRETCH_RATE_HZ


def sound(frames: int) -> Sound:
    """By whole numbers and one division each, as web/src/audio/render/stretch-vectors.test.ts makes it."""
    state, samples = 7, np.empty((2, frames), dtype=np.float32)
    for at in range(frames):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        samples[0, at] = ((state >> 16) - 32_768) / (32_768 * (1 + (at % 9_000 >> 6)))
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        phase = at // 100 * (at % 100) + at
        triangle = abs(phase % 4_000 - 2_000) - 1_000
        samples[1, at] = (triangle + ((state >> 16) - 32_768 >> 8)) / 4_000
    return samples


@pytest.fixture(scope="module", name="song")
def fixture_song() -> Sound:
    return sound(VECTORS[0]["inputFrames"])


def read(stretched: StretchedSound, first: int, length: int) -> Sound:
    output = stretched.read(first, length)
    assert output is not None
    return output


class ArrivingSound(HeldSound):
    """Of which what lies outside of `span` is not there."""

    span = (0, 0)

    def read(self, first: int, length: int) -> Any:
        low, high = self.span
        return super().read(first, length) if first >= low and first + length <= high else None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['tempo']}-{each['fromFrame']}")
def test_it_sounds_as_on_the_page(vector: dict[str, Any], song: Sound) -> None:
    """[P80] [V1]"""
    stretched = StretchedSound(HeldSound(song), vector["sampleRate"], vector["tempo"])
    output = read(stretched, vector["fromFrame"], vector["frames"])
    # After a conversion, which is within 1e-6 itself.
    tolerance = 1e-6 if vector["sampleRate"] == RATE else 1e-5
    assert np.abs(output - np.array(vector["output"])).max() < tolerance


@pytest.mark.parametrize("tempo", [70, 130])
def test_where_reading_begins_and_how_it_is_cut_makes_no_difference(tempo: int, song: Sound) -> None:
    """[P81]"""
    length = song.shape[1] * 100 // tempo - 8_000
    through = StretchedSound(HeldSound(song), RATE, tempo)
    whole = np.concatenate([read(through, at, 4_800) for at in range(0, length, 4_800)], axis=1)
    entered = StretchedSound(HeldSound(song), RATE, tempo)
    for first, count in ((145_000, 3_001), (20_000, 10), (143_000, 2_500), (138_000, 1)):
        assert np.array_equal(read(entered, first, count), whole[:, first : first + count])


def test_a_song_that_is_not_there_yet_is_waited_for(song: Sound) -> None:
    """[P81]"""
    arriving = ArrivingSound(song)
    stretched = StretchedSound(arriving, RATE, 80)
    wanted = read(StretchedSound(HeldSound(song), RATE, 80), 150_000, 6_000)
    first, length = stretched_input(80, 150_000, 6_000)
    arriving.span = (first + 8_000, first + length)
    assert stretched.read(150_000, 6_000) is None
    arriving.span = (first, first + length - 8_000)
    assert stretched.read(150_000, 6_000) is None
    arriving.span = (first, first + length)
    assert np.array_equal(read(stretched, 150_000, 6_000), wanted)


def test_a_decode_that_begins_later_is_taken_apart_at_the_same_places(song: Sound) -> None:
    """[P81]"""
    later = np.concatenate([np.zeros((2, 1_105), dtype=np.float32), song], axis=1)
    moved = StretchedSound(HeldSound(later), RATE, 70, 1_105 / RATE)
    wanted = StretchedSound(HeldSound(song), RATE, 70)
    assert np.array_equal(read(moved, 100_000, 500), read(wanted, 100_000, 500))
    assert moved.frames == wanted.frames == -(-song.shape[1] * 100 // 70)


def test_another_rate_is_converted() -> None:
    """[P83]"""
    seconds = np.arange(4 * 44_100) / 44_100
    tone = np.tile(np.sin(2 * np.pi * 440 * seconds), (2, 1)).astype(np.float32)
    output = read(StretchedSound(HeldSound(tone), 44_100, 70), 2 * RATE, RATE)
    spectrum = np.abs(np.fft.rfft(output[0] * np.hanning(RATE)))
    assert int(spectrum.argmax()) == 440


def test_who_comes_later_plays_the_same(song: Sound) -> None:
    """[P81]"""

    def played(begin_sec: float) -> Sound:
        stretched = Song("f" * 64, RATE, StretchedSound(HeldSound(song), RATE, 70))
        lanes, run, blocks = [Lane(stretched, 0.0, stretched.duration_sec)], None, []
        for at in range(round(begin_sec * 10), 45):
            block = render_block(run, Place(lanes, at / 10, (at + 1) / 10), RATE // 10)
            run = block.after
            blocks.append(block.sound)
        return np.concatenate(blocks, axis=1)

    both = played(0.0)[:, -RATE:], played(3.4)[:, -RATE:]
    assert np.abs(both[0] - both[1]).max() < 1e-5
