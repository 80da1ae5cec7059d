"""Decoding as tests of the headless peer want it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.peer.odd_songs import saved
from unisono.peer.decode import Decoder
from unisono.peer.errors import FileError
from unisono.peer.song import Song


def decode(folder: Path, content: bytes) -> Song:
    return Decoder().decode("f" * 64, saved(folder, content))


def refusal(folder: Path, content: bytes, decoder: Decoder | None = None) -> FileError:
    with pytest.raises(FileError) as caught:
        (decoder or Decoder()).decode("f" * 64, saved(folder, content))
    return caught.value


# An eighth of full scale.
SINE = ("-f", "lavfi", "-i", "sine=f=440:d=2:r=48000")


def made(path: Path, *arguments: str) -> Song:
    """By the ffmpeg command, and decoded."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True)
    return Decoder().decode("f" * 64, path)


def pitch_hz(song: Song, at_sec: float) -> float:
    """Of a tone, in the quarter of a second from there."""
    begin = round(at_sec * song.sample_rate)
    part = song.channels[0, begin : begin + song.sample_rate // 4]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum) * song.sample_rate / len(part))
