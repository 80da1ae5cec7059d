"""Whatever happens to one device or to the server, the others play on, and whoever comes back is in step."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.rig.analysis import silence_after_ms, song_correlation
from lab.rig.song import Song
from lab.room import Room, is_playing, sharp_breaks
from lab.server_process import ServerProcess
from tests.e2e.playing import IN_STEP_MS, heard, playing_room, spread_ms

pytestmark = [pytest.mark.e2e, pytest.mark.rig]

HIDDEN_QUEUE_SEC = 60  # a hidden page has 60 to 120 s on the card's queue
SAY_VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_the_server_dies_and_comes_back_and_nobody_hears_it(
    open_room: Callable[..., Room], server: ServerProcess, song: Song, tmp_path: Path
) -> None:
    """SIGKILL, 10 s without it, a new process with a new clock: same director, same plan, and Stop works."""
    room, devices = playing_room(open_room, song, tmp_path, "ada", "bo", "cy")
    before = [device.snapshot() for device in devices]
    room.settle()
    killed_at_sec = room.rig.recorded_sec()
    server.stop(signal.SIGKILL)
    wait_for_all(devices, lambda shot: shot["control"]["state"] == "retrying", "to notice")
    room.listen(10)
    server.restart()
    restarted_at = time.monotonic()
    old_clock = before[0]["clock"]["clockId"]

    def is_back(shot: dict[str, object]) -> bool:
        clock, control, plan = shot["clock"], shot["control"], shot["plan"]
        assert isinstance(clock, dict)
        assert isinstance(control, dict)
        assert isinstance(plan, dict)
        is_open = control["state"] == "open" and clock["state"] == "locked"
        return bool(is_open and clock["clockId"] != old_clock and plan["rev"] > before[0]["plan"]["rev"])

    after = wait_for_all(devices, is_back, "to be back, with the plan in the new clock")
    print(f"\ncontrol back on all {time.monotonic() - restarted_at:.1f} s after the server's return")
    room.listen(8)
    stop_at_sec = room.rig.recorded_sec()
    devices[0].stop()
    wait_for_all(devices, lambda shot: shot["playback"]["state"] == "idle", "to obey Stop")
    room.listen(1.5)
    recording, tracks = heard(room, song)

    assert [shot["userId"] for shot in after] == [shot["userId"] for shot in before]
    assert {shot["director"]["userId"] for shot in after} == {before[0]["director"]["userId"]}
    assert sharp_breaks(recording, song, tracks, [0, 1, 2], killed_at_sec - 2, stop_at_sec - 1) == []
    spread_before = spread_ms(tracks, killed_at_sec - 3, killed_at_sec)
    spread_after = spread_ms(tracks, stop_at_sec - 4, stop_at_sec - 1)
    print(f"\nspread before {spread_before:.3f} ms, after {spread_after:.3f} ms")
    assert abs(spread_after - spread_before) <= IN_STEP_MS
    for speaker in range(3):
        assert silence_after_ms(recording, speaker, stop_at_sec) <= 1000


@pytest.mark.long
def test_a_frozen_director_is_succeeded_and_follows_when_it_thaws(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """The page stands still with its socket open; the others hear nothing of it; it comes back in step."""
    room, devices = playing_room(open_room, song, tmp_path, "ada", "bo", "cy")
    ada, bo, cy = devices
    ada_id = ada.snapshot()["userId"]
    room.settle()
    frozen_at_sec = room.rig.recorded_sec()
    browser = ada.context.new_cdp_session(ada.page)
    # Chromium 156 does not put a visible page into the lifecycle's frozen state; a debugger that holds its
    # scripts does the same: no timer, no message is served, while its socket and its sound stay open.
    browser.send("Debugger.enable")
    browser.send("Debugger.pause")
    frozen_at = time.monotonic()
    shots = wait_for_all(
        [bo, cy], lambda shot: shot["director"]["userId"] not in (None, ada_id), "to have a new director"
    )
    print(f"\na new director {time.monotonic() - frozen_at:.1f} s after the old one froze")
    listen_by(room, bo, 16)
    browser.send("Debugger.resume")
    browser.send("Debugger.disable")
    thawed_at = time.monotonic()
    ada.wait_for(
        lambda shot: shot["director"]["userId"] == shots[0]["director"]["userId"],
        "to follow the new director",
    )
    ada.wait_for(is_playing, "to play again")
    print(f"it follows and plays again {time.monotonic() - thawed_at:.1f} s after the thaw")
    thawed_at_sec = room.rig.recorded_sec()
    room.listen(6)
    # What it sent when it woke, still believing that it directs, has changed nothing.
    after = [device.snapshot()["director"] for device in (ada, bo, cy)]
    assert [(each["userId"], each["term"]) for each in after] == [
        (shots[0]["director"]["userId"], shots[0]["director"]["term"])
    ] * 3
    recording, tracks = heard(room, song)

    assert sharp_breaks(recording, song, tracks, [1, 2], frozen_at_sec - 2, thawed_at_sec + 5) == []
    back_ms = spread_ms(tracks, thawed_at_sec + 3, thawed_at_sec + 5)
    print(f"\nspread 3 s after the thaw: {back_ms:.3f} ms")
    assert back_ms <= IN_STEP_MS


def test_a_suspended_sound_rejoins_without_playing_its_backlog(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """The platform takes bo's sound for 6 s: silence, then the song where it is by now."""
    room = open_room(2)
    [ada] = room.enter("ada")
    bo = room.sit("bo")
    bo.page.add_init_script(
        "const Real = AudioContext; window.AudioContext = class extends Real {"
        " constructor(...args) { super(...args); window.soundOfThisPage = this; }"
        " resume() { return this.isTaken ? Promise.resolve() : super.resume(); } };"
    )
    bo.open(room.link)
    bo.join()
    room.fleet.give_sound_priority()
    room.share(ada, song.path)
    room.rig.record(tmp_path / "room.f32")
    room.start(ada, song.path.name)
    room.listen(4)
    bo.page.evaluate("soundOfThisPage.isTaken = true; soundOfThisPage.suspend()")
    bo.wait_for(lambda shot: shot["playback"]["state"] == "interrupted", "to say that its sound is gone")
    silent_from_sec = room.rig.recorded_sec()
    tap = bo.page.get_by_role("button", name="Tap to rejoin the music")
    tap.wait_for()
    room.listen(6)
    silent_until_sec = room.rig.recorded_sec()
    bo.page.evaluate("soundOfThisPage.isTaken = false")
    tap.click()
    bo.wait_for(is_playing, "to play again")
    room.fleet.give_sound_priority([bo])
    back_at_sec = room.rig.recorded_sec()
    room.listen(5)
    recording, tracks = heard(room, song)

    quiet = recording[round((silent_from_sec + 0.5) * 48_000) : round((silent_until_sec - 0.2) * 48_000), 1]
    assert np.abs(quiet).max() == 0
    back_ms = spread_ms(tracks, back_at_sec + 2, back_at_sec + 4.5)
    print(f"\nspread after the sound came back: {back_ms:.3f} ms")
    assert back_ms <= IN_STEP_MS


def test_a_hidden_page_whose_scripts_stand_still_plays_on(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """Bo pockets the phone and the system stops the page for 20 s: no break, and still in step.

    The automated Chromium calls every page visible, in another tab's shadow too, so the page is told that it
    is hidden; its scripts then really stand still, held by the debugger.
    """
    room, [ada, bo] = playing_room(open_room, song, tmp_path, "ada", "bo")
    room.settle()
    bo.page.evaluate(SAY_VISIBILITY, "hidden")
    ada.wait_for(lambda shot: any(not peer["visible"] for peer in shot["peers"]), "to know that bo is hidden")
    queued = bo.wait_for(lambda shot: queued_sec(shot) > HIDDEN_QUEUE_SEC, "to have queued ahead")
    late_before = queued["playback"]["lateSegments"]
    browser = bo.context.new_cdp_session(bo.page)
    browser.send("Debugger.enable")
    browser.send("Debugger.pause")
    frozen_at_sec = room.rig.recorded_sec()
    listen_by(room, ada, 20)
    thawed_at_sec = room.rig.recorded_sec()
    browser.send("Debugger.resume")
    browser.send("Debugger.disable")
    bo.page.evaluate(SAY_VISIBILITY, "visible")
    seen = bo.wait_for(lambda shot: 0 < queued_sec(shot) < 3, "to plan for a visible page again")
    room.listen(5)
    end_sec = room.rig.recorded_sec()
    recording, tracks = heard(room, song)

    assert sharp_breaks(recording, song, tracks, [0, 1], frozen_at_sec - 3, end_sec) == []
    for speaker in range(2):
        assert song_correlation(tracks, speaker, frozen_at_sec, end_sec) >= 0.9
    assert seen["playback"]["lateSegments"] == late_before
    apart_ms = spread_ms(tracks, thawed_at_sec - 5, thawed_at_sec)
    print(f"\nspread 15 to 20 s after the page stood still: {apart_ms:.3f} ms")
    assert apart_ms <= IN_STEP_MS


def listen_by(room: Room, device: Device, seconds: float) -> None:
    """Like room.listen, driven from a page that is alive."""
    until_sec = room.rig.recorded_sec() + seconds
    while room.rig.recorded_sec() < until_sec:
        device.page.wait_for_timeout(200)


def queued_sec(shot: Snapshot) -> float:
    """How far ahead the sound is queued; 0 while it is not known."""
    return float(shot["playback"]["queuedSec"] or 0)
