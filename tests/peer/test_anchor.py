"""The headless peer's anchors: those of the web app, to the byte and to the place (vectors/anchor.json)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unisono.peer.alignment import Alignment
from unisono.peer.anchor import (
    Anchor,
    AnchorMatch,
    AnchorPlace,
    decode_anchor,
    encode_anchor,
    make_anchor,
    match_anchor,
)
from unisono.peer.constants.audio import ANCHOR_PLACE_FRAMES
from unisono.peer.song import Song
from unisono.peer.sound import HeldSound, Sound

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "anchor.json").read_text())
RATE_HZ = 48_000
SONG = "f" * 64


def channel_of(parts: list[tuple[str, int, int, int]]) -> NDArray[np.float32]:
    """Noise and saws by whole numbers alone, as web/src/audio/index/anchor-vectors.test.ts makes them."""
    return np.concatenate([_part(*part) for part in parts])


def _part(kind: str, frames: int, shift: int, seed: int) -> NDArray[np.float32]:
    if kind == "silence":
        return np.zeros(frames, dtype=np.float32)
    if kind == "saw":
        return ((np.arange(frames) % seed * 20 - 9_000) / 32_768).astype(np.float32)
    state, samples = seed, np.empty(frames, dtype=np.float32)
    for frame in range(frames):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        samples[frame] = ((state >> 16) - 32_768 >> shift) / 32_768
    return samples


def noise(seconds: float, seed: int = 4) -> Sound:
    random = np.random.default_rng(seed)
    return (0.2 * random.standard_normal((2, round(seconds * RATE_HZ)))).astype(np.float32)


def sent(sound: Sound) -> Anchor:
    anchor = decode_anchor(encode_anchor(make_anchor(HeldSound(sound), RATE_HZ)))
    assert anchor is not None
    return anchor


def find_at_once(song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
    assert isinstance(song.sound, HeldSound)
    on_found(match_anchor(song.sound, song.sample_rate, anchor))


def assert_match(match: AnchorMatch | None, expected: dict[str, Any] | None) -> None:
    if expected is None:
        assert match is None
        return
    assert match is not None
    assert match.offset_sec == pytest.approx(expected["offsetSec"], abs=1e-9)
    assert match.score == pytest.approx(expected["score"], abs=1e-9)
    assert match.is_steady == expected["isSteady"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_anchors_are_those_of_the_web_app(vector: dict[str, Any]) -> None:
    """[V1] The same annotations to the byte, found at the same place, at half the rate too."""
    sound = np.asarray([channel_of(parts) for parts in vector["channels"]])
    anchor = make_anchor(HeldSound(sound), vector["rate"])
    assert [place.start_frame for place in anchor.places] == vector["startFrames"]
    assert hashlib.sha256(encode_anchor(anchor)).hexdigest() == vector["annotationSha256"]
    cut = sound[:, vector["cutFrames"] :]
    assert_match(match_anchor(HeldSound(cut), vector["rate"], anchor), vector["match"])
    assert_match(match_anchor(HeldSound(cut[:, ::2]), vector["rate"] // 2, anchor), vector["matchHalved"])


@pytest.mark.parametrize("late_frames", [0, 1105, -1024, 7728, 18_720, -18_720])
def test_an_anchor_finds_a_decode_that_begins_elsewhere(late_frames: int) -> None:
    """[P43] Up to 0.39 s, to a thousandth of a millisecond."""
    here = noise(12)
    match = match_anchor(HeldSound(np.roll(here, late_frames, axis=1)), RATE_HZ, sent(here))
    assert match is not None
    assert match.offset_sec == pytest.approx(late_frames / RATE_HZ, abs=1e-6)
    assert match.is_steady


def test_a_step_in_the_middle_is_told() -> None:
    """[P45] Half a song 26 ms early is not lined up, and the greater part decides."""
    here = noise(12)
    step = np.concatenate((here[:, : 4 * RATE_HZ], here[:, 4 * RATE_HZ + 1_253 :]), axis=1)
    match = match_anchor(HeldSound(step), RATE_HZ, sent(here))
    assert match is not None
    assert not match.is_steady
    assert match.offset_sec == pytest.approx(-1_253 / RATE_HZ, abs=1e-6)


def test_an_anchor_of_other_sound_corrects_nothing() -> None:
    """[P17]"""
    assert match_anchor(HeldSound(noise(12, seed=2)), RATE_HZ, sent(noise(12, seed=1))) is None


@pytest.mark.parametrize("frames", [0, 1, 5_000, RATE_HZ])
def test_short_or_silent_sound_has_no_places(frames: int) -> None:
    assert make_anchor(HeldSound(np.zeros((2, frames), dtype=np.float32)), RATE_HZ).places == ()


def test_bytes_that_are_no_anchor_are_refused() -> None:
    """[P47] A wrong length, a rate that no card has, places out of order."""
    annotation = encode_anchor(make_anchor(HeldSound(noise(12)), RATE_HZ))
    place = annotation[4 : 8 + ANCHOR_PLACE_FRAMES]
    assert decode_anchor(annotation) is not None
    for bad in (
        b"",
        b"short",
        annotation[1:],
        b"\0" * len(annotation),
        annotation[:4] + 4 * place,
        annotation[:4] + 2 * place,
    ):
        assert decode_anchor(bad) is None


def test_an_anchor_from_anybody_ends_in_no_match() -> None:
    """[P47] Places far outside and samples of nothing cost a search and correct nothing."""
    froms = (0, 0x7FFFFFFF, 0xFFFFFFFF)
    places = b"".join(at.to_bytes(4, "big") + bytes(ANCHOR_PLACE_FRAMES) for at in froms)
    anchor = decode_anchor((8_000).to_bytes(4, "big") + places)
    assert anchor is not None
    assert match_anchor(HeldSound(noise(2)), RATE_HZ, anchor) is None


def test_a_peer_is_lined_up_by_the_annotation_of_the_songs_owner() -> None:
    """[P46] Once for each annotation; where it is not found, or does not come, the peer says so."""
    here, alignment = noise(12), Alignment(find_at_once)
    annotation = encode_anchor(make_anchor(HeldSound(here), RATE_HZ))
    late = Song(SONG, RATE_HZ, HeldSound(np.roll(here, 4_464, axis=1)))
    assert alignment.follow(late, None, 0.0) == late
    assert not alignment.is_unaligned_at(SONG, 9_000.0)
    assert alignment.is_unaligned_at(SONG, 11_000.0)
    aligned = alignment.follow(late, annotation, 11_000.0)
    assert aligned.offset_sec == pytest.approx(0.093, abs=1e-6)
    assert not alignment.is_unaligned_at(SONG, 30_000.0)
    assert alignment.follow(aligned, annotation, 31_000.0) is aligned
    alignment.reset()
    alignment.follow(Song(SONG, RATE_HZ, HeldSound(noise(12, seed=9))), annotation, 32_000.0)
    assert alignment.is_unaligned_at(SONG, 32_000.0)
    assert not alignment.is_unaligned_at("e" * 64, 32_000.0)


def test_a_peer_needs_no_annotation_of_a_file_with_an_index() -> None:
    """[P16] [P46] Its owner may have left before there was one. One that does not fit is told."""
    alignment, song = Alignment(find_at_once), Song(SONG, RATE_HZ, HeldSound(noise(12)))
    alignment.follow(song, None, 0.0, is_indexed=True)
    assert not alignment.is_unaligned_at(SONG, 60_000.0)
    other = encode_anchor(make_anchor(HeldSound(noise(12, seed=9)), RATE_HZ))
    alignment.follow(song, other, 61_000.0, is_indexed=True)
    assert alignment.is_unaligned_at(SONG, 61_000.0)


def test_while_an_anchor_is_looked_for_nothing_is_said_and_then_the_song_moves() -> None:
    """[P46] Only for so long; and what was found of another annotation is not taken."""
    here, asked = noise(12), list[tuple[Anchor, Callable[[AnchorMatch | None], None]]]()
    alignment = Alignment(lambda _, anchor, on_found: asked.append((anchor, on_found)))
    song = Song(SONG, RATE_HZ, HeldSound(here))
    first, second = (encode_anchor(make_anchor(HeldSound(noise(12, seed)), RATE_HZ)) for seed in (9, 4))
    assert alignment.follow(song, first, 0.0) is song
    assert alignment.is_seeking
    assert not alignment.is_unaligned_at(SONG, 9_000.0)
    assert alignment.follow(song, second, 9_000.0) is song
    assert alignment.is_unaligned_at(SONG, 11_000.0)
    asked[0][1](AnchorMatch(0.3, 0.9, is_steady=True))
    assert alignment.follow(song, second, 12_000.0) is song
    asked[1][1](AnchorMatch(0.1, 0.9, is_steady=True))
    assert not alignment.is_seeking
    assert alignment.follow(song, second, 13_000.0).offset_sec == pytest.approx(0.1)
    assert not alignment.is_unaligned_at(SONG, 60_000.0)


def test_a_peer_never_lines_up_to_its_own_annotation() -> None:
    """[P44] Not even where its song has no place that could be found."""
    tone = np.tile(np.linspace(-0.5, 0.5, 960, dtype=np.float32), (2, 300))
    annotation, alignment = encode_anchor(make_anchor(HeldSound(tone), RATE_HZ)), Alignment(find_at_once)
    assert len(annotation) == 4
    alignment.publishes(SONG, annotation)
    song = Song(SONG, RATE_HZ, HeldSound(tone))
    assert alignment.follow(song, annotation, 0.0).offset_sec == 0.0
    assert not alignment.is_unaligned_at(SONG, 60_000.0)
    other = Alignment(find_at_once)
    other.follow(song, annotation, 0.0)
    assert other.is_unaligned_at(SONG, 0.0)


def test_a_peer_does_not_go_along_for_ever_with_one_annotation_after_the_other() -> None:
    """[P47]"""
    here, alignment = noise(12), Alignment(find_at_once)
    song, anchor = Song(SONG, RATE_HZ, HeldSound(here)), make_anchor(HeldSound(here), RATE_HZ)
    for start_frame in range(9):
        moved = AnchorPlace(start_frame, anchor.places[0].samples)
        alignment.follow(song, encode_anchor(Anchor(RATE_HZ, (moved, *anchor.places[1:]))), 0.0)
    alignment.follow(song, encode_anchor(anchor), 0.0)
    assert alignment.is_unaligned_at(SONG, 0.0)
