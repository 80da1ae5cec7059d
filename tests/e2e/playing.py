"""What tests of going on share: a room that plays and is recorded, and how far apart it was heard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lab.browsers.device import Device
from lab.rig.analysis import first_sound_sec, summarise
from lab.rig.song import Song
from lab.rig.tracking import Signal, Tracks, track
from lab.room import Room

IN_STEP_MS = 5.0


def playing_room(
    open_room: Callable[..., Room], song: Song, tmp_path: Path, *names: str
) -> tuple[Room, list[Device]]:
    """Everybody in, the first one directs, the song sounds and is being recorded."""
    room = open_room(len(names))
    devices = room.enter(*names)
    room.fleet.give_sound_priority()
    room.share(devices[0], song.path)
    room.rig.record(tmp_path / "room.f32")
    room.start(devices[0], song.path.name)
    return room, devices


def heard(room: Room, song: Song) -> tuple[Signal, Tracks]:
    recording = room.rig.stop_recording()
    return recording, track(recording, song.reference)


def spread_ms(tracks: Tracks, from_sec: float, to_sec: float) -> float:
    """Median spread of a stretch of the recording."""
    begun_sec = first_sound_sec(tracks)
    return summarise(tracks, np.ceil(from_sec - begun_sec), to_sec - begun_sec).median_ms
