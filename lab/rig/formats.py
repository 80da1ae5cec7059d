"""The formats people bring, and what one engine's decode of them is against another's.

The product's own anchor code (web/src/audio/index/anchor.ts) runs in the browsers, on a blank page beside the
files; what remains after it has aligned two decodes is measured independently. Offsets in ms, positive =
later than the owner's decode.
"""

from __future__ import annotations

import base64
import functools
import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly

from lab.browsers.launch import Fleet
from lab.browsers.webkit import WebKitDevice
from lab.rig.pulse import SpeakerRig
from lab.rig.song import make_music
from lab.rig.tracking import Floats, Signal
from unisono.peer.anchor import decode_anchor, match_anchor
from unisono.peer.song_file import FileStretches, SongFile

ROOT = Path(__file__).parents[2]
RATE_HZ = 48_000
# Long enough for three places (SHORT_SONG_SEC of spec/constants.toml).
MUSIC_SEC = 7.0
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
    # The lowest rates differ most: by 128 and 161 ms, more than HE-AAC with its 93.
    "aac adts 8 kHz mono": ("aac", ("-c:a", "aac", "-ar", "8000", "-ac", "1")),
    "mp3 8 kHz": ("mp3", ("-c:a", "libmp3lame", "-ar", "8000", "-b:a", "24k")),
}

DECODE = """async ([url, note]) => {
  const bytes = await (await fetch(url)).arrayBuffer();
  let sound;
  try {
    sound = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes);
  } catch (error) {
    return {error: String(error)};
  }
  const channels = Array.from({length: sound.numberOfChannels}, (_, i) => sound.getChannelData(i));
  const anchors = {...await import("/anchor.js"), ...await import("/anchor-annotation.js")};
  const toText = (b) => btoa(Array.from(new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    (v) => String.fromCharCode(v)).join(""));
  const read = (channel, from, length) => {
    const there = new Float32Array(length);
    const start = Math.max(0, from);
    there.set(channels[channel].subarray(start, Math.max(start, from + length)), start - from);
    return there;
  };
  const anchored = {source: {channelCount: channels.length, read}, frames: channels[0].length};
  const own = anchors.makeAnchor(anchored, 48000);
  const given = note && anchors.decodeAnchor(Uint8Array.from(atob(note), (c) => c.charCodeAt(0)));
  const match = given ? anchors.matchAnchor(anchored, 48000, given) : null;
  const mono = channels[0].map((_, i) => channels.reduce((sum, c) => sum + c[i], 0) / channels.length);
  return {anchor: toText(anchors.encodeAnchor(own)), match, pcm: toText(mono)};
}"""


Answer = dict[str, Any]
Decode = Callable[[list[str | None]], Answer]  # [address of the file, the owner's anchor or None]


@dataclass(frozen=True)
class Offsets:
    """`match_ms`: where the anchor was found, None where it was not; `left_ms`: off after aligning by it."""

    match_ms: float | None
    true_ms: float

    @property
    def left_ms(self) -> float:
        return self.true_ms - (self.match_ms or 0.0)


class DecodeError(Exception):
    """This engine does not decode this file."""


class Decoders:
    """A blank page in each engine, from a server that also has the anchor code and the files."""

    def __init__(self, engines: dict[str, Decode], folder: Path) -> None:
        self.engines = engines
        self._folder = folder

    def compare(self, name: str) -> dict[str, Offsets | DecodeError]:
        """Chromium owns the file and publishes its anchor; every engine, Chromium too, is matched to it.

        The headless peer, which decodes at the file's own rate, is compared by its anchor code alone.
        """
        suffix, options = FORMATS[name]
        path = encode(self._folder / f"{name.replace(' ', '-')}.{suffix}", options)
        owner = self.engines["chromium"]([f"/{path.name}", None])
        found = {engine: _offsets(decode, f"/{path.name}", owner) for engine, decode in self.engines.items()}
        return {**found, "headless": _headless_offsets(path, owner)}


@contextmanager
def open_decoders(folder: Path) -> Iterator[Decoders]:
    (folder / "index.html").write_text("<!doctype html><title>decode</title>", encoding="utf-8")
    for module in ("index/anchor", "index/anchor-search", "index/anchor-annotation", "fft"):
        source = ROOT / f"web/src/audio/{module}.ts"
        (folder / f"{source.stem}.js").write_text(_as_script(source))
    # Modules beside the folder of these are asked for from the root, as there is nothing above it.
    constants = folder / "protocol/constants/audio.gen.js"
    constants.parent.mkdir(parents=True)
    constants.write_text(_as_script(ROOT / "web/src/protocol/constants/audio.gen.ts"))
    handler = functools.partial(_Quiet, directory=str(folder))
    with ExitStack() as stack:
        server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}/"
        rig = stack.enter_context(SpeakerRig(3))
        fleet = stack.enter_context(Fleet(url))
        chromium, firefox = fleet.chromium("ada", rig.env(0)), fleet.firefox("bo", rig.env(1))
        webkit = stack.enter_context(WebKitDevice("cy", rig.env(2), url))
        for device in (chromium, firefox, webkit):
            device.open()
        engines: dict[str, Decode] = {
            "chromium": lambda question: _answered(chromium.page.evaluate(DECODE, question)),
            "firefox": lambda question: _answered(firefox.page.evaluate(DECODE, question)),
            "webkitgtk": lambda question: _answered(webkit.ask(DECODE, question)),
        }
        yield Decoders(engines, folder)


def _as_script(source: Path) -> str:
    """Types taken out, and what it imports named as it is served."""
    strip = (
        "process.stdout.write(require('module').stripTypeScriptTypes(require('fs').readFileSync(0, 'utf8')))"
    )
    command = [str(ROOT / ".venv/bin/node"), "--no-warnings", "-e", strip]
    stripped = subprocess.run(command, input=source.read_bytes(), capture_output=True, check=True)
    return stripped.stdout.decode().replace('.ts";', '.js";')


def _answered(answer: Answer) -> Answer:
    if "error" in answer:
        raise DecodeError(answer["error"])
    return answer


def _offsets(decode: Decode, address: str, owner: Answer) -> Offsets | DecodeError:
    try:
        answer = decode([address, owner["anchor"]])
    except DecodeError as error:
        return error
    match = answer["match"]
    return Offsets(match["offsetSec"] * 1000 if match else None, _delay_ms(_pcm(owner), _pcm(answer)))


def _headless_offsets(path: Path, owner: Answer) -> Offsets:
    file = SongFile(path)
    heading, index = file.survey()
    anchor = decode_anchor(base64.b64decode(owner["anchor"]))
    match = anchor and match_anchor(FileStretches(file, index), heading.sample_rate, anchor)
    [channels] = file.spans(index, [(0, index.frames)])
    mono = channels.mean(axis=0, dtype=np.float64)
    common = resample_poly(mono, RATE_HZ // 100, heading.sample_rate // 100).astype(np.float32)
    return Offsets(match.offset_sec * 1000 if match else None, _delay_ms(_pcm(owner), common))


def encode(path: Path, options: tuple[str, ...]) -> Path:
    music = make_music(MUSIC_SEC, seed=3)
    raw = ("-f", "f32le", "-ar", "44100", "-ac", "2", "-i", "-")
    command = ["ffmpeg", "-loglevel", "error", "-y", *raw, *options, str(path)]
    subprocess.run(command, input=music.astype("<f4").tobytes(), check=True)
    return path


def _pcm(answer: Answer) -> Signal:
    return np.frombuffer(base64.b64decode(answer["pcm"]), dtype="<f4")


def _delay_ms(reference: Signal, other: Signal) -> float:
    """How much later `other` is, from one second in the middle, by upsampled cross-correlation."""
    window = round(WINDOW_SEC * RATE_HZ)
    start = min(len(reference), len(other)) // 2 - window // 2
    reach = RATE_HZ // 4
    piece = reference[start : start + window].astype(np.float64)
    around = other[start - reach : start + window + reach].astype(np.float64)
    size = 1 << (len(around) + window - 1).bit_length()
    spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(piece, size))
    finer = 16
    correlation: Floats = np.fft.irfft(spectrum, size * finer)[: (2 * reach + 1) * finer]
    return (int(np.argmax(correlation)) / finer - reach) / RATE_HZ * 1000


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the folder without a line for every request."""

    def log_message(self, *_: object) -> None:
        return
