"""What a headless peer makes of odd files: the same sound as phones, or a refusal in words, never a crash."""

from __future__ import annotations

import functools
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.peer.decoding import SINE, decode, made, pitch_hz, refusal
from tests.peer.odd_songs import (
    begun_later,
    encoded,
    extensible_wav,
    id3v1,
    mp3,
    noise,
    ogg_flac,
    saved,
    tone,
    wav,
    with_hole,
)
from unisono.peer.decode import MAX_RATE_HZ, Decoder
from unisono.peer.decode_protocol import Job
from unisono.peer.errors import FileError

PLAY = Job(MAX_RATE_HZ, from_sec=0.0)


@functools.cache
def plain_mp3() -> bytes:
    return mp3(noise(4.0))


# --- P50: what is damaged plays, at its pitch and in its place ---------------------------------------------


ID3 = b"ID3\4\0\0\0\0\2\0" + bytes(256)


@pytest.mark.parametrize(
    "before",
    [
        ID3 + ID3,
        b"APETAGEX" + struct.pack("<IIII", 2000, 64, 0, 0) + bytes(8 + 64),
        ID3 + bytes(3000),
    ],
    ids=["tags", "APE", "tag and zeros"],
)
@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        *[("wav", "pcm_s16le"), ("aiff", "pcm_s16be"), ("mp4", "aac"), ("flac", "flac"), ("ogg", "libopus")],
        *[("w64", "pcm_s16le"), ("webm", "libopus"), ("mp3", "libmp3lame"), ("adts", "aac")],
    ],
)
def test_what_stands_before_the_sound_never_matters(
    tmp_path: Path, kind: str, codec: str, before: bytes
) -> None:
    """[P50]"""
    rate = 48_000 if codec == "libopus" else 44_100
    plain = encoded(noise(4.0, rate=rate), kind, codec, rate=rate)
    song = decode(tmp_path, before + plain)
    assert song.duration_sec == pytest.approx(decode(tmp_path, plain).duration_sec, abs=0.06)


def test_rf64_and_bw64_are_played(tmp_path: Path) -> None:
    plain = wav(noise(2.0))
    sound = plain[44:]
    sizes = struct.pack("<QQQI", len(plain) + 28, len(sound), 0, 0)
    for name in (b"RF64", b"BW64"):
        head = name + b"\xff" * 4 + b"WAVEds64" + struct.pack("<I", len(sizes)) + sizes
        song = decode(tmp_path, head + plain[12:40] + b"\xff" * 4 + sound)
        assert song.duration_sec == pytest.approx(2.0, abs=0.01)


def test_of_several_tracks_the_first_that_can_be_played_is(tmp_path: Path) -> None:
    """A film's first track is often one of cinemas."""
    film = tmp_path / "film.mka"
    tracks = ("-map", "0:a", "-map", "0:a", "-c:a:0", "dca", "-strict", "-2", "-c:a:1", "libopus")
    assert made(film, *SINE, *tracks).duration_sec == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    "behind",
    [
        b"\0",
        bytes(4096),
        b"LYRICSBEGINwords000010LYRICS200" + id3v1(b"x"),
        id3v1("Stück".encode("latin-1")),
        id3v1("結び".encode("shift_jis")),
        id3v1(b"one") + id3v1(b"two"),
        b"3DI\4\0\x10\0\0\0\0",
        b"APETAGEX" + bytes(60),
    ],
)
def test_what_lies_behind_the_sound_never_matters(tmp_path: Path, behind: bytes) -> None:
    """[P50]"""
    assert decode(tmp_path, plain_mp3() + behind).duration_sec == pytest.approx(4.0, abs=0.03)


@pytest.mark.parametrize(
    "title", ["Mot\xf6rhead".encode("cp1252"), "Песня".encode("cp1251"), b"\xff\xfe\x80"]
)
def test_a_tag_in_any_letters_does_not_make_a_song_silent(tmp_path: Path, title: bytes) -> None:
    """[P50] In the INFO list of a WAV, before its sound."""
    plain = wav(noise(0.5))
    text = title.ljust(16, b"\0")
    info = b"LIST" + (28).to_bytes(4, "little") + b"INFOINAM" + (16).to_bytes(4, "little") + text
    assert decode(tmp_path, plain[:36] + info + plain[36:]).duration_sec == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("seed", [1, None], ids=["noise", "zeros"])
@pytest.mark.parametrize(("kind", "codec"), [("flac", "flac"), ("mp4", "aac"), ("ogg", "libopus")])
def test_behind_damage_a_song_goes_on_in_its_place(
    tmp_path: Path, kind: str, codec: str, seed: int | None
) -> None:
    """[P50] The gap is as long as what was lost, so that the rest stays in step with whoever has it whole."""
    rate = 48_000 if codec == "libopus" else 44_100
    content = encoded(noise(12.0, rate=rate), kind, codec, rate)
    whole, damaged = decode(tmp_path, content), decode(tmp_path, with_hole(content, 4000, seed))
    assert damaged.duration_sec == pytest.approx(whole.duration_sec, abs=0.001)
    last = slice(int(9 * rate), int(11.5 * rate))
    one, other = whole.channels[0, last], damaged.channels[0, last]
    assert np.corrcoef(one, other)[0, 1] > 0.99


@pytest.mark.parametrize("hole_bytes", [300, 4000, 20_000])
def test_an_mp3_with_a_hole_plays_around_it(tmp_path: Path, hole_bytes: int) -> None:
    """[P50] Its frames carry no time, so the length of the hole is unknown: as in browsers it closes up."""
    song = decode(tmp_path, with_hole(plain_mp3(), hole_bytes, None))
    lost_sec = hole_bytes * 8 / 128_000
    assert 4.0 - lost_sec - 0.2 < song.duration_sec < 4.05


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1, 44_100), (2, 44_100)),
        ((2, 44_100), (1, 44_100)),
        ((2, 22_050), (2, 44_100)),
        ((1, 48_000), (2, 32_000)),
    ],
)
def test_two_files_joined_keep_their_pitch_and_speed(
    tmp_path: Path, first: tuple[int, int], second: tuple[int, int]
) -> None:
    """[P50] Another rate or another number of channels in the middle is taken as it comes."""
    parts = [
        mp3(tone(2.0, hz, channels, rate), rate) for hz, (channels, rate) in ((440, first), (1320, second))
    ]
    song = decode(tmp_path, b"".join(parts))
    assert song.duration_sec == pytest.approx(4.0, abs=0.2)
    assert pitch_hz(song, 1.0) == pytest.approx(440, abs=5)
    assert pitch_hz(song, 3.0) == pytest.approx(1320, abs=5)


def test_a_chain_that_changes_shape_plays_what_it_has_and_knows_what_is_missing(tmp_path: Path) -> None:
    """[P50] FFmpeg reads no further than the change."""
    links = [encoded(noise(4.0, channels, 48_000), "ogg", "libopus", 48_000) for channels in (2, 1)]
    song = decode(tmp_path, links[0] + links[1])
    assert song.duration_sec == pytest.approx(4.0, abs=0.1) or song.duration_sec == pytest.approx(
        8.0, abs=0.1
    )
    assert song.whole_sec > 5.0


def test_a_cut_file_says_how_long_it_would_be(tmp_path: Path) -> None:
    """[P51]"""
    content = encoded(noise(6.0), "flac", "flac")
    song = decode(tmp_path, content[: len(content) // 2])
    assert 2.0 < song.duration_sec < 4.0
    assert song.whole_sec == pytest.approx(6.0)
    assert song.missing_sec == pytest.approx(6.0 - song.duration_sec)
    assert decode(tmp_path, content).missing_sec == 0


@pytest.mark.parametrize("begin_sec", [20, 100_000])
@pytest.mark.parametrize("codec", ["libopus", "vorbis", "flac"])
def test_a_recording_of_a_broadcast_is_as_long_as_its_sound(
    tmp_path: Path, codec: str, begin_sec: int
) -> None:
    """[P50] [P51] It counts from wherever the station was; nothing is missing before that."""
    sound = noise(3.0, rate=48_000)
    content = ogg_flac(sound, 48_000) if codec == "flac" else encoded(sound, "ogg", codec, 48_000)
    song = decode(tmp_path, content)
    later = decode(tmp_path, begun_later(content, begin_sec * 48_000))
    assert np.array_equal(later.channels, song.channels)
    assert (later.missing_sec, later.whole_sec) == (0, later.duration_sec)


# A quiet beginning packs well, and FFmpeg takes all of it for as small.
QUIET_START = (
    *("-f", "lavfi", "-i", "sine=d=20,volume=0.00001", "-f", "lavfi", "-i", "anoisesrc=d=10:a=0.5:seed=1"),
    *("-filter_complex", "[0][1]concat=v=0:a=1"),
)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("song.aac", ["-c:a", "aac"]),
        ("song.mp3", ["-q:a", "2", "-write_xing", "0"]),
        ("song.mp3", ["-q:a", "2"]),
    ],
    ids=["ADTS", "MP3", "MP3 with Xing"],
)
def test_a_complete_song_lacks_nothing_where_its_length_is_a_guess(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    """[P51]"""
    song = made(tmp_path / name, *QUIET_START, *options)
    assert song.duration_sec == pytest.approx(30.0, abs=0.1)
    assert (song.missing_sec, song.whole_sec) == (0, song.duration_sec)


@pytest.mark.parametrize("tag", [b"", b"ID3\4\0\0\0\0\2\0" + bytes(256)], ids=["plain", "tagged"])
@pytest.mark.parametrize(
    ("channels", "rate"), [(1, 44_100), (2, 48_000), (1, 22_050), (2, 16_000), (2, 8_000)]
)
def test_a_cut_mp3_with_a_count_of_its_frames_is_short(
    tmp_path: Path, channels: int, rate: int, tag: bytes
) -> None:
    """[P51]"""
    content = tag + mp3(noise(6.0, channels, rate), rate)
    song = decode(tmp_path, content[: len(content) // 2])
    assert song.whole_sec == pytest.approx(6.0, abs=0.3)
    assert 2.0 < song.missing_sec < 4.0
    assert decode(tmp_path, content).missing_sec == 0


@pytest.mark.parametrize(
    ("name", "sound_sec", "missing_sec"),
    [
        ("f.mp4", 3, 0),
        ("f.mov", 9, 0),
        ("f.mkv", 10, 0),
        ("f.webm", 10, 0),
        ("f.mkv", 6, 6),
        ("f.webm", 6, 6),
    ],
)
def test_a_film_may_have_less_sound_than_pictures(
    tmp_path: Path, name: str, sound_sec: int, missing_sec: float
) -> None:
    """[P39] Matroska says the length of the film alone: there more than a quarter must be missing."""
    pictures = ["-f", "lavfi", "-i", "testsrc=d=12:r=5:s=32x32"]
    sound = ["-f", "lavfi", "-i", f"sine=d={sound_sec}:r=48000"]
    codecs = ["-c:v", "libvpx", "-c:a", "libopus"] if name.endswith("m") else ["-c:v", "mpeg4", "-c:a", "aac"]
    song = made(tmp_path / name, *pictures, *sound, *codecs)
    assert song.duration_sec == pytest.approx(sound_sec, abs=0.1)
    assert song.missing_sec == pytest.approx(missing_sec, abs=0.2)
    assert song.whole_sec == pytest.approx(sound_sec + missing_sec, abs=0.2)


def test_a_cut_film_is_short(tmp_path: Path) -> None:
    """[P51] Its heads stand in front here, and say how long its sound would be."""
    path = tmp_path / "song.mp4"
    made(path, "-f", "lavfi", "-i", "sine=d=8", "-c:a", "aac", "-movflags", "faststart")
    content = path.read_bytes()
    song = decode(tmp_path, content[: len(content) * 6 // 10])
    assert song.duration_sec < 6
    assert song.whole_sec == pytest.approx(8.0, abs=0.1)


# --- P52: refused once, in words ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no song at all, just some text\n" * 50,
        b"ffconcat version 1.0\nfile 'other.mp3'\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.mp3\n#EXT-X-ENDLIST\n",
        b"#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/other.mp3\n",
        b"[playlist]\nFile1=other.mp3\n",
        b"<?xml version='1.0'?><MPD></MPD>",
    ],
)
def test_a_list_of_other_files_opens_none_of_them(tmp_path: Path, content: bytes) -> None:
    """[P52] The other file is there and would play."""
    saved(tmp_path, plain_mp3(), "other.mp3")
    assert refusal(tmp_path, content).code == "file-not-audio"


def test_the_decoding_process_can_open_nothing() -> None:
    """[P52] Even where a list of formats had a hole: after its limits are set no file can be opened."""
    probe = (
        "from unisono.peer import decode_worker as w\nw.warm_up()\nw.limit_this_process()\n"
        "try:\n    open('/dev/null')\nexcept OSError as failure:\n    print(failure.errno)\n"
        "try:\n    bytearray(4 * 1024**3)\nexcept MemoryError:\n    print('no memory')\n"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["24", "no memory"]


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    """[P52] A decoder that waits for ever, here for a pipe that nobody writes into."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    keeper = os.open(pipe, os.O_RDWR)
    try:
        with pytest.raises(FileError, match="takes too long"):
            list(Decoder(pipe, PLAY, timeout_sec=1.5).answers())
    finally:
        os.close(keeper)


def test_a_decoding_can_be_stopped(tmp_path: Path) -> None:
    """[P52] Another song was chosen meanwhile."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    keeper = os.open(pipe, os.O_RDWR)
    decoder = Decoder(pipe, PLAY)
    threading.Timer(0.5, decoder.close).start()
    try:
        with pytest.raises(FileError, match=r"broke down|stopped"):
            list(decoder.answers())
    finally:
        os.close(keeper)


@pytest.mark.parametrize(
    "samples",
    [np.full(20_000, np.nan, "<f4"), np.full(20_000, np.inf, "<f4"), np.full(20_000, 4e31, "<f4")],
    ids=["nan", "infinite", "huge"],
)
def test_samples_that_are_no_sound_are_refused(tmp_path: Path, samples: np.ndarray) -> None:
    """[P53]"""
    content = extensible_wav(samples.tobytes(), channels=2, bits=32, valid=32, mask=3, is_float=True)
    assert refusal(tmp_path, content).detail == "its samples are not sound"


@pytest.mark.parametrize("is_float", [False, True])
def test_24_bits_in_32_are_decoded_or_refused_but_never_noise(tmp_path: Path, is_float: bool) -> None:
    """[P53]"""
    loud = np.round(noise(1.0) * 2.0**15 / 2**8).astype("<i4") * 2**8
    data = (loud / 2.0**31).astype("<f4") if is_float else loud
    content = extensible_wav(data.tobytes(), channels=2, bits=32, valid=24, mask=3, is_float=is_float)
    try:
        song = decode(tmp_path, content)
    except FileError as failure:
        assert failure.code == "file-not-audio"  # noqa: PT017 - either is right
    else:
        assert np.abs(song.channels).max() < 0.11


@pytest.mark.parametrize("bits", [20, 24])
@pytest.mark.parametrize("is_extensible", [False, True])
def test_samples_stored_in_more_bytes_than_their_bits_fill_are_refused(
    tmp_path: Path, bits: int, is_extensible: bool
) -> None:
    """[P53] Four bytes a sample, where the header says 20 or 24 bits: FFmpeg reads three of them."""
    frames = (noise(1.0).astype("<i4") << 16).tobytes()
    content = bytearray(extensible_wav(frames, channels=2, bits=32, valid=bits, mask=3, is_float=False))
    content[34:36] = bits.to_bytes(2, "little")
    if not is_extensible:
        content[20:22] = b"\1\0"
    assert "stored in 32 bits" in (refusal(tmp_path, bytes(content)).detail or "")


@pytest.mark.parametrize(("bits", "stored"), [(20, 24), (12, 16), (24, 24)])
def test_samples_padded_to_whole_bytes_are_played(tmp_path: Path, bits: int, stored: int) -> None:
    """[P53]"""
    frames = tone(1.0, 440).astype("<i4").reshape(-1, 1) << (stored - 16)
    data = frames.view(np.uint8)[:, : stored // 8].tobytes()
    content = bytearray(extensible_wav(data, channels=2, bits=stored, valid=bits, mask=3, is_float=False))
    content[34:36] = bits.to_bytes(2, "little")
    song = decode(tmp_path, bytes(content))
    assert song.duration_sec == pytest.approx(1.0)
    assert np.abs(song.channels).max() == pytest.approx(0.1, abs=0.01)


def test_a_single_misread_sample_becomes_silence(tmp_path: Path) -> None:
    """[P53]"""
    samples = (noise(1.0) / 32_768).astype("<f4")
    samples[1000, 0] = np.nan
    content = extensible_wav(samples.tobytes(), channels=2, bits=32, valid=32, mask=3, is_float=True)
    song = decode(tmp_path, content)
    assert np.isfinite(song.channels).all()
    assert song.channels[0, 999] == pytest.approx(samples[999, 0])


# --- P54: what phones play ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 44_100),
        ("adts", "aac", 44_100),
        ("mp4", "aac", 44_100),
        ("mp4", "alac", 44_100),
        ("flac", "flac", 44_100),
        ("ogg", "vorbis", 44_100),
        ("ogg", "libopus", 48_000),
        ("matroska", "libmp3lame", 44_100),
        ("webm", "libopus", 48_000),
        ("aiff", "pcm_s16be", 44_100),
        ("au", "pcm_s16be", 44_100),
        ("caf", "pcm_s16le", 44_100),
        ("w64", "pcm_s16le", 44_100),
        ("wav", "pcm_f64le", 44_100),
        ("wav", "pcm_u8", 22_050),
        ("wav", "pcm_s24le", 96_000),
        ("wav", "pcm_alaw", 8_000),
    ],
)
def test_what_phones_play_is_played(tmp_path: Path, kind: str, codec: str, rate: int) -> None:
    """[P54]"""
    song = decode(tmp_path, encoded(tone(1.0, 440, rate=rate), kind, codec, rate))
    assert song.duration_sec == pytest.approx(1.0, abs=0.1)
    assert song.sample_rate == min(48_000, rate)
    assert pitch_hz(song, 0.5) == pytest.approx(440, abs=5)
