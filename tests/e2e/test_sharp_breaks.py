"""What failover tests read out of a recording: a break of the product, but no underrun of the host."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.rig.song import Song, make_music
from lab.rig.tracking import RIG_RATE_HZ, Signal, track
from lab.room import sharp_breaks

LENGTH_SEC = 8
AT = 4 * RIG_RATE_HZ
MS = RIG_RATE_HZ // 1000


@pytest.fixture(scope="module")
def music() -> Signal:
    return make_music(LENGTH_SEC, seed=3, rate_hz=RIG_RATE_HZ)[:, 0]


def found(music: Signal, heard: Signal) -> list[tuple[str, int]]:
    """Kind and second of every break in a recording of one device."""
    recording = np.asarray(heard[:, None], dtype=np.float32)
    song = Song(Path("song"), "song", music, LENGTH_SEC)
    breaks = sharp_breaks(recording, song, track(recording, music), [0], 1, LENGTH_SEC - 1)
    return [(each.kind, round(each.at_sec)) for each in breaks]


def test_a_step_of_six_milliseconds_is_a_break(music: Signal) -> None:
    assert found(music, np.concatenate((music[:AT], music[AT + 6 * MS :]))) == [("jump", 4)]


def test_a_dip_that_is_not_quite_silent_is_a_break(music: Signal) -> None:
    heard = music.copy()
    heard[AT : AT + 6 * MS] *= 0.001
    assert found(music, heard) == [("silence", 4)]


def test_an_underrun_with_the_step_it_leaves_and_the_repair_is_none(music: Signal) -> None:
    """The host plays 10 ms of zeros, is late by them, and a second later the player crosses over."""
    zeros = np.zeros(10 * MS, dtype=np.float32)
    late = np.concatenate((music[:AT], zeros, music[AT : AT + RIG_RATE_HZ]))
    heard = np.concatenate((late, music[len(late) :]))
    assert found(music, heard) == []


def test_silence_that_a_person_hears_is_a_break_whatever_its_reason(music: Signal) -> None:
    heard = music.copy()
    heard[AT : AT + 40 * MS] = 0
    assert ("silence", 4) in found(music, heard)


def test_the_song_itself_has_none(music: Signal) -> None:
    assert found(music, music) == []
