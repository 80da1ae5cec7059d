"""Files that browsers refuse, cut short or decode to noise: what rows say here and on the others' phones."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.browsers.device import Device
from lab.file_room import SILENT, FileRoom

pytestmark = [pytest.mark.e2e]

TONE = "aevalsrc=exprs=0.3*sin(2*PI*440*t)|0.2*sin(2*PI*330*t):s=44100"
# L, R, C, LFE, Ls, Rs, each as loud as nobody else.
SIX = "aevalsrc=exprs=" + "|".join(f"{0.1 * n:.1f}*sin(2*PI*440*t)" for n in (1, 2, 3, 4, 5, 6)) + ":c=5.1"
PEAKS = """async (content) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const sound = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes.buffer);
  const peakOf = (samples) => samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  return Array.from({length: sound.numberOfChannels}, (_, index) =>
    peakOf(sound.getChannelData(index).subarray(4800, 24000)));
}"""


TABLE_FIRST = ("-movflags", "+faststart")


def encode(path: Path, source: str, seconds: float, *options: str) -> Path:
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", f"{source}:d={seconds}", *options]
    subprocess.run([*command, str(path)], check=True, timeout=60)
    return path


def cut_off(path: Path) -> Path:
    """Its first half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def file_of(device: Device, name: str) -> dict[str, object]:
    return next(each for each in device.snapshot()["files"] if each["name"] == name)


def test_rows_name_what_cannot_be_played_and_by_whom(file_room: FileRoom, tmp_path: Path) -> None:
    """What can be put right plays; what is short or unknown says so at once, and to the others by name."""
    plain = ("-write_xing", "0", "-id3v2_version", "0")
    mono = encode(tmp_path / "mono.mp3", TONE, 2, "-ac", "1", *plain)
    stereo = encode(tmp_path / "stereo.mp3", TONE, 4, *plain)
    flac = encode(tmp_path / "flac.flac", TONE, 2)
    zeros = tmp_path / "zeros"
    zeros.write_bytes(bytes(512))
    id3 = tmp_path / "id3"
    id3.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x20" + bytes(32))
    lossless = encode(tmp_path / "alac.m4a", TONE, 2, "-c:a", "alac")
    words = tmp_path / "words.mp3"
    words.write_text("Milk, bread and tea, and whatever you like besides.\n", encoding="utf-8")

    [ada] = file_room.enter("ada")
    bo = file_room.fleet.firefox("bo", SILENT)
    file_room.join(bo)

    ada.add_file(words)
    expect(ada.page.locator("body")).to_contain_text(re.compile("isn.t audio"))
    ada.add_file(
        joined(tmp_path / "joined.mp3", mono, stereo),
        cut_off(encode(tmp_path / "cut.m4a", TONE, 6, "-ar", "22050", "-c:a", "aac", *TABLE_FIRST)),
        lossless,
    )
    # Looked at in the order in which they were added: behind the last one, all are.
    expect(ada.file_row("alac.m4a")).to_contain_text(
        re.compile(r"can.t be played here: Apple Lossless \(ALAC\)")
    )
    # Of AAC at 22 kHz no slice is decoded alone: what a browser makes of the whole file is all there is.
    expect(ada.file_row("cut.m4a")).to_contain_text(re.compile("only the first 0:0[1-5] of 0:06"))
    # Two shapes of MP3 in one file: browsers stop at the seam, slices go on behind it.
    assert file_of(ada, "joined.mp3")["decodable"] is not False
    expect(ada.file_row("joined.mp3")).not_to_contain_text("only the first")
    assert file_of(ada, "alac.m4a")["decodable"] is False
    ada_name = ada.snapshot()["name"]
    expect(bo.file_row("alac.m4a")).to_contain_text(re.compile(f"{ada_name} can.t play it"))
    expect(bo.file_row("cut.m4a")).to_contain_text(f"{ada_name} can play only the beginning")

    # Firefox decodes the first one to noise as it is, and refuses the next two.
    bo.add_file(encode(tmp_path / "f64.wav", TONE, 2, "-c:a", "pcm_f64le"))
    bo.add_file(joined(tmp_path / "zeros.mp3", zeros, stereo))
    bo.add_file(joined(tmp_path / "tagged.flac", id3, flac))
    for name in ("f64.wav", "zeros.mp3", "tagged.flac"):
        bo.wait_for_seeded(name)
    bo.set_enabled("zeros.mp3", enabled=False)
    bo.add_file(encode(tmp_path / "unknown.aiff", TONE, 2, "-c:a", "adpcm_ima_qt", "-f", "caf"))
    expect(bo.file_row("unknown.aiff")).to_contain_text(re.compile("can.t be played here: CAF"))
    assert [file_of(bo, name)["decodable"] for name in ("f64.wav", "zeros.mp3", "tagged.flac")] == [True] * 3
    assert ada.errors == []


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_engines_hand_out_channels_in_the_order_that_is_mixed(
    file_room: FileRoom, tmp_path: Path, engine: str
) -> None:
    """[P35] Firefox 153 leaves Vorbis in its own order, in Ogg and WebM; all else comes as WAV has it."""
    fleet = file_room.fleet
    device = fleet.firefox("ada", SILENT) if engine == "firefox" else fleet.chromium("ada", SILENT)
    device.open(file_room.base_url)
    usual = [0.1, 0.2, 0.3, 0.5, 0.6]
    vorbis = [0.1, 0.3, 0.2, 0.5, 0.6] if engine == "firefox" else usual
    files = {"flac": usual, "opus": usual, "ogg": vorbis, "webm": vorbis}
    options = {
        "flac": (),
        "opus": ("-b:a", "400k"),
        "ogg": ("-c:a", "libvorbis", "-q:a", "8"),
        "webm": ("-c:a", "libvorbis", "-q:a", "8"),
    }
    for suffix, expected in files.items():
        path = encode(tmp_path / f"six.{suffix}", SIX, 1, *options[suffix])
        peaks = device.page.evaluate(PEAKS, base64.b64encode(path.read_bytes()).decode())
        # Encoders treat the low-frequency channel each in their own way.
        low = 5 if expected is vorbis and engine == "firefox" else 3
        others = [peak for at, peak in enumerate(peaks) if at != low]
        assert others == pytest.approx(expected, abs=0.03), suffix
