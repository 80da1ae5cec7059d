"""A Firefox that resists fingerprints tells time in steps of 16.7 ms: it plays, and says what that costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.browsers.device import Snapshot, wait_for_all
from lab.rig.analysis import summarise
from lab.rig.song import Song
from lab.rig.tracking import track
from lab.room import Room, has_peers, is_playing

pytestmark = [pytest.mark.e2e, pytest.mark.rig]

PROMISE_MS = 40.0
COARSE_FROM_MS = 5.0
SETTLED_SEC = 4.0
LISTEN_SEC = 9.0


def knows_its_steps(shot: Snapshot) -> bool:
    return bool(shot["clock"]["state"] == "locked" and shot["clock"]["stepMs"] > COARSE_FROM_MS)


@pytest.mark.long
def test_firefox_that_hides_the_exact_time_locks_starts_with_the_others_and_says_so(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """[T14] [T15] [T16] Nobody presses Start now: the start waits for it, and it comes."""
    room = open_room(2)
    ada = room.sit("ada")
    bo = room.sit_with_firefox("bo", extra_prefs={"privacy.resistFingerprinting": True})
    for device in (ada, bo):
        room.let_in(device)
    wait_for_all([ada, bo], has_peers(2), "to see and reach the other")
    bo.wait_for(knows_its_steps, "to be locked in steps")
    room.share(ada, song.path)
    room.rig.record(tmp_path / "room.f32")
    room.start(ada, song.path.name)
    room.listen(LISTEN_SEC + 1)
    shot, words = bo.snapshot(), bo.page.inner_text("body")
    plain = ada.snapshot()
    recording = room.rig.stop_recording()

    assert is_playing(shot)
    assert shot["clock"]["state"] == "locked"
    assert 0.5 < shot["clock"]["uncertaintyMs"] < 20
    assert "resist fingerprinting" in words
    assert plain["clock"]["disagreementMs"] is None
    spread = summarise(track(recording, song.reference), SETTLED_SEC, LISTEN_SEC)
    print(f"\na Firefox in steps of {shot['clock']['stepMs']:.1f} ms beside a Chromium, {spread}")
    assert spread.median_ms <= PROMISE_MS
