"""Lanes are added up to what one uncut recording would have been."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.peer.decoding import decode_file
from unisono.peer.lane import Lane, interpolate
from unisono.peer.rate_converter import RateConverter
from unisono.peer.render import OUTPUT_RATE_HZ, Place, Run, render_block
from unisono.peer.song import Song
from unisono.peer.sound import HeldSound, Sound

BLOCK_FRAMES = OUTPUT_RATE_HZ // 10
RATE_HZ = 44_100
SEAMS = (2 * RATE_HZ + 17, 4 * RATE_HZ + 1_003)
LENGTH = 6 * RATE_HZ


def music_like_noise(seed: int = 11, frames: int = LENGTH) -> NDArray[np.float64]:
    """In two channels, with nothing above 19 kHz, as what went through an encoder, or a converter, has."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 0.15, size=(2, frames)))
    spectrum[:, round(19_000 / RATE_HZ * frames) :] = 0
    return np.fft.irfft(spectrum, frames)


def rendered(lanes: list[Lane], seconds: float, from_sec: float = 0.0, ppm: float = 0.0) -> Sound:
    """Block by block, as a card plays that runs so much fast."""
    run: Run | None = None
    pieces = []
    block_sec = BLOCK_FRAMES / OUTPUT_RATE_HZ * (1 + ppm * 1e-6)
    for block in range(round(seconds * OUTPUT_RATE_HZ / BLOCK_FRAMES)):
        begin_sec = from_sec + block * block_sec
        done = render_block(run, Place(lanes, begin_sec, begin_sec + block_sec), BLOCK_FRAMES)
        run = done.after
        pieces.append(done.sound)
    return np.concatenate(pieces, axis=1)


def song(samples: NDArray[np.float64] | Sound, rate: int = RATE_HZ) -> Song:
    return Song("f" * 64, rate, HeldSound(np.asarray(samples, dtype=np.float32)))


def following(*songs: Song) -> list[Lane]:
    """One behind the other."""
    lanes, at_sec = [], 0.0
    for each in songs:
        lanes.append(Lane(each, at_sec, at_sec + each.duration_sec))
        at_sec += each.duration_sec
    return lanes


def decibels(rest: NDArray[np.floating], signal: NDArray[np.floating]) -> float:
    power, signal_power = (float(np.mean(np.square(each, dtype=np.float64))) for each in (rest, signal))
    return 10 * math.log10((power + 1e-30) / signal_power)


def written(path: Path, samples: NDArray[np.float64] | Sound, rate: int, *options: str) -> Path:
    """By the ffmpeg command, from floats."""
    raw = np.ascontiguousarray(samples.T, dtype="<f4").tobytes()
    source = ("-f", "f32le", "-ar", str(rate), "-ac", "2", "-i", "-")
    command = ["ffmpeg", "-v", "error", "-y", *source, *options, str(path)]
    subprocess.run(command, input=raw, check=True)
    return path


@pytest.mark.parametrize("ppm", [0.0, 180.0])
def test_files_of_one_rate_cut_from_one_recording_show_no_seam(tmp_path: Path, ppm: float) -> None:
    """90 dB below the uncut one, whose 24 bits are rounded as the pieces' are."""
    whole = music_like_noise()
    pieces = np.split(whole, SEAMS, axis=1)
    paths = [
        written(tmp_path / f"{number}.{kind}", piece, RATE_HZ, *options)
        for number, (piece, kind, options) in enumerate(
            zip(pieces, ("flac", "wav", "flac"), (HIGH, ["-c:a", "pcm_s24le"], HIGH), strict=True)
        )
    ]
    uncut = decode_file(written(tmp_path / "whole.flac", whole, RATE_HZ, *HIGH))
    heard = rendered(following(*[decode_file(path) for path in paths]), 5.8, ppm=ppm)
    wanted = rendered(following(uncut), 5.8, ppm=ppm)
    for seam in SEAMS:
        at = round(seam / RATE_HZ * OUTPUT_RATE_HZ)
        around = slice(at - 2_400, at + 2_400)
        assert decibels(heard[:, around] - wanted[:, around], wanted[:, around]) < -90
    assert decibels(heard - wanted, wanted) < -90


HIGH = ["-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24"]


def test_files_of_different_rates_cut_from_one_recording_show_no_seam(tmp_path: Path) -> None:
    """44.1 kHz, 48 kHz, 44.1 kHz: what a cut leaves of a converter's error is heard nowhere else."""
    whole = music_like_noise()
    converted = RateConverter(RATE_HZ, 48_000).convert(np.asarray(whole, np.float32), 0, 0, 6 * 48_000)
    seams = (2 * RATE_HZ, 4 * RATE_HZ)
    paths = [
        written(tmp_path / "0.flac", whole[:, : seams[0]], RATE_HZ, *HIGH),
        written(tmp_path / "1.wav", converted[:, 2 * 48_000 : 4 * 48_000], 48_000, "-c:a", "pcm_f32le"),
        written(tmp_path / "2.flac", whole[:, seams[1] :], RATE_HZ, *HIGH),
    ]
    heard = rendered(following(*[decode_file(path) for path in paths]), 5.8)
    wanted = rendered(following(song(whole)), 5.8)
    rest = heard - wanted
    for seam_sec in (2, 4):
        at = seam_sec * 48_000
        # Of two grids of frames none goes through the cut: half a millisecond is up to a twentieth off.
        assert decibels(rest[:, at - 12 : at + 12], wanted[:, at - 12 : at + 12]) < -24
        for beside in (slice(at - 4_800, at - 480), slice(at + 480, at + 4_800)):
            assert decibels(rest[:, beside], wanted[:, beside]) < CONVERTER_DB


# What the converter leaves of noise, some samples away from any cut.
CONVERTER_DB = -60


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("mp3", ["-c:a", "libmp3lame", "-b:a", "320k"]),
        ("m4a", ["-c:a", "aac", "-b:a", "320k", "-aac_pns", "0"]),
    ],
)
def test_what_an_encoder_put_beside_a_song_is_not_played(
    tmp_path: Path, kind: str, options: list[str]
) -> None:
    """By LAME's tag and by the edit list: across both seams no frame is missing, and none doubled."""
    whole = music_like_noise()
    first, second, third = np.split(whole, SEAMS, axis=1)
    lossy = decode_file(written(tmp_path / f"1.{kind}", second, RATE_HZ, *options))
    assert lossy.sound.frames == SEAMS[1] - SEAMS[0]
    heard = rendered(following(song(first), lossy, song(third)), 5.8)
    wanted = rendered(following(song(whole)), 5.8)
    for seam in SEAMS:
        at = round(seam / RATE_HZ * OUTPUT_RATE_HZ)
        for part in (slice(at - 4_800, at), slice(at, at + 4_800), slice(at - 2_400, at + 2_400)):
            assert correlation(heard[0, part], wanted[0, part]) > 0.95
            assert abs(lag_frames(heard[0, part], wanted[0, part])) < 0.05


def correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def lag_frames(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """How much later the same sound lies in `one`."""
    size = 2 * len(one)
    scores = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    top = int(np.argmax(scores))
    before, at, after = (float(scores[(top + step) % size]) for step in (-1, 0, 1))
    lag = top if top < size // 2 else top - size
    return lag + 0.5 * (before - after) / (before - 2 * at + after)


def test_a_loop_keeps_its_period_to_the_sample() -> None:
    """Four seconds, and a bit that is no whole number of frames, twenty times."""
    sound, from_sec, length_sec = song(music_like_noise(frames=8 * RATE_HZ)), 1.23456, 4.000013
    laps = [Lane(sound, lap * length_sec, (lap + 1) * length_sec, from_sec) for lap in range(20)]
    heard = rendered(laps, 20 * length_sec - 0.1)
    for lap in range(20):
        seconds = lap * length_sec + 0.5 + np.arange(48_000) / OUTPUT_RATE_HZ
        first = math.ceil(seconds[0] * OUTPUT_RATE_HZ)
        places = (first + np.arange(48_000)) / OUTPUT_RATE_HZ - lap * length_sec + from_sec
        wanted = interpolate(sound.sound, places * RATE_HZ)
        assert wanted is not None
        assert decibels(heard[:, first : first + 48_000] - wanted, wanted) < -100


def test_a_loop_of_whole_periods_of_a_tone_is_the_tone() -> None:
    """No click at any seam."""
    tone = np.sin(2 * np.pi * 441 * np.arange(4 * RATE_HZ) / RATE_HZ) * np.full((2, 1), 0.5)
    laps = [Lane(song(tone), lap * 1.0, lap + 1.0, 1.0) for lap in range(5)]
    heard = rendered(laps, 4.9)[0, 4_800:]
    wanted = 0.5 * np.sin(2 * np.pi * 441 * (4_800 + np.arange(len(heard))) / OUTPUT_RATE_HZ)
    assert decibels(heard - wanted, wanted) < -90


def test_a_crossfade_keeps_the_power_and_gives_each_song_its_place() -> None:
    """Of two songs that are unlike; both are where they would be without."""
    one, other = song(music_like_noise(1)), song(music_like_noise(2))
    lanes = [Lane(one, 0.0, 4.0, fade_out_sec=2.0), Lane(other, 2.0, 8.0, fade_in_sec=2.0)]
    heard = rendered(lanes, 5.9)
    loud = [float(np.mean(heard[:, at : at + 9_600] ** 2)) for at in range(0, 5 * 48_000, 9_600)]
    assert max(loud) / min(loud) < 1.3
    assert lag_frames(
        heard[0, 100_000:140_000], rendered(lanes[:1], 3.0)[0, 100_000:140_000]
    ) == pytest.approx(0, abs=0.01)
    alone = rendered(following(other), 3.9)
    assert (
        decibels(heard[:, 4 * 48_000 + 30 : 5 * 48_000] - alone[:, 2 * 48_000 + 30 : 3 * 48_000], alone)
        < -100
    )


def test_who_lacks_a_song_is_silent_for_it_and_enters_the_next_in_step() -> None:
    first, second, third = (song(music_like_noise(seed)) for seed in (1, 2, 3))
    all_lanes = [Lane(each, 1.5 * at, 1.5 * (at + 1)) for at, each in enumerate((first, second, third))]
    heard = rendered([all_lanes[0], all_lanes[2]], 4.4)
    wanted = rendered(all_lanes, 4.4)
    assert decibels(heard[:, :71_900] - wanted[:, :71_900], wanted) < -100
    assert not heard[:, 72_100:143_900].any()
    assert decibels(heard[:, 144_100:] - wanted[:, 144_100:], wanted) < -100


def test_a_lane_that_arrives_late_comes_in_softly_and_leaves_the_other_alone() -> None:
    """In the middle of a crossfade: what sounds already does not get louder."""
    steady = Lane(song(np.full((2, 4 * RATE_HZ), 0.5)), 0.0, 4.0)
    late = Lane(song(np.full((2, 4 * RATE_HZ), 0.25)), 0.0, 4.0)
    first = render_block(None, Place([steady], 1.0, 1.1), BLOCK_FRAMES)
    both = render_block(first.after, Place([steady, late], 1.1, 1.2), BLOCK_FRAMES)
    assert np.abs(np.diff(both.sound[0], prepend=0.5)).max() < 0.001
    assert both.sound[0, -1] == pytest.approx(0.75, abs=1e-4)
    alone = render_block(both.after, Place([steady], 1.2, 1.3), BLOCK_FRAMES)
    assert np.abs(np.diff(alone.sound[0], prepend=0.75)).max() < 0.001
    assert alone.sound[0, -1] == pytest.approx(0.5, abs=1e-4)


def test_an_end_that_becomes_known_or_earlier_makes_no_click() -> None:
    ones = song(np.full((2, 4 * RATE_HZ), 0.5))
    first = render_block(None, Place([Lane(ones, 0.0, math.inf)], 1.0, 1.1), BLOCK_FRAMES)
    known = render_block(first.after, Place([Lane(ones, 0.0, 4.0)], 1.1, 1.2), BLOCK_FRAMES)
    assert np.abs(np.diff(known.sound[0], prepend=0.5)).max() < 1e-4
    cut = render_block(known.after, Place([Lane(ones, 0.0, 1.15)], 1.2, 1.3), BLOCK_FRAMES)
    assert np.abs(np.diff(cut.sound[0], prepend=0.5)).max() < 0.001
    assert (cut.sound[0, -1], cut.error_ms) == (0, None)
