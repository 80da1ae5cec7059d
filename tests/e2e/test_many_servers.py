"""Many servers behind HAProxy, and music: one is killed, one drained, one added, and nobody hears it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.browsers.device import Snapshot, wait_for_all
from lab.rig.song import Song
from lab.room import Room, sharp_breaks
from tests.e2e.playing import IN_STEP_MS, heard, playing_room, spread_ms
from tests.scale.nodes import NODES, Nodes

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.long]

MOVE_LIMIT_SEC = 120.0


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    folder = tmp_path / "nodes"
    folder.mkdir()
    nodes = Nodes(folder)
    yield nodes
    nodes.close()


def test_a_swarm_plays_on_while_its_servers_come_and_go(
    open_room: Callable[..., Room], nodes: Nodes, song: Song, tmp_path: Path
) -> None:
    """SIGKILL for the node that holds the swarm, SIGTERM for the one that takes it up, then a fifth joins."""
    room, devices = playing_room(
        lambda count: open_room(count, base_url=nodes.url), song, tmp_path, "ada", "bo", "cy"
    )
    before = [device.snapshot() for device in devices]
    room.settle()
    killed_at_sec = room.rig.recorded_sec()
    for how in (signal.SIGKILL, signal.SIGTERM):
        name = nodes.proxy.busiest()
        old_clock = devices[0].snapshot()["clock"]["clockId"]
        began = time.monotonic()
        nodes.servers[name].stop(how)
        shots = wait_for_all(devices, partial(is_back, old_clock), "to be on one other node", MOVE_LIMIT_SEC)
        assert len({shot["clock"]["clockId"] for shot in shots}) == 1
        print(f"\n{name} {how.name}: all three on another node after {time.monotonic() - began:.1f} s")
        room.listen(4)
    home = devices[0].snapshot()["clock"]["clockId"]
    nodes.add(f"node{NODES + 1}")
    room.listen(5)
    stop_at_sec = room.rig.recorded_sec()
    after = [device.snapshot() for device in devices]
    devices[0].stop()
    wait_for_all(devices, lambda shot: shot["playback"]["state"] == "idle", "to obey Stop")
    recording, tracks = heard(room, song)

    assert {shot["clock"]["clockId"] for shot in after} == {home}
    assert [shot["userId"] for shot in after] == [shot["userId"] for shot in before]
    assert {shot["director"]["userId"] for shot in after} == {before[0]["director"]["userId"]}
    assert sharp_breaks(recording, song, tracks, [0, 1, 2], killed_at_sec, stop_at_sec) == []
    before_ms = spread_ms(tracks, killed_at_sec - 3, killed_at_sec)
    after_ms = spread_ms(tracks, stop_at_sec - 4, stop_at_sec - 1)
    print(f"\nspread before {before_ms:.3f} ms, after {after_ms:.3f} ms")
    assert abs(after_ms - before_ms) <= IN_STEP_MS


def is_back(old_clock: str, shot: Snapshot) -> bool:
    """On another server's clock, with everyone in sight there."""
    clock, control = shot["clock"], shot["control"]
    is_open = control["state"] == "open" and clock["state"] == "locked"
    is_whole = len(shot["peers"]) == 3 and not any(peer["away"] for peer in shot["peers"])
    return bool(is_open and is_whole and clock["clockId"] != old_clock)
