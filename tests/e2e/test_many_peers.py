"""Twelve people in one swarm, some on phones, six files: a swarm that is no full mesh any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.browsers.device import WAIT_LIMIT_SEC, Device, Snapshot, wait_for_all
from lab.file_room import KIB, NO_SOUND, SILENT, FileRoom, make_noise

pytestmark = [pytest.mark.e2e, pytest.mark.long]

NAMES = ("ada", "bo", "cy", "di", "ed", "flo", "gus", "hal", "ida", "jo", "kit", "lou")
PHONES = ("bo", "flo", "ida")
LONG_WAIT_SEC = 4 * WAIT_LIMIT_SEC


def test_twelve_peers_have_all_of_six_files(file_room: FileRoom, tmp_path: Path) -> None:
    """[S12] Two browsers carry six pages each. Links stay within what a phone carries; everything arrives."""
    half = len(NAMES) // 2
    devices = [
        device
        for names in (NAMES[:half], NAMES[half:])
        for device in file_room.fleet.chromium_together(names, SILENT, phones=PHONES, extra_args=NO_SOUND)
    ]
    for device in devices:
        file_room.join(device)
    wait_for_all(devices, lambda shot: len(shot["peers"]) == len(NAMES), "to see everyone", LONG_WAIT_SEC)
    wait_for_all(devices, is_linked_in_rings, "to have the links of the rings", LONG_WAIT_SEC)
    links = {device.name: device.snapshot()["transfer"]["links"] for device in devices}
    print(f"\nlinks: {links}")
    assert all(links[name] <= 6 for name in PHONES)
    assert all(links[name] <= 8 for name in NAMES)

    for owner, kib in ((devices[0], 200), (devices[7], 300)):
        paths = [
            make_noise(tmp_path / f"{owner.name} {number}.mp3", kib * KIB, seed=kib + number)
            for number in range(3)
        ]
        owner.add_file(*paths)
    shots = wait_for_all(devices, has_all_six, "to hold all six files", LONG_WAIT_SEC)
    assert len({tuple(sorted(each["fileId"] for each in shot["files"])) for shot in shots}) == 1
    assert all(faultless(device) for device in devices)


def is_linked_in_rings(shot: Snapshot) -> bool:
    """Six links or more, five on a phone: those that two swarm sizes have in common come first."""
    return bool(shot["transfer"]["links"] >= 5)


def has_all_six(shot: Snapshot) -> bool:
    return len(shot["files"]) == 6 and all(each["seeded"] for each in shot["files"])


def faultless(device: Device) -> bool:
    return device.errors == []
