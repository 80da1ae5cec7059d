"""A song that is open at several places at once, and several songs that are open at once."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.peer.decoding import index_of
from tests.peer.test_song_window import LONG_SEC, PATIENCE_SEC, RATE_HZ, frames_of, from_frame, long_song
from unisono.peer.decode_protocol import SeekIndex
from unisono.peer.open_song import MAX_WINDOWS, NEXT_AHEAD_SEC, OpenSong
from unisono.peer.song_window import AHEAD_SEC, SongWindow

__all__ = ["long_song"]

POLL_SEC = 0.01


def opened(path: Path, *places_sec: float) -> OpenSong:
    def make(place_sec: float, index: SeekIndex | None) -> SongWindow:
        return SongWindow(path, place_sec, index, lambda _: None)

    song = OpenSong(places_sec, index_of(path), make)
    song.aim(places_sec)
    return song


def until_held(song: OpenSong, at_sec: float) -> list[int]:
    """Which frames are heard there, once they are: of any window."""
    first, give_up_at = round(at_sec * RATE_HZ), time.monotonic() + PATIENCE_SEC
    while (sound := song.read(first, 50)) is None:
        assert time.monotonic() < give_up_at
        time.sleep(POLL_SEC)  # asks again; the deadline ends it
    return frames_of(sound)


def test_the_beginning_of_a_loop_is_there_while_its_end_plays(long_song: Path) -> None:
    """[Q18] Two minutes apart, each lap: nobody waits for a leap."""
    begin_sec, end_sec = 50.0, 170.0
    song = opened(long_song, begin_sec)
    try:
        assert until_held(song, begin_sec) == from_frame(begin_sec)
        for _ in range(3):
            song.aim([160.0, begin_sec])
            assert until_held(song, 160.0) == from_frame(160.0)
            assert until_held(song, begin_sec) == from_frame(begin_sec)
            assert len(song.windows) == MAX_WINDOWS
            song.aim([begin_sec, end_sec])  # the next lap has begun, and the last one is still recorded
            first = song.read(round(begin_sec * RATE_HZ), 50)
            assert first is not None
            assert frames_of(first) == from_frame(begin_sec)
            song.aim([begin_sec + 2])
            assert len(song.windows) == 1
            # It goes on where it stands.
            assert until_held(song, begin_sec + 20) == from_frame(begin_sec + 20)
    finally:
        song.close()


def test_a_short_loop_takes_one_window(long_song: Path) -> None:
    song = opened(long_song, 50.0)
    try:
        until_held(song, 50.0)
        for at_sec in np.arange(50.0, 54.0, 0.5):
            song.aim([at_sec, 50.0, 50.0])
            assert len(song.windows) == 1
            assert until_held(song, 50.0) == from_frame(50.0)
    finally:
        song.close()


def test_a_place_that_only_comes_next_holds_little(long_song: Path) -> None:
    song = opened(long_song, 200.0, 50.0)
    try:
        until_held(song, 50.0 + NEXT_AHEAD_SEC - 1)
        assert song.read(round((50.0 + NEXT_AHEAD_SEC + 3) * RATE_HZ), 50) is None
        until_held(song, 200.0 + AHEAD_SEC - 1)
    finally:
        song.close()


@pytest.mark.parametrize("to_sec", [10.0, LONG_SEC - 5.0])
def test_a_seek_leaves_one_window(long_song: Path, to_sec: float) -> None:
    """[P71]"""
    song = opened(long_song, 120.0)
    try:
        until_held(song, 120.0)
        song.aim([to_sec])
        assert len(song.windows) == 1
        with song.windows[0]._changed:
            song.windows[0]._changed.wait_for(
                lambda: song.read(round(to_sec * RATE_HZ), 50) is not None, PATIENCE_SEC
            )
        assert until_held(song, to_sec) == from_frame(to_sec)
    finally:
        song.close()
