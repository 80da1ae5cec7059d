"""Time 0 of a decode is the first sample that a sound index counts, so a song needs no anchor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from lab.rig.song import make_music
from tests.peer.decoding import decode_file

RATE_HZ = 44_100
OPUS_RATE_HZ = 48_000
REACH_FRAMES = 3_000
WINDOW_FRAMES = 16_384
AAC = "-c:a aac -b:a 160k -aac_pns 0"


@pytest.mark.parametrize(
    ("name", "options", "rate_hz", "delay_frames"),
    [
        ("song.mp3", "-b:a 128k", RATE_HZ, 0),
        ("bare.mp3", "-b:a 128k -write_xing 0", RATE_HZ, 1_105),
        ("bare.aac", AAC, RATE_HZ, 1_024),
        ("song.m4a", AAC, RATE_HZ, 0),
        ("fragments.m4a", f"{AAC} -movflags frag_keyframe+empty_moov", RATE_HZ, 1_024),
        ("song.flac", "", RATE_HZ, 0),
        ("song.ogg", "-c:a libvorbis", RATE_HZ, 0),
        ("song.opus", "-b:a 128k", OPUS_RATE_HZ, 0),
        ("song.webm", "-c:a libopus -b:a 128k", OPUS_RATE_HZ, 0),
        ("song.wav", "", RATE_HZ, 0),
        ("song.aiff", "", RATE_HZ, 0),
    ],
)
def test_a_song_begins_where_its_index_counts_from(
    tmp_path: Path, name: str, options: str, rate_hz: int, delay_frames: int
) -> None:
    """[P16] The same figures as in tests/browsers/test_stitch.py, where slices are placed by the index."""
    music = make_music(5.0, seed=5, rate_hz=rate_hz).astype("<f4")
    raw = f"-f f32le -ar {rate_hz} -ac 2 -i - {options}".split()
    command = ["ffmpeg", "-v", "error", *raw, str(tmp_path / name)]
    subprocess.run(command, input=music.tobytes(), check=True)
    song = decode_file(tmp_path / name)
    assert song.sample_rate == rate_hz
    wanted = music[2 * rate_hz : 2 * rate_hz + WINDOW_FRAMES, 0]
    begin = 2 * rate_hz - REACH_FRAMES
    around = song.channels[0, begin : begin + WINDOW_FRAMES + 2 * REACH_FRAMES]
    likeness = np.correlate(around, wanted, mode="valid")
    assert int(np.argmax(likeness)) - REACH_FRAMES == delay_frames
