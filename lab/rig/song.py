"""A real song for the tests: music made from a seed, encoded by ffmpeg, and the PCM that a correct decoder
makes of it.

The music is broadband and never repeats, so that every moment of it correlates at one place only. Times are
seconds of the song. Knows nothing of players or of the product; needs ffmpeg on the path.
"""

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.rig.tracking import RIG_RATE_HZ, Floats, Signal

SONG_SEC = 185.0  # "at least three minutes"
SONG_RATE_HZ = 44_100  # what most music is; players have to resample it, as they do for real
SONG_BIT_RATE = "192k"  # 185 s make 4.4 MB: far above what a server may have seen of it
SHORT_SEC = 6.0
SEMITONE = 2 ** (1 / 12)


@dataclass(frozen=True)
class Song:
    path: Path
    title: str
    reference: Signal  # mono, at RIG_RATE_HZ, as ffmpeg decodes the file
    duration_sec: float


def make_music(duration_sec: float, seed: int, rate_hz: int = SONG_RATE_HZ) -> Signal:
    """Chords, a drum and a bed of air as (frames, 2), peak 0.8. The same seed gives the same music."""
    random = np.random.default_rng(seed)
    frames = round(duration_sec * rate_hz)
    music = np.zeros((frames, 2))
    at = 0
    while at < frames:  # one bar after the other, none of the same length as the last
        length = min(round(random.uniform(0.42, 0.71) * rate_hz), frames - at)
        music[at : at + length] += _chord(length, random, rate_hz)
        for beat in range(2):
            hit = at + round((beat / 2 + random.uniform(0, 0.06)) * length)
            drum = _drum(random, rate_hz)[: max(frames - hit, 0)]
            music[hit : hit + len(drum)] += drum[:, None] * random.uniform(0.8, 1.2, 2)
        at += length
    # The bed keeps every 50 ms window broadband, also in the tail of a chord.
    music += random.normal(0, 0.12, (frames, 1)) + random.normal(0, 0.03, (frames, 2))
    return np.asarray(music * (0.8 / np.abs(music).max()), dtype=np.float32)


@functools.cache
def make_song(
    folder: Path, seed: int = 1, duration_sec: float = SONG_SEC, name: str = "Night Train.mp3"
) -> Song:
    """An MP3 with ID3 tags and cover art, and its reference PCM. Made once per process and folder."""
    path = folder / name
    title = path.stem
    cover = folder / f"{path.stem}-cover.png"
    size = (
        "color=c=0x223355:s=600x600,noise=alls=40:allf=t"  # noise: a cover that does not compress to nothing
    )
    _ffmpeg("-f", "lavfi", "-i", size, "-frames:v", "1", str(cover))
    _encode(
        make_music(duration_sec, seed),
        *("-i", str(cover), "-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-disposition:v", "attached_pic"),
        *("-c:a", "libmp3lame", "-b:a", SONG_BIT_RATE, "-id3v2_version", "3", "-write_id3v1", "1"),
        *(
            "-metadata",
            f"title={title}",
            "-metadata",
            "artist=Ada and the Peers",
            "-metadata",
            "album=In Step",
        ),
        *("-metadata:s:v", "title=Album cover", "-metadata:s:v", "comment=Cover (front)"),
        str(path),
    )
    cover.unlink()
    return Song(path, title, decode(path), duration_sec)


def make_large_song(folder: Path, seed: int = 1, duration_sec: float = 130.0) -> Song:
    """The same music as PCM of 16 bits: 23 MB, which take a while to fetch and to decode."""
    path = folder / "Night Train.wav"
    _encode(make_music(duration_sec, seed), "-c:a", "pcm_s16le", str(path))
    return Song(path, path.stem, decode(path), duration_sec)


def make_short_variants(folder: Path, seed: int = 2) -> dict[str, Path]:
    """The same six seconds as `wav`, `flac` and `ogg`."""
    music = make_music(SHORT_SEC, seed)
    codecs = {"wav": "pcm_s16le", "flac": "flac", "ogg": "libvorbis"}
    paths = {kind: folder / f"short.{kind}" for kind in codecs}
    for kind, codec in codecs.items():
        _encode(music, "-c:a", codec, str(paths[kind]))
    return paths


def make_non_audio(folder: Path) -> Path:
    """A text file that calls itself a song."""
    path = folder / "not-a-song.mp3"
    path.write_text("These are words, and no decoder can play them.\n" * 400, encoding="utf-8")
    return path


def make_empty(folder: Path) -> Path:
    path = folder / "empty.mp3"
    path.write_bytes(b"")
    return path


def decode(path: Path, rate_hz: int = RIG_RATE_HZ) -> Signal:
    """Mono float PCM of any file ffmpeg understands, its encoder delay removed."""
    raw = _ffmpeg("-i", str(path), "-map", "0:a", "-ac", "1", "-ar", str(rate_hz), "-f", "f32le", "-")
    return np.frombuffer(raw, dtype="<f4")


def encode_pcm(music: Signal, path: Path, *options: str) -> None:
    """Writes (frames, channels) at SONG_RATE_HZ as ffmpeg's options say."""
    _encode(music, *options, str(path))


def resample_mono(music: Signal, rate_hz: int = RIG_RATE_HZ) -> Signal:
    """What (frames, channels) at SONG_RATE_HZ is on the rig, before any codec."""
    raw = ("-f", "f32le", "-ar", str(SONG_RATE_HZ), "-ac", "2", "-i", "-")
    output = ("-ac", "1", "-ar", str(rate_hz), "-f", "f32le", "-")
    return np.frombuffer(_ffmpeg(*raw, *output, stdin=music.astype("<f4").tobytes()), dtype="<f4")


def _chord(length: int, random: np.random.Generator, rate_hz: int) -> Floats:
    sec = np.arange(length) / rate_hz
    root_hz = 110.0 * SEMITONE ** int(random.integers(0, 24))
    third = int(random.choice([3, 4]))
    chord = np.zeros((length, 2))
    for semitones in (0, third, 7, int(random.choice([10, 11, 14]))):
        tone_hz = root_hz * SEMITONE ** (semitones + random.uniform(-0.05, 0.05))
        tone = sum(np.sin(2 * np.pi * tone_hz * k * sec + random.uniform(0, 6.3)) / k for k in range(1, 7))
        chord += (0.07 * tone)[:, None] * random.uniform(0.5, 1.0, 2)
    attack = np.minimum(sec / 0.008, 1.0)
    release = np.minimum((length / rate_hz - sec) / 0.01, 1.0)
    return np.asarray(chord * (attack * release * np.exp(-1.5 * sec))[:, None], dtype=np.float64)


def _drum(random: np.random.Generator, rate_hz: int) -> Floats:
    sec = np.arange(round(0.18 * rate_hz)) / rate_hz
    skin = np.sin(2 * np.pi * (random.uniform(50, 90) * sec + 3.0 * (1 - np.exp(-sec * 40))))
    snare = random.normal(0, 1, len(sec)) * np.exp(-sec * random.uniform(25, 60))
    return np.asarray(0.5 * skin * np.exp(-sec * 22) + 0.35 * snare, dtype=np.float64)


def _encode(music: Signal, *arguments: str) -> None:
    raw = ("-f", "f32le", "-ar", str(SONG_RATE_HZ), "-ac", "2", "-i", "-")
    _ffmpeg(*raw, *arguments, stdin=music.astype("<f4").tobytes())


def _ffmpeg(*arguments: str, stdin: bytes = b"") -> bytes:
    # -nostdin only where nothing is piped in: otherwise ffmpeg reads the terminal for commands.
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments]
    result = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{result.stderr.decode(errors='replace')}")
    return result.stdout
