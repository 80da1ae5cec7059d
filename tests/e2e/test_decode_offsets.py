"""The same samples everywhere: every format people bring, as Chromium and Firefox decode it, aligned.

The product's own anchor code (web/src/playback/anchor.ts) runs in both browsers; what remains
after it has aligned the two decodes is measured independently. Offsets in ms, positive = Firefox later.
"""

from __future__ import annotations

import base64
import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browsers.launch import Fleet
from tests.rig.pulse import SpeakerRig
from tests.rig.song import make_music
from tests.rig.tracking import Floats, Signal

pytestmark = [pytest.mark.e2e]

ROOT = Path(__file__).parents[2]
RATE_HZ = 48_000
MUSIC_SEC = 5.0
RESIDUAL_MS = 0.1
WINDOW_SEC = 1.0

# Name -> (suffix, ffmpeg's output options). 44.1 kHz unless a rate is given, as most music is.
FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mp3 cbr": ("mp3", ("-c:a", "libmp3lame", "-b:a", "128k")),
    "mp3 vbr": ("mp3", ("-c:a", "libmp3lame", "-q:a", "4")),
    "mp3 without xing": ("mp3", ("-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0")),
    "aac adts": ("aac", ("-c:a", "aac", "-b:a", "128k")),
    "m4a with edit list": ("m4a", ("-c:a", "aac", "-b:a", "128k")),
    "m4a without edit list": ("m4a", ("-c:a", "aac", "-b:a", "128k", "-use_editlist", "0")),
    "wav 8 bit": ("wav", ("-c:a", "pcm_u8")),
    "wav 16 bit mono": ("wav", ("-c:a", "pcm_s16le", "-ac", "1")),
    "wav 24 bit 48 kHz": ("wav", ("-c:a", "pcm_s24le", "-ar", "48000")),
    "wav 32 bit 96 kHz": ("wav", ("-c:a", "pcm_s32le", "-ar", "96000")),
    "flac": ("flac", ("-c:a", "flac")),
    "ogg vorbis": ("ogg", ("-c:a", "libvorbis", "-q:a", "5")),
    "ogg opus": ("opus", ("-c:a", "libopus", "-b:a", "128k")),
    "webm opus": ("webm", ("-c:a", "libopus", "-b:a", "128k")),
}

DECODE = """async ([url, note]) => {
  const bytes = await (await fetch(url)).arrayBuffer();
  const sound = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes);
  const channels = Array.from({length: sound.numberOfChannels}, (_, i) => sound.getChannelData(i));
  const anchors = await import("/anchor.js");
  const toText = (b) => btoa(Array.from(new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    (v) => String.fromCharCode(v)).join(""));
  const own = anchors.makeAnchor(channels, 48000);
  const given = note && anchors.decodeAnchor(Uint8Array.from(atob(note), (c) => c.charCodeAt(0)));
  const match = given ? anchors.matchAnchor(channels, 48000, given) : null;
  const mono = channels[0].map((_, i) => channels.reduce((sum, c) => sum + c[i], 0) / channels.length);
  return {anchor: toText(anchors.encodeAnchor(own)), match, pcm: toText(mono)};
}"""


@dataclass(frozen=True)
class Pages:
    chromium: Page
    firefox: Page
    folder: Path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """A blank page in both browsers, from a server that also has the anchor code and the files."""
    folder: Path = tmp_path_factory.mktemp("formats")
    (folder / "index.html").write_text("<!doctype html><title>decode</title>", encoding="utf-8")
    source = ROOT / "web/src/playback/anchor.ts"
    strip = (
        "process.stdout.write(require('module').stripTypeScriptTypes(require('fs').readFileSync(0, 'utf8')))"
    )
    stripped = subprocess.run(
        [ROOT / ".venv/bin/node", "--no-warnings", "-e", strip],
        input=source.read_bytes(),
        capture_output=True,
        check=True,
    )
    (folder / "anchor.js").write_bytes(stripped.stdout)
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with SpeakerRig(2) as rig, Fleet(url) as fleet:
            chromium, firefox = fleet.chromium("ada", rig.env(0)), fleet.firefox("bo", rig.env(1))
            for device in (chromium, firefox):
                device.open()
            yield Pages(chromium.page, firefox.page, folder)
        server.shutdown()


@pytest.mark.parametrize("name", FORMATS)
def test_both_engines_play_the_same_samples(pages: Pages, name: str) -> None:
    """Chromium owns the file and publishes its anchor; Firefox's decode, moved by its match, is it."""
    suffix, options = FORMATS[name]
    path = encode(pages.folder / f"{name.replace(' ', '-')}.{suffix}", options)
    owner = pages.chromium.evaluate(DECODE, [f"/{path.name}", None])
    own = pages.chromium.evaluate(DECODE, [f"/{path.name}", owner["anchor"]])
    other = pages.firefox.evaluate(DECODE, [f"/{path.name}", owner["anchor"]])

    assert own["match"]["offsetSec"] == pytest.approx(0, abs=1e-6)
    assert other["match"] is not None, "Firefox's decode does not hold the anchor"
    offset_ms = other["match"]["offsetSec"] * 1000
    true_ms = delay_ms(pcm(owner), pcm(other))
    print(f"\n{name}: decodes differ by {true_ms:.3f} ms, left after aligning {true_ms - offset_ms:.3f} ms")
    assert abs(true_ms - offset_ms) <= RESIDUAL_MS


def encode(path: Path, options: tuple[str, ...]) -> Path:
    music = make_music(MUSIC_SEC, seed=3)
    raw = ("-f", "f32le", "-ar", "44100", "-ac", "2", "-i", "-")
    command = ["ffmpeg", "-loglevel", "error", "-y", *raw, *options, str(path)]
    subprocess.run(command, input=music.astype("<f4").tobytes(), check=True)
    return path


def pcm(answer: dict[str, str]) -> Signal:
    return np.frombuffer(base64.b64decode(answer["pcm"]), dtype="<f4")


def delay_ms(reference: Signal, other: Signal) -> float:
    """How much later `other` is, from one second in the middle, by upsampled cross-correlation."""
    window = round(WINDOW_SEC * RATE_HZ)
    start = min(len(reference), len(other)) // 2 - window // 2
    reach = RATE_HZ // 10
    piece = reference[start : start + window].astype(np.float64)
    around = other[start - reach : start + window + reach].astype(np.float64)
    size = 1 << (len(around) + window - 1).bit_length()
    spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(piece, size))
    finer = 16
    correlation: Floats = np.fft.irfft(spectrum, size * finer)[: (2 * reach + 1) * finer]
    return (int(np.argmax(correlation)) / finer - reach) / RATE_HZ * 1000


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the folder without a line for every request."""

    def log_message(self, *_: object) -> None:
        return
