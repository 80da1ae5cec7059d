"""Play with a song that some do not have yet: they say so, and come in when they have it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from lab.browsers.device import WAIT_LIMIT_SEC, Snapshot, wait_for_all
from lab.file_room import give_as_usual, give_little
from lab.rig.song import SHORT_SEC, make_song
from lab.rig.tracking import track
from lab.room import Room, breaks, has_peers, is_playing, position_sec

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

WAIT_MS = WAIT_LIMIT_SEC * 1000
# At 64 KB/s the copy takes forty seconds, and what is done meanwhile a few, more on a busy machine.
SLOW_SEC = 150.0
ARRIVING_SEC = 120.0


def test_play_before_everyone_has_the_song(open_room: Callable[..., Room], tmp_path: Path) -> None:
    """The director waits, changes to another song, stops, and starts without them; they enter mid-song."""
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    short = make_song(tmp_path, duration_sec=SHORT_SEC * 2, name="Short.mp3")
    long = in_one_piece(make_song(tmp_path, seed=2, duration_sec=SLOW_SEC, name="Long.mp3").path)
    room.share(ada, short.path)
    give_little(ada)
    ada.add_file(long)

    def plan_is(state: str, file_name: str) -> Callable[[Snapshot], bool]:
        def is_reached(shot: Snapshot) -> bool:
            named = {each["fileId"]: each["name"] for each in shot["files"]}
            plan = shot["plan"]
            return bool(plan["state"] == state and named.get(plan["fileId"]) == file_name)

        return is_reached

    # Bo fetches and says for how long; ada waits for bo, or need not.
    ada.play(long.name)
    wait_for_all([ada, bo], plan_is("preparing", long.name), "to prepare the long song")
    expect(bo.page.get_by_role("status")).to_contain_text("Getting “Long”", timeout=WAIT_MS)
    expect(bo.page.get_by_text(re.compile(r"ready in about \d+ (s|min)"))).to_be_visible(timeout=WAIT_MS)
    bo_name = bo.snapshot()["name"]
    expect(ada.page.get_by_role("status")).to_contain_text(f"Waiting for {bo_name}", timeout=WAIT_MS)

    # Another song meanwhile: both have it, so both play it.
    ada.play(short.path.name)
    wait_for_all(
        [ada, bo],
        lambda shot: is_playing(shot) and plan_is("playing", short.path.name)(shot),
        "to play the short song",
    )

    # The long one after all, and stopped before bo has it: nobody plays.
    ada.play(long.name)
    wait_for_all([ada, bo], plan_is("preparing", long.name), "to prepare the long song again")
    ada.stop()
    wait_for_all(
        [ada, bo],
        lambda shot: shot["plan"]["state"] == "stopped" and shot["playback"]["state"] == "idle",
        "to be silent",
    )

    # Without bo, who comes in where the song is by then.
    ada.play(long.name)
    ada.start_now()
    ada.wait_for(is_playing, "to play without bo")
    before = bo.snapshot()
    assert not is_playing(before)
    assert any(each["name"] == long.name and not each["seeded"] for each in before["files"])
    give_as_usual(ada)
    heard_sec = position_sec(ada.snapshot())
    shot = bo.wait_for(is_playing, "to come in")
    assert position_sec(shot) > heard_sec
    assert (ada.errors, bo.errors) == ([], [])


@pytest.mark.long
def test_a_song_sounds_on_everyone_while_its_file_is_on_its_way(
    open_room: Callable[..., Room], tmp_path: Path
) -> None:
    """[P77] Bo has a few seconds of the song when it begins, and the rest in time: no gap until then."""
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    room.fleet.give_sound_priority()
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    song = make_song(tmp_path, seed=3, duration_sec=ARRIVING_SEC, name="Arriving.mp3")
    room.share(ada, make_song(tmp_path, duration_sec=SHORT_SEC, name="Short.mp3").path)
    give_little(ada)
    room.rig.record(tmp_path / "room.f32")
    ada.add_file(song.path)
    ada.play(song.path.name)
    shots = wait_for_all([ada, bo], is_playing, "to play")
    held = {each["name"]: each["seeded"] for each in shots[1]["files"]}
    assert not held[song.path.name], "it began before the copy was there"
    from_sec = room.rig.recorded_sec() + 4
    bo.wait_for_seeded(song.path.name)
    room.listen(3)
    to_sec = room.rig.recorded_sec()
    recording = room.rig.stop_recording()
    tracks = track(recording, song.reference)
    assert breaks(recording, song, tracks, from_sec, to_sec) == []
    delays = tracks.delay_ms[(tracks.at_sec > from_sec) & (tracks.at_sec < to_sec)]
    assert np.nanmax(np.ptp(delays, axis=1)) < 5
    assert (ada.errors, bo.errors) == ([], [])


def in_one_piece(song: Path) -> Path:
    """As AAC at 22 kHz, which is decoded whole: it cannot begin before all of it is there."""
    path = song.with_suffix(".aac")
    options = ("-map", "0:a", "-ar", "22050", "-c:a", "aac", "-b:a", "128k")
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(song), *options, str(path)], check=True)
    return path
