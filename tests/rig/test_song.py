"""The song is what tests take it for: a real, tagged, long MP3 that fits itself at one place only."""

import json
import subprocess
from pathlib import Path

import numpy as np

from lab.rig.song import Song, decode, make_empty, make_music, make_non_audio, make_short_variants
from lab.rig.tracking import RIG_RATE_HZ, track

MIN_SONG_BYTES = 3_000_000


def test_the_song_is_an_mp3_of_three_minutes_with_tags_and_a_cover(song: Song) -> None:
    probe = subprocess.run(
        ["ffprobe", "-loglevel", "error", "-show_format", "-show_streams", "-of", "json", str(song.path)],
        capture_output=True,
        check=True,
    )
    found = json.loads(probe.stdout)
    assert [stream["codec_name"] for stream in found["streams"]] == ["mp3", "mjpeg"]
    assert found["streams"][1]["disposition"]["attached_pic"] == 1
    assert found["format"]["tags"]["title"] == song.title
    assert float(found["format"]["duration"]) >= 180
    assert song.path.stat().st_size > MIN_SONG_BYTES
    assert song.path.read_bytes()[:3] == b"ID3"


def test_the_reference_is_as_long_and_loud_as_the_song(song: Song) -> None:
    assert abs(len(song.reference) / RIG_RATE_HZ - song.duration_sec) < 0.1
    seconds = song.reference[: 180 * RIG_RATE_HZ].reshape(180, -1)
    assert np.sqrt(np.mean(seconds**2, axis=1)).min() > 0.03


def test_every_moment_of_the_song_is_found_at_its_own_place(song: Song) -> None:
    for start_sec in range(3, 170, 24):
        piece = song.reference[start_sec * RIG_RATE_HZ : (start_sec + 3) * RIG_RATE_HZ]
        tracks = track(piece[:, None], song.reference)
        assert not np.isnan(tracks.delay_ms).any()
        assert np.abs(tracks.delay_ms + start_sec * 1000).max() < 0.01


def test_the_same_seed_makes_the_same_music_and_another_makes_other_music() -> None:
    assert np.array_equal(make_music(1.0, 1), make_music(1.0, 1))
    assert not np.array_equal(make_music(1.0, 1), make_music(1.0, 2))


def test_short_variants_decode_to_six_seconds_and_the_bad_files_do_not_decode(tmp_path: Path) -> None:
    for path in make_short_variants(tmp_path).values():
        assert abs(len(decode(path)) / RIG_RATE_HZ - 6.0) < 0.05
    assert make_empty(tmp_path).stat().st_size == 0
    assert b"ID3" not in make_non_audio(tmp_path).read_bytes()
