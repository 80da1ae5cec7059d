"""At another tempo the pitch stays, all devices play the same samples, and a newcomer falls in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.browsers.device import wait_for_all
from lab.rig.analysis import first_sound_sec, summarise
from lab.rig.plot import save_plot
from lab.rig.song import SONG_RATE_HZ, encode_pcm, make_music
from lab.rig.tracking import RIG_RATE_HZ, Signal, track
from lab.room import Room, is_playing

pytestmark = [pytest.mark.e2e, pytest.mark.rig, pytest.mark.long]

TEMPO = 70
TONE_HZ = 440.0
ONE_CENT = 2 ** (1 / 1200) - 1
TONE_SEC = 60.0


def make_tone(path: Path) -> None:
    sec = np.arange(round(TONE_SEC * SONG_RATE_HZ)) / SONG_RATE_HZ
    tone = 0.4 * np.sin(2 * np.pi * TONE_HZ * sec)
    encode_pcm(np.asarray(np.stack([tone, tone], axis=1), dtype=np.float32), path, "-c:a", "flac")


def pitch_hz(sound: Signal) -> float:
    """Of a lone tone, from how far its phase turns: to a thousandth of a cent within some seconds."""
    sec = np.arange(len(sound)) / RIG_RATE_HZ
    turning = sound * np.exp(-2j * np.pi * TONE_HZ * sec)
    block = RIG_RATE_HZ // 4
    means = turning[: len(turning) // block * block].reshape(-1, block).mean(axis=1)
    turns = np.unwrap(np.angle(means)) / (2 * np.pi)
    return TONE_HZ + float(np.polyfit(np.arange(len(turns)) * 0.25, turns, 1)[0])


def test_a_tone_keeps_its_pitch_to_a_cent(open_room: Callable[..., Room], tmp_path: Path) -> None:
    room = open_room(1)
    [ada] = room.enter("ada")
    tone = tmp_path / "Tone.flac"
    make_tone(tone)
    room.share(ada, tone)
    room.start(ada, tone.name)
    ada.set_tempo(TEMPO)
    room.rig.record(tmp_path / "room.f32")
    room.listen(14)
    recording = room.rig.stop_recording()[:, 0]
    loud = np.flatnonzero(np.abs(recording) > 0.05)
    begun = loud[0] + 3 * RIG_RATE_HZ  # the chime of joining is over, the clocks are known
    heard_hz = pitch_hz(recording[begun : begun + 8 * RIG_RATE_HZ])
    print(f"\n{TONE_HZ} Hz at {TEMPO} %: {heard_hz:.4f} Hz")
    assert abs(heard_hz / TONE_HZ - 1) <= ONE_CENT


def test_devices_and_a_newcomer_play_the_same_samples(
    open_room: Callable[..., Room], tmp_path: Path, out_dir: Path
) -> None:
    """The first one's recording is the song for the others."""
    room = open_room(3)
    ada, bo = room.enter("ada", "bo")
    song = tmp_path / "Song.flac"
    encode_pcm(make_music(60, 7), song, "-c:a", "flac")
    room.fleet.give_sound_priority()
    room.share(ada, song)
    room.start(ada, song.name)
    ada.set_tempo(TEMPO)
    room.rig.record(tmp_path / "room.f32")
    room.listen(6)
    cy = room.sit("cy")
    room.let_in(cy)
    room.fleet.give_sound_priority()
    wait_for_all([ada, bo, cy], is_playing, "to play")
    joined_sec = room.rig.recorded_sec()
    room.listen(14)
    recording = room.rig.stop_recording()
    tracks = track(recording, recording[:, 0])
    save_plot(tracks, out_dir / "tempo.png", f"Three devices at {TEMPO} %", ["ada", "bo", "cy"])
    begun_sec = first_sound_sec(tracks)
    settled = summarise(tracks, joined_sec - begun_sec + 3, joined_sec - begun_sec + 13)
    rows = (tracks.at_sec > joined_sec + 2) & (tracks.at_sec < joined_sec + 13)
    alike = [float(np.median(tracks.correlation[rows, device])) for device in (1, 2)]
    print(f"\nfrom the newcomer's third second on {settled}\nalike the first one: {alike}")
    assert settled.p95_ms <= 1.0
    assert min(alike) >= 0.98
