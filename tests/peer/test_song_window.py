"""A song of any length plays from a window, and from wherever it is entered to the same samples."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.peer.decoding import decode_file, index_of, made
from tests.peer.odd_songs import begun_later, encoded, extensible_wav, mp3, noise, ogg_flac, saved, with_hole
from unisono.peer import song_window
from unisono.peer.anchor import encode_anchor, make_anchor, match_anchor
from unisono.peer.decode_protocol import SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.song_file import FileStretches, SongFile
from unisono.peer.song_window import AHEAD_SEC, BEHIND_SEC, EAGER_SEC, SongWindow
from unisono.peer.sound import Sound

SONG_SEC = 20
NOISE = ("-f", "lavfi", "-i", f"anoisesrc=d={SONG_SEC}:a=0.3:seed=5:r=44100", "-ac", "2")
# AAC may leave noise to the decoder, which draws another one each time.
WITHOUT_PNS = ["-c:a", "aac", "-aac_pns", "0"]
PATIENCE_SEC = 60.0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vbr.mp3", ["-q:a", "2"]),
        ("cbr.mp3", ["-b:a", "128k"]),
        ("bare.mp3", ["-q:a", "4", "-write_xing", "0"]),
        ("slow.mp3", ["-ar", "22050", "-ac", "1", "-b:a", "32k"]),
        ("bare.aac", WITHOUT_PNS),
        ("song.m4a", WITHOUT_PNS),
        ("fragments.mp4", [*WITHOUT_PNS, "-movflags", "frag_keyframe+empty_moov"]),
        ("lossless.m4a", ["-c:a", "alac"]),
        ("song.flac", []),
        ("96.flac", ["-ar", "96000"]),
        ("88.flac", ["-ar", "88200"]),
        ("vorbis.ogg", ["-c:a", "libvorbis"]),
        ("flac.ogg", ["-c:a", "flac"]),
        ("song.opus", ["-c:a", "libopus"]),
        ("song.webm", ["-c:a", "libopus"]),
        ("vorbis.webm", ["-c:a", "libvorbis"]),
        ("24.wav", ["-c:a", "pcm_s24le"]),
        ("adpcm.wav", ["-c:a", "adpcm_ima_wav"]),
        *[(f"song.{kind}", []) for kind in ("wav", "w64", "aiff", "au", "caf")],
    ],
)
def test_from_wherever_it_is_entered_a_song_is_the_same_to_the_sample(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    """[P70]"""
    whole = made(tmp_path / name, *NOISE, *options)
    assert_same_everywhere(tmp_path / name, whole.channels)


@pytest.mark.parametrize(
    "damaged",
    [
        lambda: with_hole(encoded(noise(SONG_SEC), "flac", "flac"), 20_000),
        lambda: with_hole(encoded(noise(SONG_SEC, rate=48_000), "ogg", "libopus", 48_000), 8_000),
        lambda: with_hole(encoded(noise(SONG_SEC), "mp4", "aac"), 8_000, None),
        lambda: with_hole(mp3(noise(SONG_SEC)), 8_000),
        lambda: 2 * encoded(noise(SONG_SEC / 2), "ogg", "vorbis"),
        lambda: begun_later(ogg_flac(noise(SONG_SEC)), 30 * 44_100),
        lambda: mp3(noise(SONG_SEC / 2)) + mp3(noise(SONG_SEC / 2, rate=32_000), 32_000),
        lambda: mp3(noise(SONG_SEC / 2)) + mp3(noise(SONG_SEC / 2, rate=22_050), 22_050),
        lambda: b"ID3\4\0\0\0\0\2\0" + bytes(256 + 3000) + mp3(noise(SONG_SEC)),
    ],
    ids=["flac", "opus", "m4a", "mp3", "chain", "broadcast", "two rates", "half the rate", "tag and zeros"],
)
def test_an_odd_song_is_the_same_from_everywhere_too(tmp_path: Path, damaged: Callable[[], bytes]) -> None:
    """[P70]"""
    path = saved(tmp_path, damaged())
    assert_same_everywhere(path, decode_file(path).channels)


def assert_same_everywhere(path: Path, whole: Sound) -> None:
    frames, index = whole.shape[1], index_of(path)
    random = np.random.default_rng(3)
    spans = [(int(first), 20_000) for first in random.integers(-5_000, frames, 6)]
    spans += [(frames - 5_000, 10_000), (0, 100), (frames + 10, 100)]
    padded = np.pad(whole, ((0, 0), (5_000, 30_000)))
    for (first, length), part in zip(spans, SongFile(path).spans(index, spans), strict=True):
        assert np.array_equal(part, padded[:, first + 5_000 : first + 5_000 + length]), first


def test_an_anchor_read_from_a_file_is_that_of_the_whole_decode(tmp_path: Path) -> None:
    """[P43] To the byte, and found in another format of the same song."""
    whole = made(tmp_path / "song.flac", *NOISE)
    sound, rate = stretches(tmp_path / "song.flac"), whole.sample_rate
    anchor = make_anchor(sound, rate)
    assert len(anchor.places) == 3
    assert encode_anchor(anchor) == encode_anchor(make_anchor(whole.held, rate))
    made(tmp_path / "song.mp3", *NOISE, "-q:a", "2", "-write_xing", "0")
    match = match_anchor(stretches(tmp_path / "song.mp3"), rate, anchor)
    assert match is not None
    assert match.is_steady
    assert match.offset_sec == pytest.approx(1_105 / rate, abs=1e-4)


def stretches(path: Path) -> FileStretches:
    file = SongFile(path)
    return FileStretches(file, file.survey()[1])


# --- the window --------------------------------------------------------------------------------------------


RATE_HZ = 44_100
LONG_SEC = 300


@pytest.fixture(scope="module")
def long_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its sound says where it is: a ramp of so many frames, and the number of the ramp."""
    path = tmp_path_factory.mktemp("window") / "long.flac"
    numbers = np.arange(LONG_SEC * RATE_HZ)
    samples = np.stack([numbers % 30_000, numbers // 30_000], axis=1).astype("<i2")
    raw = ("-f", "s16le", "-ar", str(RATE_HZ), "-ac", "2", "-i", "-")
    subprocess.run(["ffmpeg", "-v", "error", "-y", *raw, str(path)], input=samples.tobytes(), check=True)
    return path


def opened(path: Path, from_sec: float = 0.0, index: SeekIndex | None = None) -> SongWindow:
    return SongWindow(path, from_sec, index, lambda _: None)


def frames_of(sound: Sound) -> list[int]:
    """Which frames of the long song these are."""
    ramp, number = np.round(sound * 32_768).astype(int)
    return (number * 30_000 + ramp).tolist()  # type: ignore[no-any-return]


def until_held(window: SongWindow, at_sec: float) -> list[int]:
    """Which frames are heard there, once they are."""
    first = round(at_sec * RATE_HZ)
    with window._changed:
        assert window._changed.wait_for(lambda: window.read(first, 50) is not None, PATIENCE_SEC)
    sound = window.read(first, 50)
    assert sound is not None
    return frames_of(sound)


def from_frame(at_sec: float) -> list[int]:
    return list(range(round(at_sec * RATE_HZ), round(at_sec * RATE_HZ) + 50))


def test_a_song_begins_while_most_of_it_is_not_decoded(long_song: Path) -> None:
    """[P71] And the process stands still once enough lies ahead."""
    window = opened(long_song)
    try:
        assert window.wait_ready().sample_rate == RATE_HZ
        assert until_held(window, 0.0) == from_frame(0.0)
        assert until_held(window, AHEAD_SEC - 1) == from_frame(AHEAD_SEC - 1)
        assert window.read(round((AHEAD_SEC + 2) * RATE_HZ), 50) is None
        assert window.frames is None
        window.aim(30.0)
        assert until_held(window, 30.0 + AHEAD_SEC - 1) == from_frame(30.0 + AHEAD_SEC - 1)
        assert window.read(round((30.0 - BEHIND_SEC - 2) * RATE_HZ), 50) is None
        assert window.read(round((30.0 - BEHIND_SEC + 1) * RATE_HZ), 50) is not None
    finally:
        window.close()


def test_what_lies_far_ahead_is_not_hurried_and_what_is_needed_soon_does_not_wait(
    long_song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[P71] Here what is not hurried would take days."""
    monkeypatch.setattr(song_window, "UNHURRIED_SPEED", 1e-6)
    window = opened(long_song)
    try:
        window.wait_ready()
        for at_sec in (0.0, 4.0, 8.0, 12.0):
            window.aim(at_sec)
            assert until_held(window, at_sec + EAGER_SEC - 1) == from_frame(at_sec + EAGER_SEC - 1)
        assert window.read(round(30.0 * RATE_HZ), 50) is None
        window.aim(250.0)
        assert until_held(window, 250.0) == from_frame(250.0)
    finally:
        window.close()


@pytest.mark.parametrize("is_known", [True, False])
def test_a_leap_is_followed_and_back(long_song: Path, is_known: bool) -> None:
    """[P70] [P71] Also where nobody knows yet how to seek in the song."""
    window = opened(long_song, index=index_of(long_song) if is_known else None)
    try:
        window.wait_ready()
        for at_sec in (250.0, 20.0, 120.5, 299.5):
            window.aim(at_sec)
            assert until_held(window, at_sec) == from_frame(at_sec)
    finally:
        window.close()


def test_who_enters_late_begins_there(long_song: Path) -> None:
    """[P71] What is learnt of the song meanwhile shortens the way."""
    window = opened(long_song, from_sec=200.0)
    try:
        window.learn(index_of(long_song))
        window.wait_ready()
        assert until_held(window, 200.0) == from_frame(200.0)
        assert window.frames == LONG_SEC * RATE_HZ
        beyond = window.read(LONG_SEC * RATE_HZ + 10, 50)
        assert beyond is not None
        assert not beyond.any()
    finally:
        window.close()


def test_its_end_is_known_once_it_is_decoded(tmp_path: Path) -> None:
    """[P71] And what lies beside the song is silence."""
    window = opened(saved(tmp_path, encoded(noise(2.0), "flac", "flac")))
    try:
        window.wait_ready()
        with window._changed:
            assert window._changed.wait_for(lambda: window.frames is not None, PATIENCE_SEC)
        assert window.frames == 88_200
        around = window.read(-100, 88_400)
        assert around is not None
        assert not around[:, :100].any()
        assert not around[:, -100:].any()
        assert np.count_nonzero(around) > 170_000
    finally:
        window.close()


def test_a_small_file_with_hours_of_silence_takes_no_more_memory_than_others(tmp_path: Path) -> None:
    """[P52] [P71] Silence packs well: twenty minutes of it in some kilobytes."""
    content = encoded(np.zeros((20 * 60 * 8_000, 2), np.int16), "flac", "flac", 8_000)
    assert len(content) < 400_000
    window = opened(saved(tmp_path, content))
    try:
        assert window.wait_ready().sample_rate == 8_000
        assert until_silence(window, AHEAD_SEC - 1)
        assert window.read(round((AHEAD_SEC + 5) * 8_000), 50) is None
    finally:
        window.close()


def until_silence(window: SongWindow, at_sec: float) -> bool:
    first = round(at_sec * 8_000)
    with window._changed:
        return window._changed.wait_for(lambda: window.read(first, 50) is not None, PATIENCE_SEC)


def test_what_is_no_song_is_refused_before_it_is_ready(tmp_path: Path) -> None:
    """[P52]"""
    window = opened(saved(tmp_path, b"just text\n" * 1000))
    with pytest.raises(FileError, match="kind of file"):
        window.wait_ready()


def test_a_song_that_turns_out_to_be_none_is_refused_while_it_plays(tmp_path: Path) -> None:
    """[P52] [P53] Three seconds of sound, then numbers that are none."""
    samples = np.concatenate([(noise(3.0) / 32_768).astype("<f4"), np.full((20 * RATE_HZ, 2), np.nan, "<f4")])
    content = extensible_wav(samples.tobytes(), channels=2, bits=32, valid=32, mask=3, is_float=True)
    failures: queue.Queue[FileError] = queue.Queue()
    window = SongWindow(saved(tmp_path, content), 0.0, None, failures.put)
    window.wait_ready()
    assert failures.get(timeout=PATIENCE_SEC).detail == "its samples are not sound"


def test_a_window_that_is_closed_ends_its_process(tmp_path: Path) -> None:
    window = opened(saved(tmp_path, encoded(noise(2.0), "flac", "flac")))
    window.close()
    with pytest.raises(FileError, match="stopped"):
        window.wait_ready()
