"""No click, ever: a sweeping sine, in which any step of the sound stands out, through all that moves it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.browsers.device import wait_for_all
from lab.rig.clicks import count_underruns, find_clicks
from lab.rig.tracking import RIG_RATE_HZ, Signal
from lab.room import Room, is_playing

pytestmark = [pytest.mark.e2e, pytest.mark.rig]

SWEEP_SEC = 120.0
CONTEXT_OF_THIS_PAGE = """
const Real = AudioContext;
window.AudioContext = class extends Real {
  constructor(...args) { super(...args); window.soundOfThisPage = this; }
  resume() { return this.isTaken ? Promise.resolve() : super.resume(); }
};"""
# A context that the platform takes away stops wherever it is: that edge is the platform's.
SUSPEND_EDGE_SEC = 0.5
NOTHING = 1e-5  # more than what keeps an output awake (P33)


@pytest.mark.long
def test_joins_slews_delays_rejoins_and_fades_are_never_heard_as_a_click(
    open_room: Callable[..., Room], tmp_path: Path
) -> None:
    """Segments join twice a second, bo's speaker delay moves, cy enters, bo rejoins, Stop."""
    song = sweep(tmp_path / "Sweep.wav")
    room = open_room(3)
    [ada] = room.enter("ada")
    bo = room.sit("bo")
    bo.page.add_init_script(CONTEXT_OF_THIS_PAGE)
    bo.open(room.link)
    bo.join()
    room.fleet.give_sound_priority()
    room.share(ada, song)
    room.rig.record(tmp_path / "room.f32")
    room.start(ada, song.name)
    room.listen(8)
    for delay_ms in (120, 35, 36, 0):
        bo.set_speaker_delay(delay_ms)
        room.listen(1.5)
    [cy] = room.enter("cy")
    room.fleet.give_sound_priority([cy])
    cy.wait_for(is_playing, "to enter mid-song")
    room.listen(2)
    gone_at_sec = room.rig.recorded_sec()
    # Taken, or the page would have it back (P23) before anyone sees that it was gone.
    bo.page.evaluate("soundOfThisPage.isTaken = true; soundOfThisPage.suspend()")
    bo.wait_for(lambda shot: shot["playback"]["state"] == "interrupted", "to lose its sound")
    room.listen(2 * SUSPEND_EDGE_SEC)
    bo.page.evaluate("soundOfThisPage.isTaken = false; soundOfThisPage.resume()")
    bo.wait_for(is_playing, "to play again")
    room.listen(3)
    playback = [device.snapshot()["playback"] for device in room.devices]
    ada.stop()
    wait_for_all(room.devices, lambda shot: shot["playback"]["state"] == "idle", "to be silent")
    room.listen(1)
    end_sec = room.rig.recorded_sec()
    recording = room.rig.stop_recording()

    assert playback[1]["rejoins"] >= 4
    judged = 0
    for speaker, device in enumerate(room.devices):
        samples = recording[:, speaker]
        begun_sec = float(np.argmax(np.abs(samples) > NOTHING)) / RIG_RATE_HZ
        clicks = [
            click
            for click in find_clicks(samples, begun_sec - 0.1, end_sec)
            if speaker != 1 or abs(click.at_sec - gone_at_sec) > SUSPEND_EDGE_SEC
        ]
        underruns = count_underruns(samples, begun_sec, end_sec)
        print(f"\n{device.name}: {len(clicks)} clicks, {underruns} underruns, {playback[speaker]}")
        if playback[speaker]["lateSegments"] > 0 or underruns > 0:
            continue  # the host did not give it time to render: what is heard then says nothing of the joins
        judged += 1
        shapes = [around(samples, click.at_sec) for click in clicks]
        assert clicks == [], f"{device.name}, which began at {begun_sec:.3f} s: {shapes}"
        assert np.abs(samples).max() > 0.4, device.name
    if judged == 0:
        pytest.skip("this host starved every device: nothing could be judged")


def around(samples: Signal, at_sec: float) -> list[float]:
    """The samples around the sharpest corner of a click: a step, a spike and a start look different."""
    at = round(at_sec * RIG_RATE_HZ)
    near = samples[at - 60 : at + 60]
    corner = int(np.argmax(np.abs(np.diff(near, 2))))
    return [round(float(value), 3) for value in near[max(0, corner - 10) : corner + 12]]


def sweep(path: Path) -> Path:
    """Two minutes of a sine that glides from 300 to 600 Hz: every moment of it fits at one place only."""
    glide = f"0.5*sin(2*PI*(300*t+{300 / SWEEP_SEC / 2}*t*t))*min(1\\,t/0.05)"
    source = ("-f", "lavfi", "-i", f"aevalsrc={glide}:s=48000:d={SWEEP_SEC}")
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, "-c:a", "pcm_s16le", str(path)], check=True)
    return path
