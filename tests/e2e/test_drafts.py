"""A long song is there for the others while its owner's page still reads it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from lab.browsers.device import Device, wait_for_all
from lab.file_room import FileRoom
from lab.room import has_peers

pytestmark = pytest.mark.e2e

MINUTES = 15
RATE = 44_100

# When the file was chosen, listed, first held and held whole here, and its id at that moment; wall clock.
RECORD = """
window.record = {};
addEventListener("change", () => { window.record.added ??= [Date.now()]; }, true);
setInterval(() => {
  const [file, ...others] = window.unisono?.snapshot().files ?? [];
  if (!file) return;
  window.record.listed ??= [Date.now(), file.fileId];
  if (file.heldBytes > 0) window.record.held ??= [Date.now(), file.fileId];
  if (file.seeded) window.record.whole ??= [Date.now(), file.fileId];
  if (others.length > 0) window.record.doubled = true;
}, 10);
"""


@pytest.fixture
def long_song(tmp_path: Path) -> Path:
    """160 MB of a wave that is nowhere quite the same, so that no two pieces are."""
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        beat = np.sin(np.arange(RATE) * 0.05)
        for second in range(MINUTES * 60):
            left = (beat * (6_000 + 10 * second)).astype("<i2")
            out.writeframesraw(np.stack([left, left[::-1]], axis=1).tobytes())
    return path


def test_a_long_song_is_listed_before_its_owner_has_read_it_and_then_plays(
    file_room: FileRoom, long_song: Path
) -> None:
    """[S52] [S53] [S57] Play is tapped while it is a draft, and done with the file that it becomes."""
    ada, bo = file_room.enter("ada", "bo", script=RECORD)
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    ada.add_file(long_song)
    ada.play(long_song.name)
    shots = wait_for_all([ada, bo], lambda shot: shot["plan"]["state"] == "playing", "to play")
    records = [device.page.evaluate("window.record") for device in (ada, bo)]
    print(f"\n{long_song.stat().st_size / 1e6:.0f} MB, ms from adding it: {since_adding(records)}")
    ours, theirs = records
    # How soon a piece is elsewhere is for bench/first_piece.py: a busy machine has read all of it by then.
    assert theirs["listed"][1] == ours["listed"][1] != ours["whole"][1]
    assert [shot["plan"]["fileId"] for shot in shots] == [ours["whole"][1]] * 2
    assert [final_id(device) for device in (ada, bo)] == [ours["whole"][1]] * 2
    assert not any("doubled" in record for record in records)
    assert (ada.errors, bo.errors) == ([], [])


def final_id(device: Device) -> str:
    [file] = device.snapshot()["files"]
    return str(file["fileId"])


def since_adding(records: list[dict[str, list[int]]]) -> list[dict[str, int]]:
    begun = records[0]["added"][0]
    return [{name: at[0] - begun for name, at in record.items()} for record in records]
