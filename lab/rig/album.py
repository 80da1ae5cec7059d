"""One recording cut into three songs, as a concert's album is: what gapless playback is heard by.

Times are seconds of the whole recording. Knows nothing of players or of the product; needs ffmpeg.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.rig.song import SONG_RATE_HZ, encode_pcm, make_music, resample_mono
from lab.rig.tracking import Signal

# Each tells where its sound begins and ends: FLAC counts samples, LAME's tag delay and padding, an MP4 has
# an edit list, whose unit is a thousandth of a second unless it is asked otherwise.
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("flac", ("-c:a", "flac")),
    ("mp3", ("-c:a", "libmp3lame", "-b:a", "320k")),
    ("m4a", ("-c:a", "aac", "-b:a", "320k", "-movie_timescale", str(SONG_RATE_HZ))),
)


@dataclass(frozen=True)
class Album:
    paths: tuple[Path, ...]
    reference: Signal  # all of it, uncut, mono, at RIG_RATE_HZ
    seams_sec: tuple[float, ...]  # where one song ends and the next begins
    duration_sec: float


def make_album(folder: Path, song_sec: float, seed: int = 5) -> Album:
    """Three songs of `song_sec` seconds each, less some odd frames; the same seed gives the same music."""
    # No cut on a frame or a block of any codec.
    lengths = [round(song_sec * SONG_RATE_HZ) - odd for odd in (0, 311, 97)]
    edges = np.cumsum([0, *lengths])
    music = make_music(edges[-1] / SONG_RATE_HZ, seed)
    paths = []
    for number, (suffix, options) in enumerate(KINDS, 1):
        path = folder / f"Side {number}.{suffix}"
        encode_pcm(
            music[edges[number - 1] : edges[number]], path, *options, "-metadata", f"title=Side {number}"
        )
        paths.append(path)
    seams_sec = tuple(float(edge) / SONG_RATE_HZ for edge in edges[1:-1])
    return Album(tuple(paths), resample_mono(music), seams_sec, float(edges[-1]) / SONG_RATE_HZ)
