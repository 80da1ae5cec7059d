"""A song longer than a device's memory is refused there, in words, and everybody else plays on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import wait_for_all
from lab.rig.formats import FORMATS, MUSIC_SEC, encode
from lab.rig.song import Song
from lab.rig.tracking import track
from lab.room import Room, breaks, holds, is_playing

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
    node = [str(ROOT / ".venv/bin/node"), "--no-warnings", "--input-type=module", "-e", READ_LENGTHS]
    answer = subprocess.run([*node, str(module), *map(str, paths)], capture_output=True, check=True)
    lengths = dict(zip(formats, json.loads(answer.stdout), strict=True))
    print("\n" + "\n".join(f"{name}: {length}" for name, length in lengths.items()))

    assert {name for name, length in lengths.items() if length is None} == SILENT_ABOUT_LENGTH
    for name, length in lengths.items():
        if length is not None:
            assert length["durationSec"] == pytest.approx(MUSIC_SEC, abs=PADDING_SEC), name
    assert lengths["wav 16 bit mono"]["channels"] == lengths["mp3 of 8 kbit/s"]["channels"] == 1
    assert lengths["flac"]["channels"] == lengths["ogg opus"]["channels"] == 2


@pytest.mark.rig
def test_three_hours_are_refused_in_words_and_the_song_goes_on(
    open_room: Callable[..., Room], song: Song, tmp_path: Path
) -> None:
    """A small file of three hours, added mid-song: its row says why not, nothing else is disturbed."""
    hours = silence(tmp_path / "All Night.flac", hours=3)
    room = open_room(2)
    ada, bo = room.enter("ada", "bo")
    room.fleet.give_sound_priority()
    room.share(ada, song.path)
    room.rig.record(tmp_path / "room.f32")
    room.start(ada, song.path.name)
    room.listen(2)
    from_sec = room.rig.recorded_sec()
    ada.add_file(hours)
    refusal = "This song is 3 h 0 min long; this device has memory for about"
    expect(ada.file_row(hours.name)).to_contain_text(refusal)
    bo.wait_for(lambda shot: holds(shot, hours.name), "to hold the long file")
    room.listen(3)
    to_sec = room.rig.recorded_sec()
    assert all(is_playing(device.snapshot()) for device in (ada, bo))

    bo.take_over()
    bo.play(hours.name)
    expect(bo.file_row(hours.name)).to_contain_text(refusal)
    assert "too long" in bo.status()
    assert [file["decodable"] for file in bo.snapshot()["files"] if file["name"] == hours.name] == [False]
    bo.play(song.path.name)
    wait_for_all([ada, bo], is_playing, "to play the song again")
    recording = room.rig.stop_recording()
    tracks = track(recording, song.reference)

    assert breaks(recording, song, tracks, from_sec, to_sec) == []
    assert (ada.errors, bo.errors) == ([], [])


@pytest.mark.rig
def test_a_device_of_little_memory_leaves_the_song_to_the_others(
    open_room: Callable[..., Room], song: Song
) -> None:
    """[D19] Three minutes are too long for bo's quarter of a gigabyte; bo runs the music all the same."""
    room = open_room(2)
    [ada] = room.enter("ada")
    bo = room.sit("bo")
    bo.page.add_init_script("Object.defineProperty(Navigator.prototype, 'deviceMemory', {get: () => 0.25})")
    bo.open(room.link)
    bo.join()
    room.share(ada, song.path)
    bo.take_over()
    bo.play(song.path.name)
    ada.wait_for(is_playing, "to play without bo")
    expect(bo.file_row(song.path.name)).to_contain_text("This song is 3 min long; this device has memory")
    assert not is_playing(bo.snapshot())
    assert is_playing(ada.snapshot())
    expect(bo.page.get_by_role("status")).to_contain_text("The others may play it")
    bo.stop()
    ada.wait_for(lambda shot: shot["playback"]["state"] == "idle", "to obey bo")
    assert (ada.errors, bo.errors) == ([], [])


def encode_to(path: Path, options: tuple[str, ...]) -> Path:
    """As test_decode_offsets does; through a pipe where the options end in one: no length is patched in."""
    if options[-1] != "pipe:1":
        return encode(path, options)
    piped = encode(path.with_suffix(".source.wav"), ("-c:a", "pcm_s16le"))
    command = ["ffmpeg", "-loglevel", "error", "-i", str(piped), *options]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return path


def silence(path: Path, hours: int) -> Path:
    """Hours of mono silence in some hundred kilobytes."""
    source = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(hours * 3600))
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, "-c:a", "flac", str(path)], check=True)
    return path
