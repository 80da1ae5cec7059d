"""A server that tells each device another time: what comes of it at the loudspeaker (T17 to T19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.browsers.device import Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.rig.analysis import summarise
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song, make_song
from lab.rig.tracking import track
from lab.room import Room, has_peers
from lab.server_process import ServerProcess
from tests.hostile.server import Evil, HostileServer, Instead, Message, Victim

pytestmark = [pytest.mark.e2e, pytest.mark.rig]

SKEW_MS = 50
HEARD_MS = 5.0
LISTEN_SEC = 6.0


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return make_song(tmp_path_factory.mktemp("song"), duration_sec=60.0)


@pytest.fixture
def hostile(server: ServerProcess) -> Iterator[HostileServer]:
    with HostileServer(server.url) as between:
        yield between


@pytest.fixture
def room(hostile: HostileServer) -> Iterator[Room]:
    with ExitStack() as stack:
        rig = stack.enter_context(SpeakerRig(3, priority=True))
        fleet = stack.enter_context(Fleet(hostile.url))
        yield Room(fleet, rig, hostile.url)


def skewed(of_index: int, hostile: HostileServer) -> Callable[[Victim, Message], Instead]:
    """Who came as this one is told a time that is 50 ms ahead; everybody else is told the truth."""

    def lie(victim: Victim, message: Message) -> Instead:
        if message["type"] != "pong" or hostile.victims.index(victim) != of_index:
            return [message]
        return [{**message, "t1": message["t1"] + SKEW_MS * 1000, "t2": message["t2"] + SKEW_MS * 1000}]

    return lie


def disagrees(shot: Snapshot) -> bool:
    return bool((shot["clock"]["disagreementMs"] or 0) > SKEW_MS - HEARD_MS)


def test_one_of_three_who_is_told_another_time_says_so_and_is_heard_in_step(
    room: Room, hostile: HostileServer, song: Song, tmp_path: Path
) -> None:
    hostile.evil = Evil(to_client=skewed(1, hostile))
    ada, bo, cy = room.enter("ada", "bo", "cy")
    room.fleet.give_sound_priority()
    wait_for_all([ada, bo, cy], has_peers(3), "to see and reach both others")
    bo.wait_for(disagrees, "to find that its clock is another")
    room.share(ada, song.path)
    room.rig.record(tmp_path / "room.f32")
    room.start(ada, song.path.name)
    room.listen(LISTEN_SEC + 1)
    words = bo.page.inner_text("body")
    shots = {device.name: device.snapshot()["clock"]["disagreementMs"] for device in (ada, cy)}
    recording = room.rig.stop_recording()

    assert "clock disagrees with the others" in words
    assert shots == {"ada": None, "cy": None}
    spread = summarise(track(recording, song.reference), 1, LISTEN_SEC)
    print(f"\none of three told a time {SKEW_MS} ms ahead, {spread}")
    assert spread.p95_ms <= HEARD_MS
