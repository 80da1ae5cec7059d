"""Play with a song that some do not have yet: they say so, and come in when they have it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import WAIT_LIMIT_SEC, Snapshot, wait_for_all
from lab.file_room import give_little
from lab.rig.song import SHORT_SEC, make_song
from lab.room import Room, has_peers, is_playing

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.shares]

WAIT_MS = WAIT_LIMIT_SEC * 1000
LONG_SEC = 60.0  # 1.4 MB: the copy takes twenty seconds at 64 KB/s, and the song is not over by then


def test_play_before_everyone_has_the_song(open_room: Callable[..., Room], tmp_path: Path) -> None:
    """The director waits, changes to another song, stops, and starts without them; they enter mid-song."""
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    short = make_song(tmp_path, duration_sec=SHORT_SEC * 2, name="Short.mp3")
    long = make_song(tmp_path, seed=2, duration_sec=LONG_SEC, name="Long.mp3")
    room.share(ada, short.path)
    give_little(ada)
    ada.add_file(long.path)

    def plan_is(state: str, file_name: str) -> Callable[[Snapshot], bool]:
        def is_reached(shot: Snapshot) -> bool:
            named = {each["fileId"]: each["name"] for each in shot["files"]}
            plan = shot["plan"]
            return bool(plan["state"] == state and named.get(plan["fileId"]) == file_name)

        return is_reached

    # Bo fetches and says for how long; ada waits for bo, or need not.
    ada.play(long.path.name)
    wait_for_all([ada, bo], plan_is("preparing", long.path.name), "to prepare the long song")
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
    ada.play(long.path.name)
    wait_for_all([ada, bo], plan_is("preparing", long.path.name), "to prepare the long song again")
    ada.stop()
    wait_for_all(
        [ada, bo],
        lambda shot: shot["plan"]["state"] == "stopped" and shot["playback"]["state"] == "idle",
        "to be silent",
    )

    # Without bo, who comes in where the song is by then.
    ada.play(long.path.name)
    ada.start_now()
    ada.wait_for(is_playing, "to play without bo")
    before = bo.snapshot()
    assert not is_playing(before)
    assert any(each["name"] == long.path.name and not each["seeded"] for each in before["files"])
    heard_sec = ada.snapshot()["playback"]["positionSec"]
    shot = bo.wait_for(is_playing, "to come in")
    assert shot["playback"]["positionSec"] > heard_sec
    assert (ada.errors, bo.errors) == ([], [])
