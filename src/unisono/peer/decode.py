"""From a file to sound, by PyAV: stereo, at the file's own rate up to 48 kHz. Blocking: call in a thread.

Raises `FileError` file-not-audio for what FFmpeg does not decode.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler

from unisono.peer.anchor import Sound
from unisono.peer.errors import FileError

# Above it our own interpolation, made for ratios near 1, would fold the uppermost octave down.
MAX_RATE_HZ = 48_000
# Five hours in stereo would take 7 GB; a party's song is minutes long.
MAX_DECODED_SEC = 3 * 3600


@dataclass(frozen=True)
class Song:
    """Decoded; `offset_sec` is how much later its sound lies in this decode than in the anchor's."""

    file_id: str
    sample_rate: int
    # Channels x frames, two channels.
    channels: Sound
    offset_sec: float = 0.0

    @property
    def duration_sec(self) -> float:
        return float(self.channels.shape[1] / self.sample_rate)


def decode_song(file_id: str, path: Path) -> Song:
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise FileError("file-not-audio", "no audio in it")
            stream = container.streams.audio[0]
            rate = min(MAX_RATE_HZ, stream.rate)
            resampler = AudioResampler(format="fltp", layout="stereo", rate=rate)
            blocks: list[Sound] = []
            frames = 0
            for packet in container.decode(stream):
                for piece in resampler.resample(packet):
                    blocks.append(piece.to_ndarray().astype(np.float32, copy=False))
                    frames += piece.samples
                if frames > MAX_DECODED_SEC * rate:
                    raise FileError("file-too-large", "hours of sound")
            rest = resampler.resample(None)
            blocks.extend(piece.to_ndarray().astype(np.float32, copy=False) for piece in rest)
    except (av.FFmpegError, OSError, ValueError) as cause:
        raise FileError("file-not-audio", str(cause)) from cause
    if not blocks:
        raise FileError("file-not-audio", "it holds no sound")
    return Song(file_id, rate, np.concatenate(blocks, axis=1))
