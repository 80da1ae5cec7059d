"""What a headless peer plays in a role: the page's, to 1e-6 (vectors/roles.json), at any seam and tempo."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.peer.odd_songs import tone
from tests.peer.test_lanes import decibels, following, music_like_noise, rendered, song
from unisono.peer.constants.session import ROLES, Role
from unisono.peer.decode import MAX_RATE_HZ, Decoder
from unisono.peer.decode_protocol import Heading, Job
from unisono.peer.downmix import names_of, places_of, to_stereo, with_isolated
from unisono.peer.errors import FileError
from unisono.peer.lane import Lane
from unisono.peer.low_band import LowBand
from unisono.peer.render import CROSSFADE_FRAMES, OUTPUT_RATE_HZ, Place, render_block
from unisono.peer.role_part import part_for
from unisono.peer.song_window import SongWindow
from unisono.peer.sound import HeldSound, Sound

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "roles.json").read_text())
# Of a WAV's dwChannelMask, as FFmpeg names them.
MASK = ["FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR"]
BLOCK_FRAMES = OUTPUT_RATE_HZ // 10
# Each channel of a 5.1 file has a tone of its own: FL FR FC LFE SL SR.
TONES_HZ = (300, 500, 700, 100, 900, 1_100)


def noise(frames: int) -> Sound:
    """By whole numbers alone, as web/src/audio/roles-vectors.test.ts makes it."""
    state, samples = 7, np.empty((1, frames), dtype=np.float32)
    for frame in range(frames):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        samples[0, frame] = ((state >> 16) - 32_768) / 32_768
    return samples


@pytest.mark.parametrize(
    "vector", VECTORS["layouts"], ids=lambda each: f"{each['count']}-{each['codec']}-{each['mask']:x}"
)
def test_channels_are_named_and_mixed_as_on_the_page(vector: dict[str, Any]) -> None:
    """[P35] [P87] [V1] Each channel alone is a frame of its own."""
    masked = [name for bit, name in enumerate(MASK) if vector["mask"] & 1 << bit]
    places = places_of(vector["count"], vector["codec"] or "pcm_s16le", masked)
    alone = np.eye(vector["count"], dtype=np.float32)
    assert names_of(places) == vector["names"]
    assert to_stereo(alone, places) == pytest.approx(np.array(vector["mixed"]), abs=1e-6)
    for name, wanted in zip(vector["names"], vector["isolated"], strict=True):
        mixed = with_isolated(alone, places, name)
        assert mixed[2].tolist() == wanted
        assert mixed[:2] == pytest.approx(np.array(vector["mixed"]), abs=1e-6)


@pytest.mark.parametrize("vector", VECTORS["parts"], ids=lambda each: f"{len(each['channels'])} channels")
def test_every_role_plays_what_it_plays_on_the_page(vector: dict[str, Any]) -> None:
    """[P87] [V1]"""
    assert [part_for(role, vector["channels"]) for role in ROLES] == vector["parts"]


@pytest.mark.parametrize("vector", VECTORS["low"], ids=lambda each: f"{each['sampleRate']}-{each['from']}")
def test_what_is_low_is_what_is_low_on_the_page(vector: dict[str, Any]) -> None:
    """[P88] [V1]"""
    sound = HeldSound(noise(vector["inputFrames"]))
    low = LowBand(sound, vector["sampleRate"]).read(vector["from"], len(vector["output"]))
    assert low is not None
    assert np.abs(low[0] - np.array(vector["output"])).max() < 1e-6


def in_role(lanes: list[Lane], part: Role) -> list[Lane]:
    return [replace(lane, part=part) for lane in lanes]


def test_left_and_right_are_those_channels_from_both_loudspeakers() -> None:
    """[P87]"""
    lanes = following(song(music_like_noise()))
    whole = rendered(lanes, 2.0, ppm=120)
    sides: tuple[tuple[Role, int], ...] = (("left", 0), ("right", 1))
    for part, row in sides:
        heard = rendered(in_role(lanes, part), 2.0, ppm=120)
        assert np.array_equal(heard, whole[[row, row]])


def test_low_and_the_rest_add_up_to_all_across_a_seam_that_low_does_not_hear() -> None:
    """[P88] [P89] 90 dB below, beside a cut too; and the low part is that of the uncut recording."""
    whole = music_like_noise()
    pieces = [song(piece) for piece in np.split(whole, [88_217], axis=1)]
    parts: tuple[Role, ...] = ("all", "low", "without-low")
    cut, low, rest = (rendered(in_role(following(*pieces), part), 4.0, ppm=120) for part in parts)
    assert decibels(low + rest - cut, cut) < -110
    uncut = rendered(in_role(following(song(whole)), "low"), 4.0, ppm=120)
    assert decibels(low - uncut, uncut) < -90


def test_a_role_that_changes_crosses_over_at_equal_gain() -> None:
    """[P90] Of a tone that both play nothing is heard."""
    seconds = np.arange(6 * 44_100) / 44_100
    [lane] = following(song(np.tile(0.5 * np.sin(2 * np.pi * 50 * seconds), (2, 1))))
    before = render_block(None, Place([lane], 1.0, 1.1), BLOCK_FRAMES)
    after = render_block(before.after, Place([replace(lane, part="low")], 1.1, 1.2), BLOCK_FRAMES)
    steady = rendered([lane], 0.2, from_sec=1.0)
    joined = np.concatenate([before.sound, after.sound], axis=1)
    whole = slice(CROSSFADE_FRAMES, None)  # it comes in with a fade
    assert decibels((joined - steady)[:, whole], steady[:, whole]) < -70


@pytest.fixture(scope="module")
def six_channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("six") / "six.flac"
    samples = np.hstack([tone(4.0, hz, channels=1) for hz in TONES_HZ])
    source = ("-f", "s16le", "-ar", "44100", "-ac", "6", "-channel_layout", "5.1(side)", "-i", "-")
    command = ["ffmpeg", "-v", "error", *source, "-c:a", "flac", str(path)]
    subprocess.run(command, input=samples.astype("<i2").tobytes(), check=True)
    return path


def strongest_hz(sound: NDArray[np.float32]) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))))) * 44_100 / len(sound)


@pytest.mark.parametrize(
    ("role", "hz"), [("centre", 700), ("lfe", 100), ("surround-left", 900), ("back-right", 1_100)]
)
def test_a_channel_of_a_file_is_decoded_by_itself(six_channels: Path, role: Role, hz: float) -> None:
    """[P87] Behind left and right, which stay what all play."""
    heading, parts = None, []
    for answer in Decoder(six_channels, Job(MAX_RATE_HZ, from_sec=0.0, role=role)).answers():
        heading = answer if isinstance(answer, Heading) else heading
        parts += [answer] if isinstance(answer, np.ndarray) else []
    sound = np.concatenate(parts, axis=1)
    assert heading is not None
    assert heading.channel_names[2:4] == ("centre", "lfe")
    assert heading.isolated == part_for(role, heading.channel_names)
    assert strongest_hz(sound[2, 40_000:84_100]) == pytest.approx(hz, abs=1)
    plain = list(Decoder(six_channels, Job(MAX_RATE_HZ, from_sec=0.0)).answers())
    mixed = np.concatenate([each for each in plain if isinstance(each, np.ndarray)], axis=1)
    assert np.array_equal(sound[:2], mixed)


def test_a_window_gives_the_channel_that_the_role_is(six_channels: Path) -> None:
    """[P87] From the middle of the song, as a lane reads it."""
    failures: list[FileError] = []
    window = SongWindow(six_channels, 1.0, None, failures.append, role="centre")
    try:
        heading = window.wait_ready()
        for _ in range(200):
            if window.read(66_150, 22_050) is not None:
                break
            threading.Event().wait(0.05)
        played = replace(
            song(np.zeros((2, 1))), sound=window, channel_names=heading.channel_names, isolated="centre"
        )
        lane = Lane(played, 0.0, 4.0, part="centre")
        heard = lane.read(1.5 + np.arange(22_050) / 44_100)
    finally:
        window.close()
    assert failures == []
    assert heard is not None
    assert np.array_equal(heard[0], heard[1])
    assert strongest_hz(heard[0]) == pytest.approx(700, abs=2)
