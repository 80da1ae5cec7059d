"""Decoding as tests of the headless peer want it: whole songs, held in memory."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.peer.odd_songs import saved
from unisono.peer.decode import MAX_RATE_HZ, Decoder
from unisono.peer.decode_protocol import Ending, Heading, Job, SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.song import SaidLength, Song
from unisono.peer.song_file import SongFile
from unisono.peer.sound import HeldSound, Sound


@dataclass(frozen=True)
class HeldSong(Song):
    @property
    def held(self) -> HeldSound:
        assert isinstance(self.sound, HeldSound)
        return self.sound

    @property
    def channels(self) -> Sound:
        return self.held.channels


def decode_file(path: Path) -> HeldSong:
    """From its beginning, as a peer plays it, and its length as a look through the file tells it."""
    heading, parts = None, [np.zeros((2, 0), np.float32)]
    for answer in Decoder(path, Job(MAX_RATE_HZ, from_sec=0.0)).answers():
        if isinstance(answer, Heading):
            heading = answer
        elif isinstance(answer, np.ndarray):
            parts.append(answer)
        elif isinstance(answer, Ending):
            assert answer.frames == sum(part.shape[1] for part in parts)
    assert heading is not None
    sound = HeldSound(np.concatenate(parts, axis=1))
    index = index_of(path)
    assert index.frames == sound.frames
    said = SaidLength(heading.said_sec, heading.is_rough)
    if index.said_sec is not None:
        said = SaidLength(index.said_sec)
    return HeldSong("f" * 64, heading.sample_rate, sound, said=said)


def index_of(path: Path) -> SeekIndex:
    return SongFile(path).survey()[1]


def decode(folder: Path, content: bytes) -> HeldSong:
    return decode_file(saved(folder, content))


def refusal(folder: Path, content: bytes) -> FileError:
    with pytest.raises(FileError) as caught:
        decode(folder, content)
    return caught.value


# An eighth of full scale.
SINE = ("-f", "lavfi", "-i", "sine=f=440:d=2:r=48000")


def made(path: Path, *arguments: str) -> HeldSong:
    """By the ffmpeg command, and decoded."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True)
    return decode_file(path)


def pitch_hz(song: HeldSong, at_sec: float) -> float:
    """Of a tone, in the quarter of a second from there."""
    begin = round(at_sec * song.sample_rate)
    part = song.channels[0, begin : begin + song.sample_rate // 4]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum) * song.sample_rate / len(part))
