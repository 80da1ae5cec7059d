"""A headless peer beside a browser, at loudspeakers: they share files both ways, and sound together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.file_room import make_noise
from tests.e2e.room import Room, is_director, is_playing
from tests.peer_process import PeerProcess
from tests.rig.analysis import summarise
from tests.rig.plot import save_plot
from tests.rig.song import Song
from tests.rig.tracking import track
from tests.server_process import ServerProcess

pytestmark = [pytest.mark.e2e, pytest.mark.rig]

KEY = "K7QF-9TXM-2B4D"
LISTENED_SEC = 12.0
# The first seconds are left out as everywhere on the rig: both cards' lines are known from few tellings.
SETTLED_SEC = 4.0
IN_STEP_MS = 5.0


def test_a_headless_peer_shares_files_with_a_browser_and_plays_in_step(
    server: ServerProcess, open_room: Callable[..., Room], song: Song, tmp_path: Path, out_dir: Path
) -> None:
    """Bo has no screen and is there first; ada comes with a browser and directs. Files go both ways."""
    room = open_room(2)
    ada = room.sit("ada")
    offered = make_noise(tmp_path / "offered.mp3", 300_000)
    room.link = f"{server.url}/#{KEY}"
    arguments = [room.link, str(offered), "--name", "bo", "--output", "pulse"]
    with PeerProcess(tmp_path / "bo.log", arguments, {**os.environ, **room.rig.env(1)}) as bo:
        bo.wait_for("In the swarm, alone so far. Files here: 1 of 1.")
        room.let_in(ada)
        bo.wait_for("In the swarm with")
        ada.wait_for(is_director, "to direct, being the one who looks")
        ada.wait_for(
            lambda shot: [p for p in shot["peers"] if p["name"] == "bo" and p["linked"]] != [],
            "to be linked to bo",
        )
        ada.wait_for_seeded(offered.name)
        ada.add_file(song.path)
        bo.wait_for("Files here: 2 of 2.")

        room.rig.record(tmp_path / "room.f32")
        ada.play(song.path.name)
        ada.wait_for(is_playing, "to play")
        bo.wait_for(f"Playing: {song.path.name}.")
        room.listen(LISTENED_SEC)
        recording = room.rig.stop_recording()
        assert bo.stop() == 0
        ada.wait_for(lambda shot: len(shot["peers"]) == 1, "to see bo leave")
    tracks = track(recording, song.reference)
    save_plot(tracks, out_dir / "headless.png", "A headless peer beside a Chromium", ["ada", "bo"])
    heard = summarise(tracks, SETTLED_SEC, LISTENED_SEC)
    print(f"\n{heard}\n{bo.text()}")
    assert heard.seconds > 0
    assert heard.p95_ms <= IN_STEP_MS
    assert ada.errors == []
