"""Many channels and one become the same two channels as on a page (P35)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.peer import odd_songs
from tests.peer.decoding import SINE, HeldSong, decode, made, pitch_hz
from tests.peer.odd_songs import encoded, extensible_wav, tone, wav
from unisono.peer.downmix import places_of, to_stereo
from unisono.peer.sound import HeldSound, Sound

SQRT_HALF = 0.7071


@pytest.mark.parametrize(
    ("count", "codec", "left", "right"),
    [
        (1, "flac", [1], [1]),
        (2, "flac", [1, 0], [0, 1]),
        (3, "flac", [1, 0, SQRT_HALF], [0, 1, SQRT_HALF]),
        (4, "flac", [1, 0, SQRT_HALF, 0], [0, 1, 0, SQRT_HALF]),
        (4, "aac", [1, 0, SQRT_HALF, 0.5], [0, 1, SQRT_HALF, 0.5]),
        (5, "flac", [1, 0, SQRT_HALF, SQRT_HALF, 0], [0, 1, SQRT_HALF, 0, SQRT_HALF]),
        (6, "opus", [1, 0, SQRT_HALF, 0, SQRT_HALF, 0], [0, 1, SQRT_HALF, 0, 0, SQRT_HALF]),
        (7, "flac", [1, 0, SQRT_HALF, 0, 0.5, SQRT_HALF, 0], [0, 1, SQRT_HALF, 0, 0.5, 0, SQRT_HALF]),
        (
            8,
            "flac",
            [1, 0, SQRT_HALF, 0, SQRT_HALF, 0, SQRT_HALF, 0],
            [0, 1, SQRT_HALF, 0, 0, SQRT_HALF, 0, SQRT_HALF],
        ),
        (10, "pcm_s16le", [0.1] * 10, [0.1] * 10),
    ],
)
def test_every_channel_goes_where_it_goes_on_a_page(
    count: int, codec: str, left: list[float], right: list[float]
) -> None:
    """[P35]"""
    each_alone: Sound = np.eye(count, dtype=np.float32)
    mixed = to_stereo(each_alone, places_of(count, codec))
    assert mixed == pytest.approx(np.array([left, right]), abs=1e-4)


def test_a_wav_is_taken_by_its_mask() -> None:
    """[P35] And by its number where the mask names places that the rule does not know."""
    assert places_of(4, "pcm_s16le", ["FL", "FR", "FC", "LFE"]) == ["FL", "FR", "FC", "LFE"]
    assert places_of(4, "pcm_s16le", ["FL", "FR", "TFL", "TFR"]) == ["FL", "FR", "BL", "BR"]
    assert places_of(4, "pcm_s16le", ["NONE"] * 4) == ["FL", "FR", "BL", "BR"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (wav, 1.0),
        (lambda one: wav(np.hstack([one * 0, one * 0, one, one * 0, one * 0, one * 0])), SQRT_HALF),
        (
            lambda one: encoded(
                np.hstack([one * 0, one * 0, one, one * 0, one * 0, one * 0]), "flac", "flac"
            ),
            SQRT_HALF,
        ),
        (
            lambda one: extensible_wav(
                np.hstack([one, one * 0, one * 0]).tobytes(),
                channels=3,
                bits=16,
                valid=16,
                mask=4 | 8 | 256,
                is_float=False,
            ),
            SQRT_HALF,
        ),
    ],
    ids=["mono", "centre of a WAV", "centre of a FLAC", "centre by mask"],
)
def test_voices_in_the_centre_are_heard_and_mono_is_as_loud_as_on_phones(
    tmp_path: Path, content: Callable[[odd_songs.Samples], bytes], expected: float
) -> None:
    """[P35] Through the whole decoder; both loudspeakers alike."""
    one = tone(0.5, 440, channels=1)
    song = decode(tmp_path, content(one))
    peak = float(np.abs(one).max()) / 32_768 * expected
    assert np.abs(song.channels).max(axis=1) == pytest.approx([peak, peak], rel=0.01)


@pytest.mark.parametrize(("kind", "codec"), [("m4a", "aac"), ("ogg", "libvorbis"), ("opus", "libopus")])
@pytest.mark.parametrize("place", [0, 1, 2, 4, 7])
def test_eight_channels_are_mixed_like_any_others(tmp_path: Path, kind: str, codec: str, place: int) -> None:
    """[P35] They lie in planes, of which PyAV finds one too many from eight on."""
    only = f"pan=7.1|c{place}=c0"
    song = made(tmp_path / f"song.{kind}", *SINE, "-af", only, "-c:a", codec)
    assert song.duration_sec == pytest.approx(2.0, abs=0.05)
    peaks = np.abs(song.channels[:, 24_000:72_000]).max(axis=1)
    gains = to_stereo(np.eye(8, dtype=np.float32), places_of(8, codec))[:, place]
    assert peaks == pytest.approx(gains / 8, abs=0.02)
    side = HeldSound(song.channels[:: 1 if gains[0] else -1])
    assert pitch_hz(HeldSong("", song.sample_rate, side), 1.0) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    ("kind", "codec", "layout"),
    [("m4a", "alac", "7.1(wide)"), ("opus", "libopus", "8c"), ("opus", "libopus", "16c")],
)
def test_eight_channels_and_more_are_played(tmp_path: Path, kind: str, codec: str, layout: str) -> None:
    """[P54] Opus of mapping family 255 names no places."""
    count = 16 if layout == "16c" else 8
    every = f"pan={layout}|" + "|".join(f"c{each}=c0" for each in range(count))
    family = ["-mapping_family", "255"] if codec == "libopus" else []
    song = made(tmp_path / f"song.{kind}", *SINE, "-af", every, "-c:a", codec, *family)
    assert song.duration_sec == pytest.approx(2.0, abs=0.05)
    assert pitch_hz(song, 1.0) == pytest.approx(440, abs=5)
