"""Twenty people in one swarm: everyone joined, linked as the rings have it, and in step."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.browsers.device import WAIT_LIMIT_SEC, Device, Snapshot, wait_for_all
from tests.browsers.process_tree import cpu_sec, memory_mib, processes_marked
from tests.e2e.file_room import FileRoom
from tests.e2e.room import holds, is_playing
from tests.rig.pulse import SpeakerRig

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.long]

NAMES = [f"peer{number:02}" for number in range(20)]
BROWSERS = 2
IN_STEP_MS = 5.0
LONG_WAIT_SEC = 4 * WAIT_LIMIT_SEC


def test_twenty_are_joined_linked_and_in_step(file_room: FileRoom, tmp_path: Path) -> None:
    """[S12] Two browsers carry ten pages each, all on one loudspeaker; what it costs is printed.

    In step by what each page says of itself: bench/crowd.py hears it on twenty loudspeakers.
    """
    with SpeakerRig(1, priority=True) as rig:
        shares = [NAMES[first::BROWSERS] for first in range(BROWSERS)]
        devices = [
            device for names in shares for device in file_room.fleet.chromium_together(names, rig.env(0))
        ]
        play_together(file_room, devices, hum(tmp_path / "Hum.mp3"))


def play_together(file_room: FileRoom, devices: list[Device], song: Path) -> None:
    began_sec = time.monotonic()
    enter_together(file_room, devices)
    wait_for_all(devices, is_one_of_twenty, "to see everyone and have its links", LONG_WAIT_SEC)
    print(f"\neveryone linked {time.monotonic() - began_sec:.1f} s after the first tap", flush=True)

    devices[0].add_file(song)
    wait_for_all(devices, lambda shot: holds(shot, song.name), "to hold the song", LONG_WAIT_SEC)
    devices[0].play(song.name)
    wait_for_all(devices, is_playing, "to play", LONG_WAIT_SEC)
    print(f"everyone plays {time.monotonic() - began_sec:.1f} s after the first tap", flush=True)
    shots = wait_for_all(devices, is_in_step, "to be in step", LONG_WAIT_SEC)
    print(f"everyone in step {time.monotonic() - began_sec:.1f} s after the first tap", flush=True)
    pids = {pid for device in devices for pid in processes_marked(device.mark)}
    before_sec, before_cpu_sec = time.monotonic(), cpu_sec(pids)
    devices[0].page.wait_for_timeout(3_000)
    cores = (cpu_sec(pids) - before_cpu_sec) / (time.monotonic() - before_sec)
    print(f"playing: {cores:.2f} cores, {memory_mib(pids):.0f} MiB in all browsers together")
    locked_ms = sorted(shot["timings"]["clockLockedMs"] for shot in shots)
    print(f"Join tap to clock locked: median {locked_ms[10]:.0f}, max {locked_ms[-1]:.0f} ms")
    assert len({shot["director"]["userId"] for shot in shots}) == 1
    assert [device.errors for device in devices] == [[]] * len(devices)


def enter_together(room: FileRoom, devices: list[Device]) -> None:
    """The first one makes the swarm; for all others the page is there before the first of them taps Join."""
    first, *others = devices
    room.join(first)
    for device in others:
        device.page.goto(room.link, wait_until="commit")
    for device in others:
        device.join()


def is_one_of_twenty(shot: Snapshot) -> bool:
    return len(shot["peers"]) == len(NAMES) and 6 <= shot["transfer"]["links"] <= 8


def is_in_step(shot: Snapshot) -> bool:
    error_ms = shot["playback"]["errorMs"]
    return is_playing(shot) and error_ms is not None and abs(error_ms) <= IN_STEP_MS


def hum(path: Path) -> Path:
    """Two minutes in mono: a tenth of a song's bytes, and half of its work."""
    source = ("-f", "lavfi", "-i", "aevalsrc=0.3*sin(2*PI*(220+2*t)*t):s=48000:d=120")
    command = ["ffmpeg", "-loglevel", "error", *source, "-ac", "1", "-b:a", "32k", str(path)]
    subprocess.run(command, check=True)
    return path
