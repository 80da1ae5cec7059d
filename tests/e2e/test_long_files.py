"""Songs of any length play; one that is decoded whole and too long for a device is refused in words."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from lab.rig.formats import FORMATS, MUSIC_SEC, encode
from lab.rig.song import Song
from lab.rig.tracking import track
from lab.room import Room, is_playing

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
# Encoders pad to whole frames and say so or not (three of 144 ms at 8 kHz); that is no matter of memory.
PADDING_SEC = 0.45
MORE_FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {
    "wav from a pipe": ("wav", ("-c:a", "pcm_s16le", "-f", "wav", "pipe:1")),
    "aiff": ("aiff", ("-c:a", "pcm_s16be")),
    "flac in ogg": ("oga", ("-c:a", "flac")),
    "alac": ("m4a", ("-c:a", "alac")),
    "m4a in fragments": ("m4a", ("-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov+default_base_moof")),
    "mp3 of 8 kbit/s": ("mp3", ("-c:a", "libmp3lame", "-b:a", "8k", "-ar", "16000", "-ac", "1")),
    "webm from a pipe": ("webm", ("-c:a", "libopus", "-f", "webm", "pipe:1")),
}
# ffmpeg writes no duration into the head of a fragmented file; the decode is then checked afterwards.
SILENT_ABOUT_LENGTH = {"m4a in fragments"}
READ_LENGTHS = """
const [module, ...paths] = process.argv.slice(1);
const { readSoundLength } = await import(module);
const { readFileSync } = await import("node:fs");
console.log(JSON.stringify(paths.map((path) => readSoundLength(new Uint8Array(readFileSync(path))))));
"""


def test_the_length_of_every_format_is_read_from_its_container(tmp_path: Path) -> None:
    """What encoders write, read by the product's own code, is as long as what they were given."""
    formats = {**FORMATS, **MORE_FORMATS}
    paths = [
        encode_to(tmp_path / f"{index}.{suffix}", options)
        for index, (suffix, options) in enumerate(formats.values())
    ]
    module = ROOT / "web/src/audio/index/length/sound-length.ts"
    node = [str(ROOT / ".venv/bin/node"), "--no-warnings", "--experimental-transform-types"]
    node += ["--input-type=module", "-e", READ_LENGTHS]
    answer = subprocess.run([*node, str(module), *map(str, paths)], capture_output=True, check=True)
    lengths = dict(zip(formats, json.loads(answer.stdout), strict=True))
    print("\n" + "\n".join(f"{name}: {length}" for name, length in lengths.items()))

    assert {name for name, length in lengths.items() if length is None} == SILENT_ABOUT_LENGTH
    for name, length in lengths.items():
        if length is not None:
            assert length["durationSec"] == pytest.approx(MUSIC_SEC, abs=PADDING_SEC), name
    assert lengths["wav 16 bit mono"]["channels"] == lengths["mp3 of 8 kbit/s"]["channels"] == 1
    assert lengths["flac"]["channels"] == lengths["ogg opus"]["channels"] == 2


@pytest.mark.long
@pytest.mark.rig
def test_three_hours_play_in_step_from_anywhere(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """[P74] A file of three hours sounds at once, and after a leap of two hours, on both phones together."""
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    room.fleet.give_sound_priority()
    night, copy_sec = all_night(song, tmp_path / "All Night.mp3")
    room.share(ada, night)
    room.rig.record(tmp_path / "room.f32")
    room.start(ada, night.name)
    room.listen(4)
    leaps_at_sec = room.rig.recorded_sec()
    ada.page.get_by_role("slider", name="Position in the song").fill(str(round(40 * copy_sec + 20)))
    bo.wait_for(lambda shot: (shot["playback"]["positionSec"] or 0) > 40 * copy_sec, "to be two hours on")
    room.listen(6)
    recording = room.rig.stop_recording()
    tracks = track(recording, song.reference)

    delays = tracks.delay_ms[tracks.at_sec > leaps_at_sec + 3]
    assert np.isfinite(delays).all(), "the song is heard after the leap"
    assert np.ptp(delays, axis=1).max() < 5
    assert all(is_playing(device.snapshot()) for device in (ada, bo))
    assert (ada.errors, bo.errors) == ([], [])


@pytest.mark.rig
def test_a_device_of_little_memory_leaves_the_song_to_the_others(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """[P18] [D19] AAC at 22 kHz is decoded whole: three minutes are too long for bo's memory."""
    speech = tmp_path / "Speech.aac"
    command = ["ffmpeg", "-loglevel", "error", "-i", str(song.path), "-vn", "-ar", "22050", "-ac", "1"]
    subprocess.run([*command, "-c:a", "aac", str(speech)], check=True)
    room = open_room(2)
    [ada] = room.enter("ada")
    bo = room.sit("bo")
    bo.page.add_init_script("Object.defineProperty(Navigator.prototype, 'deviceMemory', {get: () => 0.25})")
    bo.open(room.link)
    bo.join()
    room.share(ada, speech)
    bo.take_over()
    bo.play(speech.name)
    ada.wait_for(is_playing, "to play without bo")
    expect(bo.file_row(speech.name)).to_contain_text("This song is 3 min long; this device has memory")
    assert not is_playing(bo.snapshot())
    assert is_playing(ada.snapshot())
    expect(bo.page.get_by_role("status")).to_contain_text("The others may play it")
    bo.stop()
    ada.wait_for(lambda shot: shot["playback"]["state"] == "idle", "to obey bo")
    assert (ada.errors, bo.errors) == ([], [])


def all_night(song: Song, path: Path) -> tuple[Path, float]:
    """Three hours: the song's frames, sixty times one behind the other; and how long each copy is, s."""
    once = path.with_suffix(".once.mp3")
    plain = ("-map", "0:a", "-write_xing", "0", "-id3v2_version", "0", "-c:a", "libmp3lame", "-b:a", "64k")
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(song.path), *plain, str(once)], check=True)
    path.write_bytes(once.read_bytes() * 60)
    shown = ("-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0")
    counted = subprocess.run(["ffprobe", "-v", "error", *shown, str(once)], capture_output=True, check=True)
    return path, int(counted.stdout.strip().strip(b",")) * 1_152 / 44_100


def encode_to(path: Path, options: tuple[str, ...]) -> Path:
    """As test_decode_offsets does; through a pipe where the options end in one: no length is patched in."""
    if options[-1] != "pipe:1":
        return encode(path, options)
    piped = encode(path.with_suffix(".source.wav"), ("-c:a", "pcm_s16le"))
    command = ["ffmpeg", "-loglevel", "error", "-i", str(piped), *options]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return path
